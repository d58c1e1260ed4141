"""One operator in this process, its Kubernetes in memory and the stand-in, for the tables of section 9: turn by turn."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crash.apiserver import NAMESPACE
from crash.life import life
from crash.stage import Stage
from inference_operator.conditions import Type
from inference_operator.context import Context
from inference_operator.errors import Reason
from inference_operator.objects import ENDPOINT, Key
from inference_operator.reconcile import reconcile_endpoint
from testbed.builders import Endpoint, Manifest, Manifests, endpoint, secret
from testbed.standin.journal import Operation
from testbed.standin.state import Cluster

NAME = "docs"
ABNORMAL = frozenset(Type) - {
    *(Type.READY, Type.SYNCED, Type.AVAILABLE, Type.CONNECTION_READY, Type.SECRETS_RESOLVED),
}
_TURNS = 8
"""Within which all is settled."""
_URL = "https://provider.example/v1/embeddings"


def openai(**settings: Any) -> Endpoint:
    """An endpoint of a service that takes nothing over in place but secrets and task settings."""
    given = {"model_id": "embed-1", "url": _URL, **settings}
    return endpoint(NAME, service="openai", **given).with_secret("provider").with_task_settings(user="u")


def cohere(**settings: Any) -> Endpoint:
    """An endpoint of a service that also takes over another rate limit."""
    given = {"model_id": "embed-v4.0", **settings}
    return endpoint(NAME, service="cohere", **given).with_secret("provider")


def llama() -> Endpoint:
    """An endpoint of a service that needs no key."""
    return endpoint(NAME, service="llama", task_type="completion", model_id="m", url=_URL)


def in_cluster(**settings: Any) -> Endpoint:
    """An endpoint whose model runs in the cluster."""
    given = {"model_id": ".elser_model_2", "num_threads": 1, "num_allocations": 1, **settings}
    kept = {name: value for name, value in given.items() if value is not None}
    return endpoint(NAME, service="elasticsearch", task_type="sparse_embedding", **kept)


class Scene:
    """Where the operator is, and what surrounds it."""

    def __init__(self, stage: Stage, ctx: Context) -> None:
        self.stage = stage
        self.ctx = ctx
        self.delay: float | None = None
        """What the last turn asked to wait."""
        self.rotate("key-1")

    @classmethod
    @asynccontextmanager
    async def open(cls, directory: Path, profile: str) -> AsyncIterator["Scene"]:
        """An operator that has just started, next to a cluster of that version."""
        async with Stage.set_up(directory, profile, hasty=False) as stage:
            stage.reset()
            async with life(stage) as ctx:
                yield cls(stage, ctx)

    @property
    def elasticsearch(self) -> Cluster:
        """The cluster, to be looked into and changed."""
        return self.stage.elasticsearch

    # What people do

    def apply(self, thing: Manifests) -> None:
        """Apply manifests."""
        for manifest in thing.manifests():
            self.stage.kubernetes.apply(manifest)

    def rotate(self, key: str) -> None:
        """Give the Secret another key."""
        self.apply(secret("provider", api_key=key))

    def delete(self) -> None:
        """Delete the resource."""
        self.stage.kubernetes.delete(ENDPOINT.plural, NAME)

    async def settle(self, wish: Endpoint) -> None:
        """Apply the resource and wait until it is Ready."""
        self.apply(wish)
        for _ in range(_TURNS):
            await self.turn()
            if self.ready == ("True", Reason.SYNCED):
                return
            self.stage.pass_time(self.delay or 0.0)
        raise AssertionError(f"not Ready: {self.resource}")

    async def turn(self) -> list[Operation]:
        """Let the operator look once; what it asks Elasticsearch."""
        before = len(self.elasticsearch.journal.requests)
        self.delay = await reconcile_endpoint(Key(ENDPOINT, NAMESPACE, NAME), self.ctx)
        return self.elasticsearch.journal.requests[before:]

    # What is seen

    @property
    def resource(self) -> Manifest | None:
        """The resource, if it is there."""
        return self.stage.kubernetes.get(ENDPOINT.plural, NAME)

    @property
    def conditions(self) -> dict[str, Mapping[str, Any]]:
        """Its conditions."""
        status = (self.resource or {}).get("status") or {}
        return {condition["type"]: condition for condition in status.get("conditions", [])}

    @property
    def ready(self) -> tuple[str, str]:
        """The summary: status and reason."""
        found = self.conditions.get(Type.READY, {})
        return found.get("status", ""), found.get("reason", "")


def told(request: Operation) -> str:
    """What a request asks for, in a word or two."""
    of_trial = " trial" if "-preflight-" in request.path else ""
    if request.path.endswith("/_update"):
        return "UPDATE"
    if request.path.startswith("/_ml/"):
        return "START MODEL" if request.path.endswith("/_start") else "LOOK FOR MODEL"
    if request.query.get("dry_run") == "true":
        return "DRY RUN"
    forced = "FORCED " if request.query.get("force") == "true" else ""
    return f"{forced}{request.method}{of_trial}"


def sent(request: Operation) -> Iterator[str]:
    """The settings in a body, as `section.name`."""
    for section, settings in request.body.items():
        for name in settings:
            yield f"{section}.{name}"


Do = Callable[[Scene], Any]
"""Something that happens; it may be awaited."""


async def do(what: Do, scene: Scene) -> None:
    """Let it happen."""
    result = what(scene)
    if inspect.isawaitable(result):
        await result


@dataclass(frozen=True)
class Case:
    """A row: what was before, what the operator asks in its next turns, and what it says then."""

    name: str
    given: tuple[Do, ...]
    asks: tuple[str, ...]
    says: tuple[str, Reason] | None
    """Status and reason of Ready; None: the resource is gone."""
    abnormal: frozenset[Type] = frozenset()
    """The conditions that are there only while something is wrong."""
    profiles: tuple[str, ...] = ("9.4",)
    turns: int = 1
    """Between which passes what the operator wants to wait."""
    sends: frozenset[str] | None = None
    """The settings in the last update; None: there is none, or they do not matter."""
    words: str = ""
    """What the message of Ready, or of DeletionBlocked, says."""
    and_then: tuple[Do, ...] = field(default=())
    """What must hold besides; each raises if it does not."""


def settled(wish: Endpoint) -> Do:
    """All is well with this resource."""
    return lambda scene: scene.settle(wish)


def applied(wish: Endpoint) -> Do:
    """A person applies it."""
    return lambda scene: scene.apply(wish)

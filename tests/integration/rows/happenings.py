"""What happens around the operator in the rows of section 9, and what must hold afterwards."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inference_operator.conditions import Type
from inference_operator.errors import Reason
from integration.rows.scene import NAME, Do, Scene, told
from testbed.builders import Endpoint
from testbed.standin.models import Deployment
from testbed.standin.provider import Script
from testbed.standin.state import Endpoint as Stored
from testbed.standin.state import Reference

ALL = ("8.18", "8.19", "9.2", "9.4", "9.5", "serverless")
LENIENT = ("8.18", "8.19", "9.2", "9.4")
STRICT = ("9.5", "serverless")
WELL = ("True", Reason.SYNCED)
STALLED = frozenset({Type.STALLED})
NEEDS_REPLACE = frozenset({Type.STALLED, Type.REPLACE_REQUIRED})
NOT_OURS = frozenset({Type.STALLED, Type.OWNERSHIP_CONFLICT})
KEY = "service_settings.api_key"
WORD = {"strategy": "word", "max_chunk_size": 100, "overlap": 10}
WIDER = {"strategy": "word", "max_chunk_size": 120, "overlap": 10}
AGAIN = frozenset({Type.RECONCILING})
BLOCKED = frozenset({Type.DELETION_BLOCKED})
_SOON, _RARELY = 60.0, 500.0
"""Seconds: what passes by itself is tried again within the first, what needs a person not before the second."""
MISSING = ("resource_not_found_exception", f"Inference endpoint not found [{NAME}]")


def rotated(scene: Scene) -> None:
    """The Secret gets another key."""
    scene.rotate("key-2")


def changed(what: str, **settings: Any) -> Do:
    """Somebody else changes the endpoint, behind the back of all."""

    def change(scene: Scene) -> None:
        stored = scene.elasticsearch.endpoints[NAME]
        section: dict[str, Any] = {what: {**(getattr(stored, what) or {}), **settings}}
        scene.elasticsearch.endpoints[NAME] = replace(stored, **section)

    return change


def foreign(model: str = "embed-1", key: str = "key-1", chunking: dict[str, Any] | None = None) -> Do:
    """Somebody else has made an endpoint of that id, with the settings of `openai`."""

    def make(scene: Scene) -> None:
        settings = {
            "model_id": model,
            "url": "https://provider.example/v1/embeddings",
            "dimensions": 8,
            "similarity": "dot_product",
            "rate_limit": {"requests_per_minute": 3000},
        }
        scene.elasticsearch.endpoints[NAME] = Stored(
            NAME, "text_embedding", "openai", settings, {"user": "u"}, chunking, {"api_key": key}
        )

    return make


def gone(scene: Scene) -> None:
    """Somebody else deletes the endpoint."""
    del scene.elasticsearch.endpoints[NAME]


def mapped(scene: Scene) -> None:
    """An index names the endpoint, and has recorded what it makes."""
    recorded = {"task_type": "text_embedding", "dimensions": 8, "similarity": "dot_product"}
    scene.elasticsearch.indices["i1"] = [Reference(NAME, recorded)]


def stopped(scene: Scene) -> None:
    """The deployment of the model is gone."""
    del scene.elasticsearch.deployments[NAME]


def scaled(allocations: int) -> Do:
    """The deployment has scaled by itself."""

    def scale(scene: Scene) -> None:
        scene.elasticsearch.deployments[NAME].allocations = allocations

    return scale


def holds(**settings: Any) -> Do:
    """The endpoint has these service settings."""

    def check(scene: Scene) -> None:
        shown = scene.elasticsearch.endpoints[NAME].service_settings
        assert {name: shown.get(name) for name in settings} == settings

    return check


def is_empty(scene: Scene) -> None:
    """No endpoint is left."""
    assert scene.elasticsearch.endpoints == {}


def key_is(key: str) -> Do:
    """The endpoint has this key."""

    def check(scene: Scene) -> None:
        assert scene.elasticsearch.endpoints[NAME].secrets == {"api_key": key}

    return check


def told_the_timeout(scene: Scene) -> None:
    """The server is told how long it may take, where it knows that parameter."""
    (created,) = (r for r in scene.elasticsearch.journal.requests if r.method == "PUT")
    known = scene.elasticsearch.profile.put_knows_timeout
    assert created.query == ({"timeout": "30s"} if known else {})


def under(policy: str, wish: Endpoint) -> Endpoint:
    """The same with that replacePolicy."""
    return wish.with_spec(replacePolicy=policy)


def fault(method: str, *, on_update: bool = False, **what: Any) -> Do:
    """The next such request about the endpoint goes wrong."""
    path = f"/_inference/(?:[^/]+/)?{NAME}{'/_update' if on_update else ''}"

    def spoil(scene: Scene) -> None:
        scene.elasticsearch.faults.add(method=method, path=path, **what)

    return spoil


def refused(method: str, status: int, kind: str, text: str, **more: Any) -> Do:
    """It is answered with that error."""
    return fault(method, status=status, error=(kind, text), **more)


def provider(**script: Any) -> Do:
    """The provider behaves so."""

    def script_it(scene: Scene) -> None:
        scene.elasticsearch.provider.scripts[None] = Script(**script)

    return script_it


def cluster(**state: Any) -> Do:
    """The cluster is so."""

    def change(scene: Scene) -> None:
        for name, value in state.items():
            setattr(scene.elasticsearch, name, value)

    return change


def remnant(scene: Scene) -> None:
    """Half an endpoint is left, which nobody sees."""
    scene.elasticsearch.remnants.add(NAME)


def unreadable(why: Any) -> Do:
    """The cluster cannot read what it has stored."""
    return lambda scene: scene.elasticsearch.unreadable.update({NAME: why})


def deployed(scene: Scene) -> None:
    """Somebody's deployment has the id."""
    scene.elasticsearch.deployments[NAME] = Deployment(NAME, "theirs", 1, 1)


def locked(scene: Scene) -> None:
    """Another update is under way."""
    scene.elasticsearch.updating.add(NAME)


def unlocked(scene: Scene) -> None:
    """It has ended."""
    scene.elasticsearch.updating.clear()


def unused(scene: Scene) -> None:
    """The index is gone."""
    scene.elasticsearch.indices.clear()


def soon(scene: Scene) -> None:
    """It is tried again by itself before long."""
    assert scene.delay is not None
    assert scene.delay < _SOON


def rarely(scene: Scene) -> None:
    """It waits for a person, and looks again now and then."""
    assert scene.delay is not None
    assert scene.delay > _RARELY


def then(asks: tuple[str, ...], ready: tuple[str, Reason] | None = WELL) -> Do:
    """The next turn, after what the operator wants to wait."""

    async def follow(scene: Scene) -> None:
        scene.stage.pass_time(scene.delay or 0.0)
        assert tuple(told(r) for r in await scene.turn()) == asks
        assert (scene.resource is None) if ready is None else (scene.ready == ready)

    return follow


def held(scene: Scene) -> None:
    """The resource stays until its endpoint is gone, and says who uses it."""
    assert scene.resource is not None
    assert scene.resource["metadata"]["finalizers"] == ["es-inference.dev/endpoint"]


def names(**uses: list[str]) -> Do:
    """The status names who uses the endpoint."""

    def check(scene: Scene) -> None:
        references: Mapping[str, Any] = (scene.resource or {})["status"]["references"]
        assert {kind: found for kind, found in references.items() if found} == uses

    return check

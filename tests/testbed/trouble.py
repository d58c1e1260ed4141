"""Bad input as a shape: what is wrong, what a person is told, what that costs, and how it ends.

Every case starts from the same good objects and changes some of them, or the server; the cure is that all is good.
"""

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.errors import Reason
from testbed.builders import Manifest, connection, endpoint, secret
from testbed.controlplane import ControlPlane
from testbed.ledger import Ledger
from testbed.standin.client import Standin
from testbed.world import CONNECTIONS, ENDPOINTS, World

NAME = "docs"
CONNECTION = "main"
INTERVAL = "30s"
SCALE = 0.02
"""How much faster than in real life the operator's intervals pass here."""
WATCHED = 30 * SCALE
"""Seconds during which the price of a trouble is counted: one interval."""
MOST_REQUESTS = 8
"""To Elasticsearch in that time: a check or two of the connection, two or three attempts for the endpoint."""

Change = Mapping[str, Any] | None


@dataclass(frozen=True)
class Trouble:
    """What is wrong with the objects (None: not there) or the server, and what is said about it."""

    reason: Reason
    advice: str
    """What the message must advise, as a regular expression."""
    changes: Mapping[str, Change]
    server: Callable[[Standin], object] | None = None
    stalled: bool = True


def trouble(
    reason: Reason,
    advice: str,
    *,
    server: Callable[[Standin], object] | None = None,
    stalled: bool = True,
    **changes: Change,
) -> Trouble:
    """A trouble; further arguments change the good objects, see `Scene.objects`."""
    return Trouble(reason, advice, changes, server, stalled)


@dataclass(frozen=True)
class Price:
    """What the operator did while the trouble lasted."""

    requests: list[str]
    writes: list[str]
    versions_changed: bool


@dataclass(frozen=True)
class Scene:
    """A namespace and a server, in which a trouble happens to one connection and one endpoint."""

    plane: ControlPlane
    world: World
    es: Standin

    def objects(self, changes: Mapping[str, Change]) -> dict[str, Manifest]:
        """The objects by their part: credentials, ca and provider with other data, connection and endpoint with other fields."""
        parts = dict(zip(("credentials", "ca", "connection"), connection(self.es).manifests(), strict=True))
        parts["connection"]["spec"]["interval"] = INTERVAL
        parts["provider"] = secret("provider", api_key="the-key-of-the-provider").manifests()[0]
        url = "https://provider.example/v1/embeddings"
        docs = endpoint(NAME, service="openai", model_id="embed-1", url=url).with_secret("provider")
        parts["endpoint"] = docs.every(INTERVAL).manifests()[0]
        return {part: _changed(m, c) for part, m in parts.items() if (c := changes.get(part, {})) is not None}

    def apply(self, changes: Mapping[str, Change], *, without: str | None = None) -> None:
        """Apply the objects; `without` one part."""
        items = [manifest for part, manifest in self.objects(changes).items() if part != without]
        self.world.apply(_Items(items))

    def cure(self, ill: Trouble) -> None:
        """Make everything good; the endpoint is touched only where it was itself what was wrong."""
        self.es.reset()
        self.apply({}, without=None if ill.changes.get("endpoint") else "endpoint")

    def price(self) -> Price:
        """What the operator does from now on, for a while."""
        before, ledger = self._versions(), Ledger(self.plane, self.es, self.world)
        time.sleep(WATCHED)
        requests = [f"{seen.method} {seen.path}" for seen in self.es.operations()]
        return Price(requests, ledger.writes(), self._versions() != before)

    def _versions(self) -> list[str]:
        return [found["metadata"]["resourceVersion"] for found in self.world.all()]


@dataclass(frozen=True)
class _Items:
    items: list[Manifest]

    def manifests(self) -> list[Manifest]:
        return self.items


def _changed(manifest: Manifest, change: Mapping[str, Any]) -> Manifest:
    """Fields of a spec are changed, the data of a Secret or a ConfigMap are exchanged."""
    if "spec" in manifest:
        return {**manifest, "spec": {**manifest["spec"], **change}}
    good = manifest.pop("stringData", None) or manifest["data"]
    data = change or good
    if manifest["kind"] == "Secret":
        data = {key: base64.b64encode(_bytes(value)).decode() for key, value in data.items()}
    return {**manifest, "data": data}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def prove(scene: Scene, ill: Trouble, plural: str) -> None:
    """The trouble is named, advised about and cheap, and ends by itself once its cause is gone."""
    world = scene.world
    name = NAME if plural == ENDPOINTS else CONNECTION
    if ill.server is not None:
        ill.server(scene.es)
    scene.apply(ill.changes)
    verdict = world.wait_reason(name, ill.reason, plural)
    assert re.search(ill.advice, verdict["message"]), verdict["message"]
    assert verdict["status"] == "False"
    progress = "Stalled" if ill.stalled else "Reconciling"
    assert world.condition(name, progress, plural)["reason"] == ill.reason
    if plural == CONNECTIONS:
        waiting = world.wait_reason(NAME, Reason.CONNECTION_NOT_READY)
        assert verdict["message"] in waiting["message"]
    elif ill.changes.get("connection", {}) is not None:
        world.wait_connected(CONNECTION)
    _check_price(scene.price())
    scene.cure(ill)
    status = world.wait_ready(NAME)
    assert list(scene.es.endpoints()) == [NAME]
    assert status["observedGeneration"] == world.get(NAME)["metadata"]["generation"]


def _check_price(price: Price) -> None:
    assert len(price.requests) <= MOST_REQUESTS, price.requests
    assert not price.versions_changed, f"written although the reason stayed: {price.writes}"
    assert len(price.writes) <= 1, price.writes  # the one that told the reason may be logged a moment later

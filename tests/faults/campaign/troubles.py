"""All that can go wrong with one request, and with which requests it can."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from faults.campaign.calls import CREATES, WRITES, Call, Kind
from testbed.standin.faults import Fault, Work
from testbed.standin.provider import Script
from testbed.standin.reply import Reply
from testbed.standin.state import Cluster

LATE = 20.0
"""Seconds after which a request whose connection was cut takes effect all the same."""
_HTML = "<html><body>{key}</body></html>"
_SLOW = 100.0  # seconds that nobody waits
Scene = Callable[[Cluster, str], AbstractContextManager[object]]


@dataclass(frozen=True)
class Trouble:
    """One of the things that can go wrong; `{key}` in a text becomes the provider's key."""

    name: str
    what: Mapping[str, Any] = field(default_factory=dict)
    at: frozenset[Kind] = frozenset(Kind)
    scene: Scene | None = None
    """What is so in the cluster while it serves the request."""
    script: Mapping[str, Any] | None = None
    """How the provider behaves meanwhile."""
    late: bool = False

    def spoils(self, call: Call, *, validates: bool) -> bool:
        """Whether it can happen to this request; `validates`: an update asks the provider too."""
        if self.script and call.kind is Kind.UPDATE and not validates:
            return False
        return call.kind in self.at

    def fault(self, call: Call, cluster: Cluster, times: int, key: str) -> "Spoiled":
        """The rule that lets it happen to `times` such requests in a row."""
        what = _filled(dict(self.what), key) | call.rule()
        scene = self.scene or _usual
        if self.script:
            scene = partial(_provider, **_filled(dict(self.script), key))
        return Spoiled(**what, times=times, cluster=cluster, scene=scene, late=self.late)


@dataclass
class Spoiled(Fault):
    """A fault with a scene, or whose request takes effect by itself some time later."""

    cluster: Cluster = field(kw_only=True)
    scene: Scene = field(kw_only=True)
    late: bool = False
    coming: list[tuple[float, asyncio.Task[Reply]]] = field(default_factory=list)
    """What has yet to take effect, and when (in the loop's time)."""
    _inference_id: str = ""

    def matches(self, method: str, path: str, query: Mapping[str, str]) -> bool:
        """Whether it is one to spoil."""
        found = super().matches(method, path, query)
        if found:
            self._inference_id = path.removesuffix("/_update").rpartition("/")[2]
        return found

    async def apply(self, work: Work, reset: asyncio.Event) -> Reply | None:
        """Spoil one request."""
        if self.late:
            then = asyncio.get_running_loop().time() + LATE
            self.coming.append((then, asyncio.create_task(_later(work))))
            return None
        with self.scene(self.cluster, self._inference_id):
            return await super().apply(work, reset)

    def forget(self) -> None:
        """Let go of what has yet to take effect."""
        super().forget()
        for _, task in self.coming:
            task.cancel()


async def _later(work: Work) -> Reply:
    await asyncio.sleep(LATE)
    return await work()


def _filled(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return value.replace("{key}", key)
    if isinstance(value, dict):
        return {k: _filled(v, key) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_filled(v, key) for v in value)
    return value


def _usual(*_: object) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def _locked(cluster: Cluster, inference_id: str) -> Iterator[None]:
    cluster.updating.add(inference_id)
    yield
    cluster.updating.discard(inference_id)


@contextmanager
def _used(cluster: Cluster, inference_id: str) -> Iterator[None]:
    cluster.pipelines["another"] = {inference_id}
    yield
    cluster.pipelines.pop("another", None)


@contextmanager
def _half_there(cluster: Cluster, inference_id: str) -> Iterator[None]:
    if inference_id not in cluster.endpoints:
        cluster.remnants.add(inference_id)
    yield


@contextmanager
def _provider(cluster: Cluster, _: str, **script: Any) -> Iterator[None]:
    cluster.provider.scripts[None] = Script(**script)
    yield
    cluster.provider.scripts.pop(None, None)  # another one may have ended meanwhile


def _error(status: int, kind: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "error": (kind, reason), **more}


_AFTER = {"when": "after"}
_PROXY = {"product": False, "body": _HTML}
_INTERNAL = _error(500, "illegal_state_exception", "something with {key} went wrong")
_FULL = _error(429, "es_rejected_execution_exception", "rejected execution of {key}")
_BLOCKED = _error(
    503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"
)
_REFUSED = _error(401, "security_exception", "unable to authenticate with {key}")
_FORBIDDEN = _error(403, "security_exception", "action is unauthorized for API key with {key}")
_TIMED_OUT = _error(408, "status_exception", "Request timed out after [5s]")
_EXISTS = _error(400, "resource_already_exists_exception", "Inference endpoint [docs] already exists")
_GONE = _error(404, "resource_not_found_exception", "Inference endpoint not found [docs]")

_ASKED = CREATES | {Kind.UPDATE}
_SCRIPTS: dict[str, dict[str, Any]] = {
    "401": {"status": 401, "message": "the key {key} is not valid"},
    "429": {"status": 429},
    "500": {"status": 500},
    "times out": {"delay": _SLOW},
    "connection breaks": {"failure": "close"},
}

IGNORED = Trouble("200, but ignored", {"ignore": True}, frozenset({Kind.UPDATE}))
"""It does not pass by itself, so what becomes of it is another question than that of the others."""
TROUBLES = (
    Trouble("cut before the effect", {"drop": True}),
    Trouble("cut after the effect", {"drop": True, **_AFTER}, WRITES),
    Trouble("cut, and takes effect 20 s later", {"drop": True}, WRITES, late=True),
    Trouble("hangs without effect", {"hang": True}),
    Trouble("hangs after the effect", {"hang": True, **_AFTER}, WRITES),
    Trouble("408 before the effect", _TIMED_OUT),
    Trouble("408 after the effect", {**_TIMED_OUT, **_AFTER}, WRITES),
    Trouble("429", _FULL),
    Trouble("429 with Retry-After", {**_FULL, "headers": {"Retry-After": "7"}}),
    Trouble("500 before the effect", _INTERNAL),
    Trouble("500 after the effect", {**_INTERNAL, **_AFTER}, WRITES),
    Trouble("503 as the cluster starts", _BLOCKED),
    Trouble("503 of a proxy", {"status": 503, **_PROXY}),
    Trouble("504 of a proxy after the effect", {"status": 504, **_PROXY, **_AFTER}, WRITES),
    Trouble("200 with HTML", {"status": 200, **_PROXY}),
    Trouble("200 with HTML after the effect", {"status": 200, **_PROXY, **_AFTER}, WRITES),
    Trouble("200 with garbage", {"status": 200, "body": "{{ {key}"}),
    Trouble("200 with garbage after the effect", {"status": 200, "body": "{{ {key}", **_AFTER}, WRITES),
    Trouble("200 with another shape", {"status": 200, "body": {"acknowledged": "{key}"}}),
    Trouble("200 with a list", {"status": 200, "body": []}),
    Trouble(
        "200 with another shape after the effect",
        {"status": 200, "body": {"taken": "{key}"}, **_AFTER},
        WRITES,
    ),
    Trouble("redirect", {"status": 307, **_PROXY, "headers": {"Location": "http://127.0.0.1:1/"}}),
    Trouble("401", _REFUSED),
    Trouble("403", _FORBIDDEN),
    Trouble("404 of a proxy", {"status": 404, **_PROXY}),
    Trouble("404 of something that is not Elasticsearch", {**_GONE, "product": False}),
    Trouble("locked by another update", at=frozenset({Kind.UPDATE, Kind.DELETE}), scene=_locked),
    Trouble("in use", at=frozenset({Kind.DRY_RUN, Kind.DELETE}), scene=_used),
    Trouble("half of an endpoint is there", at=CREATES, scene=_half_there),
    Trouble("crosses another create", _EXISTS, CREATES),
    Trouble("another cluster", {"cluster_uuid": "another"}, frozenset({Kind.WHO})),
    *(Trouble(f"provider: {name}", at=_ASKED, script=script) for name, script in _SCRIPTS.items()),
)
"""What is tried out at each request."""

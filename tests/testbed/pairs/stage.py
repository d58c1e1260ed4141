"""What the pairs are played on: a namespace, an Elasticsearch with a log of its requests, the API server's audit log."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from testbed.builders import Manifest
from testbed.controlplane import ControlPlane
from testbed.ledger import OPERATOR
from testbed.pairs import Pair
from testbed.pairs.judgement import Call, Seen, without_retries
from testbed.pairs.samples import USES
from testbed.processes import wait_for
from testbed.proxy import Proxies
from testbed.standin.client import Standin
from testbed.target import OURS, Target
from testbed.world import World

BEACON = f"{OURS}beacon"
"""An endpoint beside the pairs; once it has been looked at twice, the operator has done what came before."""
_LONG = 60.0

Calls = Mapping[str, list[Call]]


class Log(Protocol):
    """What the operator asked Elasticsearch."""

    tells_bodies: bool

    def clear(self) -> None:
        """Begin anew."""

    def calls(self) -> Calls:
        """The requests since then, by the endpoint that they are about."""


class StandinLog:
    """The journal of the stand-in, without what others than the operator asked."""

    tells_bodies = True

    def __init__(self, es: Standin) -> None:
        self._es = es

    def clear(self) -> None:
        """Begin anew."""
        self._es.clear()

    def calls(self) -> Calls:
        """With the bodies, in which secrets stand by their labels."""
        found = defaultdict(list)
        for seen in self._es.operations():
            if seen.user != self._es.user and seen.path.startswith("/_inference/"):
                name, verb = _subject(seen.method, seen.path)
                found[name].append(Call(verb, seen.status, seen.body))
        return found


class ProxyLog:
    """What has passed a proxy, for servers that keep no log."""

    tells_bodies = False

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    def clear(self) -> None:
        """Begin anew."""
        self._proxies.passed.clear()

    def calls(self) -> Calls:
        """Without bodies."""
        passed = {name: list(seen) for name, seen in list(self._proxies.passed.items())}
        return {
            name: [Call(_subject(one.method, one.path)[1], one.status) for one in seen]
            for name, seen in passed.items()
        }


def _subject(method: str, path: str) -> tuple[str, str]:
    *_, last = parts = path.strip("/").split("/")
    return (parts[-2], "_update") if last == "_update" else (last, method)


class Stage:
    """Tells what is there to be seen of all endpoints."""

    def __init__(self, plane: ControlPlane, world: World, target: Target, log: Log) -> None:
        self.world = world
        self.target = target
        self._plane = plane
        self.log = log
        self._position = plane.audit_position()

    def set_up(self) -> None:
        """Make the beacon."""
        self.world.apply(self.target.embeddings(BEACON).every("24h"))
        self.world.wait_ready(BEACON)
        self.settle()

    def begin(self) -> None:
        """Note from now on."""
        self.log.clear()
        self._position = self._plane.audit_position()

    def settle(self) -> None:
        """Return when the operator has seen all that was changed before, and had time to react."""
        for _ in range(2):
            before = self._looks()
            self.world.resync(BEACON)
            wait_for(partial(self._looked_since, before), what="the beacon is looked at", timeout=_LONG)

    def calls(self) -> Calls:
        """The operator's requests to Elasticsearch since the beginning, by endpoint."""
        return self.log.calls()

    def see(self, names: Iterable[str]) -> dict[str, Seen]:
        """What there is to be seen of these endpoints."""
        resources = {found["metadata"]["name"]: found for found in self.world.all()}
        stored, calls, kubernetes = self._stored(), self.calls(), self._writes()
        found = {}
        for name in names:
            made = calls.get(name, [])
            kept = made if self.log.tells_bodies else without_retries(made)
            retries = len(made) - len(kept)
            found[name] = Seen(resources.get(name), stored.get(name), kept, kubernetes.get(name, ()), retries)
        return found

    def keys_sent(self, pair: Pair, name: str) -> set[str | None]:
        """With which keys the provider is asked when the endpoint is used; it knows them by their labels."""
        end, body = USES[pair.task_type]
        before = len(self.target.trials())
        self.target.admin.post(f"/_inference/{pair.task_type}/{name}{end}", json=body)
        return {key for key, _ in self.target.trials()[before:]}

    def _looks(self) -> int:
        return len(self.calls().get(BEACON, ()))

    def _looked_since(self, before: int) -> bool:
        return self._looks() > before

    def _stored(self) -> dict[str, Manifest]:
        found: list[dict[str, Any]] = (
            self.target.admin.get("/_inference").raise_for_status().json()["endpoints"]
        )
        return {endpoint["inference_id"]: endpoint for endpoint in found}

    def _writes(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for entry in self._plane.audit(self._position):
            ours = entry.user == OPERATOR and entry.namespace == self.world.namespace
            if ours and entry.is_write and entry.resource == "inferenceendpoints":
                found[entry.name].append("/".join(filter(None, (entry.verb, entry.subresource))))
        return found

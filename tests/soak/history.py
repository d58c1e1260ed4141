"""Random histories: what people, servers and the machine do to some endpoints, and what should be so in the end."""

import contextlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testbed import kstatus
from testbed.builders import Endpoint, Manifest, secret
from testbed.controlplane import ControlPlane
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import OURS, StandinTarget
from testbed.world import World

NAMES = [f"{OURS}{number}" for number in range(30)]
_SECRETS = [f"provider-{number}" for number in range(5)]
_LONGEST_TROUBLE = 20.0  # seconds
_LONGEST_PAUSE = 2.0
# What becomes of single requests; each passes by itself.
_FAULTS: list[Mapping[str, Any]] = [
    {"status": 503, "error": ("unavailable_shards_exception", "no shard")},
    {"status": 500, "error": ("exception", "something is broken")},
    {"status": 429, "error": ("es_rejected_execution_exception", "busy"), "headers": {"Retry-After": "2"}},
    {"drop": True},
    {"drop": True, "when": "after"},
    {"hang": True},
    {"hang": True, "when": "after"},
    {"delay": 3.0},
]


@dataclass(frozen=True)
class Cast:
    """Everybody who takes part."""

    plane: ControlPlane
    world: World
    es: Standin
    target: StandinTarget
    operator: RunningOperator


@dataclass
class History:
    """Takes random steps, and knows what should be so after them."""

    cast: Cast
    chance: random.Random
    users: dict[str, str] = field(default_factory=dict)
    """The task setting of each endpoint that should exist."""
    keys: dict[str, str] = field(default_factory=dict)
    """The key in each Secret."""
    _turn: int = 0

    def begin(self) -> None:
        """Make all Secrets, and half of the endpoints."""
        for name in _SECRETS:
            self._rotate(name)
        for name in NAMES[::2]:
            self._apply(name)

    def step(self, *, restarts: bool) -> None:
        """Let something happen, and a moment pass."""
        steps = self._steps() + (self._restarts() if restarts else [])
        act = self.chance.choice(steps)
        print(f"  {time.strftime('%X')} {act.__name__.replace('_', ' ')}", flush=True)
        act()
        time.sleep(self.chance.uniform(0, _LONGEST_PAUSE))

    def calm(self) -> None:
        """End all trouble."""
        self.cast.es.reset_faults()
        self.cast.es.set_latency(0)

    def key_of(self, name: str) -> str:
        """The key that an endpoint should have."""
        return self.keys[_secret_of(name)]

    # What people do

    def _steps(self) -> list[Callable[[], None]]:
        people = [self.create, self.edit, self.edit, self.rotate, self.rotate, self.delete, self.touch]
        outside = [self.edit_behind_its_back, self.delete_behind_its_back]
        return [*people, *outside, self.disturb_requests, self.disturb_requests, self.outage, self.slowness]

    def create(self) -> None:
        """A new endpoint, of a name that is free."""
        there = {item["metadata"]["name"] for item in self._items()}
        if free := sorted(set(NAMES) - there):
            self._apply(self.chance.choice(free))

    def edit(self) -> None:
        """Another spec."""
        if name := self._any():
            self._apply(name)

    def rotate(self) -> None:
        """Another key."""
        self._rotate(self.chance.choice(_SECRETS))

    def delete(self) -> None:
        """One endpoint fewer."""
        if name := self._any():
            del self.users[name]
            self.cast.world.delete(name)

    def touch(self) -> None:
        """A label, which means nothing."""
        if name := self._any():
            self.cast.world.label(name, turn=str(self._next()))

    # What others do in Elasticsearch

    def edit_behind_its_back(self) -> None:
        """Somebody else changes an endpoint."""
        if name := self._any():
            with contextlib.suppress(ValueError):  # it is not there yet
                self.cast.es.edit(name, {"task_settings": {"user": "somebody-else"}})

    def delete_behind_its_back(self) -> None:
        """Somebody else deletes one."""
        if name := self._any():
            with contextlib.suppress(ValueError):
                self.cast.es.remove(name)

    # What goes wrong

    def disturb_requests(self) -> None:
        """Some of the next requests fail, or have no answer."""
        method = self.chance.choice(["GET", "PUT", "DELETE"])
        fault = self.chance.choice(_FAULTS)
        self.cast.es.fault(method, "/_inference/.*", times=self.chance.randint(1, 5), **fault)

    def outage(self) -> None:
        """Elasticsearch is away for a while, in which life goes on."""
        self.cast.es.down()
        self._meanwhile()
        self.cast.es.up()

    def slowness(self) -> None:
        """Elasticsearch takes its time for a while."""
        self.cast.es.set_latency(self.chance.uniform(200, 2000))
        self._meanwhile()
        self.cast.es.set_latency(0)

    def _meanwhile(self) -> None:
        end = time.monotonic() + self.chance.uniform(1, _LONGEST_TROUBLE)
        while time.monotonic() < end:
            self.chance.choice([self.create, self.edit, self.rotate, self.delete, self.touch])()
            time.sleep(self.chance.uniform(0, _LONGEST_PAUSE))

    def _restarts(self) -> list[Callable[[], None]]:
        return [self.restart_operator, self.kill_operator, self.restart_api_server]

    def restart_operator(self) -> None:
        """As an upgrade does it."""
        self.cast.operator.restart()

    def kill_operator(self) -> None:
        """As a node that fails does it."""
        self.cast.operator.kill()
        self.cast.operator.run()

    def restart_api_server(self) -> None:
        """As an upgrade of the control plane does it."""
        self.cast.plane.restart_apiserver()

    def _any(self) -> str | None:
        return self.chance.choice(sorted(self.users)) if self.users else None

    def _items(self) -> list[Manifest]:
        return [item for item in self.cast.world.all() if item["kind"] == "InferenceEndpoint"]

    def _apply(self, name: str) -> None:
        user = f"user-{self._next()}"
        self.cast.world.apply(self._endpoint(name, user))
        self.users[name] = user

    def _endpoint(self, name: str, user: str) -> Endpoint:
        plain = self.cast.target.embeddings(name).with_spec(secretSettings=[], timeout="5s")
        return plain.with_secret(_secret_of(name)).with_task_settings(user=user).every("30s")

    def _rotate(self, name: str) -> None:
        key = f"the-key-of-turn-{self._next()}"
        self.cast.target.accept(key)
        self.cast.world.apply(secret(name, api_key=key))
        self.keys[name] = key

    def _next(self) -> int:
        self._turn += 1
        return self._turn

    # What should be so

    def differences(self) -> list[str]:
        """What is not as it should be."""
        items = {item["metadata"]["name"]: item for item in self._items()}
        shown = self.cast.es.endpoints()
        wanted = self.users.keys()
        strays = [
            *(f"{name} is missing" for name in wanted - (items.keys() & shown.keys())),
            *(f"{name} is left over in Kubernetes" for name in items.keys() - wanted),
            *(f"{name} is left over in Elasticsearch" for name in shown.keys() - wanted),
        ]
        if strays:
            return strays
        return [
            *(f"{name}: {why}" for name in wanted if (why := _unsettled(items[name]))),
            *(
                f"{name} lacks an edit"
                for name in wanted
                if shown[name].get("task_settings") != {"user": self.users[name]}
            ),
            *(f"{name} has an old key" for name in wanted if not self._has_key(name)),
        ]

    def _has_key(self, name: str) -> bool:
        return self.cast.target.key_in_force(name) == self.key_of(name)


def _secret_of(name: str) -> str:
    return _SECRETS[NAMES.index(name) % len(_SECRETS)]


def _unsettled(item: Manifest) -> str | None:
    """What keeps the newest generation from being Ready, if anything does."""
    kstatus.check(item)
    conditions: list[Manifest] = (item.get("status") or {}).get("conditions", [])
    ready = next((c for c in conditions if c["type"] == "Ready"), None)
    if ready is None:
        return "nobody has looked at it"
    current = ready["observedGeneration"] == item["metadata"]["generation"]
    return None if current and ready["reason"] == "Synced" else f"{ready['reason']}: {ready['message']}"

"""What outlives the operator: Kubernetes, Elasticsearch, users, and somebody else who writes there too.

Each public method is one thing that can happen. The rules that hold at any time are checked by the witness as it
happens, the others by `check` and `rest`.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from histories import truth
from histories.elastic import OPERATOR, SOMEBODY, encoded, handle, new_cluster
from histories.faults import FAULTS, calm
from histories.life import Life
from histories.objects import Objects
from histories.truth import Surroundings
from histories.virtual import VirtualLoop
from histories.wishes import Wish
from histories.witness import Witness
from inference_operator.objects import ENDPOINT
from testbed.builders import Manifest, Manifests, connection, secret
from testbed.standin.profiles import PROFILES
from testbed.standin.provider import REFUSED
from testbed.standin.refusal import NeverAnswered
from testbed.standin.state import Reference

ENDPOINTS, SECRETS = ENDPOINT.plural, "secrets"
INTERVAL = 700.0
"""Seconds in which everything is looked at again: the longest interval and the longest backoff are shorter."""
SLOWLY = 1900.0
"""The same where a deletion waits: what is in use is tried five times as rarely."""
PATIENCE = 8
"""Intervals within which all comes to rest."""
_LOOKS = 20
"""Reconciles of each resource that suffice in an interval."""
_REQUESTED = "es-inference.dev/reconcile-requested-at"


class World:
    """One connection, a few endpoints, and all that can happen to them."""

    url, api_key = "http://127.0.0.1:9200", OPERATOR.encoded_key()
    ca_file: Path | None = None
    sockets = False

    def __init__(self, profile: str) -> None:
        self.loop = VirtualLoop(sockets=self.sockets)
        self.objects = Objects(self._on_event, self.loop.date)
        self.cluster = new_cluster(profile)
        self.witness = Witness(self.loop, self.objects, self.cluster)
        self.life: Life | None = None
        self._awaited: dict[str, Wish] = {}
        self._requests = 0
        self.open()
        self._apply(connection(self).with_spec(interval="10m"))
        self.start()

    def open(self) -> None:
        """Get ready for an operator."""

    def new_life(self) -> Life:
        """An operator that has not begun yet."""
        return Life(self.loop, self.objects, self.cluster, self.witness)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.life:
            self.life.kill()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    # Time and the operator

    def go(self, seconds: float) -> None:
        """Let time pass, and the operator do what it then does."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.witness.complain()

    def start(self) -> None:
        """Begin a life of the operator, unless there is one."""
        if self.life is None or not self.life.alive:
            self.witness.born()
            self.life = self.new_life()
            self.loop.call_soon(self.life.begin)

    def die(self, passages: int | None = None) -> None:
        """Let the operator die: at once, with another one in its place, or at one of the next things that it asks for."""
        if self.life and passages:
            self.life.doom(passages)
        elif self.life:
            self.life.kill()
        if passages is None:
            self.start()

    # What users do

    def create(self, name: str, wish: Wish) -> None:
        """Make a resource, as soon as no other has its name."""
        if self.objects.get(SECRETS, wish.secret) is None:
            self.rotate(wish.secret)
        if self.exists(name):
            self._awaited[name] = wish
        else:
            self._apply(wish.resource(name))

    def exists(self, name: str) -> bool:
        """Whether there is a resource of that name."""
        return self.objects.get(ENDPOINTS, name) is not None

    def edit(self, name: str, wish: Wish) -> None:
        """Change the spec."""
        if raw := self.objects.get(ENDPOINTS, name):
            self._apply(wish.with_id(raw["spec"].get("inferenceId")).resource(name))

    def delete(self, name: str) -> None:
        """Delete the resource."""
        self._awaited.pop(name, None)
        self.objects.delete(ENDPOINTS, name)

    def ask(self, name: str) -> None:
        """Ask for a reconcile."""
        self._requests += 1
        self.objects.annotate(ENDPOINTS, name, {_REQUESTED: str(self._requests)})

    def rotate(self, name: str, *, bad: bool = False) -> None:
        """Give the Secret another key, which the provider may refuse, in words that repeat it."""
        key = f"{'bad' if bad else 'key'}-{len(self.witness.keys)}-of-{name}"
        self.witness.keys[key] = None
        if bad:
            self.cluster.provider.refused[key] = f"{REFUSED}: {key}"
        self._note_rotation(name)
        self._apply(secret(name, api_key=key))

    def remove_secret(self, name: str) -> None:
        """Delete the Secret."""
        self._note_rotation(name)
        self.objects.delete(SECRETS, name)

    # What somebody else does in Elasticsearch

    def create_outside(self, inference_id: str, wish: Wish) -> None:
        """Make an endpoint, if there is none."""
        if inference_id not in self.cluster.endpoints:
            self._outside("PUT", f"/_inference/{wish.task_type}/{inference_id}", wish.body("foreign"))
            self.witness.made_anew(inference_id)

    def update_outside(self, inference_id: str, body: Mapping[str, Any]) -> None:
        """Change the settings of an endpoint, and not its key."""
        stored = self.cluster.endpoints.get(inference_id)
        if stored is None:
            return
        settings = {**body.get("service_settings", {}), **stored.secrets}
        changed = {**body, **({"service_settings": settings} if "service_settings" in body else {})}
        self._outside("PUT", f"/_inference/{stored.task_type}/{inference_id}/_update", changed)
        self.witness.touched(inference_id)

    def delete_outside(self, inference_id: str) -> None:
        """Delete an endpoint, whoever uses it."""
        self._outside("DELETE", f"/_inference/{inference_id}", None, force="true")
        self.witness.made_anew(inference_id)

    def refer(self, inference_id: str) -> None:
        """Let a mapping name the endpoint; one that does already goes."""
        index = f"of-{inference_id}"
        if not self.cluster.indices.pop(index, None):
            self.cluster.indices[index] = [Reference(inference_id)]

    def fault(self, kind: str, times: int = 1) -> None:
        """Let something happen to the next requests."""
        self.cluster.faults.add(times=times, **FAULTS[kind])

    def upgrade(self, profile: str) -> None:
        """Make the server a newer one."""
        new = PROFILES[profile]
        self.cluster.profile = self.cluster.provider.profile = new
        self.cluster.version = new.number
        for inference_id in self.cluster.endpoints:
            self.witness.touched(inference_id)

    # What must be so

    def check(self) -> None:
        """No resource says Ready that is not; one that the operator has not looked at since cannot know."""
        for raw in self.objects.all(ENDPOINTS):
            if truth.is_ready(raw) and not truth.is_deleting(raw) and self._knows(raw):
                self._note(raw, truth.untrue(raw, self._around(raw)))
        self.witness.check_told(self.objects.events)
        self.witness.complain()

    def rest(self) -> None:
        """Once the faults are over all comes to rest, and one more look changes nothing; then everything is as told."""
        calm(self.cluster)
        if self.life:
            self.life.doom(0)
        self.start()
        for _ in range(PATIENCE):
            before = self._written()
            self.witness.turns = 0
            waits = any(truth.is_deleting(raw) for raw in self.objects.all(ENDPOINTS))
            self.go(SLOWLY if waits else INTERVAL)
            assert self.witness.turns <= _LOOKS * (len(self.objects.all(ENDPOINTS)) + 1), (
                "too many reconciles"
            )
            if self._written() == before:
                break
        else:
            raise AssertionError(f"no rest after {PATIENCE} intervals: {self._last_writes()}")
        self._check_rest()

    def end(self) -> None:
        """Once everything is deleted and nothing uses anything, nothing of the operator's is left."""
        self.cluster.indices.clear()
        for raw in self.objects.all(ENDPOINTS):
            self.delete(raw["metadata"]["name"])
        self.rest()
        left = [raw["metadata"]["name"] for raw in self.objects.all(ENDPOINTS)]
        assert not left, f"still there: {left}"

    def _check_rest(self) -> None:
        self.check()
        for raw in self.objects.all(ENDPOINTS):
            if truth.is_deleting(raw) or not (raw["spec"].get("suspend") or truth.is_ready(raw)):
                self._note(raw, truth.unexplained(raw, self._around(raw)))
        left = [name for name in self.cluster.endpoints if truth.is_temporary(name)]
        assert not left, f"left behind: {left}"
        self.witness.complain()

    def _note(self, raw: Manifest, wrong: list[str]) -> None:
        self.witness.wrong += [f"{raw['metadata']['name']}: {what}" for what in wrong]

    def _knows(self, raw: Manifest) -> bool:
        """Whether the operator has looked at it since anything else happened to it, and that went well."""
        alive = self.life is not None and self.life.alive and not self.life.is_at(raw["metadata"]["name"])
        return alive and self.witness.knows(raw)

    def _around(self, raw: Manifest) -> Surroundings:
        inference_id = truth.wanted_id(raw)
        rivals = [
            other
            for other in self.objects.all(ENDPOINTS)
            if other is not raw and truth.wanted_id(other) == inference_id
        ]
        return Surroundings(self.cluster, self.witness.facts[inference_id], self._key_of(raw), rivals)

    def _key_of(self, raw: Manifest) -> str | None:
        """The key in the Secret of a resource."""
        name = truth.secret_of(raw)
        if self.objects.get(SECRETS, name) is None:
            return None
        return next(key for key in reversed(self.witness.keys) if key.endswith(f"-of-{name}"))

    # The small print

    def _on_event(self, plural: str, event: str, raw: Manifest) -> None:
        if plural == ENDPOINTS:
            self.witness.sees(event, raw)
        if self.life:
            self.life.hear(plural, event, raw)
        name = raw["metadata"]["name"]
        if plural == ENDPOINTS and event == "DELETED" and name in self._awaited:
            self._apply(self._awaited.pop(name).resource(name))

    def _note_rotation(self, name: str) -> None:
        for raw in self.objects.all(ENDPOINTS):
            if truth.secret_of(raw) == name:
                self.witness.rotated(raw)

    def _outside(self, method: str, path: str, body: Mapping[str, Any] | None, **query: str) -> None:
        with suppress(NeverAnswered):
            work = handle(self.cluster, SOMEBODY, method, path, query, encoded(body))
            self.loop.run_until_complete(work)

    def _apply(self, thing: Manifests) -> None:
        for manifest in thing.manifests():
            self.objects.apply(manifest)

    def _written(self) -> tuple[int, int]:
        """How often the operator has changed something, here and there; what was refused has changed nothing."""
        requests = self.cluster.journal.requests
        done = [o for o in requests if o.writes and o.status == 200 and o.query.get("dry_run") != "true"]
        return len(self.objects.writes), len(done)

    def _last_writes(self) -> list[str]:
        """What the operator still does, here and there."""
        there = [o for o in self.cluster.journal.requests if o.writes]
        return [*self.objects.writes[-3:], *(f"{o.method} {o.path} {o.body} {o.status}" for o in there[-3:])]

"""Who sees all that happens to endpoints and resources, and notes what should not have happened."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from histories import truth
from histories.objects import Objects
from histories.truth import Facts
from histories.virtual import VirtualLoop
from histories.wishes import settings_of
from inference_operator.elasticsearch.answers import Answer
from inference_operator.errors import Reason
from inference_operator.objects import ENDPOINT, Key
from testbed import kstatus
from testbed.builders import Manifest
from testbed.standin.faults import Fault
from testbed.standin.state import Cluster

_DELAYS = (3.0, 20.0, 39.0)
"""Seconds after which a request that was put off takes effect: all before the operator counts on its end."""


class Witness:
    """The order of all events is that of its ticks."""

    def __init__(self, loop: VirtualLoop, objects: Objects, cluster: Cluster) -> None:
        self.facts: dict[str, Facts] = defaultdict(Facts)
        self.wrong: list[str] = []
        self.keys: dict[str, None] = {}
        """Every key that there ever was, oldest first."""
        self.turns = 0
        self._loop = loop
        self._objects = objects
        self._cluster = cluster
        self._tick = 0
        self._looked: dict[str, int] = {}
        self._rotated: dict[str, int] = {}
        self._versions: dict[str, list[Manifest]] = defaultdict(list)
        """Of each resource, since the operator's last look at it began."""
        self._put_off: set[int] = set()

    def complain(self) -> None:
        """Fail, if anything was wrong."""
        wrong, self.wrong = self.wrong, []
        assert not wrong, "\n".join(wrong)

    # What others do

    def born(self) -> None:
        """Another process begins, which does not know what the last one knew."""
        self._looked.clear()

    def touched(self, inference_id: str) -> None:
        """Somebody else has changed the endpoint."""
        facts = self.facts[inference_id]
        facts.tick = self._next()
        stored = self._cluster.endpoints.get(inference_id)
        has = settings_of(stored.shown()) if stored else {}
        facts.set = {p: v for p, v in facts.set.items() if has.get(p) == v}

    def made_anew(self, inference_id: str) -> None:
        """Somebody else has made the endpoint, with another key, or deleted it."""
        self.touched(inference_id)
        self.facts[inference_id].set.clear()
        self.facts[inference_id].key_is_ours = inference_id not in self._cluster.endpoints

    def rotated(self, raw: Manifest) -> None:
        """Somebody has changed the Secret of a resource."""
        self._rotated[raw["metadata"]["name"]] = self._next()

    def knows(self, raw: Manifest) -> bool:
        """Whether the operator has looked at the resource since anything happened to it."""
        name = raw["metadata"]["name"]
        happened = max(self.facts[truth.wanted_id(raw)].tick, self._rotated.get(name, 0))
        return self._looked.get(name, -1) > happened

    # What the operator does

    def turn(self, key: Key) -> None:
        """It looks at an object."""
        self.turns += 1
        if key.kind is ENDPOINT:
            self._looked[key.name] = self._next()
            current = self._objects.get(ENDPOINT.plural, key.name)
            self._versions[key.name] = [current] if current else []

    def sends(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """A request reaches Elasticsearch."""
        kind, inference_id = _about(method, path)
        self._loop.call_later(0.001, self._note_late, kind, inference_id)
        if kind == "PUT":
            self._check_create(inference_id)
        elif kind in {"UPDATE", "DELETE"} and query.get("dry_run") != "true":
            self._check_write(kind, inference_id, force=query.get("force") == "true")

    def hears(self, method: str, path: str, body: Mapping[str, Any] | None, answer: Answer) -> None:
        """An answer reaches it."""
        kind, inference_id = _about(method, path)
        facts = self.facts[inference_id]
        if kind == "GET" and answer.status == 404:
            facts.absent_at = self._next()
        if kind == "DELETE" and answer.status == 200:
            facts.set.clear()
        if kind in {"PUT", "UPDATE"} and answer.status == 200 and body:
            asked, has = settings_of(body), settings_of(answer.body)
            facts.set |= {p: v for p, v in asked.items() if has.get(p) == v}
            ignored = any(rule.ignore and rule.hits for rule in self._cluster.faults.rules)
            sent = "api_key" in body.get("service_settings", {})
            facts.key_is_ours = not ignored and (
                sent or facts.key_is_ours
            )  # an ignored key cannot be noticed

    def sees(self, event: str, raw: Manifest) -> None:
        """A resource changes."""
        name, inference_id = raw["metadata"]["name"], truth.wanted_id(raw)
        known = self._versions[name]
        before = known[-1] if known and known[-1]["metadata"]["uid"] == raw["metadata"]["uid"] else None
        known.append(raw)
        self.check_told(raw.get("status"))
        kstatus.check(raw)
        stored = self._cluster.endpoints.get(inference_id)
        touched = self.facts[inference_id].tick > self._looked.get(name, 0)
        if event == "DELETED":
            self.facts[inference_id].set.clear()
        if before is None or touched:
            return
        if event == "DELETED" and truth.must_be_gone(before) and stored:
            self.wrong.append(f"{name} is gone, and left its endpoint")
        may = any(truth.may_adopt(version, stored) for version in known)
        if truth.adopts(before, raw) and not may:
            self.wrong.append(f"{name} took over what it must not: {raw['spec']}, {stored}")

    def check_told(self, told: Any) -> None:
        """No status and no event holds a key, or speaks of a fault of the operator."""
        text = json.dumps(told)
        self.wrong += [f"{key} is told in {text}" for key in self.keys if key in text]
        if Reason.INTERNAL_ERROR in text:
            self.wrong.append(f"a fault of the operator: {text}")

    def _check_create(self, inference_id: str) -> None:
        facts = self.facts[inference_id]
        if inference_id in self._cluster.endpoints and facts.tick <= facts.absent_at:
            self.wrong.append(f"{inference_id} was made twice")
        if facts.late:
            self.wrong.append(f"{inference_id} is made, although an earlier request may still make it")

    def _check_write(self, kind: str, inference_id: str, *, force: bool) -> None:
        stored = self._cluster.endpoints.get(inference_id)
        if stored is None or truth.is_temporary(inference_id):
            return
        entitled = (
            truth.may_write(raw, inference_id, stored)
            and (kind == "UPDATE" or truth.may_delete(raw, force=force))
            for versions in self._versions.values()
            for raw in versions
        )
        if not any(entitled):
            self.wrong.append(f"{kind} of {inference_id}, which nobody was entitled to (force: {force})")

    def _note_late(self, kind: str, inference_id: str) -> None:
        """See to it that what was just put off takes effect in time."""
        for rule in self._cluster.faults.rules:
            if rule.put_off and rule.id not in self._put_off:
                self._put_off.add(rule.id)
                self.facts[inference_id].late += kind == "PUT"
                delay = _DELAYS[rule.id % len(_DELAYS)]
                self._loop.call_later(delay, self._take_effect, rule, kind, inference_id)

    def _take_effect(self, rule: Fault, kind: str, inference_id: str) -> None:
        self.facts[inference_id].late -= kind == "PUT"
        rule.released.set()
        self.touched(inference_id)

    def _next(self) -> int:
        self._tick += 1
        return self._tick


def _about(method: str, path: str) -> tuple[str, str]:
    """What a request asks for, and of which endpoint."""
    if not path.startswith("/_inference/"):
        return "", ""
    update = path.endswith("/_update")
    return "UPDATE" if update else method, path.removesuffix("/_update").rpartition("/")[2]

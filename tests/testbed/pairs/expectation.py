"""What each phase must come to for one endpoint: worked out from what its version can do, not from what happened."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from inference_operator.endpoint import segments
from inference_operator.errors import Reason
from testbed.builders import Endpoint, Manifest, Secret
from testbed.pairs import Pair
from testbed.pairs.phases import (
    Change,
    Phase,
    body,
    fixed,
    merge_patch,
    put,
    updatable,
    value_at,
    with_changes,
)
from testbed.pairs.servers import Version

Past = Mapping[Phase, Manifest | None]
_COSTS_OF_ANOTHER_CREATE = 2
"""Writes to Kubernetes: the record of the operation, and the outcome; the finalizer is there."""
_AFTER_RESET = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}


@dataclass(frozen=True)
class Write:
    """A request that changes an endpoint; a `body` of None stands for any."""

    verb: str
    body: Any = None
    accepted: bool = True


@dataclass(frozen=True)
class Expected:
    """How things are after a phase."""

    stored: Manifest | None
    writes: tuple[Write, ...] = ()
    """To Elasticsearch, in their order."""
    kubernetes: int = 0
    """Writes to Kubernetes, events left out."""
    looked_at: bool = True
    not_applied: frozenset[str] = frozenset()
    reason: Reason = Reason.SYNCED
    """That of the condition Ready."""


@dataclass(frozen=True)
class Life:
    """An endpoint on its way through all phases."""

    pair: Pair
    version: Version
    endpoint: Endpoint
    """As it is created."""
    secret: Secret
    """With what the provider is asked once the Secret has been rotated."""

    @cached_property
    def changes(self) -> list[Change]:
        """What is changed in place."""
        return updatable(self.pair, self.version)

    @cached_property
    def taken(self) -> list[Change]:
        """Those that the version makes."""
        return [change for change in self.changes if self._takes(change)]

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The paths of those that it answers with 200 and does not make."""
        return frozenset(change.path for change in self.changes if not self._takes(change))

    @cached_property
    def fixed(self) -> Change:
        """What most versions cannot change in place."""
        return fixed(self.pair)

    @property
    def has_secrets(self) -> bool:
        """Whether there is anything to rotate."""
        return bool(self._secret_values())

    @property
    def edit(self) -> Change | None:
        """What somebody else changes: the task setting before the service setting, as it needs no secret."""
        return next(reversed(self.taken), None)

    def spec(self, phase: Phase) -> Endpoint:
        """The resource in a phase."""
        match phase:
            case Phase.CREATE | Phase.RESYNC | Phase.ROTATE:
                return self.endpoint
            case Phase.UPDATE:
                return with_changes(self.endpoint, self.changes)
            case Phase.FIXED | Phase.AGAIN:
                return with_changes(self.endpoint, [*self.changes, self.fixed])
        return with_changes(self.endpoint, self.taken)

    def spec_changes(self, phase: Phase) -> Manifest:
        """What a phase changes in the spec of the one before, as a merge patch."""
        phases = list(Phase)
        earlier = self.spec(phases[phases.index(phase) - 1])
        return merge_patch(earlier.spec, self.spec(phase).spec)

    def foreign_edit(self) -> Manifest:
        """The `_update` that somebody else sends, with the right secrets where it has to have them."""
        assert self.edit is not None
        return self._request({self.edit.path: self.edit.other})

    def letter(self, phase: Phase) -> str:
        """How the table shows the phase if all is as expected."""
        letters = {
            Phase.ROTATE: "R" if self.has_secrets else "-",
            Phase.UPDATE: ("u" if self.ignored else "U") if self.changes else "-",
            Phase.FIXED: "I" if self._takes(self.fixed) else "i",
            Phase.DRIFT: "D" if self.edit else "G",
        }
        return letters.get(phase, str(phase))

    def expected(self, phase: Phase, past: Past) -> Expected:
        """What the phase must come to; `past`: what was stored after the phases before."""
        before = _last(past)
        of_phase: dict[Phase, Callable[[Manifest | None], Expected]] = {
            Phase.ROTATE: self._rotated,
            Phase.UPDATE: self._updated,
            Phase.FIXED: self._changed_where_possible,
            Phase.AGAIN: self._looked_at_again,
            Phase.UNDO: self._undone,
            Phase.DRIFT: lambda stored: self._put_back(stored, past.get(Phase.CREATE)),
            Phase.DELETE: lambda _: Expected(None, (Write("DELETE"),), kubernetes=1),
        }
        becomes = of_phase.get(phase)
        return becomes(before) if becomes else Expected(before)

    def _rotated(self, before: Manifest | None) -> Expected:
        values = self._secret_values()
        if not values:
            return Expected(before, looked_at=False)
        return Expected(self._after(before, []), (Write("_update", body(values)),), kubernetes=1)

    def _updated(self, before: Manifest | None) -> Expected:
        if not self.changes:
            return Expected(before, looked_at=False)
        write = Write("_update", self._request(_values(self.changes)))
        reason = Reason.UPDATE_NOT_APPLIED if self.ignored else Reason.SYNCED
        stored = self._after(before, self.taken)
        return Expected(stored, (write,), 1, not_applied=self.ignored, reason=reason)

    def _changed_where_possible(self, before: Manifest | None) -> Expected:
        """Strict versions refuse by name what they cannot change; the others answer 200 and ignore it."""
        taken = self._takes(self.fixed)
        refused = self.version.profile.update_is_strict or self.version.wants_allocations(self.pair)
        accepted = taken or not refused
        write = Write("_update", self._request(_values([self.fixed])), accepted=accepted)
        stored = self._after(before, [self.fixed] if taken else []) if accepted else before
        return self._told(Expected(stored, (write,), 1))

    def _looked_at_again(self, before: Manifest | None) -> Expected:
        """What was ignored or refused by name is not asked again; what was refused for something else is."""
        again = Write("_update", self._request(_values([self.fixed])), accepted=False)
        return self._told(Expected(before, (again,) if self.version.wants_allocations(self.pair) else ()))

    def _told(self, expected: Expected) -> Expected:
        """With what the status says while the spec asks for what the version cannot change."""
        if self._takes(self.fixed):
            return expected
        if self.version.wants_allocations(self.pair):
            return replace(expected, reason=Reason.INVALID_SETTINGS)
        strict = self.version.profile.update_is_strict
        reason = Reason.REPLACE_REQUIRED if strict else Reason.UPDATE_NOT_APPLIED
        return replace(expected, not_applied=self.ignored | {self.fixed.path}, reason=reason)

    def _undone(self, before: Manifest | None) -> Expected:
        """Nothing needs to be sent, but where the change had been made."""
        if not self._takes(self.fixed):
            return Expected(before, kubernetes=1)
        original = replace(self.fixed, value=value_at(self.endpoint.spec, self.fixed.path))
        write = Write("_update", self._request(_values([original])))
        return Expected(self._after(before, [original]), (write,), kubernetes=1)

    def _put_back(self, before: Manifest | None, created: Manifest | None) -> Expected:
        if self.edit is None:
            return Expected(created, (Write("PUT"),), kubernetes=_COSTS_OF_ANOTHER_CREATE)
        write = Write("_update", self._request(_values([self.edit])))
        return Expected(self._after(before, []), (write,), kubernetes=1)

    def _takes(self, change: Change) -> bool:
        return self.version.changes(self.pair, change.path)

    def _secret_values(self) -> dict[str, str]:
        return self.pair.secrets(self.secret)

    def _request(self, values: Mapping[str, Any]) -> Manifest:
        """An `_update`, in the form that the version needs: some want the secrets beside any service setting."""
        about_service = any(path.startswith("/serviceSettings/") for path in values)
        needed = about_service and self.version.profile.update_needs_secrets
        return body({**values, **(self._secret_values() if needed else {})})

    def _after(self, before: Manifest | None, changes: Iterable[Change]) -> Manifest | None:
        """What is stored once an update has made these changes."""
        if before is None:
            return None
        stored = copy.deepcopy(before)
        for change in changes:
            section, *keys = segments(change.path)
            put(stored, [section.replace("Settings", "_settings"), *keys], change.value)
        if "chunking_settings" in stored and self.version.resets_chunking(self.pair):
            stored["chunking_settings"] = dict(_AFTER_RESET)
        return stored


def _values(changes: Iterable[Change]) -> dict[str, Any]:
    return {change.path: change.value for change in changes}


def _last(past: Past) -> Manifest | None:
    return past[list(past)[-1]] if past else None

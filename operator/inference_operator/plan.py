"""The decision: what to do next, from what is desired, observed, and was applied before.

                 | observed absent                        | observed present
    -------------+----------------------------------------+-----------------------------------------------
    desired      | create (not while an earlier create    | equal: nothing · secrets changed, or updatable
                 | may still take effect)                 | settings differ: update just those · not
                 |                                        | updatable: refuse, the old endpoint serves on ·
                 |                                        | not ours: adopt if equal, else refuse
    not desired  | release (same proviso)                 | ours: delete · not ours, or to be retained: release

Nothing here does I/O or knows the time; `unresolved` says whether an earlier create may still take effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from inference_operator.capabilities import Capabilities
from inference_operator.endpoint import (
    ABSENT,
    Definition,
    Difference,
    as_json,
    differences,
    leaves,
    removed,
    same_kind,
    segments,
    shown,
    value_at,
)
from inference_operator.errors import Reason, ReconcileError, Stalled, Waiting

AFTER_RESET = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
"""The chunking settings that any update leaves behind where `update_keeps_chunking` is not given."""


class Why(StrEnum):
    """What made an action necessary; the reason of the event that tells of it."""

    NEW = Reason.CREATED.value
    ADOPTED = Reason.ADOPTED.value
    SPEC = Reason.UPDATED.value
    SECRETS = Reason.SECRET_ROTATED.value
    DRIFT = Reason.DRIFT_CORRECTED.value


@dataclass(frozen=True, slots=True)
class Desired:
    """The endpoint that should exist."""

    inference_id: str
    definition: Definition
    has_secrets: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """A setting that the server did not take over when it was asked for."""

    path: str
    desired: str
    server_version: str


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of earlier reconciles of the same resource."""

    applied: Definition | None = None
    claimed: Definition | None = None
    """What a create without outcome asked for."""
    unresolved: bool = False
    """Whether that create may still take effect."""
    ignored: Sequence[Ignored] = ()
    secrets_changed: bool = True

    @property
    def before(self) -> Definition | None:
        """What was made true, or was at least asked for."""
        return self.applied if self.applied is not None else self.claimed

    def made(self, observed: Definition) -> bool:
        """Whether the endpoint is there because of us; a mere claim counts only where it equals what was asked for."""
        return self.applied is not None or (self.claimed is not None and not differs(self.claimed, observed))


@dataclass(frozen=True, slots=True)
class Nothing:
    """All is as it should be."""


@dataclass(frozen=True, slots=True)
class Create:
    """The endpoint must be created."""

    why: Why


@dataclass(frozen=True, slots=True)
class Update:
    """The endpoint must be changed in place: these settings, and the secrets with them where needed."""

    why: Why
    service_settings: Mapping[str, Any] = field(default_factory=dict)
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    chunking_settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: bool = False

    def asked(self) -> frozenset[str]:
        """The paths of the settings that are asked for."""
        wanted = Definition("", "", self.service_settings, self.task_settings, self.chunking_settings)
        return frozenset(path for path, _ in leaves(wanted))


@dataclass(frozen=True, slots=True)
class Delete:
    """The endpoint must be deleted."""


@dataclass(frozen=True, slots=True)
class Release:
    """The resource may go; whatever is in Elasticsearch stays."""


Action = Nothing | Create | Update | Delete | Release


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, or the problem that forbids to do anything."""

    action: Action = Nothing()
    problem: ReconcileError | None = None
    drift: Sequence[Difference] = ()
    """What somebody else has changed."""


def plan(
    desired: Desired | None, observed: Definition | None, past: Past, capabilities: Capabilities, version: str
) -> Plan:
    """The next step towards `desired`; `None` means that the endpoint should not exist."""
    if desired is None:
        return _plan_deletion(observed, past)
    if observed is None:
        return _plan_creation(past)
    if not past.made(observed) and differs(desired.definition, observed):
        return Plan(problem=_conflict(desired, observed))
    return _plan_update(desired, observed, past, capabilities, version)


def _plan_deletion(observed: Definition | None, past: Past) -> Plan:
    if observed is None and past.unresolved:
        return Plan(problem=_unresolved())
    return Plan(Delete() if observed is not None and past.made(observed) else Release())


def _plan_creation(past: Past) -> Plan:
    if past.unresolved:
        return Plan(problem=_unresolved())
    return Plan(Create(Why.DRIFT if past.applied is not None else Why.NEW))


def _unresolved() -> Waiting:
    return Waiting(
        Reason.CREATE_UNRESOLVED,
        "a create request got no answer and may still take effect; the endpoint is looked for again after its deadline",
    )


def differs(desired: Definition, observed: Definition) -> bool:
    """Whether the endpoint is not what is desired."""
    return not same_kind(desired, observed) or bool(differences(desired, observed))


def _conflict(desired: Desired, observed: Definition) -> Stalled:
    if not same_kind(desired.definition, observed):
        what = f"service {observed.service!r} and task type {observed.task_type!r}"
    else:
        what = "other values at " + paths(differences(desired.definition, observed))
    return Stalled(
        Reason.OWNERSHIP_CONFLICT,
        f"an endpoint {desired.inference_id!r} that this resource did not make exists already, with {what}; "
        "choose another inferenceId, or make the spec equal to it",
    )


def _plan_update(
    desired: Desired, observed: Definition, past: Past, capabilities: Capabilities, version: str
) -> Plan:
    found = wrong(desired, observed, past)
    reset = chunking_reset(found, observed, past, capabilities)
    drift = tuple(d for d in found if _edited_by_others(d, past) and d not in reset)
    if not same_kind(desired.definition, observed):
        return Plan(drift=drift)
    ask = [d for d in found if not is_fixed(d, desired, capabilities) and not _was_ignored(d, past, version)]
    return Plan(_update(desired, past, ask, drift), drift=drift)


def chunking_reset(
    found: Sequence[Difference], observed: Definition, past: Past, capabilities: Capabilities
) -> list[Difference]:
    """Of what is wrong, the chunking settings that an update has reset to the server's default: ours or another's."""
    if capabilities.update_keeps_chunking or observed.chunking_settings != AFTER_RESET:
        return []
    chunking = [d for d in found if d.section == "chunkingSettings"]
    before = past.before
    # What was applied and is still so is no reset: there it is the spec that has changed.
    return [d for d in chunking if before is None or value_at(before, d.path) != d.observed]


def wrong(desired: Desired, observed: Definition, past: Past) -> list[Difference]:
    """Every setting that is not as desired, those included that are desired no longer."""
    before = past.before
    no_longer = removed(before, desired.definition, observed) if before is not None else []
    return differences(desired.definition, observed) + no_longer


def is_fixed(difference: Difference, desired: Desired, capabilities: Capabilities) -> bool:
    """Whether this version cannot make the change at all; what it merely ignores is found out by asking."""
    if difference.section == "chunkingSettings":  # they are replaced as a whole, by something
        return not (capabilities.update_changes_chunking and desired.definition.chunking_settings)
    return difference.desired is ABSENT and not capabilities.update_clears


def _update(desired: Desired, past: Past, ask: Sequence[Difference], drift: Sequence[Difference]) -> Action:
    secrets = past.secrets_changed and desired.has_secrets
    if not ask and not secrets:
        return Nothing()
    return Update(
        _why(past, ask, drift),
        nested(ask, "serviceSettings"),
        nested(ask, "taskSettings"),
        desired.definition.chunking_settings if any(d.section == "chunkingSettings" for d in ask) else {},
        secrets=secrets,
    )


def _why(past: Past, ask: Sequence[Difference], drift: Sequence[Difference]) -> Why:
    if past.applied is None:
        return Why.NEW if past.claimed is not None else Why.ADOPTED
    if any(d in drift for d in ask):
        return Why.DRIFT
    return Why.SPEC if ask else Why.SECRETS


def _edited_by_others(difference: Difference, past: Past) -> bool:
    """The spec has not changed since it was applied, so somebody else has changed the endpoint."""
    return past.applied is not None and value_at(past.applied, difference.path) == difference.desired


def _was_ignored(difference: Difference, past: Past, version: str) -> bool:
    return Ignored(difference.path, as_json(difference.desired), version) in past.ignored


def paths(found: Sequence[Difference]) -> str:
    """The first few differences, as a message names them."""
    return ", ".join(f"{d.path} (asked for {shown(d.desired)}, found {shown(d.observed)})" for d in found[:5])


def nested(found: Sequence[Difference], section: str) -> dict[str, Any]:
    """The desired values of one section as the object that a request holds."""
    result: dict[str, Any] = {}
    for difference in found:
        if difference.section != section:
            continue
        *parents, last = segments(difference.path)[1:]
        node = result
        for key in parents:
            node = node.setdefault(key, {})
        node[last] = None if difference.desired is ABSENT else difference.desired
    return result

"""The decision: what to do next, from what is desired, observed, and was applied before.

                 | observed absent                        | observed present
    -------------+----------------------------------------+-----------------------------------------------
    desired      | create (not while an earlier create    | equal: nothing · secrets changed, or updatable
                 | may still take effect; what somebody   | settings differ: update just those · not
                 | deleted only if drift is corrected)    | updatable: replace, or the old one serves on ·
                 |                                        | edited by somebody: put back, or leave ·
                 |                                        | not ours: adopt, or refuse
    not desired  | release (same proviso)                 | ours: delete · not ours, or to be retained: release

Nothing here does I/O or knows the time; `unresolved` says whether an earlier create may still take effect.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from inference_operator.capabilities import Capabilities
from inference_operator.endpoint import (
    ABSENT,
    Definition,
    Difference,
    differences,
    same_kind,
    segments,
)
from inference_operator.errors import Reason, ReconcileError, Stalled, Waiting
from inference_operator.findings import (
    AFTER_CREATE,
    AFTER_RESET,
    AdoptionPolicy,
    Desired,
    DriftPolicy,
    Findings,
    Past,
    ReplacePolicy,
    differs,
    findings,
    is_remade,
    kind_differences,
    paths,
)

ITSELF = ""
"""The path of the endpoint as a whole."""


class Why(StrEnum):
    """What made an action necessary; the reason of the event that tells of it."""

    NEW = Reason.CREATED.value
    ADOPTED = Reason.ADOPTED.value
    SPEC = Reason.UPDATED.value
    SECRETS = Reason.SECRET_ROTATED.value
    DRIFT = Reason.DRIFT_CORRECTED.value
    REPLACED = Reason.REPLACED.value


@dataclass(frozen=True, slots=True)
class Nothing:
    """All is as it should be, or nothing can be done about it."""


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
    because: Sequence[Difference] = field(default=(), compare=False)
    """What is to be changed; an object of which a part is wrong is sent whole."""

    def asked(self) -> frozenset[str]:
        """The paths of what is to be changed."""
        return frozenset(d.path for d in self.because)


@dataclass(frozen=True, slots=True)
class Reassure:
    """The secrets must be sent again: that costs nothing where they are in force, and heals where they are not."""


@dataclass(frozen=True, slots=True)
class Replace:
    """The endpoint must be deleted and created anew, for what cannot be had in place."""

    because: Sequence[Difference]
    in_place: Nothing | Update
    """What is to be done meanwhile where it cannot be replaced."""


@dataclass(frozen=True, slots=True)
class Delete:
    """The endpoint must be deleted."""


@dataclass(frozen=True, slots=True)
class Release:
    """The resource may go; whatever is in Elasticsearch stays."""


Action = Nothing | Create | Update | Reassure | Replace | Delete | Release


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, or the problem that forbids to do anything."""

    action: Action = Nothing()
    problem: ReconcileError | None = None
    drift: Sequence[Difference] = ()
    """What somebody else has changed."""
    corrects: frozenset[str] = frozenset()
    """The paths of that which the action puts back."""


def plan(
    desired: Desired | None, observed: Definition | None, past: Past, capabilities: Capabilities, version: str
) -> Plan:
    """The next step towards `desired`; `None` means that the endpoint should not exist."""
    if desired is None:
        return _plan_deletion(observed, past)
    if observed is None:
        return _plan_creation(desired, past)
    if not past.made(observed) and _is_foreign(desired, observed):
        return Plan(problem=_conflict(desired, observed))
    if not same_kind(desired.definition, observed):
        return _plan_other_kind(desired, observed, past)
    return _plan_update(
        desired, observed, past, capabilities, findings(desired, observed, past, capabilities, version)
    )


def _plan_deletion(observed: Definition | None, past: Past) -> Plan:
    if observed is None and past.unresolved:
        return Plan(problem=_unresolved())
    return Plan(Delete() if observed is not None and past.made(observed) else Release())


def _plan_creation(desired: Desired, past: Past) -> Plan:
    if past.unresolved:
        return Plan(problem=_unresolved())
    if past.replacing:
        return Plan(Create(Why.REPLACED))
    if past.applied is None:
        return Plan(Create(Why.NEW))
    if desired.drift is not DriftPolicy.CORRECT and past.claimed is None:
        return Plan(problem=missing(desired.inference_id, f"driftPolicy is {desired.drift}"))
    if ITSELF in past.disputed:
        return Plan(problem=_deleted_again(desired.inference_id))
    return Plan(Create(Why.DRIFT), corrects=frozenset({ITSELF}))


def _unresolved() -> Waiting:
    return Waiting(
        Reason.CREATE_UNRESOLVED,
        "a create request got no answer and may still take effect; the endpoint is looked for again after its deadline",
    )


def missing(inference_id: str, why: str) -> Stalled:
    """The problem of an endpoint that is not there and is not to be created."""
    return Stalled(
        Reason.ENDPOINT_MISSING,
        f"there is no inference endpoint {inference_id!r}, and it is not created, as {why}; create it, or change that",
    )


def _deleted_again(inference_id: str) -> Stalled:
    return Stalled(
        Reason.TUG_OF_WAR,
        f"somebody else deletes the inference endpoint {inference_id!r} again and again, so it is not created any "
        "more; find out who, then change the spec or ask for a reconcile",
    )


def _is_foreign(desired: Desired, observed: Definition) -> bool:
    """Whether an endpoint that we did not make must be left to its maker."""
    if desired.adoption is AdoptionPolicy.NEVER:
        return True
    return desired.adoption is AdoptionPolicy.MATCH and differs(desired.definition, observed)


def _conflict(desired: Desired, observed: Definition) -> Stalled:
    advice = "choose another inferenceId, make the spec equal to it, or set adoptionPolicy: Overwrite"
    if desired.adoption is AdoptionPolicy.NEVER:
        what, advice = "adoptionPolicy Never", "choose another inferenceId, or set adoptionPolicy: Match"
    elif not same_kind(desired.definition, observed):
        what = f"service {observed.service!r} and task type {observed.task_type!r}"
    else:
        what = "other values at " + paths(differences(desired.definition, observed))
    return Stalled(
        Reason.OWNERSHIP_CONFLICT,
        f"an endpoint {desired.inference_id!r} that this resource did not make exists already, with {what}; {advice}",
    )


def _plan_other_kind(desired: Desired, observed: Definition, past: Past) -> Plan:
    """Nothing in place makes another service or task type of it."""
    because = kind_differences(desired.definition, observed)
    drift = because if is_remade(desired, past) else []
    left = drift and (desired.drift is not DriftPolicy.CORRECT or ITSELF in past.disputed)
    if left or desired.replacement is ReplacePolicy.NEVER:
        return Plan(drift=drift)
    return Plan(Replace(because, Nothing()), drift=drift, corrects=frozenset({ITSELF} if drift else ()))


def _plan_update(
    desired: Desired, observed: Definition, past: Past, capabilities: Capabilities, found: Findings
) -> Plan:
    needless = past.secretless or _is_harmful(desired, observed, past, capabilities)
    secrets = past.secrets_changed and desired.has_secrets and not needless
    in_place = _update(desired, past, found, secrets=secrets)
    if desired.replacement is not ReplacePolicy.NEVER and (because := found.replaceable):
        corrects = frozenset(d.path for d in (*because, *found.open) if d in found.drift)
        return Plan(Replace(because, in_place), drift=found.drift, corrects=corrects)
    corrects = frozenset(d.path for d in found.open if d in found.drift)
    due = past.secrets_due and desired.has_secrets and capabilities.update_recognises_no_change
    action = Reassure() if in_place == Nothing() and due else in_place
    return Plan(action, drift=found.drift, corrects=corrects)


def _is_harmful(desired: Desired, observed: Definition, past: Past, capabilities: Capabilities) -> bool:
    """Whether giving an endpoint its secrets once more, which it was made with, would cost it its chunking settings."""
    made_with_them = past.secrets_unsent or (past.applied is None and past.claimed is not None)
    if capabilities.update_keeps_chunking or not made_with_them:
        return False
    if desired.definition.chunking_settings:
        return observed.chunking_settings != AFTER_RESET
    return observed.chunking_settings not in ({}, AFTER_RESET, AFTER_CREATE)


def _update(desired: Desired, past: Past, found: Findings, *, secrets: bool) -> Nothing | Update:
    if not found.open and not secrets:
        return Nothing()
    return Update(
        _why(past, found),
        nested(desired.definition, found.open, "serviceSettings"),
        nested(desired.definition, found.open, "taskSettings"),
        desired.definition.chunking_settings
        if any(d.section == "chunkingSettings" for d in found.open)
        else {},
        secrets=secrets,
        because=found.open,
    )


def _why(past: Past, found: Findings) -> Why:
    if past.applied is None:
        return Why.NEW if past.claimed is not None else Why.ADOPTED
    if any(d in found.drift for d in found.open):
        return Why.DRIFT
    return Why.SPEC if found.open else Why.SECRETS


def nested(desired: Definition, found: Sequence[Difference], section: str) -> dict[str, Any]:
    """What a request holds of one section: each setting with a difference in it, whole, as a server may replace it."""
    result: dict[str, Any] = {}
    for difference in found:
        if difference.section != section:
            continue
        first, *inner = segments(difference.path)[1:]
        if first not in result:
            result[first] = deepcopy(desired.section(section).get(first))
        if difference.desired is ABSENT and inner and result[first] is not None:
            _clear(result, [first, *inner])
    return result


def _clear(settings: dict[str, Any], keys: Sequence[str]) -> None:
    """Put null where a value is to be removed."""
    *parents, last = keys
    for key in parents:
        if not isinstance(settings.get(key), dict):
            settings[key] = {}
        settings = settings[key]
    settings[last] = None

"""From the outcome of a reconcile to the conditions: pure, and the only place that knows their rules.

`Ready` is the one summary. `ConnectionReady`, `SecretsResolved` and `Synced` say how far the last reconcile
came. `Reconciling`, `Stalled`, `Drifted`, `ReplaceRequired`, `OwnershipConflict` and `DeletionBlocked` are
there only while they are true, as kstatus wants it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inference_operator.api.schema import Condition
from inference_operator.errors import ABOUT_CONNECTION, ABOUT_SECRETS, Reason, ReconcileError, Stalled


class Type(StrEnum):
    """The names of the conditions, in the order in which they are listed."""

    READY = "Ready"
    CONNECTION_READY = "ConnectionReady"
    SECRETS_RESOLVED = "SecretsResolved"
    SYNCED = "Synced"
    AVAILABLE = "Available"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    DRIFTED = "Drifted"
    REPLACE_REQUIRED = "ReplaceRequired"
    OWNERSHIP_CONFLICT = "OwnershipConflict"
    DELETION_BLOCKED = "DeletionBlocked"
    REACHABLE = "Reachable"
    AUTHENTICATED = "Authenticated"
    AUTHORIZED = "Authorized"


_NAMED_AFTER = {
    Reason.REPLACE_REQUIRED: Type.REPLACE_REQUIRED,
    Reason.REPLACE_BLOCKED: Type.REPLACE_REQUIRED,
    Reason.CHUNKING_RESET: Type.REPLACE_REQUIRED,
    Reason.OWNERSHIP_CONFLICT: Type.OWNERSHIP_CONFLICT,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One condition before its generation and transition time are known."""

    type: Type
    status: bool | None
    reason: Reason
    message: str = ""


def of_endpoint(
    problem: ReconcileError | None,
    *,
    synced: str = "",
    keeps_serving: bool = False,
    drift: Sequence[str] = (),
    available: Verdict | None = None,
) -> list[Verdict]:
    """The conditions of an endpoint after a reconcile that ended with `problem`, or well.

    `keeps_serving`: the spec is live and only a rotation was refused, so the old key is still in force.
    `drift`: the paths of the settings that somebody else has changed and that are not put back.
    `available`: the state of the model, where it runs in the cluster.
    """
    edited = f"somebody else has changed {', '.join(drift)}"
    rest = [available] if available else []
    if problem is None:
        synced_too = (
            Verdict(Type.SYNCED, False, Reason.EDITED_BY_OTHERS, edited)
            if drift
            else Verdict(Type.SYNCED, True, Reason.SYNCED)
        )
        drifted = [Verdict(Type.DRIFTED, True, Reason.EDITED_BY_OTHERS, edited)] if drift else []
        return [
            Verdict(Type.READY, True, Reason.SYNCED, synced),
            Verdict(Type.CONNECTION_READY, True, Reason.CONNECTED),
            Verdict(Type.SECRETS_RESOLVED, True, Reason.RESOLVED),
            synced_too,
            *rest,
            *drifted,
        ]
    ready = Verdict(Type.READY, keeps_serving, problem.reason, problem.message)
    drifted = [Verdict(Type.DRIFTED, True, problem.reason, edited)] if drift else []
    steps = _steps(problem)
    if available:  # the model is looked after only once the endpoint is as it should be
        steps = [Verdict(Type.SYNCED, True, Reason.SYNCED) if v.type is Type.SYNCED else v for v in steps]
    return [ready, *steps, *rest, *_abnormal(problem), *drifted]


def of_observation(problem: ReconcileError | None, *, drift: Sequence[str] = ()) -> list[Verdict]:
    """The conditions of an endpoint that is only looked at; `drift` is where it is not what the spec says."""
    if problem is not None:
        reached = problem.reason not in ABOUT_CONNECTION
        return [
            Verdict(Type.READY, False, problem.reason, problem.message),
            Verdict(Type.CONNECTION_READY, reached, Reason.CONNECTED if reached else problem.reason),
            Verdict(Type.SYNCED, False, problem.reason),
            *_abnormal(problem),
        ]
    other = f"the endpoint is not what the spec says at {', '.join(drift)}"
    differs = [
        Verdict(kind, kind is Type.DRIFTED, Reason.EDITED_BY_OTHERS, other)
        for kind in (Type.SYNCED, Type.DRIFTED)
    ]
    text = "the endpoint is only looked at, as managementPolicy is Observe"
    return [
        Verdict(Type.READY, True, Reason.OBSERVED, text),
        Verdict(Type.CONNECTION_READY, True, Reason.CONNECTED),
        *(differs if drift else [Verdict(Type.SYNCED, True, Reason.OBSERVED)]),
    ]


def _steps(problem: ReconcileError) -> list[Verdict]:
    """How far the reconcile came: what lies before the problem is true, what lies after it unknown."""
    reason, text = problem.reason, problem.message
    connected = Verdict(Type.CONNECTION_READY, True, Reason.CONNECTED)
    synced = Verdict(Type.SYNCED, False, reason, text)
    if reason in ABOUT_CONNECTION:
        return [
            Verdict(Type.CONNECTION_READY, False, reason, text),
            Verdict(Type.SECRETS_RESOLVED, None, reason),
            synced,
        ]
    if reason in ABOUT_SECRETS:
        return [connected, Verdict(Type.SECRETS_RESOLVED, False, reason, text), synced]
    if reason is Reason.INVALID_SPEC:
        return [synced]
    return [connected, Verdict(Type.SECRETS_RESOLVED, True, Reason.RESOLVED), synced]


def _abnormal(problem: ReconcileError) -> list[Verdict]:
    kind = Type.STALLED if isinstance(problem, Stalled) else Type.RECONCILING
    found = [Verdict(kind, True, problem.reason, problem.message)]
    if special := _NAMED_AFTER.get(problem.reason):
        found.append(Verdict(special, True, problem.reason, problem.message))
    return found


def of_connection(problem: ReconcileError | None, *, ready: str = "") -> list[Verdict]:
    """The conditions of a connection after a check that ended with `problem`, or well."""
    steps = (Type.REACHABLE, Type.AUTHENTICATED, Type.AUTHORIZED)
    if problem is None:
        return [
            Verdict(Type.READY, True, Reason.CONNECTED, ready),
            *(Verdict(t, True, Reason.CONNECTED) for t in steps),
        ]
    passed = _PASSED.get(problem.reason, 0)
    verdicts = [Verdict(t, True, Reason.CONNECTED) for t in steps[:passed]]
    if passed < len(steps):
        failed = None if problem.reason in ABOUT_SECRETS or problem.reason is Reason.INVALID_SPEC else False
        verdicts.append(Verdict(steps[passed], failed, problem.reason, problem.message))
        verdicts += [Verdict(t, None, problem.reason) for t in steps[passed + 1 :]]
    kind = Type.STALLED if isinstance(problem, Stalled) else Type.RECONCILING
    return [
        Verdict(Type.READY, False, problem.reason, problem.message),
        *verdicts,
        Verdict(kind, True, problem.reason, problem.message),
    ]


# How many of the steps Reachable, Authenticated, Authorized had been passed when the reason came up.
_PASSED = {
    Reason.UNAUTHORIZED: 1,
    Reason.INSUFFICIENT_PRIVILEGES: 2,
    Reason.UNSUPPORTED_VERSION: 3,
    Reason.CLUSTER_CHANGED: 3,
}


def blocked_deletion(previous: Sequence[Condition], problem: ReconcileError) -> list[Verdict]:
    """The conditions of an object whose deletion waits: as they were, with the reason, and never Stalled."""
    gone = {Type.STALLED, Type.RECONCILING, Type.DELETION_BLOCKED}
    status = {"True": True, "False": False}
    kept = [
        Verdict(Type(c.type), status.get(c.status), Reason(c.reason), c.message)
        for c in previous
        if c.type in set(Type) - gone and c.reason in set(Reason)
    ]
    if not any(v.type is Type.READY for v in kept):
        kept.insert(0, Verdict(Type.READY, None, problem.reason, problem.message))
    return [*kept, Verdict(Type.DELETION_BLOCKED, True, problem.reason, problem.message)]


def merge(
    previous: Iterable[Condition],
    verdicts: Sequence[Verdict],
    generation: int,
    now: datetime,
    *,
    keep_messages: bool = False,
) -> list[Condition]:
    """The verdicts as conditions; a transition time moves only where the status does.

    `keep_messages`: where nothing but the message is new, the old one stays.
    """
    before = {c.type: c for c in previous}
    merged = [_condition(v, before.get(v.type), generation, now) for v in verdicts]
    return [_old_message(c, before.get(c.type)) for c in merged] if keep_messages else merged


def _condition(verdict: Verdict, before: Condition | None, generation: int, now: datetime) -> Condition:
    status = "Unknown" if verdict.status is None else str(verdict.status)
    return Condition(
        type=verdict.type,
        status=status,
        observed_generation=generation,
        last_transition_time=before.last_transition_time
        if before and before.status == status
        else timestamp(now),
        reason=verdict.reason,
        message=verdict.message,
    )


def _old_message(condition: Condition, before: Condition | None) -> Condition:
    same = before is not None and condition == before.model_copy(update={"message": condition.message})
    return before if before is not None and same else condition


def timestamp(now: datetime) -> str:
    """The time as Kubernetes writes it."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def find(conditions: Iterable[Condition], kind: Type) -> Condition | None:
    """The condition of one type."""
    return next((c for c in conditions if c.type == kind), None)


def is_ready(conditions: Iterable[Condition], generation: int) -> bool:
    """Whether `Ready` is true for this generation."""
    ready = find(conditions, Type.READY)
    return ready is not None and ready.status == "True" and ready.observed_generation == generation

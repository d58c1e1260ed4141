"""Compares what was seen of an endpoint in a phase with what must be so: its resource, what is stored, and the logs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference_operator.errors import Reason
from testbed.builders import Manifest
from testbed.pairs.expectation import Expected, Write

_MODIFYING = {"PUT", "_update", "DELETE"}


@dataclass(frozen=True)
class Call:
    """A request of the operator about an endpoint, as a log tells it; `body` is None where that does not tell."""

    verb: str
    status: int | None
    body: Any = None


@dataclass(frozen=True)
class Seen:
    """What there is to see of one endpoint at the end of a phase, and what was noted meanwhile."""

    resource: Manifest | None
    stored: Manifest | None
    calls: Sequence[Call] = ()
    kubernetes: Sequence[str] = ()
    """The operator's writes to Kubernetes."""
    retries: int = 0
    """Attempts that are left out of the calls, as they failed and were made again; each may have been told."""


def mistakes(expected: Expected, seen: Seen) -> list[str]:
    """What is not as it should be; the causes before the consequences."""
    return [
        *_wrong_calls(expected, seen),
        *_wrong_writes(expected, seen),
        *_wrong_stored(expected, seen),
        *_wrong_status(expected, seen),
    ]


def without_retries(calls: Sequence[Call]) -> list[Call]:
    """The calls without those that failed and were made again: a real provider on a busy machine is late at times."""
    changes = [call for call in calls if call.verb in _MODIFYING]
    last = {call.verb: call for call in changes}
    return [call for call in calls if call.verb == "GET" or _accepted(call) or call is last[call.verb]]


def left_alone(seen: Seen, *, asked: bool) -> list[str]:
    """What is wrong about a pair that the version does not have; `asked`: somebody wanted a reconcile just now."""
    writes = [call for call in seen.calls if call.verb in _MODIFYING]
    wrong = [call for call in writes if call.verb != "PUT" or call.status != 400]
    return [
        *([f"requests: {wrong}"] if wrong else []),
        *([f"asked {len(writes)} times"] if len(writes) > 1 else []),
        *(["nothing was looked at"] if asked and not seen.calls else []),
        *(["stored"] if seen.stored else []),
        *([f"writes to kubernetes: {seen.kubernetes}"] if asked and seen.kubernetes else []),
    ]


def _wrong_calls(expected: Expected, seen: Seen) -> Iterator[str]:
    made = [call for call in seen.calls if call.verb in _MODIFYING]
    wanted = expected.writes
    if [(one.verb, one.accepted) for one in wanted] != [(call.verb, _accepted(call)) for call in made]:
        yield f"requests: {_told(made)}, and not {_told(wanted)}"
    else:
        for call, one in zip(made, wanted, strict=True):
            if None not in (call.body, one.body) and call.body != one.body:
                yield f"sent {call.body}, and not {one.body}"
    looked_at = any(call.verb == "GET" for call in seen.calls)
    if looked_at != expected.looked_at:
        yield "looked at" if looked_at else "not looked at"


def _wrong_writes(expected: Expected, seen: Seen) -> Iterator[str]:
    least = expected.kubernetes
    if not least <= len(seen.kubernetes) <= least + 2 * seen.retries:
        yield f"writes to kubernetes: {list(seen.kubernetes)}, and not {expected.kubernetes}"


def _wrong_stored(expected: Expected, seen: Seen) -> Iterator[str]:
    if seen.stored != expected.stored:
        yield f"stored: {', '.join(_different(expected.stored, seen.stored))}"


def _wrong_status(expected: Expected, seen: Seen) -> Iterator[str]:
    if expected.stored is None or seen.resource is None:
        if (expected.stored is None) != (seen.resource is None):
            yield "the resource is still there" if seen.resource else "the resource is gone"
        return
    status = seen.resource.get("status", {})
    ready = condition(seen.resource, "Ready")
    if (ready.get("status"), ready.get("reason")) != (str(expected.reason is Reason.SYNCED), expected.reason):
        yield f"ready: {ready.get('status')}, {ready.get('reason')}: {ready.get('message')}"
    told = {entry["path"] for entry in status.get("notApplied", [])}
    if told != expected.not_applied:
        yield f"not applied: {sorted(told)}, and not {sorted(expected.not_applied)}"


def _different(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """The places in which two JSON values differ."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in wanted.keys() | found.keys():
            yield from _different(wanted.get(key), found.get(key), f"{path}/{key}")
    elif wanted != found:
        yield f"{path} is {found!r}, and not {wanted!r}"


def _accepted(call: Call) -> bool:
    return call.status is not None and call.status < 300


def _told(requests: "Sequence[Call] | Sequence[Write]") -> str:
    return (
        ", ".join(f"{one.verb} {one.status if isinstance(one, Call) else ''}".strip() for one in requests)
        or "none"
    )


def condition(resource: Manifest, kind: str) -> Mapping[str, Any]:
    """The condition, if it is about the newest generation."""
    conditions = resource.get("status", {}).get("conditions", [])
    generation = resource["metadata"]["generation"]
    return next((c for c in conditions if c["type"] == kind and c["observedGeneration"] == generation), {})

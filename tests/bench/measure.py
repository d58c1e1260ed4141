"""Counts and clocks of one phase: the API server's audit log, the stand-in's journal, and /proc."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from testbed import usage
from testbed.controlplane import ControlPlane
from testbed.ledger import OPERATOR
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.standin.journal import Operation
from testbed.usage import Usage

_QUIET = 0.5
"""Seconds without a request after which a phase is over."""
_NOTHING = Usage(0.0, 0.0, 0.0, 0, 0)


class Phase(StrEnum):
    """What is measured, in the order in which it is shown."""

    COLD_START = "cold start"
    CREATE = "create"
    RESTART = "restart"
    ROTATION = "rotation"
    STEADY = "steady hour"
    DELETE = "delete"


@dataclass(frozen=True)
class Measured:
    """What one phase cost with one number of endpoints."""

    phase: Phase
    endpoints: int
    seconds: float
    reaction: float
    """Seconds until the first write to Elasticsearch, if there was one."""
    cpu_seconds: float
    peak: float
    """MiB."""
    in_flight: int
    """The most requests that Elasticsearch had to answer at the same time."""
    kubernetes: Counter[str]
    """The operator's requests, as "verb resource"."""
    elasticsearch: Counter[str]
    """The operator's requests, as "VERB path" without the id."""

    @property
    def writes(self) -> int:
        """Writes to endpoints, in Kubernetes."""
        return (
            self.kubernetes["patch inferenceendpoints"] + self.kubernetes["patch inferenceendpoints/status"]
        )

    @property
    def other_writes(self) -> int:
        """Other writes to Kubernetes, but for events."""
        verbs = ("create ", "update ", "patch ", "delete ")
        all_writes = sum(n for what, n in self.kubernetes.items() if what.startswith(verbs))
        return all_writes - self.writes - self.kubernetes["create events"]

    @property
    def calls(self) -> int:
        """Requests about endpoints, to Elasticsearch."""
        about = (
            n for what, n in self.elasticsearch.items() if "/_inference" in what and "/_services" not in what
        )
        return sum(about)

    @property
    def cpu_milliseconds(self) -> float:
        """For each endpoint."""
        return 1000 * self.cpu_seconds / self.endpoints


class Requests:
    """What the stand-in is asked, read a part at a time, as thousands of requests are no small answer."""

    def __init__(self, es: Standin) -> None:
        self._es = es
        self._last = 0

    def new(self) -> list[Operation]:
        """Those since the last time, or since the journal was cleared."""
        found = self._es.operations(since=self._last)
        self._last = found[-1].seq if found else self._last
        return found


class Meter:
    """Measures one phase after the other, in one namespace."""

    def __init__(self, plane: ControlPlane, es: Standin, namespace: str, endpoints: int) -> None:
        self._plane = plane
        self._es = es
        self._namespaces = {namespace, ""}
        self._endpoints = endpoints
        self.measured: dict[Phase, Measured] = {}

    def measure(
        self, phase: Phase, operator: RunningOperator, act: Callable[[], object], *, settles: bool = True
    ) -> None:
        """Measure `act`, which returns when its aim is reached; what `settles` goes on for a moment without being timed."""
        position, before = self._plane.audit_position(), _begin(operator)
        self._es.clear()
        begin = time.time()
        act()
        seconds = time.time() - begin
        if settles:
            self._wait_until_quiet()
        after = usage.of(operator.pid)
        operations = self._es.operations()
        self.measured[phase] = Measured(
            phase=phase,
            endpoints=self._endpoints,
            seconds=seconds,
            reaction=min((seen.time - begin for seen in operations if seen.writes), default=0.0),
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            peak=after.peak,
            in_flight=peak_in_flight(operations),
            kubernetes=self._kubernetes(position),
            elasticsearch=Counter(_call(seen) for seen in operations),
        )

    def _wait_until_quiet(self) -> None:
        requests, position, since = Requests(self._es), -1, 0.0

        def quiet() -> bool:
            nonlocal position, since
            if requests.new() or position != self._plane.audit_position():
                position, since = self._plane.audit_position(), time.monotonic()
            return time.monotonic() - since > _QUIET

        wait_for(quiet, what="nothing more is asked", timeout=30 + self._endpoints / 10)

    def _kubernetes(self, position: int) -> Counter[str]:
        return Counter(
            f"{entry.verb} {'/'.join(filter(None, (entry.resource, entry.subresource))) or 'discovery'}"
            for entry in self._plane.audit(position)
            if entry.user == OPERATOR and entry.namespace in self._namespaces
        )


def _begin(operator: RunningOperator) -> Usage:
    """Where the clocks of the operator stand; those of one that is still to be started begin with it."""
    if not operator.running:
        return _NOTHING
    usage.reset_peak(operator.pid)
    return usage.of(operator.pid)


_NO_ENDPOINTS = {"_update": "/…/_update", "_services": "/_services"}
"""What a path ends with if not with an endpoint, and how it is named."""


def _call(seen: Operation) -> str:
    """The request without the endpoint that it is about."""
    first, *rest = seen.path.strip("/").split("/")
    last = rest[-1] if rest else ""
    return f"{seen.method} /{first}{_NO_ENDPOINTS.get(last, '')}"


def peak_in_flight(operations: Iterable[Operation]) -> int:
    """The most requests that were under way at once; one that ends as another begins was not beside it."""
    changes = sorted(
        change
        for seen in operations
        if seen.seconds is not None
        for change in ((seen.time, 1), (seen.time + seen.seconds, -1))
    )
    now = peak = 0
    for _, change in changes:
        now += change
        peak = max(peak, now)
    return peak

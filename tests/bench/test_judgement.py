"""What the bench makes of its numbers: a budget that is not met must be found."""

from collections import Counter
from dataclasses import replace

import pytest

from bench.budgets import PHASES, allowed_memory, judge
from bench.measure import Measured, Phase, peak_in_flight
from testbed.standin.journal import Operation

CREATE, STATUS = "patch inferenceendpoints", "patch inferenceendpoints/status"


def measured(phase: Phase = Phase.CREATE, endpoints: int = 1_000) -> Measured:
    """A phase within its budget."""
    budget = PHASES[phase]
    writes, calls = (int(least * endpoints) for least, _ in (budget.writes, budget.calls))
    return Measured(
        phase=phase,
        endpoints=endpoints,
        seconds=20.0,
        reaction=2.0,
        cpu_seconds=0.01 * endpoints,
        peak=100.0,
        in_flight=16,
        kubernetes=Counter({STATUS: writes, "create events": endpoints, "get secrets": endpoints}),
        elasticsearch=Counter({"GET /_inference": calls, "GET /": 1}),
    )


def broken(*phases: Measured) -> list[str]:
    """The budgets that are not met."""
    return [v.what for v in judge(phases) if v.demanded and not v.met]


def test_what_is_within_its_budget_is_met() -> None:
    """Each phase, among few and among many."""
    phases = [measured(phase, size) for phase in Phase for size in (1, 1_000, 5_000)]
    assert broken(*phases) == []


@pytest.mark.parametrize(
    ("what", "spoiled"),
    [
        ("writes to each endpoint", replace(measured(), kubernetes=Counter({STATUS: 3_001}))),
        ("writes to each endpoint", replace(measured(), kubernetes=Counter({STATUS: 2_999}))),
        ("writes to each endpoint", replace(measured(Phase.RESTART), kubernetes=Counter({CREATE: 1}))),
        ("calls for each endpoint", replace(measured(), elasticsearch=Counter({"PUT /_inference": 2_001}))),
        (
            "other writes",
            replace(measured(Phase.STEADY), kubernetes=Counter({"patch elasticsearchconnections/status": 1})),
        ),
        ("calls in flight", replace(measured(), in_flight=17)),
        ("MiB", replace(measured(), peak=151.0)),
    ],
)
def test_what_is_beyond_its_budget_is_found(what: str, spoiled: Measured) -> None:
    """Exactly that budget is not met."""
    assert broken(spoiled) == [f"{spoiled.phase}, 1,000: {what}"]


def test_cost_that_grows_with_the_number_is_found() -> None:
    """Half as much again is too much; what few endpoints cost tells nothing."""
    few, many = measured(endpoints=1_000), measured(endpoints=5_000)
    (found,) = broken(replace(measured(endpoints=1), cpu_seconds=9), few, replace(many, cpu_seconds=76.0))
    assert found == "create: CPU time of one among 5,000 by one among 1,000"


def test_time_is_told_and_not_demanded() -> None:
    """A slow machine is no broken budget."""
    slow = [
        replace(measured(Phase.COLD_START), seconds=21.0),
        replace(measured(Phase.ROTATION), reaction=2.1),
    ]
    assert broken(*slow) == []
    assert [v.met for v in judge(slow) if not v.demanded] == [False, False]


def test_memory_grows_evenly_between_the_two_budgets() -> None:
    """The design names 1,000 and 10,000 endpoints."""
    assert [allowed_memory(n) for n in (1, 1_000, 5_500, 10_000)] == [150.0, 150.0, 225.0, 300.0]


def test_requests_under_way_at_once_are_counted() -> None:
    """One that ends as another begins is not beside it; one without an end tells nothing."""

    def request(begin: float, seconds: float | None) -> Operation:
        return Operation(1, begin, "GET", "/_inference/docs", {}, None, seconds=seconds)

    three = [request(0, 10), request(1, 5), request(2, 1)]
    assert peak_in_flight([*three, request(3, 1), request(20, 1), request(0, None)]) == 3

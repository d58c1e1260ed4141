"""What may be spent: counts and ratios, which are the same on every machine, decide; times are only told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.measure import Measured, Phase

Range = tuple[float, float]


@dataclass(frozen=True)
class Budget:
    """What one phase may, and must, cost for each endpoint, and what the connection may cost beside."""

    writes: Range
    """To Kubernetes, without events."""
    calls: Range
    """To Elasticsearch."""
    other_writes: int = 0


# In an hour, an interval of 10 minutes ±10 % begins at most 7 times; in a short hour a slow machine makes it fewer.
PHASES: Mapping[Phase, Budget] = {
    Phase.COLD_START: Budget((3, 3), (2, 2)),
    Phase.CREATE: Budget((3, 3), (2, 2), other_writes=1),  # the connection gets its finalizer
    Phase.RESTART: Budget((0, 0), (1, 1)),
    Phase.ROTATION: Budget((1, 1), (2, 2)),
    Phase.STEADY: Budget((0, 0), (1, 7)),
    Phase.DELETE: Budget((1, 1), (1, 2)),
}
MOST_IN_FLIGHT = 16
"""The operator's default."""
MEMORY = ((1_000, 150.0), (10_000, 300.0))
"""MiB that numbers of endpoints may take; between them it grows evenly."""
FLAT = 1.5
"""How much more CPU time an endpoint may take among many than among few."""
FEW = 500
"""Below this number what a start costs hides what an endpoint costs."""
START = (1_000, 20.0)
"""Endpoints, and the seconds in which they are made or looked at after a start; told, not demanded."""
REACTION = 2.0
"""Seconds until the first endpoint is given a rotated key; told, not demanded."""


@dataclass(frozen=True)
class Verdict:
    """One budget, and what was spent."""

    what: str
    allowed: str
    found: str
    met: bool
    demanded: bool = True


def judge(measured: Sequence[Measured]) -> list[Verdict]:
    """Every budget that the measurements tell something about."""
    return [
        *(verdict for one in measured for verdict in _of_phase(one)),
        *_of_growth(measured),
        *(verdict for one in measured for verdict in _of_time(one)),
    ]


def _of_phase(one: Measured) -> Iterator[Verdict]:
    budget, what = PHASES[one.phase], f"{one.phase}, {one.endpoints:,}"
    yield _between(f"{what}: writes to each endpoint", one.writes / one.endpoints, budget.writes)
    yield _between(f"{what}: calls for each endpoint", one.calls / one.endpoints, budget.calls)
    yield _at_most(f"{what}: other writes", one.other_writes, budget.other_writes)
    yield _at_most(f"{what}: calls in flight", one.in_flight, MOST_IN_FLIGHT)
    yield _at_most(f"{what}: MiB", one.peak, allowed_memory(one.endpoints))


def allowed_memory(endpoints: int) -> float:
    """MiB that the operator may take with that many endpoints."""
    (few, least), (many, most) = MEMORY
    return least + (most - least) * max(endpoints - few, 0) / (many - few)


def _of_growth(measured: Iterable[Measured]) -> Iterator[Verdict]:
    for phase in Phase:
        sizes = sorted(
            (one for one in measured if one.phase is phase and one.endpoints >= FEW),
            key=lambda one: one.endpoints,
        )
        for few, many in pairwise(sizes):
            what = f"{phase}: CPU time of one among {many.endpoints:,} by one among {few.endpoints:,}"
            yield _at_most(what, many.cpu_milliseconds / few.cpu_milliseconds, FLAT)


def _of_time(one: Measured) -> Iterator[Verdict]:
    many, most = START
    if one.phase in {Phase.COLD_START, Phase.RESTART} and one.endpoints == many:
        yield replace(_at_most(f"{one.phase}, {many:,}: seconds", one.seconds, most), demanded=False)
    if one.phase is Phase.ROTATION:
        what = f"{one.phase}, {one.endpoints:,}: seconds until the first"
        yield replace(_at_most(what, one.reaction, REACTION), demanded=False)


def _at_most(what: str, found: float, most: float) -> Verdict:
    return Verdict(what, f"<= {most:.4g}", f"{found:.4g}", found <= most)


def _between(what: str, found: float, allowed: Range) -> Verdict:
    least, most = allowed
    text = f"{least:g}" if least == most else f"{least:g}-{most:g}"
    return Verdict(what, text, f"{found:.4g}", least <= found <= most)

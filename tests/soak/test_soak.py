"""A quarter of an hour of random life in real time: all ends as it should be, nothing is done for nothing, nothing grows.

SOAK_MINUTES is how long it goes on, SOAK_SEED which life it is.
"""

import os
import random
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from soak.history import Cast, History
from testbed import usage
from testbed.builders import connection
from testbed.controlplane import ControlPlane
from testbed.ledger import Ledger
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import StandinTarget
from testbed.usage import Usage
from testbed.world import CONNECTIONS, World

MINUTES = float(os.environ.get("SOAK_MINUTES", "15"))
SEED = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
STEPS = 15
"""Between two looks at whether all is well."""
PATIENCE = 300.0
"""Seconds until all is well: the longest wait between two attempts is as long."""
QUIET = 105.0
LOOKS = range(3, 5)
"""How often an interval of 30 s ±10 % begins in that time."""
GROWTH = {"memory": 10.0, "threads": 2, "files": 10}
"""MiB, threads and file descriptors by which the last third of the samples may lie above the first."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(60 * MINUTES + 1200)]


@pytest.fixture(scope="module")
def operator_settings() -> dict[str, object]:
    """Intervals and backoffs as in real life."""
    return {"log_level": "INFO"}


@pytest.fixture
def cast(control_plane: ControlPlane, operator: RunningOperator, standin: Standin) -> Iterator[Cast]:
    """A namespace with a connection that is checked every 30 s."""
    with World.create(control_plane) as world:
        world.apply(connection(standin).with_spec(interval="30s"))
        world.wait_connected()
        yield Cast(control_plane, world, standin, StandinTarget(standin), operator)


def test_after_any_history_all_is_as_it_should_be(cast: Cast) -> None:
    """The operator is restarted in the first third only; after that one process has to live with everything."""
    print(f"\nSOAK_MINUTES={MINUTES:g} SOAK_SEED={SEED}", flush=True)
    history = History(cast, random.Random(SEED))
    history.begin()
    samples: list[Usage] = []
    begin = time.monotonic()
    while (lived := time.monotonic() - begin) < 60 * MINUTES:
        restarts = lived < 20 * MINUTES
        live(history, restarts=restarts)
        if not restarts:
            samples.append(usage.of(cast.operator.pid))
    check_quiet(cast, sorted(history.users))
    check_end(cast)
    check_growth(samples)


def live(history: History, *, restarts: bool) -> None:
    """Some random steps, after which everything becomes as it should be."""
    es = history.cast.es
    es.clear()
    for _ in range(STEPS):
        history.step(restarts=restarts)
    history.calm()
    begin = time.monotonic()
    try:
        wait_for(lambda: not history.differences(), what="all is as it should be", timeout=PATIENCE)
    except TimeoutError as error:
        raise TimeoutError("\n".join([str(error), *history.differences()])) from None
    print(f"  all is as it should be after {time.monotonic() - begin:.0f} s", flush=True)
    repeated = [seen for seen in es.operations() if seen.method == "PUT" and seen.status == 400]
    assert not repeated, f"made although it was there, or refused: {repeated}"


def check_quiet(cast: Cast, names: Sequence[str]) -> None:
    """Where nothing happens, each endpoint is looked at once in its interval, and nothing else is done."""
    ledger = Ledger(cast.plane, cast.es, cast.world)
    time.sleep(QUIET)
    operations = [seen for seen in cast.es.operations() if seen.path.startswith("/_inference/")]
    looks = Counter(seen.path.rpartition("/")[2] for seen in operations)
    assert ledger.writes() == []
    assert {seen.method for seen in operations} <= {"GET"}
    assert {name: looks[name] for name in names if looks[name] not in LOOKS} == {}


def check_end(cast: Cast) -> None:
    """All can be deleted, and nothing is left over."""
    cast.world.kubectl("delete", "inferenceendpoints,elasticsearchconnections", "--all", "--wait=false")
    wait_for(lambda: not cast.world.all(), what="all is gone", timeout=PATIENCE)
    assert cast.es.endpoints() == {}
    assert cast.world.find("main", CONNECTIONS) is None


def check_growth(samples: Sequence[Usage]) -> None:
    """The process takes as much at the end as at the beginning."""
    third = len(samples) // 3
    if not third:
        print(f"  {len(samples)} samples are too few to tell whether anything grows", flush=True)
        return
    for what, most in GROWTH.items():
        values = [getattr(sample, what) for sample in samples]
        growth = statistics.median(values[-third:]) - statistics.median(values[:third])
        print(f"  {what}: {', '.join(f'{value:.0f}' for value in values)}", flush=True)
        assert growth <= most, f"{what} grew by {growth:.1f}: {values}"

"""What each step costs, as the API server's audit log and the stand-in's operation log tell it."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from testbed.beacon import BEACON, Beacon
from testbed.builders import connection
from testbed.controlplane import ControlPlane
from testbed.ledger import Ledger
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import KEY, NEXT_KEY, OURS, StandinTarget
from testbed.world import CONNECTIONS, World

pytestmark = pytest.mark.xdist_group("budgets")

NAME = f"{OURS}counted"
FINALIZER, STATUS = "patch inferenceendpoints", "patch inferenceendpoints/status"
GET, PUT, UPDATE, DELETE = "GET", "PUT", "PUT _update", "DELETE"
Start: TypeAlias = Callable[[], Ledger]
both_versions = pytest.mark.parametrize("standin", ["9.4", "8.19"], indirect=True)


@pytest.fixture(scope="module")
def operator_settings() -> dict[str, object]:
    """An operator that does nothing without a cause: intervals as in real life; but failures are retried quickly."""
    return {"backoff_base": 0.05, "backoff_cap": 0.1}


@pytest.fixture
def target(standin: Standin) -> StandinTarget:
    """The stand-in alone keeps a log of operations."""
    return StandinTarget(standin)


@pytest.fixture
def beacon(world: World, standin: Standin, target: StandinTarget) -> Beacon:
    """The second endpoint, Ready."""
    return Beacon(world, standin, target)


@pytest.fixture
def ready(world: World, beacon: Beacon, target: StandinTarget) -> World:
    """The world with an endpoint that is Ready and has nothing left to be done."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    beacon.settle()
    return world


@pytest.fixture
def start(control_plane: ControlPlane, standin: Standin, world: World) -> Start:
    """Begins to count; the beacon costs nothing."""
    return lambda: Ledger(control_plane, standin, world, ignored=[BEACON])


@both_versions
@pytest.mark.parametrize(
    ("policy", "writes"), [("Delete", [FINALIZER, STATUS, STATUS]), ("Retain", [STATUS, STATUS])]
)
def test_create_costs_two_calls_and_two_writes_or_three(
    world: World, target: StandinTarget, beacon: Beacon, start: Start, policy: str, writes: list[str]
) -> None:
    """The finalizer, unless the endpoint is retained; the record of the operation; the outcome."""
    ledger = start()
    world.apply(target.embeddings(NAME).with_spec(deletionPolicy=policy))
    world.wait_ready(NAME)
    beacon.settle()
    assert ledger.writes() == writes
    assert ledger.calls() == [GET, PUT]


@both_versions
def test_update_costs_one_write_and_two_calls(ready: World, beacon: Beacon, start: Start) -> None:
    """Only what differs is sent."""
    ledger = start()
    ready.change(NAME, taskSettings={"user": "alice"})
    ready.wait_ready(NAME)
    beacon.settle()
    assert ledger.writes() == [STATUS]
    assert ledger.calls() == [GET, UPDATE]


def test_labels_and_annotations_cost_nothing(ready: World, beacon: Beacon, start: Start) -> None:
    """They mean nothing to the operator."""
    ledger = start()
    ready.label(NAME, team="search")
    ready.annotate(NAME, "example.com/note", "hello")
    ready.label("main", CONNECTIONS, team="search")
    beacon.settle()
    assert ledger.writes() == []
    assert ledger.calls() == []


@both_versions
def test_resync_costs_one_call(ready: World, beacon: Beacon, start: Start) -> None:
    """A look, and nothing to be done."""
    ledger = start()
    ready.resync(NAME)
    beacon.settle()
    assert ledger.writes() == []
    assert ledger.calls() == [GET]


def test_restart_costs_one_call_for_each_endpoint(
    ready: World,
    target: StandinTarget,
    beacon: Beacon,
    start: Start,
    operator: RunningOperator,
) -> None:
    """What is in sync is not written again, neither here nor there."""
    others = [f"{NAME}-{number}" for number in range(5)]
    ready.apply(*(target.embeddings(name) for name in others))
    for name in others:
        ready.wait_ready(name)
    beacon.settle()
    ledger = start()
    operator.restart()
    beacon.settle()
    wait_for(lambda: len(ledger.calls()) >= 6, what="all endpoints are looked at", timeout=10)
    beacon.settle()
    assert ledger.writes() == []
    assert ledger.calls() == [GET] * 6


@both_versions
def test_rotation_costs_one_write_and_two_calls(
    ready: World, target: StandinTarget, beacon: Beacon, start: Start
) -> None:
    """The key is sent, and the status names the version that is live."""
    target.accept(NEXT_KEY)
    ledger = start()
    ready.change_secret("provider", api_key=NEXT_KEY)
    target.wait_key(NAME, NEXT_KEY)
    beacon.settle()
    assert ledger.writes() == [STATUS]
    assert ledger.calls() == [GET, UPDATE]


@pytest.mark.parametrize("standin", ["8.19"], indirect=True)
def test_rotation_that_resets_the_chunking_costs_no_more(
    world: World, target: StandinTarget, beacon: Beacon, start: Start
) -> None:
    """What was lost is told with the outcome, and not asked for at the next look."""
    chunking = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 0}
    world.apply(target.embeddings(NAME).with_spec(chunkingSettings=chunking))
    world.wait_ready(NAME)
    beacon.settle()
    ledger = start()
    world.change_secret("provider", api_key=NEXT_KEY)
    world.wait_reason(NAME, "ChunkingReset")
    world.resync(NAME)
    beacon.settle()
    assert ledger.writes() == [STATUS]
    assert ledger.calls() == [GET, UPDATE, GET]


def test_secret_touched_without_a_new_value_costs_nothing(ready: World, beacon: Beacon, start: Start) -> None:
    """Its resourceVersion changes; nothing else does."""
    ledger = start()
    ready.kubectl("label", "secret", "provider", "team=search")
    ready.change_secret("provider", api_key=KEY)
    beacon.settle()
    assert ledger.writes() == []
    assert ledger.calls() == []


def test_another_key_of_the_secret_costs_no_write(ready: World, beacon: Beacon, start: Start) -> None:
    """Only the referenced value counts."""
    ledger = start()
    ready.change_secret("provider", another="value")
    beacon.settle()
    assert ledger.writes() == []
    assert set(ledger.calls()) <= {GET}


def test_refused_key_is_told_once_and_not_tried_again_without_a_cause(
    world: World, beacon: Beacon, target: StandinTarget, start: Start
) -> None:
    """A person must act: the create that failed costs what a create costs, each further attempt costs no write."""
    world.change_secret("provider", api_key="a-key-nobody-accepts")
    ledger = start()
    world.apply(target.embeddings(NAME))
    world.wait_reason(NAME, "ProviderRefusedKey")
    beacon.settle()
    assert ledger.writes() == [FINALIZER, STATUS, STATUS]
    assert ledger.calls() == [GET, PUT]
    for attempt in range(3):
        world.resync(NAME)
        wait_for(
            lambda n=attempt: ledger.calls().count(PUT) >= n + 2,  # type: ignore[misc]
            what="one more attempt",
            timeout=10,
        )
    beacon.settle()
    assert ledger.calls() == [GET, PUT] * 4
    assert ledger.writes() == [FINALIZER, STATUS, STATUS]


def test_refused_rotation_costs_one_write(
    ready: World, target: StandinTarget, beacon: Beacon, start: Start
) -> None:
    """The reason is told once; the key is not tried again without a cause."""
    ledger = start()
    ready.change_secret("provider", api_key="a-key-nobody-accepts")
    ready.wait_reason(NAME, "ProviderRefusedKey")
    beacon.settle()
    assert ledger.writes() == [STATUS]
    assert ledger.calls() == [GET, UPDATE]
    assert target.key_in_force(NAME) == KEY


def test_trouble_that_goes_on_costs_one_write(
    ready: World, standin: Standin, beacon: Beacon, start: Start
) -> None:
    """The endpoint that was Ready stays so for some attempts; then it is told, once, however long it lasts."""
    ledger = start()
    fault = standin.fault(
        "GET", f"/_inference/{NAME}", status=503, error=("some_exception", "no"), times=None
    )
    ready.resync(NAME)
    ready.wait_reason(NAME, "ServerError")
    told_after = standin.hits(fault)
    wait_for(lambda: standin.hits(fault) >= told_after + 10, what="ten further attempts", timeout=20)
    assert told_after >= 3
    assert ledger.writes() == [STATUS]
    standin.reset_faults()
    ready.wait_ready(NAME)
    beacon.settle()
    assert ledger.writes() == [STATUS, STATUS]


def test_provider_that_is_away_costs_one_write_however_long(
    world: World, beacon: Beacon, standin: Standin, target: StandinTarget, start: Start
) -> None:
    """A create that fails again and again writes its record once and its outcome once."""
    standin.provider(status=500)
    ledger = start()
    world.apply(target.embeddings(NAME))
    world.wait_reason(NAME, "ProviderUnavailable")
    told = ledger.calls().count(PUT)
    wait_for(lambda: ledger.calls().count(PUT) >= told + 5, what="five further attempts", timeout=20)
    assert ledger.writes() == [FINALIZER, STATUS, STATUS]
    standin.provider()
    world.wait_ready(NAME)
    beacon.settle()
    assert ledger.writes() == [FINALIZER, STATUS, STATUS, STATUS]


@both_versions
def test_delete_costs_one_write_and_two_calls(ready: World, beacon: Beacon, start: Start) -> None:
    """The finalizer goes when the endpoint is gone."""
    ledger = start()
    ready.delete(NAME)
    ready.wait_gone(NAME)
    beacon.settle()
    assert ledger.writes() == [FINALIZER]
    assert ledger.calls() == [GET, DELETE]


def test_deletion_that_waits_costs_one_write_more(
    ready: World, standin: Standin, beacon: Beacon, start: Start
) -> None:
    """What it waits for is told once, and asked for slowly."""
    standin.reference(f"{OURS}documents", NAME)
    ledger = start()
    ready.delete(NAME)
    ready.wait_blocked(NAME, "InUse")
    wait_for(lambda: ledger.calls().count(DELETE) >= 4, what="further attempts", timeout=20)
    assert ledger.writes() == [STATUS]
    standin.dereference(f"{OURS}documents")
    ready.wait_gone(NAME)
    beacon.settle()
    assert ledger.writes() == [STATUS, FINALIZER]


def test_connection_costs_one_write_for_each_change_and_one_for_its_finalizer(
    world: World, beacon: Beacon, target: StandinTarget, start: Start
) -> None:
    """A check that finds the same as before writes nothing."""
    status, finalizer = "patch elasticsearchconnections/status", "patch elasticsearchconnections"
    ledger = start()
    world.apply(connection(target, "second"))
    world.wait_connected("second")
    world.resync("second", CONNECTIONS)
    beacon.settle()
    assert ledger.writes() == [status]
    world.change("second", CONNECTIONS, limits={"maxConcurrency": 4})
    world.wait_connected("second")
    beacon.settle()
    assert ledger.writes() == [status] * 2
    for name in (NAME, f"{NAME}-2"):
        world.apply(target.embeddings(name).with_spec(connectionRef={"name": "second"}))
        world.wait_ready(name)
    beacon.settle()
    assert ledger.writes() == [status, status, finalizer, *[FINALIZER, STATUS, STATUS] * 2]

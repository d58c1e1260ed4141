"""Elasticsearch is away, the API server is away, the operator itself is killed: all of it ends well by itself."""

import time
from functools import partial

import pytest

from testbed.builders import Endpoint, endpoint
from testbed.controlplane import ControlPlane
from testbed.ledger import Ledger
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import NEXT_KEY
from testbed.world import CONNECTIONS, World

pytestmark = pytest.mark.xdist_group("outages")

MANY = [f"docs-{number}" for number in range(20)]
NAME = "docs"
WATCHED = 5.0
OUTAGE = 20.0
UNDECIDED = 40.0
"""Seconds after which the fate of a create with `timeout: 1s` is known for certain."""


def docs(name: str = NAME) -> Endpoint:
    """An endpoint that is compared every 30 s, and whose server is given one second."""
    url = "https://provider.example/v1/embeddings"
    made = endpoint(name, service="openai", model_id="embed-1", url=url)
    return made.with_secret("provider").every("30s").with_spec(timeout="1s")


def unanswered(operator: RunningOperator) -> float:
    """How many requests to Elasticsearch have got no answer so far."""
    counted = [line for line in operator.metrics().splitlines() if 'status="none"' in line]
    return sum(float(line.split()[-1]) for line in counted if "_requests_total" in line)


def all_say(world: World, reason: str) -> bool:
    """Whether all of the many endpoints give this reason."""
    found = (item for item in world.all() if item["kind"] == "InferenceEndpoint")
    said = [
        c["reason"] for item in found for c in item["status"].get("conditions", []) if c["type"] == "Ready"
    ]
    return said == [reason] * len(MANY)


def test_cluster_that_is_away_is_asked_little_and_all_recover_when_it_is_back(
    world: World, standin: Standin, operator: RunningOperator, control_plane: ControlPlane
) -> None:
    """One check of the connection stands for all its endpoints; what comes back is not written anew."""
    world.apply(*map(docs, MANY))
    wait_for(lambda: all_say(world, "Synced"), what="all are Ready", timeout=30)
    standin.down()
    world.wait_reason("main", "Unreachable", CONNECTIONS)
    wait_for(
        lambda: all_say(world, "ConnectionNotReady"), what="all say that the cluster is away", timeout=30
    )
    before, ledger, asked = world.all(), Ledger(control_plane, standin, world), unanswered(operator)
    time.sleep(WATCHED)
    assert unanswered(operator) - asked <= 2 * WATCHED  # the longest backoff here is a second
    assert world.all() == before
    standin.up()
    wait_for(lambda: all_say(world, "Synced"), what="all have recovered", timeout=30)
    assert {call.split()[0] for call in ledger.calls()} == {"GET"}
    assert len(ledger.writes()) <= len(MANY) + 2
    assert {item["metadata"]["generation"] for item in world.all()} == {1}


def test_short_trouble_is_not_told(world: World, standin: Standin) -> None:
    """Two failed looks at what was well leave no trace in the status."""
    world.apply(docs().every("10m"))
    world.wait_ready(NAME)
    before = world.get(NAME)["status"]
    fault = standin.fault("GET", f"/_inference/{NAME}", status=503, error=("exception", "boom"), times=2)
    world.resync(NAME)
    wait_for(lambda: standin.hits(fault) == 2, what="both failures", timeout=10)
    asked = len(standin.operations())
    wait_for(lambda: len(standin.operations()) > asked, what="the look that succeeds", timeout=10)
    assert world.get(NAME)["status"] == before


def test_restarted_api_server_is_followed_again(
    world: World, operator: RunningOperator, control_plane: ControlPlane, standin: Standin
) -> None:
    """The process lives on, and handles a later change of the spec and of a Secret."""
    world.apply(docs())
    world.wait_ready(NAME)
    pid = operator.pid
    control_plane.restart_apiserver()
    world.change(NAME, taskSettings={"user": "somebody"})
    world.wait_ready(NAME)
    assert standin.endpoints()[NAME]["task_settings"] == {"user": "somebody"}
    world.change_secret("provider", api_key=NEXT_KEY)
    world.wait(lambda: standin.secrets(NAME)["api_key"] == NEXT_KEY, "the key is rotated", NAME)
    assert operator.running
    assert operator.pid == pid


def test_api_server_that_is_away_for_a_while_ends_nothing(
    world: World, operator: RunningOperator, control_plane: ControlPlane, standin: Standin
) -> None:
    """What went missing meanwhile is made again afterwards, and changes are handled as before."""
    world.apply(docs())
    world.wait_ready(NAME)
    control_plane.stop_apiserver()
    try:
        standin.remove(NAME)
        until = time.monotonic() + OUTAGE
        while time.monotonic() < until:
            assert operator.probe("/livez") == 200
            time.sleep(1.0)
    finally:
        control_plane.start_apiserver()
    assert operator.running
    world.change(NAME, taskSettings={"user": "somebody"})
    world.wait_ready(NAME)
    assert standin.endpoints()[NAME]["task_settings"] == {"user": "somebody"}


def test_killed_operator_goes_on_where_it_was(
    world: World, operator: RunningOperator, standin: Standin
) -> None:
    """Killed between a request and its answer: nothing is made twice, lost, or left behind.

    stored: its create was carried out. unknown: its create was not. gone: its delete was carried out.
    """
    stored, unknown, gone = "stored", "unknown", "gone"
    world.apply(docs(gone))
    world.wait_ready(gone)
    create = "/_inference/text_embedding/"
    faults = [
        standin.fault("PUT", create + stored, when="after", hang=True),
        standin.fault("PUT", create + unknown, hang=True),
        standin.fault("DELETE", f"/_inference/{gone}", when="after", hang=True),
    ]
    world.apply(docs(stored), docs(unknown))
    world.delete(gone)
    for fault in faults:
        wait_for(partial(hit, standin, fault), what="the requests are under way", timeout=10)
    wait_for(lambda: sorted(standin.endpoints()) == [stored], what="their effects", timeout=10)
    operator.kill()
    standin.reset_faults()
    operator.run()
    world.wait_ready(stored)
    world.wait_gone(gone)
    world.wait_reason(unknown, "CreateUnresolved")
    ready = partial(world.condition, unknown, "Ready")
    wait_for(lambda: ready()["status"] == "True", what="the unknown one is made again", timeout=UNDECIDED)
    assert sorted(standin.endpoints()) == [stored, unknown]
    puts = [seen.path.rpartition("/")[2] for seen in standin.operations() if seen.method == "PUT"]
    assert sorted(p for p in puts if p != "_update") == sorted([gone, stored, unknown, unknown])


def hit(standin: Standin, fault: int) -> bool:
    """Whether a fault was applied."""
    return standin.hits(fault) > 0

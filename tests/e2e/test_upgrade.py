"""A cluster is upgraded under the operator: the next check of the connection notices, and the endpoints follow.

What the cluster says about its services is asked once for each version, and it is no matter if it does not say.
"""

import pytest

from testbed.builders import connection, endpoint
from testbed.processes import wait_for
from testbed.standin.client import Standin
from testbed.target import OURS, Target, on
from testbed.world import CONNECTIONS, World

NAME = f"{OURS}upgraded"
LIMIT = "/serviceSettings/rate_limit/requests_per_minute"
OFTEN = "30s"
"""The interval of a connection that is checked about twice a second here."""


@pytest.fixture
def rare(world: World, target: Target) -> World:
    """The world with a Ready endpoint that only a check of the connection wakes."""
    world.apply(target.embeddings(NAME).every("24h"))
    world.wait_ready(NAME)
    return world


def checks(es: Standin) -> int:
    """How often the cluster was asked who it is."""
    return [seen.path for seen in es.operations()].count("/")


def listings(es: Standin) -> int:
    """How often the cluster was asked for its services."""
    return [seen.path for seen in es.operations()].count("/_inference/_services")


def wait_checked(es: Standin, times: int = 3) -> None:
    """Wait for this many further checks."""
    before = checks(es)
    wait_for(lambda: checks(es) >= before + times, what=f"{times} checks of the connection", timeout=20)


@on("standin-9.4")
def test_what_the_old_version_ignored_is_asked_of_the_new_one(rare: World, standin_process: Standin) -> None:
    """Nothing but the upgrade has changed, and nobody asked for a reconcile; what is told is of the new version."""
    rare.change(NAME, serviceSettings={"rate_limit": {"requests_per_minute": 5}})
    rare.wait_condition(NAME, "Stalled", "UpdateNotApplied")
    [ignored] = rare.status(NAME)["notApplied"]
    assert (ignored["path"], ignored["serverVersion"]) == (LIMIT, "9.4.3")
    rare.change("main", CONNECTIONS, interval=OFTEN)
    standin_process.upgrade("9.5")
    status = rare.wait_ready(NAME)
    assert "notApplied" not in status
    assert status["connection"]["version"] == "9.5.0"
    limit = standin_process.endpoints()[NAME]["service_settings"]["rate_limit"]
    assert limit == {"requests_per_minute": 5}
    facts = rare.wait_connected()
    assert facts["version"] == "9.5.0"
    assert {"UpdateChangesChunking", "UpdateClears"} <= set(facts["capabilities"])


@on("standin-9.4")
def test_endpoint_that_is_as_it_should_be_is_looked_at_and_left(
    rare: World, standin_process: Standin
) -> None:
    """An upgrade of a cluster with a thousand endpoints must not write a thousand times to it."""
    standin_process.clear()
    rare.change("main", CONNECTIONS, interval=OFTEN)
    standin_process.upgrade("9.5")
    rare.wait(lambda: rare.status(NAME)["connection"]["version"] == "9.5.0", "the new version is told", NAME)
    wait_checked(standin_process)
    requests = [f"{seen.method} {seen.path}" for seen in standin_process.operations()]
    assert requests.count(f"GET /_inference/{NAME}") == 1
    assert [request for request in requests if request.startswith(("PUT", "DELETE"))] == []


@on("standin-9.4")
def test_services_are_asked_for_once_in_each_version(rare: World, standin_process: Standin) -> None:
    """They have 36 KB and change with nothing else."""
    rare.change("main", CONNECTIONS, interval=OFTEN)
    known = listings(standin_process)
    assert known > 0
    wait_checked(standin_process)
    assert listings(standin_process) == known
    standin_process.upgrade("9.5")
    wait_for(lambda: listings(standin_process) > known, what="those of 9.5 are asked for", timeout=20)
    wait_checked(standin_process)
    assert listings(standin_process) == known + 1


@on("standin-9.4")
def test_services_are_asked_for_again_where_that_failed(world: World, standin_process: Standin) -> None:
    """A moment's weakness of the cluster is not remembered until the next version."""
    fault = standin_process.fault("GET", "/_inference/_services", times=2, status=503, body={})
    world.apply(connection(standin_process, "second").with_spec(interval=OFTEN))
    world.wait_connected("second")
    before = listings(standin_process)
    wait_for(lambda: standin_process.hits(fault) == 2, what="both are refused", timeout=20)
    wait_for(lambda: listings(standin_process) > before, what="a third is answered", timeout=20)
    wait_checked(standin_process)
    assert listings(standin_process) == before + 2


SILENT = {
    "refuses, as a serverless one does": {"status": 410, "error": ["api_not_available_exception", "no"]},
    "forbids it": {"status": 403, "error": ["security_exception", "action is unauthorized"]},
    "answers something else": {"status": 200, "body": {"services": "none"}},
    "answers too much": {"padding": 2_000_000},
    "cuts the connection": {"drop": True},
    "is broken there": {"status": 500, "body": {}},
}


@pytest.mark.parametrize("silence", SILENT.values(), ids=[f"the cluster {what}" for what in SILENT])
@on("standin-9.4")
def test_cluster_that_does_not_list_its_services_serves_all_the_same(
    world: World, target: Target, standin_process: Standin, silence: dict[str, object]
) -> None:
    """The connection is Ready, endpoints are made, and what may have been meant is known from the catalogue."""
    standin_process.fault("GET", "/_inference/_services", times=None, **silence)
    misspelt = endpoint("misspelt", service="openia", connection="second", model_id="m")
    sound = target.embeddings(NAME).with_spec(connectionRef={"name": "second"})
    world.apply(connection(standin_process, "second"), misspelt, sound)
    world.wait_connected("second")
    world.wait_ready(NAME)
    assert 'did you mean "openai"?' in world.wait_reason("misspelt", "UnknownService")["message"]

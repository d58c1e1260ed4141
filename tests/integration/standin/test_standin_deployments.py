"""The machine-learning API of the stand-in: the statistics of deployments, and how they are started and stopped.

Assumed, all of it: no real server with machine learning was there; this is what Elasticsearch's sources say.
"""

import httpx
import pytest

from integration.standin.incluster import ADAPTING, ADAPTIVE, FAILED_STARTS, FIXED, MODEL, UNIQUE, Cluster
from integration.standin.samples import PATH, error, openai
from testbed.standin.client import Standin
from testbed.standin.models import Starts


@pytest.fixture
def cluster(client: httpx.Client) -> Cluster:
    """The stand-in as the operator's key may use it."""
    return Cluster(client)


class TestStart:
    """POST _ml/trained_models/{model}/deployment/_start."""

    def test_vanished_deployment_is_started_again(self, standin: Standin, cluster: Cluster) -> None:
        cluster.create(ADAPTING)
        standin.undeploy("docs")
        answer = cluster.start(body={"adaptive_allocations": ADAPTIVE}, threads_per_allocation=2)
        assert answer.json()["assignment"]["assignment_state"] == "started"
        found = cluster.deployment() or {}
        assert (found["adaptive_allocations"], found["threads_per_allocation"]) == (ADAPTIVE, 2)

    def test_running_one_is_not_started_twice(self, cluster: Cluster) -> None:
        cluster.create(FIXED)
        refused = cluster.start()
        assert (refused.status_code, "already been started" in error(refused)["reason"]) == (409, True)

    def test_unknown_model_cannot_be_started(self, cluster: Cluster) -> None:
        refused = cluster.start("no-such")
        assert (refused.status_code, error(refused)["type"]) == (404, "resource_not_found_exception")

    def test_model_with_the_name_of_an_endpoint_cannot_be_started(
        self, standin: Standin, cluster: Cluster
    ) -> None:
        cluster.http.put(PATH, json=openai()).raise_for_status()
        standin.load_model("one")
        refused = cluster.start("one")
        assert (refused.status_code, error(refused)["reason"][:25]) == (400, "Model IDs must be unique.")

    def test_contradicting_allocations_are_refused(self, cluster: Cluster) -> None:
        body = {"adaptive_allocations": ADAPTIVE}
        assert cluster.start(body=body, number_of_allocations=2).status_code == 400
        assert cluster.deployment() is None

    @pytest.mark.parametrize("how", ["no room", "not enough memory", "exhausted"])
    def test_cluster_without_room_starts_nothing(
        self, standin: Standin, cluster: Cluster, how: Starts
    ) -> None:
        standin.set_model_starts(how)
        assert cluster.start(wait_for="starting").status_code == FAILED_STARTS[how][0]
        assert cluster.deployment() is None

    def test_failure_shows_later_to_those_who_do_not_wait(self, standin: Standin, cluster: Cluster) -> None:
        standin.set_model_starts("nodes fail")
        assert cluster.start(wait_for="starting").is_success
        found = cluster.deployment() or {}
        assert (found["state"], found["nodes"][0]["routing_state"]["routing_state"]) == ("failed", "failed")
        assert "allocation_status" not in found

    def test_needs_a_right_that_readers_lack(self, standin: Standin, cluster: Cluster) -> None:
        standin.set_privileges(["monitor"])
        assert cluster.deployment() is None
        assert cluster.start().status_code == 403
        standin.set_privileges(["manage_inference"])
        assert cluster.start().is_success
        assert cluster.http.get("/_ml/trained_models/docs/_stats").status_code == 403


class TestStop:
    """POST _ml/trained_models/{id}/deployment/_stop, and what a delete stops."""

    def test_deployment_of_an_endpoint_is_stopped_by_force_alone(self, cluster: Cluster) -> None:
        cluster.create(FIXED)
        path = "/_ml/trained_models/docs/deployment/_stop"
        admin = cluster.http
        assert admin.post(path).status_code == 409
        assert admin.post(path, params={"force": "true"}).json() == {"stopped": True}
        assert admin.post(path, params={"force": "true"}).status_code == 404

    def test_forced_delete_leaves_a_deployment_that_cannot_be_stopped(
        self, standin: Standin, cluster: Cluster
    ) -> None:
        cluster.create(FIXED)
        standin.deployment("docs", stuck=True)
        refused = cluster.http.delete("/_inference/docs")
        assert (refused.status_code, error(refused)["reason"]) == (
            500,
            "Failed to stop inference endpoint docs",
        )
        assert cluster.http.delete("/_inference/docs", params={"force": "true"}).is_success
        assert (cluster.stored(), cluster.deployment() is None) == (False, False)
        assert error(cluster.create(FIXED))["reason"].startswith(UNIQUE)


def test_model_without_deployment_has_no_statistics_of_one(cluster: Cluster) -> None:
    """It is known, which is not the 404 of an id that nobody has."""
    told = cluster.http.get(f"/_ml/trained_models/{MODEL}/_stats").raise_for_status().json()
    assert told == {"count": 1, "trained_model_stats": [{"model_id": MODEL}]}
    assert cluster.http.get("/_ml/trained_models/docs/_stats").status_code == 404


def test_server_without_machine_learning_has_no_such_paths(standin: Standin, cluster: Cluster) -> None:
    """As the real servers here answer; and the endpoint is stored although nothing can be started."""
    standin.set_machine_learning(False)
    assert cluster.create(FIXED).status_code == 500
    assert cluster.stored()
    answer = cluster.http.get("/_ml/trained_models/docs/_stats")
    assert (answer.status_code, answer.json()["error"][:16]) == (400, "no handler found")
    assert cluster.start().status_code == 400

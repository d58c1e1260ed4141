"""Models in the cluster, as the stand-in plays them: what a create leaves, what endpoints show, what updates change.

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


@pytest.mark.parametrize("how", FAILED_STARTS)
def test_failed_start_leaves_the_endpoint(standin: Standin, cluster: Cluster, how: Starts) -> None:
    """It is stored before its model is started; a slow start goes on in the background."""
    status, kind, text, state = FAILED_STARTS[how]
    standin.set_model_starts(how)
    failed = cluster.create(FIXED)
    assert (failed.status_code, error(failed)["type"]) == (status, kind)
    assert text in error(failed)["reason"]
    assert cluster.stored()
    found = cluster.deployment()
    assert (found and found["state"]) == state


def test_old_version_words_the_timeout_otherwise(standin: Standin, cluster: Cluster) -> None:
    """Before 8.19 it has no type of its own."""
    standin.reset(profile="8.18")
    standin.set_model_starts("slowly")
    failed = error(cluster.create(FIXED))
    assert (failed["type"], "waiting for model deployment to start" in failed["reason"]) == (
        "status_exception",
        True,
    )


def test_allocations_that_exclude_each_other_leave_the_endpoint(cluster: Cluster) -> None:
    """That is found only when the model is started."""
    failed = cluster.create(FIXED | {"adaptive_allocations": ADAPTIVE})
    assert (failed.status_code, error(failed)["type"]) == (400, "action_request_validation_exception")
    assert (
        "[number_of_allocations] cannot be set if adaptive allocations is enabled" in error(failed)["reason"]
    )
    assert (cluster.stored(), cluster.deployment()) == (True, None)


def test_slow_start_ends_in_the_background(standin: Standin, cluster: Cluster) -> None:
    """What was answered with 408 serves later."""
    standin.set_model_starts("slowly")
    cluster.create(FIXED)
    assert (cluster.deployment() or {})["allocation_status"]["state"] == "starting"
    standin.deployment("docs", state="started")
    assert (cluster.deployment() or {})["allocation_status"]["state"] == "fully_allocated"


def test_switched_off_starts_are_not_made(standin: Standin, cluster: Cluster) -> None:
    """The cluster setting that skips validation skips the start too."""
    setting = {"persistent": {"xpack.inference.skip_validate_and_start": True}}
    standin.admin.put("/_cluster/settings", json=setting).raise_for_status()
    assert cluster.create(FIXED).is_success
    assert (cluster.stored(), cluster.deployment()) == (True, None)


def test_second_create_stumbles_over_the_deployment(cluster: Cluster) -> None:
    """The deployment has the endpoint's own id, so that is what is told instead of "already exists"."""
    cluster.create(FIXED)
    refused = cluster.create(FIXED)
    assert refused.status_code == 400
    assert error(refused)["reason"].startswith(UNIQUE)


def test_id_of_a_deployment_its_model_or_an_alias_is_taken_for_every_service(
    standin: Standin, cluster: Cluster
) -> None:
    """An orphan deployment is in the way even of an endpoint that asks a provider, which is not asked then."""
    standin.load_model("eland", aliases=["alias"])
    standin.deployment("one", model_id="eland")
    for name in ("one", "eland", "alias"):
        refused = cluster.http.put(PATH.replace("one", name), json=openai())
        assert error(refused)["reason"].startswith(UNIQUE)
    assert standin.provider_calls() == []
    standin.undeploy("one")
    assert cluster.http.put(PATH, json=openai()).is_success


class TestEland:
    """Models that somebody has loaded: an endpoint for their embeddings is tried before it is stored."""

    PATH = "text_embedding/docs"
    SETTINGS = FIXED | {"model_id": "eland"}

    def create(self, cluster: Cluster) -> httpx.Response:
        body = {"service": "elasticsearch", "service_settings": self.SETTINGS}
        return cluster.http.put(f"/_inference/{self.PATH}", json=body)

    def test_trial_tells_the_length_of_the_vectors(self, standin: Standin, cluster: Cluster) -> None:
        standin.load_model("eland", dimensions=12)
        assert self.create(cluster).is_success
        assert (cluster.settings()["dimensions"], cluster.settings()["similarity"]) == (12, "cosine")
        assert cluster.deployment() is not None

    def test_unknown_model_is_refused(self, cluster: Cluster) -> None:
        refused = error(self.create(cluster))
        assert refused["type"] == "illegal_argument_exception"
        assert "Was [eland]. You may need to load it into the cluster using eland." in refused["reason"]

    def test_failed_start_stores_nothing(self, standin: Standin, cluster: Cluster) -> None:
        standin.load_model("eland")
        standin.set_model_starts("no room")
        assert self.create(cluster).status_code == 429
        assert not cluster.stored()

    def test_slow_start_stores_nothing_and_leaves_an_orphan(self, standin: Standin, cluster: Cluster) -> None:
        standin.load_model("eland")
        standin.set_model_starts("slowly")
        assert self.create(cluster).status_code == 408
        assert (cluster.stored(), cluster.deployment() is None) == (False, False)
        assert error(self.create(cluster))["reason"].startswith(UNIQUE)

    def test_failed_trial_stores_nothing_and_ends_the_deployment(
        self, standin: Standin, cluster: Cluster
    ) -> None:
        standin.load_model("eland", dimensions=None)
        refused = error(self.create(cluster))
        assert refused["reason"].startswith("Could not complete inference endpoint creation")
        assert (cluster.stored(), cluster.deployment()) == (False, None)


class TestAttached:
    """Endpoints that use a deployment of others."""

    def test_deployment_that_is_not_there_is_refused(self, cluster: Cluster) -> None:
        refused = cluster.create({"deployment_id": "no-such"})
        assert (refused.status_code, error(refused)["reason"]) == (404, "Cannot find deployment [no-such]")

    def test_deployment_of_another_model_is_refused(self, standin: Standin, cluster: Cluster) -> None:
        standin.deployment("shared", model_id="eland")
        refused = cluster.create({"deployment_id": "shared", "model_id": MODEL})
        text = (
            f"Deployment [shared] uses model [eland] which does not match the model [{MODEL}] in the request."
        )
        assert (refused.status_code, error(refused)["reason"]) == (400, text)

    def test_endpoint_shows_what_the_deployment_is_and_leaves_it_alone(
        self, standin: Standin, cluster: Cluster
    ) -> None:
        standin.deployment("shared", model_id=MODEL, allocations=2, threads=4)
        assert cluster.create({"deployment_id": "shared", "model_id": MODEL}).is_success
        shown = {"deployment_id": "shared", "model_id": MODEL, "num_allocations": 2, "num_threads": 4}
        assert cluster.settings() == shown
        assert cluster.deployment() is None
        refused = cluster.update(num_allocations=3)
        assert refused.status_code == 409
        assert "must be updated through the trained models API" in error(refused)["reason"]
        assert cluster.http.delete("/_inference/docs").is_success
        assert cluster.deployment("shared") is not None


def test_number_of_allocations_that_is_shown_is_the_one_of_the_moment(
    standin: Standin, cluster: Cluster
) -> None:
    """It walks, down to zero, and is told by GET and by the statistics alike."""
    assert cluster.create(ADAPTING).is_success
    for number in (2, 4, 1, 0):
        standin.deployment("docs", allocations=number)
        told = cluster.deployment() or {}
        assert cluster.settings()["num_allocations"] == number
        assert told["allocation_status"]["target_allocation_count"] == number
        assert told["adaptive_allocations"] == ADAPTIVE
        assert told["allocation_status"]["state"] == "fully_allocated"


def test_use_wakes_a_model_that_has_scaled_itself_to_zero(standin: Standin, cluster: Cluster) -> None:
    """That is why it counts as available."""
    cluster.create(ADAPTING)
    standin.deployment("docs", allocations=0)
    assert cluster.http.post("/_inference/docs", json={"input": "hello"}).is_success
    assert cluster.settings()["num_allocations"] == 1


def test_endpoint_without_deployment_cannot_be_used_or_updated(standin: Standin, cluster: Cluster) -> None:
    """GET shows it all the same."""
    cluster.create(FIXED)
    standin.undeploy("docs")
    assert cluster.stored()
    used = cluster.http.post("/_inference/docs", json={"input": "hello"})
    assert (used.status_code, error(used)["type"]) == (404, "resource_not_found_exception")
    updated = cluster.update(num_allocations=2)
    assert (updated.status_code, error(updated)["type"]) == (404, "status_exception")


def test_update_switches_to_adaptive_allocations(cluster: Cluster) -> None:
    """The fixed number goes, and both together are refused."""
    cluster.create(FIXED)
    assert cluster.update(num_allocations=2, adaptive_allocations=ADAPTIVE).status_code == 400
    assert cluster.update(adaptive_allocations=ADAPTIVE).is_success
    assert (cluster.deployment() or {})["adaptive_allocations"] == ADAPTIVE


def test_oldest_version_updates_nothing_but_the_number_of_allocations(
    standin: Standin, cluster: Cluster
) -> None:
    """It does not know adaptive allocations there, and wants the number in every update."""
    standin.reset(profile="8.18")
    cluster.create(FIXED)
    refused = error(cluster.update(adaptive_allocations=ADAPTIVE))
    assert refused["reason"].startswith("Failed to parse [num_allocations] of update request")
    assert cluster.update(num_allocations=2).is_success
    assert cluster.settings()["num_allocations"] == 2


@pytest.mark.parametrize(("profile", "number"), [("9.2", 1), ("9.4", 5)])
def test_update_to_what_is_stored_scales_back_in_old_versions_alone(
    standin: Standin, cluster: Cluster, profile: str, number: int
) -> None:
    """A newer one compares with what it has stored, finds no change, and leaves the deployment as it is."""
    standin.reset(profile=profile)
    cluster.create(FIXED)
    standin.deployment("docs", allocations=5)
    assert cluster.update(num_allocations=1).is_success
    assert cluster.settings()["num_allocations"] == number

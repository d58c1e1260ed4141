"""What the answers of the machine-learning API mean: its statistics, its silence, and why it does not start a model.

Assumed, all of it: no real server with machine learning was there; the texts are those of Elasticsearch's sources.
"""

import pytest

from inference_operator.deployment import Start
from inference_operator.elasticsearch.answers import Answer
from inference_operator.elasticsearch.deployments import start_failure, start_request, statistics
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from unit.deployments import ADAPTIVE, ELSER, NODES_FAILED, NODES_FULL, told


def refused(status: int, kind: str, reason: str) -> Answer:
    """An error as Elasticsearch sends it."""
    return Answer(status, {"error": {"type": kind, "reason": reason}, "status": status})


STARTS: dict[str, tuple[Answer, type[ReconcileError], Reason]] = {
    "it was started by somebody else meanwhile": (
        refused(
            409,
            "status_exception",
            "Cannot start deployment [docs] because it has already been started",
        ),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "no node has room": (refused(429, "status_exception", NODES_FULL), Transient, Reason.NO_CAPACITY),
    "the model is still being downloaded": (
        refused(408, "status_exception", "Model download task is currently running. Wait for …"),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "the server waits no longer, but goes on": (
        refused(408, "model_deployment_timeout_exception", "Timed out after [30s] waiting for …"),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "half of the model is there": (
        refused(400, "status_exception", "Model definition truncated. Unable to deserialize …"),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "nothing of the model is there yet": (
        refused(404, "resource_not_found_exception", "Could not find trained model definition [m]"),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "the model was deleted": (
        refused(404, "resource_not_found_exception", "No known trained model with model_id [m]"),
        Stalled,
        Reason.DEPLOYMENT_MISSING,
    ),
    "the nodes could not load the model": (
        refused(500, "status_exception", NODES_FAILED),
        Stalled,
        Reason.DEPLOYMENT_FAILED,
    ),
    "the model has the name of an endpoint": (
        refused(400, "status_exception", "Model IDs must be unique. Requested model ID [m] matches …"),
        Stalled,
        Reason.DEPLOYMENT_MISSING,
    ),
    "the right is missing": (
        refused(403, "security_exception", "action […/deployment/start] is unauthorized for user [u]"),
        Stalled,
        Reason.DEPLOYMENT_MISSING,
    ),
    "the licence lacks machine learning": (
        refused(403, "security_exception", "current license is non-compliant for [ml]"),
        Stalled,
        Reason.LICENSE_NON_COMPLIANT,
    ),
    "settings that exclude each other": (
        refused(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: [number_of_allocations] cannot be set if adaptive allocations is enabled;",
        ),
        Stalled,
        Reason.INVALID_SETTINGS,
    ),
    "a cluster that nobody may write to": (
        refused(403, "cluster_block_exception", "blocked by: [FORBIDDEN/…];"),
        Transient,
        Reason.SERVER_ERROR,
    ),
}


@pytest.mark.parametrize(("answer", "kind", "reason"), STARTS.values(), ids=STARTS)
def test_refused_start_is_told(answer: Answer, kind: type[ReconcileError], reason: Reason) -> None:
    """By what must happen next, in the server's words."""
    problem = start_failure(answer, "m")
    assert (type(problem), problem.reason) == (kind, reason)
    assert answer.reason in problem.message


def test_missing_right_is_named_where_a_start_needs_it() -> None:
    """The message says what to grant."""
    answer, *_ = STARTS["the right is missing"]
    assert "grant manage_ml" in start_failure(answer, "m").message


SILENCES: dict[str, tuple[Answer, Reason]] = {
    "a server without machine learning": (
        Answer(400, {"error": "no handler found for uri [/_ml/trained_models/docs/_stats] and method [GET]"}),
        Reason.DEPLOYMENT_MISSING,
    ),
    "a node without machine learning": (
        refused(500, "illegal_state_exception", "failed to find action [cluster:monitor/xpack/ml/…]"),
        Reason.DEPLOYMENT_MISSING,
    ),
    "a server that does not offer it": (
        refused(410, "api_not_available_exception", "Request for uri […] is not available"),
        Reason.AVAILABILITY_UNKNOWN,
    ),
    "credentials without the right": (
        refused(403, "security_exception", "action […/stats/get] is unauthorized for user [u]"),
        Reason.AVAILABILITY_UNKNOWN,
    ),
    "an answer of another shape": (Answer(200, {"count": 0}), Reason.AVAILABILITY_UNKNOWN),
    "an answer that is a list": (Answer(200, []), Reason.AVAILABILITY_UNKNOWN),
    "a licence without machine learning": (
        refused(403, "security_exception", "current license is non-compliant for [ml]"),
        Reason.LICENSE_NON_COMPLIANT,
    ),
    "credentials that are refused": (refused(401, "security_exception", "unable to…"), Reason.UNAUTHORIZED),
    "an overloaded server": (refused(429, "circuit_breaking_exception", "too much"), Reason.RATE_LIMITED),
    "a server in trouble": (refused(503, "cluster_block_exception", "no master"), Reason.SERVER_ERROR),
}


@pytest.mark.parametrize(("answer", "reason"), SILENCES.values(), ids=SILENCES)
def test_silence_about_deployments_is_never_taken_for_absence(answer: Answer, reason: Reason) -> None:
    """Whoever cannot see the deployment must not start another; without machine learning there can be none."""
    with pytest.raises(ReconcileError) as caught:
        statistics(answer, "docs")
    assert caught.value.reason is reason


def test_statistics_are_those_of_the_deployment_and_not_of_its_model() -> None:
    """A model may have several deployments, and none is not an error."""
    mine, other = told("started"), told("failed") | {"deployment_id": "other"}
    body = {"trained_model_stats": [{"deployment_stats": other}, {"deployment_stats": mine}]}
    assert statistics(Answer(200, body), "docs") == mine
    assert statistics(Answer(200, body), "third") is None
    assert statistics(Answer(200, {"trained_model_stats": [{"model_id": "docs"}, None]}), "docs") is None
    absent = refused(404, "resource_not_found_exception", "No known trained model with model_id [docs]")
    assert statistics(absent, "docs") is None


def test_request_names_only_what_is_known() -> None:
    """And it does not wait until the model runs: that is for the next look."""
    start = Start(ELSER, "docs", 2, None, ADAPTIVE)
    params, body = start_request(start)
    assert params == {"deployment_id": "docs", "threads_per_allocation": "2", "wait_for": "starting"}
    assert body == {"adaptive_allocations": ADAPTIVE}
    assert start_request(Start(ELSER, "docs", 1, 3))[1] is None

"""Objects that somebody got past the API server, and errors that nobody expected, become a sentence for a person."""

import logging
from typing import Any

import pytest

from inference_operator.api.connection import ElasticsearchConnectionSpec
from inference_operator.api.schema import Model
from inference_operator.api.v1alpha1 import InferenceEndpointSpec, InferenceEndpointStatus
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting
from inference_operator.objects import ENDPOINT, Key
from inference_operator.references import (
    as_problem,
    key_missing,
    parse_spec,
    parse_status,
    secret_missing,
)
from unit.api_cases import CARELESS, PASSWORD, Object, connection, endpoint

KEY = Key(ENDPOINT, "team", "docs")
MODELS: dict[str, type[Model]] = {
    "InferenceEndpoint": InferenceEndpointSpec,
    "ElasticsearchConnection": ElasticsearchConnectionSpec,
}


def nested(depth: int) -> dict[str, Any]:
    """An object in an object, so many times."""
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"a": inner}
    return inner


def problem_of(model: type[Model], raw: Object) -> Stalled:
    """What is wrong with a spec."""
    with pytest.raises(Stalled) as error:
        parse_spec(model, raw)
    return error.value


def test_spec_is_parsed() -> None:
    """A spec that the API server would take is taken."""
    assert parse_spec(InferenceEndpointSpec, endpoint()).service == "cohere"
    assert parse_spec(ElasticsearchConnectionSpec, connection()).endpoint.url == "https://es:9200"


@pytest.mark.parametrize("case", CARELESS.values(), ids=CARELESS)
def test_secret_in_the_wrong_place_is_not_repeated(case: Object) -> None:
    """The message names the place, not what stands there, and the error keeps no cause that does."""
    problem = problem_of(MODELS[case["kind"]], case)
    assert problem.reason is Reason.INVALID_SPEC
    assert PASSWORD not in problem.message
    assert problem.__cause__ is None
    assert problem.__suppress_context__


@pytest.mark.parametrize("spec", [None, {}, [], "x", 5], ids=str)
def test_spec_that_is_none_is_told(spec: Any) -> None:
    """Whatever stands in place of a spec: it is the author's to correct."""
    assert problem_of(InferenceEndpointSpec, {"spec": spec}).reason is Reason.INVALID_SPEC


def test_message_names_the_field() -> None:
    """Where it is wrong, as a path from the spec on."""
    problem = problem_of(InferenceEndpointSpec, endpoint(secretSettings=[{"path": "/x"}]))
    assert problem.message.startswith("spec.secretSettings.0.")


@pytest.mark.parametrize("depth", [100, 10_000])
def test_deep_nesting_does_no_harm(depth: int) -> None:
    """An object that is nested as deep as anybody can send it is parsed where it may stand, or refused in words."""
    deep = nested(depth)
    assert parse_spec(InferenceEndpointSpec, endpoint(serviceSettings=deep)).service_settings is not None
    for raw in (endpoint(connectionRef=deep), endpoint(secretSettings=deep), endpoint(unknown=deep)):
        assert len(problem_of(InferenceEndpointSpec, raw).message) < 200


@pytest.mark.parametrize(
    "status",
    [
        None,
        "x",
        [],
        {"conditions": "x"},
        {"applied": {"generation": "x"}},
        {"unknown": 1},
        {"conditions": nested(10_000)},
    ],
    ids=[
        "none",
        "a text",
        "a list",
        "garbled conditions",
        "a garbled record",
        "a strange field",
        "deep nesting",
    ],
)
def test_garbled_status_counts_as_none(status: Any) -> None:
    """Tenants may be able to write a status; the worst that comes of it is that everything is looked at anew."""
    assert parse_status(
        InferenceEndpointStatus, {"status": status}
    ) == InferenceEndpointStatus.model_validate({})


def test_status_is_parsed() -> None:
    """What was written is read back."""
    assert parse_status(InferenceEndpointStatus, {"status": {"inferenceId": "docs"}}).inference_id == "docs"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (secret_missing("team", "keys"), Reason.SECRET_NOT_FOUND),
        (key_missing("team", "keys", "k"), Reason.SECRET_KEY_NOT_FOUND),
    ],
    ids=["no Secret", "no key"],
)
def test_what_is_missing_is_named(error: Waiting, reason: Reason) -> None:
    """Who reads it knows what to create, and where."""
    assert error.reason is reason
    assert "'keys'" in error.message
    assert "'team'" in error.message


@pytest.mark.parametrize(
    "error", [Stalled(Reason.INVALID_SPEC, "m"), Transient(Reason.TIMED_OUT, "m")], ids=str
)
def test_known_problem_stays_as_it_is(error: ReconcileError) -> None:
    """What has a reason needs no other."""
    assert as_problem(error, KEY) is error


def test_too_deep_nesting_is_the_authors_to_correct() -> None:
    """Wherever the recursion ends, it is the spec that is to blame."""
    problem = as_problem(RecursionError(), KEY)
    assert isinstance(problem, Stalled)
    assert problem.reason is Reason.INVALID_SPEC


def test_fault_of_the_operator_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """The person is told that it is a fault, without its text; the log has the text."""
    with caplog.at_level(logging.ERROR):
        problem = as_problem(ValueError("hunter2"), KEY)
    assert isinstance(problem, Transient)
    assert problem.reason is Reason.INTERNAL_ERROR
    assert "hunter2" not in problem.message
    assert caplog.records[0].exc_info

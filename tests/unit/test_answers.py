"""What an answer of Elasticsearch means: by status, type and text, as a real server gave them."""

import pytest

from inference_operator.elasticsearch.answers import (
    Answer,
    failure,
    is_absent,
    is_refusal,
    references,
    retry_after,
)
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting
from unit.recorded_answers import envelope, refusal

Meaning = tuple[str, str, type[ReconcileError], Reason]

# The file of the recordings, the note of the exchange, and what it means.
RECORDED: dict[str, Meaning] = {
    "a second create": ("basic", "put again", Transient, Reason.CHANGED_MEANWHILE),
    "an update of what is not there": ("update", "update missing", Transient, Reason.CHANGED_MEANWHILE),
    "a read with another task type": ("basic", "get with wrong type", Transient, Reason.CHANGED_MEANWHILE),
    "an update with another task type": (
        "update",
        "wrong task type path",
        Transient,
        Reason.CHANGED_MEANWHILE,
    ),
    "an update of what cannot be updated": (
        "update",
        "update: chunking_settings",
        Stalled,
        Reason.INVALID_SETTINGS,
    ),
    "an empty update": ("update", "update: empty body object", Stalled, Reason.INVALID_SETTINGS),
    "an unknown service": ("validation", "unknown service", Stalled, Reason.UNKNOWN_SERVICE),
    "a task type that the service lacks": (
        "validation",
        "unsupported task type for service (rerank)",
        Stalled,
        Reason.UNSUPPORTED_TASK_TYPE,
    ),
    "a task type that nobody knows": (
        "delete_in_use",
        "services bogus",
        Stalled,
        Reason.UNSUPPORTED_TASK_TYPE,
    ),
    "an id with a capital letter": ("validation", "uppercase id", Stalled, Reason.INVALID_SPEC),
    "an unknown setting": ("validation", "unknown service setting", Stalled, Reason.INVALID_SETTINGS),
    "a missing setting": ("services", "anthropic completion", Stalled, Reason.INVALID_SETTINGS),
    "a missing secret": ("validation", "missing api_key", Stalled, Reason.INVALID_SETTINGS),
    "a number in place of a text": ("validation", "api_key a number", Stalled, Reason.INVALID_SETTINGS),
    "a number in place of an object": ("validation", "rate_limit number", Stalled, Reason.INVALID_SETTINGS),
    "a value out of range": ("validation", "dimensions 0", Stalled, Reason.INVALID_SETTINGS),
    "an unknown chunking strategy": ("validation", "chunk bogus", Stalled, Reason.INVALID_SETTINGS),
    "an unknown query parameter": ("validation", "unknown query param", Transient, Reason.SERVER_ERROR),
    "the provider refuses the key": (
        "chunk_update",
        "update to a refused key",
        Stalled,
        Reason.PROVIDER_REFUSED_KEY,
    ),
    "the provider forbids": (
        "provider_errors",
        "openai provider fault 403",
        Stalled,
        Reason.PROVIDER_REFUSED_KEY,
    ),
    "the provider rejects the request": (
        "provider_errors",
        "openai provider fault 400",
        Stalled,
        Reason.PROVIDER_REJECTED,
    ),
    "the provider does not know the path": (
        "provider_errors",
        "openai provider fault 404",
        Stalled,
        Reason.PROVIDER_REJECTED,
    ),
    "the provider is sent too much": (
        "provider_errors",
        "openai provider fault 413",
        Stalled,
        Reason.PROVIDER_REJECTED,
    ),
    "the provider limits the rate": (
        "provider_errors",
        "openai provider fault 429",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider has an error": (
        "provider_errors",
        "openai provider fault 500",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider is busy": (
        "provider_errors",
        "openai provider fault 503",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider answers garbage": (
        "provider_errors",
        "openai provider fault garbage",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider hangs up": (
        "provider_errors",
        "openai provider fault close",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider refuses to be connected": (
        "provider_errors",
        "openai connection refused",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider's host is not found": (
        "provider_errors",
        "cohere rerank fake key, provider unreachable",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider takes too long": (
        "services",
        "cohere rerank fault key sleep-35",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "the provider says nothing": (
        "services",
        "alibabacloud-ai-search text_embedding",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
    ),
    "no credentials": ("security", "no credentials", Stalled, Reason.UNAUTHORIZED),
    "a wrong password": ("security", "wrong password", Stalled, Reason.UNAUTHORIZED),
    "a wrong API key": ("security", "garbage ApiKey", Stalled, Reason.UNAUTHORIZED),
    "a missing privilege": ("security", "monitor_inference: GET /", Stalled, Reason.INSUFFICIENT_PRIVILEGES),
    "a basic licence": ("license", "create under basic", Stalled, Reason.LICENSE_NON_COMPLIANT),
    "a read-only cluster": ("cluster_faults", "PUT while read_only", Transient, Reason.SERVER_ERROR),
    "a circuit breaker": ("cluster_faults", "PUT while breaker", Transient, Reason.RATE_LIMITED),
    "an index that uses the endpoint": ("delete_in_use", "delete, used by index", Waiting, Reason.IN_USE),
    "a reserved endpoint": ("delete_in_use", "delete default endpoint", Stalled, Reason.INVALID_SPEC),
    "a mapping that contradicts": (
        "semantics",
        "1 PUT /_inference/text_embedding/m1",
        Stalled,
        Reason.INVALID_SETTINGS,
    ),
    "a model, where there is no machine learning": (
        "validation",
        "elasticsearch service (no ml module here)",
        Transient,
        Reason.SERVER_ERROR,
    ),
    "a method that the path lacks": ("delete_in_use", "delete _all", Stalled, Reason.NOT_ELASTICSEARCH),
    "a body of another type": ("validation", "content-type missing", Stalled, Reason.NOT_ELASTICSEARCH),
}


@pytest.mark.parametrize(("name", "note", "kind", "reason"), RECORDED.values(), ids=RECORDED)
def test_recorded_answer(name: str, note: str, kind: type[ReconcileError], reason: Reason) -> None:
    """What a real server said is understood, and no endpoint counts as absent because of it."""
    answer = refusal(name, note)
    error = failure(answer)
    assert (type(error), error.reason) == (kind, reason)
    assert not is_absent(answer)


def test_settings_over_which_the_server_stumbles_are_not_tried_again() -> None:
    """8.19.8 fails of its own accord where a setting that it does not call required is missing; waiting mends nothing."""
    error = failure(refusal("services", "hugging_face completion", "8.19.8"))
    assert isinstance(error, Stalled)
    assert error.reason is Reason.PROVIDER_REJECTED
    assert "one may be missing, such as model_id" in error.message


@pytest.mark.parametrize(
    ("name", "note", "words"),
    [
        ("validation", "unknown service setting", "[{bogus=1}] unknown to the [openai] service"),
        ("chunk_update", "update to a refused key", "[Incorrect API key provided]"),
        ("provider_errors", "openai connection refused", "Cause: Connection refused"),
        ("delete_in_use", "delete, used by index", "indexes: [idx1]"),
        ("security", "monitor_inference: GET /", "manage_inference"),
        ("delete_in_use", "delete _all", "Incorrect HTTP method"),
    ],
)
def test_words_of_the_server_reach_the_person(name: str, note: str, words: str) -> None:
    """The message holds what the server said, down to the words of the provider, and what to do."""
    assert words in failure(refusal(name, note)).message


def test_wrapper_of_the_server_is_left_out() -> None:
    """That a validation call threw an exception helps nobody; what the provider said does."""
    assert "threw an exception" not in failure(refusal("chunk_update", "update to a refused key")).message


@pytest.mark.parametrize("status", [429, 503])
def test_wish_of_the_server_is_kept(status: int) -> None:
    """How long the server wants to be left alone goes along with the error."""
    error = failure(Answer(status, {}, retry_after=7.0))
    assert isinstance(error, Transient)
    assert error.retry_after == 7.0


WISHES: dict[str, tuple[str | None, float | None]] = {
    "seconds": ("5", 5.0),
    "seconds with blanks": (" 5 ", 5.0),
    "no time at all": ("0", 1.0),
    "a day": ("86400", 300.0),
    "an eternity": ("9" * 400, 300.0),
    "a time that has passed": ("-5", None),
    "a fraction": ("1.5", None),
    "a digit that is no number": ("²", None),
    "a date": ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    "a word": ("soon", None),
    "nothing": ("", None),
    "no header": (None, None),
}


@pytest.mark.parametrize(("header", "seconds"), WISHES.values(), ids=WISHES)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """Whole seconds within reason are believed, anything else is not."""
    assert retry_after(header) == seconds


ABSENCE: dict[str, tuple[Answer, bool]] = {
    "a server that knows no such endpoint": (refusal("basic", "get missing"), True),
    "an update of what is not there": (refusal("update", "update missing"), False),
    "a service that is not known any more": (
        envelope(404, "status_exception", "No service found for this inference endpoint x"),
        False,
    ),
    "a page of a proxy": (Answer(404, "<html>Not Found</html>"), False),
    "the words without the status": (envelope(500, "resource_not_found_exception", "x"), False),
    "wrong credentials": (refusal("security", "no credentials"), False),
    "a missing privilege": (refusal("security", "monitor_inference: GET /"), False),
}


@pytest.mark.parametrize(("answer", "absent"), ABSENCE.values(), ids=ABSENCE)
def test_absence_is_said_by_elasticsearch_alone(answer: Answer, absent: bool) -> None:
    """Only its own 404 with its own type means that there is no endpoint."""
    assert is_absent(answer) == absent


REFUSALS: dict[str, tuple[Answer, bool]] = {
    "no credentials": (refusal("security", "no credentials"), True),
    "a missing privilege": (refusal("security", "monitor_inference: GET /"), True),
    "a read-only cluster": (refusal("cluster_faults", "PUT while read_only"), True),
    "a missing endpoint": (refusal("basic", "get missing"), False),
    "a proxy that asks who it is": (Answer(401, "<html>Unauthorized</html>"), False),
    "a gateway that speaks JSON": (Answer(403, {"error": "forbidden"}), False),
    "a body that tells another status": (
        Answer(401, {"error": {"type": "security_exception"}, "status": 403}),
        False,
    ),
}


@pytest.mark.parametrize(("answer", "own"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_is_known_as_elasticsearchs_own(answer: Answer, own: bool) -> None:
    """Its 401 and 403 lack the product header, so they are known by their shape."""
    assert is_refusal(answer) == own


IN_PIPELINE = (
    "Inference endpoint docs is referenced by pipelines: [p1, p2]. Ensure that no pipelines are using this "
    "inference endpoint, or use force to ignore this warning and delete the inference endpoint."
)
USES: dict[str, tuple[str, tuple[list[str], list[str]]]] = {
    "pipelines": (IN_PIPELINE, (["p1", "p2"], [])),
    "an index, as recorded": (refusal("delete_in_use", "delete, used by index").reason, ([], ["idx1"])),
    "both": (
        f"{IN_PIPELINE} Inference endpoint docs is being used in the mapping for indexes: [i1].",
        (["p1", "p2"], ["i1"]),
    ),
    "nothing": ("Endpoint [x] is currently being updated.", ([], [])),
}


@pytest.mark.parametrize(("text", "uses"), USES.values(), ids=USES)
def test_uses_are_read_from_the_text(text: str, uses: tuple[list[str], list[str]]) -> None:
    """Who uses an endpoint stands in the text alone."""
    assert references(text) == uses

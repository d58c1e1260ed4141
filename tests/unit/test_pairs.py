"""The judge of the pairs sees what is wrong: each row is a resource, a stored endpoint or a log with one fault."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.errors import Reason
from testbed.builders import Manifest
from testbed.pairs import Pair
from testbed.pairs.expectation import Expected, Write
from testbed.pairs.judgement import Call, Seen, left_alone, mistakes, without_retries
from testbed.pairs.report import lines
from testbed.pairs.servers import SERVERS
from testbed.pairs.trial import NOT_HERE, READY, REFUSED, Trial

COHERE = Pair("cohere", "rerank")
SECRET = "the-key"
STORED: Manifest = {
    "inference_id": "x",
    "task_type": "rerank",
    "service": "cohere",
    "service_settings": {"model_id": "rerank-v3.5", "rate_limit": {"requests_per_minute": 10000}},
}


def trial(pair: Pair = COHERE, release: tuple[int, int] = (9, 4), hindrance: str | None = None) -> Trial:
    """The pair on a server."""
    return Trial(pair, pair.endpoint("x", "provider"), release, hindrance)


def resource(reason: str, message: str = "", generation: int = 1) -> Manifest:
    """A resource that is ready, or stalled for another reason."""
    ready = {"type": "Ready", "status": "True" if reason == Reason.SYNCED else "False"}
    kinds = [ready] if reason == Reason.SYNCED else [ready, {"type": "Stalled", "status": "True"}]
    about = {"reason": reason, "message": message, "observedGeneration": generation}
    return {"metadata": {"generation": 1}, "status": {"conditions": [{**kind, **about} for kind in kinds]}}


def stored(**service_settings: Any) -> Manifest:
    """The endpoint as a server should have it, with other service settings."""
    return {**STORED, "service_settings": {**STORED["service_settings"], **service_settings}}


@pytest.mark.parametrize(
    ("pair", "release", "hindrance", "outcome"),
    [
        (COHERE, (8, 19), None, READY),
        (COHERE, (8, 19), "why", NOT_HERE),
        (Pair("contextualai", "rerank"), (8, 19), None, REFUSED),
        (Pair("contextualai", "rerank"), (8, 19), "why", REFUSED),
        (Pair("contextualai", "rerank"), (9, 2), None, READY),
    ],
)
def test_outcome_depends_on_the_release_and_on_what_hinders(
    pair: Pair, release: tuple[int, int], hindrance: str | None, outcome: str
) -> None:
    """A version that lacks a pair is to refuse it, wherever the tests run."""
    assert trial(pair, release, hindrance).outcome == outcome


def test_endpoint_that_is_ready_and_stored_as_asked_is_right() -> None:
    """With the defaults of the server, and without the secret."""
    assert trial().mistakes(resource(Reason.SYNCED), stored(), SECRET) == []


@pytest.mark.parametrize(
    ("resource", "stored", "mistake"),
    [
        (resource(Reason.PROVIDER_REJECTED), stored(), "not ready"),
        (resource(Reason.SYNCED, generation=0), stored(), "not ready"),
        (resource(Reason.SYNCED), None, "not stored"),
        (resource(Reason.SYNCED), stored(model_id="other"), "stored otherwise"),
        (resource(Reason.SYNCED), {**STORED, "task_type": "completion"}, "stored otherwise"),
        (resource(Reason.SYNCED), stored(rate_limit={"requests_per_minute": 1}), "stored too"),
        (resource(Reason.SYNCED), stored(top_n=3), "stored too"),
        (resource(Reason.SYNCED), {**STORED, "chunking_settings": {"strategy": "word"}}, "stored too"),
        (resource(Reason.SYNCED), stored(similarity=SECRET), "the secret is shown"),
    ],
)
def test_fault_of_an_endpoint_that_should_be_ready_is_seen(
    resource: Manifest, stored: Manifest | None, mistake: str
) -> None:
    """Each by its own words."""
    assert any(found.startswith(mistake) for found in trial().mistakes(resource, stored, SECRET))


@pytest.mark.parametrize(
    ("pair", "reason", "message", "right"),
    [
        (Pair("contextualai", "rerank"), Reason.UNKNOWN_SERVICE, "Unknown service [contextualai]", True),
        (Pair("contextualai", "rerank"), Reason.UNKNOWN_SERVICE, "refused", False),
        (Pair("contextualai", "rerank"), Reason.UNSUPPORTED_TASK_TYPE, "[contextualai] [rerank]", False),
        (
            Pair("anthropic", "chat_completion"),
            Reason.UNSUPPORTED_TASK_TYPE,
            "task type [chat_completion]",
            True,
        ),
        (Pair("anthropic", "chat_completion"), Reason.SYNCED, "task type [chat_completion]", False),
    ],
)
def test_refusal_must_tell_what_the_version_does_not_know(
    pair: Pair, reason: Reason, message: str, right: bool
) -> None:
    """The reason, and in the message the server's own words; and nothing may be stored."""
    one = trial(pair, (8, 19))
    assert (one.mistakes(resource(reason, message), None, SECRET) == []) is right
    assert one.mistakes(resource(reason, message), STORED, SECRET) != []


LIMIT = "/serviceSettings/rate_limit/requests_per_minute"
EXPECTED = Expected(STORED, (Write("_update", {"task_settings": {"top_n": 7}}),), kubernetes=1)
LOOK = Call("GET", 200)
DONE = Call("_update", 200, {"task_settings": {"top_n": 7}})
SEEN = Seen(resource(Reason.SYNCED), STORED, (LOOK, DONE), ("patch/status",))
NOT_APPLIED = resource(Reason.UPDATE_NOT_APPLIED)


def test_endpoint_that_is_as_expected_has_no_mistakes() -> None:
    """Also where the log does not tell the bodies."""
    assert mistakes(EXPECTED, SEEN) == []
    assert mistakes(EXPECTED, replace(SEEN, calls=(LOOK, replace(DONE, body=None)))) == []


@pytest.mark.parametrize(
    ("seen", "mistake"),
    [
        pytest.param(replace(SEEN, calls=(LOOK,)), "requests: none", id="no request"),
        pytest.param(
            replace(SEEN, calls=(LOOK, DONE, DONE)), "requests: _update 200, _update", id="one too many"
        ),
        pytest.param(
            replace(SEEN, calls=(LOOK, replace(DONE, status=400))),
            "requests: _update 400",
            id="a refused one",
        ),
        pytest.param(
            replace(SEEN, calls=(LOOK, replace(DONE, status=None))),
            "requests: _update",
            id="one without answer",
        ),
        pytest.param(replace(SEEN, calls=(LOOK, Call("PUT", 200))), "requests: PUT", id="another one"),
        pytest.param(replace(SEEN, calls=(LOOK, replace(DONE, body={}))), "sent {}", id="another body"),
        pytest.param(replace(SEEN, calls=(DONE,)), "not looked at", id="no look"),
        pytest.param(replace(SEEN, kubernetes=()), "writes to kubernetes", id="no write to Kubernetes"),
        pytest.param(
            replace(SEEN, stored=stored(top_n=3)),
            "stored: /service_settings/top_n is 3",
            id="stored otherwise",
        ),
        pytest.param(replace(SEEN, stored=None), "stored:  is None", id="not stored"),
        pytest.param(replace(SEEN, resource=None), "the resource is gone", id="no resource"),
        pytest.param(
            replace(SEEN, resource=resource(Reason.SYNCED, generation=0)), "ready: None", id="an old status"
        ),
        pytest.param(replace(SEEN, resource=NOT_APPLIED), "ready: False, UpdateNotApplied", id="not ready"),
    ],
)
def test_mistake_in_a_phase_is_seen(seen: Seen, mistake: str) -> None:
    """Each by its own words."""
    assert any(found.startswith(mistake) for found in mistakes(EXPECTED, seen))


def test_failed_attempts_that_were_made_again_are_left_out() -> None:
    """A failure that was the last word stays, and so does a success too many."""
    failed, done = Call("PUT", 400), Call("PUT", 200)
    assert without_retries([LOOK, failed, LOOK, done]) == [LOOK, LOOK, done]
    assert without_retries([LOOK, done, failed]) == [LOOK, done, failed]
    assert without_retries([LOOK, failed]) == [LOOK, failed]
    assert without_retries([LOOK, done, done]) == [LOOK, done, done]


def test_failed_attempt_may_have_been_told() -> None:
    """In two writes to Kubernetes at most: the failure, and that it goes on."""
    told = replace(SEEN, kubernetes=["patch/status"] * 3)
    assert mistakes(EXPECTED, told) != []
    assert mistakes(EXPECTED, replace(told, retries=1)) == []


def test_status_must_name_what_was_not_applied() -> None:
    """All of it, and nothing else."""
    expected = replace(EXPECTED, not_applied=frozenset({LIMIT}), reason=Reason.UPDATE_NOT_APPLIED)
    assert mistakes(expected, replace(SEEN, resource=NOT_APPLIED)) == [
        f"not applied: [], and not ['{LIMIT}']"
    ]
    told = {**NOT_APPLIED, "status": {**NOT_APPLIED["status"], "notApplied": [{"path": LIMIT}]}}
    assert mistakes(expected, replace(SEEN, resource=told)) == []
    assert mistakes(EXPECTED, replace(SEEN, resource=told)) != []


def test_deleted_resource_must_be_gone() -> None:
    """In Kubernetes as well."""
    expected = Expected(None, (Write("DELETE"),), kubernetes=1)
    seen = replace(SEEN, stored=None, calls=(LOOK, Call("DELETE", 200)))
    assert mistakes(expected, seen) == ["the resource is still there"]
    assert mistakes(expected, replace(seen, resource=None)) == []


ASKED = Seen(None, None, (LOOK, Call("PUT", 400)))


@pytest.mark.parametrize(
    ("seen", "right"),
    [
        pytest.param(ASKED, True, id="it is tried once more, in vain"),
        pytest.param(replace(ASKED, calls=(LOOK,)), True, id="it is only looked at"),
        pytest.param(replace(ASKED, calls=()), False, id="nothing happens"),
        pytest.param(replace(ASKED, calls=(LOOK, Call("PUT", 200))), False, id="it is created"),
        pytest.param(replace(ASKED, calls=(LOOK, Call("DELETE", 404))), False, id="it is deleted"),
        pytest.param(replace(ASKED, calls=[*ASKED.calls, *ASKED.calls]), False, id="it is tried twice"),
        pytest.param(replace(ASKED, stored=STORED), False, id="it is stored"),
        pytest.param(replace(ASKED, kubernetes=["patch/status"]), False, id="it is told anew"),
    ],
)
def test_pair_that_the_version_lacks_is_left_alone(seen: Seen, right: bool) -> None:
    """When somebody asks for a reconcile."""
    assert (left_alone(seen, asked=True) == []) is right


def test_table_has_a_row_for_each_pair_and_tells_what_its_letters_mean() -> None:
    """Servers in their order with how much they prove, equal reasons told once."""
    columns = {server.title: {"cohere rerank": ("CNRui!?", "")} for server in reversed(SERVERS)}
    columns[SERVERS[0].title]["cohere rerank"] = ("", "no network")
    titles, row, *rest = lines(columns)
    assert titles.split() == [word for server in SERVERS for word in server.title.split()]
    assert row.split() == ["cohere", "rerank", "(1)", *["CNRui!?"] * (len(SERVERS) - 1)]
    assert rest[0].split() == ["total:", "C", "0", *["1"] * (len(SERVERS) - 1)]
    assert "!  WRONG" in rest
    assert rest[-1] == "(1) not possible here: no network"

"""The judge of the pairs sees what is wrong: each row is a resource or a stored endpoint with one fault."""

from typing import Any

import pytest

from inference_operator.errors import Reason
from testbed.builders import Manifest
from testbed.pairs import Pair
from testbed.pairs.report import lines
from testbed.pairs.trial import NOT_HERE, READY, REFUSED, Trial
from testbed.target import SERVERS

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


def test_table_has_a_row_for_each_pair_and_tells_why_not() -> None:
    """Servers in their order, equal reasons told once."""
    columns = {server: {"cohere rerank": trial(hindrance="no network").cell} for server in reversed(SERVERS)}
    text = list(lines(columns))
    assert text[0].split() == list(SERVERS)
    assert text[1].split() == ["cohere", "rerank", *["not", "here", "(1)"] * 4]
    assert text[2:] == [f"{'total: not here':<42}{'1':<14}{'1':<14}{'1':<14}1", "(1) no network"]

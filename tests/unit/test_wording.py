"""What is said when all went well, and that it says no more than what is known."""

import pytest

from inference_operator.api.v1alpha1 import LiveSecret
from inference_operator.capabilities import of
from inference_operator.endpoint import Definition
from inference_operator.findings import AFTER_RESET, Past
from inference_operator.plan import Action, Create, Nothing, Update, Why
from inference_operator.wording import lost_chunking, reason_of, story, synced_message, unanswered_create
from unit.wishes import SENTENCE, V94, V819, embedding, rerank, synced


def live(*, checked: bool) -> LiveSecret:
    """A secret in force."""
    return LiveSecret(path="/a", name="n", key="k", resource_version="1", applied_at="t", checked=checked)


def test_unchecked_secret_is_told_as_such() -> None:
    """Ready is true, and no more is claimed than what this version of Elasticsearch can tell."""
    assert "not checked" not in synced_message([])
    assert "not checked" not in synced_message([live(checked=True)])
    told = synced_message([live(checked=True), live(checked=False)])
    assert "applied, not checked by this version" in told


def test_secrets_that_were_never_sent_are_told_as_such() -> None:
    """An endpoint that was taken over may still have the secrets of whoever made it."""
    assert "still those of whoever made it" in synced_message([], given=False)


CHUNKING: dict[str, tuple[Action, Definition | None, Definition, bool]] = {
    "an update reset it": (Update(Why.SECRETS), embedding(SENTENCE), embedding(AFTER_RESET), True),
    "an update kept it": (Update(Why.SECRETS), embedding(SENTENCE), embedding(SENTENCE), False),
    "it was asked for": (
        Update(Why.SPEC, chunking_settings=AFTER_RESET),
        embedding(SENTENCE),
        embedding(AFTER_RESET),
        False,
    ),
    "the endpoint is new": (Create(Why.NEW), None, embedding(SENTENCE), False),
    "nothing was done": (Nothing(), embedding(SENTENCE), embedding(SENTENCE), False),
}


@pytest.mark.parametrize(("action", "before", "after", "told"), CHUNKING.values(), ids=CHUNKING)
def test_lost_chunking_is_told(
    action: Action, before: Definition | None, after: Definition, told: bool
) -> None:
    """Before and after are compared, so that what nobody asked for does not pass in silence."""
    text = lost_chunking(action, before, after)
    assert (text is not None) == told
    assert text is None or ("sentence" in text and "word" in text)


HINTS: dict[str, tuple[Definition, str, bool]] = {
    "an embedding before 9.4": (embedding({}), V819, True),
    "an embedding from 9.4 on": (embedding({}), V94, False),
    "no embedding": (rerank(), V819, False),
    "an embedding with both": (
        Definition("text_embedding", "openai", {"dimensions": 8, "similarity": "cosine"}),
        V819,
        False,
    ),
}


@pytest.mark.parametrize(("wish", "version", "hint"), HINTS.values(), ids=HINTS)
def test_unanswered_create_has_a_hint_where_one_helps(wish: Definition, version: str, hint: bool) -> None:
    """8.19.8 does not answer a create whose id a mapping names already, unless it need not ask for the dimensions."""
    assert ("dimensions and similarity" in unanswered_create(wish, of(version, "default"))) == hint


REASONS: dict[str, tuple[Action, Past, Why | None]] = {
    "an action says itself why it was taken": (Update(Why.DRIFT), synced(rerank()), Why.DRIFT),
    "an endpoint found is taken over": (Nothing(), Past(), Why.ADOPTED),
    "a create whose answer was lost is found": (Nothing(), Past(claimed=rerank()), Why.NEW),
    "nothing happened": (Nothing(), synced(rerank()), None),
}


@pytest.mark.parametrize(("action", "past", "why"), REASONS.values(), ids=REASONS)
def test_change_is_told_by_its_reason(action: Action, past: Past, why: Why | None) -> None:
    """Each change is one event, and what is no change is none."""
    assert reason_of(action, past) == why
    assert why is None or "'docs'" in story(why, "docs")

"""The plan table, row by row, and what counts as proof that a row was carried out."""

from dataclasses import replace

import pytest

from inference_operator.capabilities import of
from inference_operator.endpoint import ABSENT, Definition, Difference
from inference_operator.errors import Reason, Stalled, Waiting
from inference_operator.findings import AFTER_RESET, Ignored, Past
from inference_operator.plan import Action, Create, Delete, Nothing, Plan, Release, Update, Why, plan
from unit.wishes import SENTENCE, V94, V95, V819, WORD, embedding, rerank, synced, wish


def decide(desired: Definition | None, observed: Definition | None, past: Past, version: str = V94) -> Plan:
    """The plan for a cluster of this version."""
    chosen = plan(wish(desired) if desired else None, observed, past, of(version, "default"), version)
    return replace(chosen, drift=tuple(chosen.drift))


CREATION: dict[str, tuple[Past, Action]] = {
    "a new resource creates its endpoint": (Past(), Create(Why.NEW)),
    "a create that failed is tried again": (Past(claimed=rerank()), Create(Why.NEW)),
    "an endpoint that somebody deleted is made again": (synced(rerank()), Create(Why.DRIFT)),
}


@pytest.mark.parametrize(("past", "action"), CREATION.values(), ids=CREATION)
def test_absent_endpoint_is_created(past: Past, action: Action) -> None:
    """What should exist and does not is created, and the event says why."""
    chosen = decide(rerank(), None, past)
    assert (chosen.action, chosen.problem) == (action, None)


@pytest.mark.parametrize("desired", [rerank(), None], ids=["should exist", "should not exist"])
def test_absence_is_no_proof_while_a_create_may_still_take_effect(desired: Definition | None) -> None:
    """No second create is sent and nothing is released before the first one can no longer land."""
    chosen = decide(desired, None, Past(claimed=rerank(), unresolved=True))
    assert chosen.action == Nothing()
    assert isinstance(chosen.problem, Waiting)
    assert chosen.problem.reason is Reason.CREATE_UNRESOLVED


DELETION: dict[str, tuple[Definition | None, Past, Action]] = {
    "nothing was made and nothing is there": (None, Past(), Release()),
    "what was made is gone already": (None, synced(rerank()), Release()),
    "what was made is deleted": (rerank(), synced(rerank()), Delete()),
    "what was made and changed by others since is deleted": (rerank(9), synced(rerank()), Delete()),
    "what a create without answer asked for is deleted": (rerank(), Past(claimed=rerank()), Delete()),
    "what equals such a create is deleted although it may still be under way": (
        rerank(),
        Past(claimed=rerank(), unresolved=True),
        Delete(),
    ),
    "what differs from such a create was made by somebody else": (
        rerank(9),
        Past(claimed=rerank()),
        Release(),
    ),
    "what is of another kind was made by somebody else": (
        embedding(WORD),
        Past(claimed=rerank()),
        Release(),
    ),
    "what this resource has no part in stays": (rerank(), Past(), Release()),
}


@pytest.mark.parametrize(("observed", "past", "action"), DELETION.values(), ids=DELETION)
def test_deletion_is_a_row_like_any_other(observed: Definition | None, past: Past, action: Action) -> None:
    """Only an endpoint that the resource made is deleted; otherwise the resource just goes."""
    assert decide(None, observed, past) == Plan(action)


CONFLICTS: dict[str, tuple[Definition, Past]] = {
    "other settings": (rerank(9), Past()),
    "another model": (rerank(model="m2"), Past()),
    "another kind": (embedding(WORD), Past()),
    "not what the lost create asked for": (rerank(9), Past(claimed=rerank())),
}


@pytest.mark.parametrize(("observed", "past"), CONFLICTS.values(), ids=CONFLICTS)
def test_endpoint_of_somebody_else_is_not_touched(observed: Definition, past: Past) -> None:
    """An endpoint that this resource did not make, and that is not what it wants, is a conflict."""
    chosen = decide(rerank(), observed, past)
    assert chosen.action == Nothing()
    assert isinstance(chosen.problem, Stalled)
    assert chosen.problem.reason is Reason.OWNERSHIP_CONFLICT


def test_conflict_names_what_differs() -> None:
    """The message names the id, and path and both values, or the kind."""
    differs, other = decide(rerank(), rerank(9), Past()), decide(rerank(), embedding(WORD), Past())
    assert differs.problem
    assert other.problem
    assert "'docs'" in differs.problem.message
    assert "/taskSettings/top_n (asked for 3, found 9)" in differs.problem.message
    assert "'openai' and task type 'text_embedding'" in other.problem.message


def test_endpoint_that_equals_the_spec_is_adopted() -> None:
    """Its settings stay, and it is given the secrets of the spec, which nobody can compare."""
    observed = rerank(rate_limit={"requests_per_minute": 10000})
    assert decide(rerank(), observed, Past()) == Plan(Update(Why.ADOPTED, secrets=True))


def test_endpoint_without_secrets_is_adopted_without_a_write() -> None:
    """Where there is nothing to send, nothing is sent."""
    chosen = plan(wish(rerank(), secrets=False), rerank(), Past(), of(V94, "default"), V94)
    assert chosen.action == Nothing()
    assert not chosen.problem


def test_create_whose_answer_was_lost_is_found() -> None:
    """The endpoint is as the lost request asked, so it is ours; the secrets are sent once more, as of the newest spec."""
    past = Past(claimed=rerank())
    assert decide(rerank(), rerank(), past) == Plan(Update(Why.NEW, secrets=True))
    assert decide(rerank(5), rerank(), past).action == Update(
        Why.NEW, task_settings={"top_n": 5}, secrets=True
    )


UPDATES: dict[str, tuple[Definition, Definition, Past, str, Action]] = {
    "all is as it should be": (rerank(), rerank(), synced(rerank()), V94, Nothing()),
    "a default of the server is no difference": (
        rerank(),
        rerank(similarity="cosine"),
        synced(rerank()),
        V94,
        Nothing(),
    ),
    "a rotated secret is sent alone": (
        rerank(),
        rerank(),
        Past(applied=rerank()),
        V94,
        Update(Why.SECRETS, secrets=True),
    ),
    "an edit of the spec sends just what differs": (
        rerank(5),
        rerank(3),
        synced(rerank(3)),
        V94,
        Update(Why.SPEC, task_settings={"top_n": 5}),
    ),
    "edit and rotation go together": (
        rerank(5),
        rerank(3),
        Past(applied=rerank(3)),
        V94,
        Update(Why.SPEC, task_settings={"top_n": 5}, secrets=True),
    ),
    "a setting that an old server ignores is asked for all the same": (
        rerank(model="m2"),
        rerank(model="m1"),
        synced(rerank(model="m1")),
        V94,
        Update(Why.SPEC, service_settings={"model_id": "m2"}),
    ),
    "a nested setting is sent at its place": (
        rerank(rate_limit={"requests_per_minute": 5}),
        rerank(rate_limit={"requests_per_minute": 9}),
        synced(rerank(rate_limit={"requests_per_minute": 9})),
        V94,
        Update(Why.SPEC, service_settings={"rate_limit": {"requests_per_minute": 5}}),
    ),
    "a removed setting cannot be cleared before 9.5": (
        Definition("rerank", "cohere", {"model_id": "m1"}),
        rerank(),
        synced(rerank()),
        V94,
        Nothing(),
    ),
    "a removed setting is cleared by null from 9.5 on": (
        Definition("rerank", "cohere", {"model_id": "m1"}),
        rerank(),
        synced(rerank()),
        V95,
        Update(Why.SPEC, task_settings={"top_n": None}),
    ),
    "a removed setting that somebody changed since is theirs": (
        Definition("rerank", "cohere", {"model_id": "m1"}),
        rerank(9),
        synced(rerank(3)),
        V95,
        Nothing(),
    ),
    "other chunking cannot be asked for before 9.5": (
        embedding(WORD),
        embedding(SENTENCE),
        synced(embedding(SENTENCE)),
        V94,
        Nothing(),
    ),
    "other chunking is sent whole from 9.5 on": (
        embedding({**WORD, "overlap": 7}),
        embedding(WORD),
        synced(embedding(WORD)),
        V95,
        Update(Why.SPEC, chunking_settings={**WORD, "overlap": 7}),
    ),
    "chunking that is asked for no longer has nothing that could be sent": (
        embedding({}),
        embedding(WORD),
        synced(embedding(WORD)),
        V95,
        Nothing(),
    ),
    "another service cannot be asked for": (
        rerank(),
        embedding(WORD),
        synced(embedding(WORD)),
        V95,
        Nothing(),
    ),
}


@pytest.mark.parametrize(("desired", "observed", "past", "version", "action"), UPDATES.values(), ids=UPDATES)
def test_present_endpoint_gets_only_what_it_lacks(
    desired: Definition, observed: Definition, past: Past, version: str, action: Action
) -> None:
    """Of an endpoint that is ours, just those settings are sent that differ and that this version can change."""
    assert decide(desired, observed, past, version) == Plan(action)


def test_what_others_changed_is_put_back_and_told() -> None:
    """The spec has not changed since it was applied, so somebody else has changed the endpoint: drift."""
    changed = Difference("/taskSettings/top_n", 3, 9)
    chosen = decide(rerank(3), rerank(9), synced(rerank(3)))
    put_back = Update(Why.DRIFT, task_settings={"top_n": 3})
    assert chosen == Plan(put_back, drift=(changed,), corrects=frozenset({"/taskSettings/top_n"}))


def test_setting_that_others_removed_is_put_back() -> None:
    """A setting that is gone is drift like one that differs."""
    observed = Definition("rerank", "cohere", {"model_id": "m1"})
    chosen = decide(rerank(3), observed, synced(rerank(3)))
    assert chosen.action == Update(Why.DRIFT, task_settings={"top_n": 3})
    assert chosen.drift == (Difference("/taskSettings/top_n", 3, ABSENT),)


def test_edit_and_drift_at_once_are_told_apart() -> None:
    """Both are sent in one request, and only the foreign change counts as drift."""
    chosen = decide(rerank(5, size=1), rerank(3, size=2), synced(rerank(3, size=1)))
    assert chosen.action == Update(Why.DRIFT, service_settings={"size": 1}, task_settings={"top_n": 5})
    assert [d.path for d in chosen.drift] == ["/serviceSettings/size"]


def test_chunking_that_an_update_reset_is_no_drift_and_not_asked_for() -> None:
    """Before 9.4 any update resets it, ours too; nobody has changed it, and no update can put it back."""
    reset = embedding(AFTER_RESET)
    assert decide(embedding(WORD), reset, synced(embedding(WORD)), V819) == Plan()
    assert decide(embedding(WORD), reset, synced(embedding(WORD)), V94).drift


def test_drift_in_an_endpoint_of_another_kind_is_told() -> None:
    """Where nothing can be asked for, the drift is still named."""
    other = Definition("completion", "cohere", {"model_id": "m2"}, {"top_n": 3})
    chosen = decide(rerank(), other, synced(rerank()))
    assert chosen.action == Nothing()
    assert [d.path for d in chosen.drift] == ["/taskType"]


M2 = Ignored("/serviceSettings/model_id", '"m2"', V94)
ASK = Update(Why.SPEC, service_settings={"model_id": "m2"})
IGNORED: dict[str, tuple[Ignored, str, Action]] = {
    "what was ignored is not asked for again": (M2, V94, Nothing()),
    "another version is asked again": (M2, V95, ASK),
    "another value is asked for": (Ignored(M2.path, '"m3"', V94), V94, ASK),
    "another path is asked for": (Ignored("/serviceSettings/url", '"m2"', V94), V94, ASK),
}


@pytest.mark.parametrize(("before", "version", "action"), IGNORED.values(), ids=IGNORED)
def test_ignored_setting_is_asked_for_once(before: Ignored, version: str, action: Action) -> None:
    """What a version ignored with 200 is not sent again until value or version changes."""
    past = synced(rerank(model="m1"), ignored=[before])
    assert decide(rerank(model="m2"), rerank(model="m1"), past, version).action == action

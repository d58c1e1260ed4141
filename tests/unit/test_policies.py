"""What each policy allows the plan to do, as tables, and what is told of what it leaves."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.capabilities import of
from inference_operator.endpoint import ABSENT, Definition, Difference
from inference_operator.errors import Reason
from inference_operator.findings import (
    AFTER_RESET,
    AdoptionPolicy,
    DriftPolicy,
    Ignored,
    Past,
    ReplacePolicy,
)
from inference_operator.plan import Action, Create, Nothing, Plan, Reassure, Replace, Update, Why, plan
from inference_operator.verification import Verified, refused, verify, verify_created
from unit.wishes import SENTENCE, V94, V95, V819, WORD, embedding, rerank, synced, wish

M2 = Ignored("/serviceSettings/model_id", '"m2"', V94)
CREATED_SO = replace(M2, by_create=True)
TOP = "/taskSettings/top_n"


def decide(
    desired: Definition, observed: Definition | None, past: Past, version: str = V94, **policies: Any
) -> Plan:
    """The plan under these policies."""
    wanted = replace(wish(desired), **policies)
    return plan(wanted, observed, past, of(version, "default"), version)


def check(
    desired: Definition, observed: Definition, past: Past, version: str = V94, **policies: Any
) -> Verified:
    """What is still wrong under these policies."""
    wanted = replace(wish(desired), **policies)
    return verify(wanted, observed, past, of(version, "default"), version)


# Replacing

REPLACED: dict[str, tuple[Definition, Definition, Past, str, list[str]]] = {
    "a setting that was ignored before": (
        rerank(model="m2"),
        rerank(model="m1"),
        synced(rerank(model="m1"), ignored=[M2]),
        V94,
        ["/serviceSettings/model_id"],
    ),
    "a setting that this version cannot clear": (
        Definition("rerank", "cohere", {"model_id": "m1"}),
        rerank(),
        synced(rerank()),
        V94,
        [TOP],
    ),
    "chunking that this version cannot change": (
        embedding({**WORD, "overlap": 7}),
        embedding(WORD),
        synced(embedding(WORD)),
        V94,
        ["/chunkingSettings/overlap"],
    ),
    "chunking that an update has reset": (
        embedding(SENTENCE),
        embedding(AFTER_RESET),
        synced(embedding(SENTENCE)),
        V819,
        ["/chunkingSettings/strategy", "/chunkingSettings/sentence_overlap"],
    ),
    "another service": (
        rerank(),
        embedding(WORD),
        synced(embedding(WORD)),
        V94,
        ["/service", "/taskType"],
    ),
    "first secrets of what was made without": (
        rerank(),
        rerank(),
        replace(synced(rerank()), secretless=True, secrets_changed=True),
        V94,
        ["/serviceSettings/api_key"],
    ),
    "a secret that is given no more": (
        rerank(),
        rerank(),
        replace(synced(rerank()), secrets=frozenset({"/serviceSettings/other_key"})),
        V94,
        ["/serviceSettings/other_key"],
    ),
}


@pytest.mark.parametrize(("desired", "observed", "past", "version", "paths"), REPLACED.values(), ids=REPLACED)
def test_what_cannot_be_had_in_place_is_replaced_if_the_policy_allows_it(
    desired: Definition, observed: Definition, past: Past, version: str, paths: list[str]
) -> None:
    """And is not, if it does not."""
    chosen = decide(desired, observed, past, version, replacement=ReplacePolicy.WHEN_UNUSED)
    assert isinstance(chosen.action, Replace)
    assert {d.path for d in chosen.action.because} >= set(paths)
    assert not isinstance(decide(desired, observed, past, version).action, Replace)


NOT_REPLACED: dict[str, tuple[Definition, Definition, Past, Action]] = {
    "what not even a create took over": (
        rerank(model="m2"),
        rerank(model="m1"),
        synced(rerank(model="m2"), ignored=[CREATED_SO]),
        Nothing(),
    ),
    "what has not been asked for yet": (
        rerank(model="m2"),
        rerank(model="m1"),
        synced(rerank(model="m1")),
        Update(Why.SPEC, service_settings={"model_id": "m2"}),
    ),
    "what is as desired": (rerank(), rerank(), synced(rerank()), Nothing()),
}


@pytest.mark.parametrize(("desired", "observed", "past", "action"), NOT_REPLACED.values(), ids=NOT_REPLACED)
def test_replace_is_not_for(desired: Definition, observed: Definition, past: Past, action: Action) -> None:
    """A replace that cannot help would be repeated for ever."""
    assert decide(desired, observed, past, replacement=ReplacePolicy.FORCE).action == action


def test_rotation_is_not_held_up_by_a_replace_that_is_not_possible() -> None:
    """What can be done in place goes with the plan of a replace."""
    past = replace(synced(rerank(model="m1"), ignored=[M2]), secrets_changed=True)
    chosen = decide(rerank(5, model="m2"), rerank(model="m1"), past, replacement=ReplacePolicy.WHEN_UNUSED)
    assert isinstance(chosen.action, Replace)
    assert chosen.action.in_place == Update(Why.SPEC, task_settings={"top_n": 5}, secrets=True)


def test_second_half_of_a_replace_is_a_create_whatever_the_drift_policy() -> None:
    """It was this resource that deleted the endpoint."""
    past = synced(rerank(), claimed=rerank(9), replacing=True)
    assert decide(rerank(9), None, past, drift=DriftPolicy.WARN).action == Create(Why.REPLACED)


def test_what_a_create_did_not_take_over_is_remembered_as_such() -> None:
    """No further request will bring it."""
    verified = verify_created(wish(rerank(model="m2")), rerank(model="m1"), V94)
    assert verified.problem
    assert (verified.problem.reason, verified.ignored) == (Reason.UPDATE_NOT_APPLIED, (CREATED_SO,))
    later = check(rerank(model="m2"), rerank(model="m1"), synced(rerank(), ignored=[CREATED_SO]))
    assert later.ignored == (CREATED_SO,)


def test_setting_that_is_refused_by_name_is_left_out_and_remembered() -> None:
    """The rest can be asked for without it, and a replace is what it needs."""
    limit = "/serviceSettings/rate_limit/requests_per_minute"
    because = Difference("/serviceSettings/model_id", "m2", "m1"), Difference(limit, 5, 3)
    update = Update(Why.SPEC, because=because)
    (found,) = refused(update, ["model_id"], V95)
    assert (found.path, found.refused) == ("/serviceSettings/model_id", True)
    assert [i.path for i in refused(update, ["rate_limit"], V95)] == [limit]
    assert len(refused(update, ["service_settings"], V95)) == 2
    assert refused(update, ["bogus"], V95) == []
    past = replace(synced(rerank(model="m1"), ignored=[found]), secrets_changed=True)
    assert decide(rerank(model="m2"), rerank(model="m1"), past, V95).action == Update(
        Why.SECRETS, secrets=True
    )
    verified = check(rerank(model="m2"), rerank(model="m1"), past, V95)
    assert verified.problem
    assert verified.problem.reason is Reason.REPLACE_REQUIRED
    assert verified.ignored == (found,)


# Drift


@pytest.mark.parametrize("policy", [DriftPolicy.WARN, DriftPolicy.IGNORE])
def test_drift_is_left_where_it_is_not_to_be_corrected(policy: DriftPolicy) -> None:
    """It is no problem, and told under Warn alone."""
    past, edited = synced(rerank(3)), Difference(TOP, 3, 9)
    assert decide(rerank(3), rerank(9), past, drift=policy).action == Nothing()
    verified = check(rerank(3), rerank(9), past, drift=policy)
    assert verified.problem is None
    assert list(verified.left) == ([edited] if policy is DriftPolicy.WARN else [])


def test_what_the_user_changes_is_applied_beside_a_drift_that_is_left() -> None:
    """Only the path that somebody else has changed is left alone."""
    chosen = decide(rerank(5, size=1), rerank(3, size=2), synced(rerank(3, size=1)), drift=DriftPolicy.WARN)
    assert chosen.action == Update(Why.SPEC, task_settings={"top_n": 5})


@pytest.mark.parametrize("policy", [DriftPolicy.WARN, DriftPolicy.IGNORE])
def test_endpoint_that_somebody_deleted_is_not_created_again(policy: DriftPolicy) -> None:
    """Unless a create of ours was under way."""
    chosen = decide(rerank(), None, synced(rerank()), drift=policy)
    assert chosen.problem
    assert chosen.problem.reason is Reason.ENDPOINT_MISSING
    assert decide(rerank(), None, synced(rerank(), claimed=rerank()), drift=policy).action == Create(
        Why.DRIFT
    )
    assert decide(rerank(), None, Past(), drift=policy).action == Create(Why.NEW)


def test_disputed_setting_is_put_back_no_more_and_the_rest_goes_on() -> None:
    """The problem names both values."""
    past = synced(rerank(3, size=1), disputed=frozenset({TOP}))
    chosen = decide(rerank(3, size=5), rerank(9, size=1), past)
    assert chosen.action == Update(Why.SPEC, service_settings={"size": 5})
    verified = check(rerank(3, size=1), rerank(9, size=1), past)
    assert verified.problem
    assert verified.problem.reason is Reason.TUG_OF_WAR
    assert f"{TOP} (asked for 3, found 9)" in verified.problem.message


def test_endpoint_that_is_deleted_again_and_again_is_created_no_more() -> None:
    """That is a dispute about the endpoint itself."""
    chosen = decide(rerank(), None, synced(rerank(), disputed=frozenset({""})))
    assert chosen.problem
    assert chosen.problem.reason is Reason.TUG_OF_WAR


# Adopting

ADOPTED: dict[str, tuple[AdoptionPolicy, Definition, Action | None]] = {
    "Match takes what is equal": (AdoptionPolicy.MATCH, rerank(), Update(Why.ADOPTED, secrets=True)),
    "Match leaves what differs": (AdoptionPolicy.MATCH, rerank(9), None),
    "Never leaves what is equal": (AdoptionPolicy.NEVER, rerank(), None),
    "Overwrite changes what differs": (
        AdoptionPolicy.OVERWRITE,
        rerank(9),
        Update(Why.ADOPTED, task_settings={"top_n": 3}, secrets=True),
    ),
    "Overwrite takes what is of another kind, and can change nothing in place": (
        AdoptionPolicy.OVERWRITE,
        embedding(WORD),
        Nothing(),
    ),
}


@pytest.mark.parametrize(("policy", "observed", "action"), ADOPTED.values(), ids=ADOPTED)
def test_adoption(policy: AdoptionPolicy, observed: Definition, action: Action | None) -> None:
    """What is not taken over is a conflict."""
    chosen = decide(rerank(), observed, Past(), adoption=policy)
    if action is None:
        assert chosen.problem
        assert chosen.problem.reason is Reason.OWNERSHIP_CONFLICT
    else:
        assert (chosen.action, chosen.problem) == (action, None)


HARM: dict[str, tuple[str, Definition, bool]] = {
    "9.4 keeps the chunking settings": (V94, embedding(WORD), True),
    "8.19 would reset them": (V819, embedding(WORD), False),
    "8.19 has none to reset": (V819, rerank(), True),
    "8.19 has reset them already": (V819, embedding(AFTER_RESET), True),
    "8.19 has its own, which nobody chose": (V819, embedding(SENTENCE), True),
}


@pytest.mark.parametrize(("version", "observed", "sent"), HARM.values(), ids=HARM)
def test_secrets_are_sent_after_an_adoption_where_that_is_harmless(
    version: str, observed: Definition, sent: bool
) -> None:
    """The endpoint has the secrets of whoever made it."""
    desired = replace(observed, chunking_settings={})
    action = decide(desired, observed, Past(secrets_unsent=True), version).action
    assert action == (Update(Why.ADOPTED, secrets=True) if sent else Nothing())


# Sending secrets again

DUE: dict[str, tuple[Past, str, Action]] = {
    "it is time": (synced(rerank(), secrets_due=True), V94, Reassure()),
    "it is not yet time": (synced(rerank()), V94, Nothing()),
    "it would cost something": (synced(rerank(), secrets_due=True), V819, Nothing()),
    "they are sent anyway": (
        replace(synced(rerank(), secrets_due=True), secrets_changed=True),
        V94,
        Update(Why.SECRETS, secrets=True),
    ),
}


@pytest.mark.parametrize(("past", "version", "action"), DUE.values(), ids=DUE)
def test_secrets_are_sent_again(past: Past, version: str, action: Action) -> None:
    """Now and then, and only where a version sees by itself that nothing has changed."""
    assert decide(rerank(), rerank(), past, version).action == action


def test_value_is_sent_whole() -> None:
    """A server may replace an object, so that its other members would be lost; what is to go is null."""
    before = rerank(limit={"a": 1, "b": 2, "c": 3})
    chosen = decide(rerank(limit={"a": 1, "b": 5}), before, synced(before), V95)
    assert chosen.action == Update(Why.SPEC, service_settings={"limit": {"a": 1, "b": 5, "c": None}})
    assert ABSENT not in chosen.action.service_settings["limit"].values()

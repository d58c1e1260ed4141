"""The conditions follow from the outcome alone, and every tool that knows kstatus understands them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from inference_operator.api.schema import Condition
from inference_operator.conditions import (
    Type,
    Verdict,
    blocked_deletion,
    find,
    is_ready,
    merge,
    of_connection,
    of_endpoint,
    timestamp,
)
from inference_operator.errors import (
    ABOUT_CONNECTION,
    ABOUT_SECRETS,
    Reason,
    ReconcileError,
    Stalled,
    Transient,
    Waiting,
)
from testbed import kstatus
from unit.samples import NOW

LATER = NOW + timedelta(minutes=1)
KINDS = (Stalled, Waiting, Transient)


def problems(reason: Reason) -> list[ReconcileError]:
    """A problem of each kind for this reason."""
    return [kind(reason, "what to do") for kind in KINDS]


def table(verdicts: Sequence[Verdict | Condition]) -> dict[str, str]:
    """Types and states in short, such as `Ready: False`."""
    words = {True: "True", False: "False", None: "Unknown"}
    return {v.type: v.status if isinstance(v, Condition) else words[v.status] for v in verdicts}


def check(conditions: Sequence[Condition], *, generation: int = 7, deleting: bool = False) -> None:
    """Hold the conditions against the rules of kstatus."""
    metadata = {"generation": generation, **({"deletionTimestamp": timestamp(NOW)} if deleting else {})}
    kstatus.check({"metadata": metadata, "status": {"conditions": [c.dump() for c in conditions]}})
    assert {c.observed_generation for c in conditions} == {generation}


def first(verdicts: Sequence[Verdict]) -> list[Condition]:
    """The conditions of an object that had none."""
    return merge([], verdicts, 7, NOW)


@pytest.mark.parametrize("reason", Reason)
def test_every_outcome_obeys_kstatus(reason: Reason) -> None:
    """Ready is always there, Reconciling and Stalled never both, and abnormal conditions only while true."""
    for problem in problems(reason):
        check(first(of_endpoint(problem)))
        check(first(of_endpoint(problem, keeps_serving=True)))
        check(first(of_connection(problem)))


@pytest.mark.parametrize("reason", Reason)
def test_only_who_waits_for_a_person_is_stalled(reason: Reason) -> None:
    """Stalled says that a person must act; whatever passes by itself is Reconciling."""
    for problem in problems(reason):
        for verdicts in (of_endpoint(problem), of_connection(problem)):
            assert (Type.STALLED in table(verdicts)) == isinstance(problem, Stalled)
            assert (Type.RECONCILING in table(verdicts)) != isinstance(problem, Stalled)


@pytest.mark.parametrize("reason", Reason)
def test_summary_says_why(reason: Reason) -> None:
    """Reason and message of the problem are those of Ready."""
    for problem in problems(reason):
        ready = Verdict(Type.READY, False, reason, "what to do")
        assert of_endpoint(problem)[0] == ready
        assert of_connection(problem)[0] == ready


def test_all_is_well_with_an_endpoint() -> None:
    """Ready says it in the words it is given, and every step is true."""
    verdicts = of_endpoint(None, synced="as asked")
    check(first(verdicts))
    assert verdicts[0] == Verdict(Type.READY, True, Reason.SYNCED, "as asked")
    assert table(verdicts) == dict.fromkeys(
        ["Ready", "ConnectionReady", "SecretsResolved", "Synced"],
        "True",
    )


def test_all_is_well_with_a_connection() -> None:
    """Ready says it in the words it is given, and every step is true."""
    verdicts = of_connection(None, ready="9.4.3")
    check(first(verdicts))
    assert verdicts[0] == Verdict(Type.READY, True, Reason.CONNECTED, "9.4.3")
    assert table(verdicts) == dict.fromkeys(
        ["Ready", "Reachable", "Authenticated", "Authorized"],
        "True",
    )


STEPS: dict[str, tuple[ReconcileError, str]] = {
    "the connection fails before the Secrets are looked at": (
        Waiting(Reason.CONNECTION_NOT_READY, ""),
        "False Unknown False",
    ),
    "a Secret is missing": (Waiting(Reason.SECRET_NOT_FOUND, ""), "True False False"),
    "the settings are refused": (Stalled(Reason.INVALID_SETTINGS, ""), "True True False"),
    "the server is overloaded": (Transient(Reason.RATE_LIMITED, ""), "True True False"),
    "the spec contradicts itself, so nothing was looked at": (
        Stalled(Reason.INVALID_SPEC, ""),
        "- - False",
    ),
}


@pytest.mark.parametrize(("problem", "steps"), STEPS.values(), ids=STEPS)
def test_steps_tell_how_far_the_reconcile_came(problem: ReconcileError, steps: str) -> None:
    """What lies before the problem is true, what lies after it unknown."""
    said = table(of_endpoint(problem))
    assert " ".join(said.get(t, "-") for t in ("ConnectionReady", "SecretsResolved", "Synced")) == steps


@pytest.mark.parametrize("reason", sorted(ABOUT_CONNECTION))
def test_trouble_of_the_connection_is_shown_there(reason: Reason) -> None:
    """Whatever is the connection's own makes ConnectionReady false."""
    assert table(of_endpoint(Stalled(reason, "")))["ConnectionReady"] == "False"


@pytest.mark.parametrize("reason", sorted(ABOUT_SECRETS))
def test_trouble_with_secrets_is_shown_there(reason: Reason) -> None:
    """Whatever concerns Secrets makes SecretsResolved false; whether the server can be reached is then not known."""
    assert table(of_endpoint(Waiting(reason, "")))["SecretsResolved"] == "False"
    assert table(of_connection(Waiting(reason, "")))["Reachable"] == "Unknown"


@pytest.mark.parametrize(
    ("reason", "condition"),
    [
        (Reason.REPLACE_REQUIRED, Type.REPLACE_REQUIRED),
        (Reason.OWNERSHIP_CONFLICT, Type.OWNERSHIP_CONFLICT),
    ],
)
def test_problem_with_a_condition_of_its_own_has_it(reason: Reason, condition: Type) -> None:
    """What people wait for or alert on by name is a condition beside Stalled."""
    assert find(first(of_endpoint(Stalled(reason, "m"))), condition)
    assert not find(first(of_endpoint(Stalled(Reason.INVALID_SETTINGS, "m"))), condition)


def test_refused_rotation_leaves_the_endpoint_ready() -> None:
    """The old key serves on, so Ready stays true; Stalled and Synced tell the rest."""
    said = table(of_endpoint(Stalled(Reason.PROVIDER_REFUSED_KEY, "m"), keeps_serving=True))
    assert (said["Ready"], said["Synced"], said["Stalled"]) == ("True", "False", "True")


CONNECTION_STEPS: dict[str, tuple[ReconcileError, str]] = {
    "nothing answers": (Transient(Reason.UNREACHABLE, ""), "False Unknown Unknown"),
    "the certificate is not trusted": (Stalled(Reason.TLS_VERIFICATION_FAILED, ""), "False Unknown Unknown"),
    "the credentials are wrong": (Stalled(Reason.UNAUTHORIZED, ""), "True False Unknown"),
    "a privilege is missing": (Stalled(Reason.INSUFFICIENT_PRIVILEGES, ""), "True True False"),
    "it is too old": (Stalled(Reason.UNSUPPORTED_VERSION, ""), "True True True"),
    "it is another cluster": (Stalled(Reason.CLUSTER_CHANGED, ""), "True True True"),
    "the credentials are not there": (Waiting(Reason.SECRET_NOT_FOUND, ""), "Unknown Unknown Unknown"),
    "the spec contradicts itself": (Stalled(Reason.INVALID_SPEC, ""), "Unknown Unknown Unknown"),
}


@pytest.mark.parametrize(("problem", "steps"), CONNECTION_STEPS.values(), ids=CONNECTION_STEPS)
def test_steps_tell_how_far_the_connection_came(problem: ReconcileError, steps: str) -> None:
    """Reachable, authenticated, authorised: the first step that failed is false, later ones are unknown."""
    said = table(of_connection(problem))
    assert " ".join(said[t] for t in ("Reachable", "Authenticated", "Authorized")) == steps


@pytest.mark.parametrize("reason", Reason)
def test_blocked_deletion_obeys_kstatus(reason: Reason) -> None:
    """Whatever was said before: a deletion that waits is told as such, and is neither Stalled nor Reconciling."""
    for problem in [None, *problems(reason)]:
        for said in (first(of_endpoint(problem)), first(of_connection(problem))):
            after = merge(said, blocked_deletion(said, Waiting(reason, "pipeline p")), 7, LATER)
            check(after, deleting=True)
            assert not {Type.STALLED, Type.RECONCILING} & table(after).keys()
            blocked = find(after, Type.DELETION_BLOCKED)
            assert blocked
            assert (blocked.reason, blocked.message) == (reason, "pipeline p")


def test_blocked_deletion_keeps_what_was_known() -> None:
    """Everything but progress stays as it was, word for word."""
    before = first(of_endpoint(None, synced="well"))
    after = merge(before, blocked_deletion(before, Stalled(Reason.CREDENTIALS_GONE, "m")), 7, LATER)
    assert after[:-1] == before


def test_blocked_deletion_says_ready_although_nothing_was_said_before() -> None:
    """Ready is always there, also where the operator ended before its first word about the object."""
    check(first(blocked_deletion([], Waiting(Reason.IN_USE, "m"))), deleting=True)


def test_blocked_deletion_drops_what_it_does_not_know() -> None:
    """A condition of somebody else, or with a reason of an older version, is no reason to stumble."""
    (known,) = first([Verdict(Type.SYNCED, True, Reason.SYNCED)])
    strange = [
        known.model_copy(update=update)
        for update in ({"type": "Cute"}, {"reason": "Outdated"}, {"type": "Ready", "status": "Perhaps"})
    ]
    verdicts = blocked_deletion(strange, Waiting(Reason.IN_USE, "m"))
    assert table(verdicts) == {"Ready": "Unknown", "DeletionBlocked": "True"}


def test_transition_time_moves_only_with_the_status() -> None:
    """New reason, message and generation leave it alone; a new status moves it."""
    before = merge([], of_endpoint(Transient(Reason.TIMED_OUT, "one")), 7, NOW)
    same = merge(before, of_endpoint(Stalled(Reason.INVALID_SETTINGS, "two")), 8, LATER)
    ready = find(same, Type.READY)
    assert ready
    assert (ready.reason, ready.message, ready.observed_generation) == (Reason.INVALID_SETTINGS, "two", 8)
    assert ready.last_transition_time == timestamp(NOW)
    well = find(merge(same, of_endpoint(None), 8, LATER), Type.READY)
    assert well
    assert well.last_transition_time == timestamp(LATER)


def test_condition_that_comes_back_is_new() -> None:
    """What was absent meanwhile has changed."""
    stalled = of_endpoint(Stalled(Reason.INVALID_SETTINGS, "m"))
    well = merge(merge([], stalled, 7, NOW), of_endpoint(None), 7, NOW)
    again = find(merge(well, stalled, 7, LATER), Type.STALLED)
    assert again
    assert again.last_transition_time == timestamp(LATER)


def test_same_outcome_gives_equal_conditions() -> None:
    """Nothing new to say means nothing to write."""
    for problem in (None, Stalled(Reason.INVALID_SETTINGS, "m")):
        before = first(of_endpoint(problem))
        assert merge(before, of_endpoint(problem), 7, LATER) == before


def test_passing_trouble_in_other_words_is_no_news() -> None:
    """With `keep_messages` the old words stay while status, reason and generation do."""
    before = first(of_endpoint(Transient(Reason.UNREACHABLE, "refused by 10.0.0.1")))
    words = of_endpoint(Transient(Reason.UNREACHABLE, "refused by 10.0.0.2"))
    assert merge(before, words, 7, LATER, keep_messages=True) == before
    assert merge(before, words, 7, LATER) != before


@pytest.mark.parametrize(
    ("problem", "generation"),
    [(Transient(Reason.TIMED_OUT, "new"), 7), (Transient(Reason.UNREACHABLE, "new"), 8)],
    ids=["another reason", "another generation"],
)
def test_what_is_news_is_told_in_its_own_words(problem: ReconcileError, generation: int) -> None:
    """`keep_messages` keeps nothing beside a new reason or generation."""
    before = first(of_endpoint(Transient(Reason.UNREACHABLE, "old")))
    after = merge(before, of_endpoint(problem), generation, LATER, keep_messages=True)
    ready = find(after, Type.READY)
    assert ready
    assert ready.message == "new"


def test_ready_counts_for_its_generation_only() -> None:
    """What was ready is not ready for a newer spec, and no condition is not ready either."""
    conditions = first(of_endpoint(None))
    assert is_ready(conditions, 7)
    assert not is_ready(conditions, 8)
    assert not is_ready([], 7)
    assert not is_ready(first(of_endpoint(Stalled(Reason.INVALID_SPEC, ""))), 7)


def test_time_is_written_as_kubernetes_does() -> None:
    """Seconds, in UTC."""
    assert timestamp(NOW) == "2026-01-02T03:04:05Z"


def test_drift_that_cannot_be_mended_is_named() -> None:
    """Drifted is there only while somebody else's change stands, and says which settings it is."""
    problem = Stalled(Reason.REPLACE_REQUIRED, "what to do")
    verdicts = of_endpoint(problem, drift=["/chunkingSettings/strategy"])
    check(first(verdicts))
    assert table(verdicts)["Drifted"] == "True"
    assert "/chunkingSettings/strategy" in verdicts[-1].message
    assert Type.DRIFTED not in table(of_endpoint(None))

"""What each phase does to a pair, and what must come of it: by what a version can do, each row one difference."""

from typing import Any

import pytest

from inference_operator.api.v1alpha1 import InferenceEndpointSpec
from inference_operator.errors import Reason
from testbed.builders import Manifest
from testbed.pairs import PAIRS, Pair, secret_values
from testbed.pairs.expectation import Expected, Life, Write
from testbed.pairs.judgement import Seen
from testbed.pairs.matrix import Row
from testbed.pairs.phases import Phase, fixed, merge_patch, updatable
from testbed.pairs.servers import Version
from testbed.pairs.trial import Trial
from testbed.standin.profiles import PROFILES

COHERE = Pair("cohere", "rerank")
SECRET = "the-key"


@pytest.mark.parametrize(
    ("number", "flavor", "profile"),
    [
        pytest.param("9.4.3", "default", "9.4", id="a known one is itself"),
        pytest.param("9.3.1", "default", "9.2", id="an unknown one is the one before it"),
        pytest.param("9.7.0-SNAPSHOT", "default", "9.5", id="a newer one is the newest"),
        pytest.param(
            "8.11.0", "serverless", "serverless", id="a serverless one is serverless, whatever its number"
        ),
    ],
)
def test_version_is_the_newest_known_one_that_is_not_newer(number: str, flavor: str, profile: str) -> None:
    """So that the same suite runs against any server."""
    assert Version.of(number, flavor).profile is PROFILES[profile]


LIMIT = "/serviceSettings/rate_limit/requests_per_minute"


@pytest.mark.parametrize(
    ("pair", "profile", "changed", "not_changed"),
    [
        pytest.param(
            COHERE, "9.4", [LIMIT, "/taskSettings/top_n"], "model_id", id="a limit and a task setting"
        ),
        pytest.param(
            Pair("mistral", "completion"), "9.4", [LIMIT], "model", id="a service without task settings"
        ),
        pytest.param(Pair("deepseek", "completion"), "9.4", [], "model_id", id="a service without either"),
        pytest.param(
            Pair("jinaai", "text_embedding"),
            "8.19",
            [LIMIT, "/taskSettings/input_type"],
            "model_id",
            id="an embedding",
        ),
        pytest.param(
            Pair("elser", "sparse_embedding"),
            "9.5",
            ["/serviceSettings/num_allocations"],
            "num_threads",
            id="a model",
        ),
    ],
)
def test_settings_to_change_are_those_that_the_version_has(
    pair: Pair, profile: str, changed: list[str], not_changed: str
) -> None:
    """One of the service and one of the task; and one that says what the endpoint is."""
    assert [change.path for change in updatable(pair, Version(PROFILES[profile]))] == changed
    assert fixed(pair).path == f"/serviceSettings/{not_changed}"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_every_phase_is_a_valid_spec_that_ends_as_it_should(pair: Pair) -> None:
    """On each version that has the pair, the merge patches of the phases lead from one spec to the next."""
    for profile in PROFILES.values():
        version = Version(profile)
        if not pair.known.offers(pair.task_type, version.release):
            continue
        life = one_life(pair, version)
        spec = dict(life.endpoint.spec)
        for phase in list(Phase)[1:]:
            spec = patched(spec, life.spec_changes(phase))
            assert spec == life.spec(phase).spec
            InferenceEndpointSpec.model_validate(spec)


def one_life(pair: Pair, version: Version) -> Life:
    """The endpoint of a pair on a version."""
    return Life(pair, version, pair.endpoint("x", "provider"), ALL_SECRETS)


ALL_SECRETS = secret_values("provider", SECRET, "https://provider.example")


def patched(value: Any, patch: Any) -> Any:
    """What RFC 7386 makes of a value."""
    if not isinstance(patch, dict):
        return patch
    kept = {key: old for key, old in value.items() if key not in patch}
    return kept | {key: patched(value.get(key, {}), new) for key, new in patch.items() if new is not None}


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        pytest.param({"a": 1}, {"a": 1}, {}, id="what is equal is left out"),
        pytest.param({"a": 1}, {}, {"a": None}, id="what goes is null"),
        pytest.param(
            {"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, {"a": {"b": 3}}, id="objects are entered"
        ),
        pytest.param({"a": [1, 2]}, {"a": [2]}, {"a": [2]}, id="lists are whole"),
    ],
)
def test_merge_patch_holds_only_what_differs(before: Manifest, after: Manifest, patch: Manifest) -> None:
    """As a user would send it."""
    assert merge_patch(before, after) == patch


EMBEDDING = Pair("mistral", "text_embedding")
BEFORE: Manifest = {
    "service_settings": {"model": "m", "rate_limit": {"requests_per_minute": 240}},
    "chunking_settings": {"strategy": "sentence"},
}
KEY_PART = {"api_key": SECRET}
LIMITED: Manifest = {"rate_limit": {"requests_per_minute": 7}}
RESET = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}


@pytest.mark.parametrize(
    ("profile", "phase", "write", "changes", "reason"),
    [
        pytest.param("9.4", Phase.RESYNC, None, {}, Reason.SYNCED, id="a resync writes nothing"),
        pytest.param(
            "9.4",
            Phase.ROTATE,
            Write("_update", {"service_settings": KEY_PART}),
            {},
            Reason.SYNCED,
            id="a rotation on 9.4",
        ),
        pytest.param(
            "8.19",
            Phase.ROTATE,
            Write("_update", {"service_settings": KEY_PART}),
            {"chunking_settings": RESET},
            Reason.SYNCED,
            id="a rotation resets the chunking before 9.4",
        ),
        pytest.param(
            "9.4",
            Phase.UPDATE,
            Write("_update", {"service_settings": LIMITED | KEY_PART}),
            {},
            Reason.UPDATE_NOT_APPLIED,
            id="a limit that is ignored, with the secret that 9.4 needs",
        ),
        pytest.param(
            "9.5",
            Phase.UPDATE,
            Write("_update", {"service_settings": LIMITED}),
            {"service_settings": {"model": "m", **LIMITED}},
            Reason.SYNCED,
            id="a limit that is taken over, without the secret",
        ),
        pytest.param(
            "9.4",
            Phase.FIXED,
            Write("_update", {"service_settings": {"model": "another", **KEY_PART}}),
            {},
            Reason.UPDATE_NOT_APPLIED,
            id="another model is ignored by 9.4",
        ),
        pytest.param(
            "9.5",
            Phase.FIXED,
            Write("_update", {"service_settings": {"model": "another"}}, accepted=False),
            {},
            Reason.REPLACE_REQUIRED,
            id="another model is refused by 9.5",
        ),
        pytest.param(
            "9.4", Phase.AGAIN, None, {}, Reason.UPDATE_NOT_APPLIED, id="what was ignored is not asked again"
        ),
        pytest.param(
            "9.4", Phase.UNDO, None, {}, Reason.SYNCED, id="undoing what was ignored needs no request"
        ),
        pytest.param(
            "9.4", Phase.DRIFT, Write("PUT"), {}, Reason.SYNCED, id="what was deleted is made again"
        ),
        pytest.param(
            "9.5",
            Phase.DRIFT,
            Write("_update", {"service_settings": LIMITED}),
            {},
            Reason.SYNCED,
            id="what was edited is put back",
        ),
    ],
)
def test_expectation_follows_from_what_the_version_can_do(
    profile: str, phase: Phase, write: Write | None, changes: Manifest, reason: Reason
) -> None:
    """The request in the form that the version needs, what is stored after it, and what the resource says."""
    found = one_life(EMBEDDING, Version(PROFILES[profile])).expected(phase, {Phase.CREATE: BEFORE})
    assert found.writes == ((write,) if write else ())
    assert found.stored == {**BEFORE, **changes}
    assert found.reason is reason


def test_custom_service_changes_its_url_where_the_version_can_and_back() -> None:
    """The one service of which 9.5 changes nearly everything."""
    life = one_life(Pair("custom", "rerank"), Version(PROFILES["9.5"]))
    stored = {"service_settings": {"url": "https://provider.example/rerank"}}
    changed = life.expected(Phase.FIXED, {Phase.UPDATE: stored})
    assert (changed.reason, changed.not_applied, life.letter(Phase.FIXED)) == (
        Reason.SYNCED,
        frozenset(),
        "I",
    )
    undone = life.expected(Phase.UNDO, {Phase.AGAIN: changed.stored})
    assert undone.stored == stored
    assert [write.verb for write in undone.writes] == ["_update"]


def test_deletion_leaves_nothing() -> None:
    """One request, one write to Kubernetes: that takes the finalizer away."""
    found = one_life(COHERE, Version(PROFILES["9.4"])).expected(Phase.DELETE, {Phase.CREATE: BEFORE})
    assert found == Expected(None, (Write("DELETE"),), kubernetes=1)


@pytest.mark.parametrize(
    ("pair", "profile", "letters"),
    [
        pytest.param(COHERE, "9.4", "CNRUiABDX", id="all taken over but what cannot be"),
        pytest.param(COHERE, "8.19", "CNRuiABDX", id="a limit ignored, a task setting taken over"),
        pytest.param(
            EMBEDDING, "9.4", "CNRuiABGX", id="nothing taken over, so nothing that somebody could edit"
        ),
        pytest.param(Pair("elser", "sparse_embedding"), "9.4", "CN-UiABDX", id="no secret to rotate"),
        pytest.param(Pair("custom", "rerank"), "9.5", "CNRUIABDX", id="everything taken over"),
        pytest.param(Pair("contextualai", "rerank"), "8.19", "cN------X", id="a pair that the version lacks"),
    ],
)
def test_row_has_a_letter_for_each_phase(pair: Pair, profile: str, letters: str) -> None:
    """Small letters where the version cannot, and says so."""
    row = one_row(pair, profile)
    for phase in Phase:
        row.note(phase, NOTHING_SEEN, [])
    assert row.letters == letters


def one_row(pair: Pair, profile: str) -> Row:
    """The row of a pair on a version."""
    version = Version(PROFILES[profile])
    return Row(Trial(pair, pair.endpoint("x", "provider"), version.release), one_life(pair, version))


NOTHING_SEEN = Seen(None, None)


def test_row_is_not_judged_after_a_mistake() -> None:
    """What follows from it would only hide it."""
    row = one_row(COHERE, "9.4")
    row.note(Phase.CREATE, NOTHING_SEEN, row.judge(Phase.RESYNC, Seen(None, BEFORE)))
    row.skip()
    assert (row.letters, row.lives) == ("!?", False)
    assert row.faults[0] == "cohere-rerank: create: not looked at"


def test_row_of_a_pair_that_the_version_lacks_is_judged_where_there_is_something_to_judge() -> None:
    """It must not be stored, and go when it is deleted; in between it has no part in what is changed."""
    row = one_row(Pair("contextualai", "rerank"), "8.19")
    assert row.judge(Phase.UPDATE, NOTHING_SEEN) == []
    assert row.judge(Phase.DELETE, NOTHING_SEEN) == []
    assert row.judge(Phase.DELETE, Seen(None, BEFORE)) == ["stored"]
    assert not row.lives

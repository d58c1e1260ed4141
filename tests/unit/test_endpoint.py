"""When two definitions of an endpoint are equal, and the small tools that find and move single settings."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.v1alpha1 import InferenceEndpointSpec
from inference_operator.endpoint import (
    ABSENT,
    Definition,
    Difference,
    definition_from_answer,
    definition_of,
    differences,
    equal,
    escape,
    leaves,
    made_true,
    removed,
    same_kind,
    segments,
    shown,
    value_at,
    without,
)
from unit.recorded_answers import Created, created


def definition(
    service: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    chunking: Mapping[str, Any] | None = None,
) -> Definition:
    """An endpoint of a hosted service with these settings."""
    return Definition("text_embedding", "openai", service or {}, task or {}, chunking or {})


def in_cluster(**settings: Any) -> Definition:
    """An endpoint of a model that runs in the cluster."""
    return Definition("sparse_embedding", "elasticsearch", settings)


@pytest.mark.parametrize("case", list(created()), ids=lambda case: case.note)
def test_recorded_answer_is_what_was_asked_for(case: Created) -> None:
    """Whatever the real server added, took out or wrote in another way: it is the same endpoint."""
    secrets = frozenset({"/serviceSettings/api_key", "/serviceSettings/secret_parameters"})
    asked = without(definition_from_answer({"task_type": case.task_type, **case.asked}), secrets)
    answer = definition_from_answer(case.answer)
    assert same_kind(asked, answer)
    assert differences(asked, answer) == []


NORMALISED: dict[str, tuple[str, Any, Any, bool]] = {
    "equal words are equal": ("/serviceSettings/model_id", "m1", "m1", True),
    "other words are not": ("/serviceSettings/model_id", "m1", "m2", False),
    "case matters": ("/serviceSettings/model_id", "M1", "m1", False),
    "case of an enumerated word does not": ("/taskSettings/truncate", "NONE", "none", True),
    "nor where it comes back in capitals": ("/serviceSettings/provider", "amazontitan", "AMAZONTITAN", True),
    "other enumerated words differ": ("/taskSettings/truncate", "END", "none", False),
    "an enumerated word is no number": ("/serviceSettings/similarity", "1", 1, False),
    "numbers are compared by value": ("/serviceSettings/x", 1, 1.0, True),
    "other numbers differ": ("/serviceSettings/x", 1, 2, False),
    "true is not one": ("/serviceSettings/x", True, 1, False),
    "zero is not false": ("/serviceSettings/x", 0, False, False),
    "true is true": ("/taskSettings/return_documents", True, True, True),
    "true is not false": ("/taskSettings/return_documents", True, False, False),
    "a number is not its text": ("/serviceSettings/x", 1, "1", False),
    "lists are compared in order": ("/serviceSettings/x", ["a", "b"], ["b", "a"], False),
    "equal lists are equal": ("/serviceSettings/x", ["a", "b"], ["a", "b"], True),
    "what is missing differs": ("/serviceSettings/x", 1, ABSENT, False),
    "an empty text that is missing differs": ("/serviceSettings/x", "", ABSENT, False),
    "an empty list that is missing differs": ("/serviceSettings/x", [], ABSENT, False),
    "false that is missing differs": ("/serviceSettings/x", False, ABSENT, False),
    "null says nothing": ("/serviceSettings/dimensions", None, ABSENT, True),
    "null takes the default": ("/serviceSettings/dimensions", None, 8, True),
    "null takes a default of true": ("/taskSettings/return_documents", None, True, True),
    "an empty object says nothing": ("/serviceSettings/rate_limit", {}, ABSENT, True),
    "an empty object takes the default": (
        "/serviceSettings/rate_limit",
        {},
        {"requests_per_minute": 3000},
        True,
    ),
}


@pytest.mark.parametrize(("path", "want", "have", "same"), NORMALISED.values(), ids=NORMALISED)
def test_value_is_compared_as_the_server_writes_it(path: str, want: Any, have: Any, same: bool) -> None:
    """What the user wrote equals what the server made of it, and nothing else."""
    assert equal(path, want, have) == same


def test_only_what_the_user_set_is_compared() -> None:
    """Defaults that the server adds are no difference; what it lacks or has otherwise is one."""
    desired = definition({"model_id": "m", "limit": {"a": 1, "b": 2}}, {"user": "u"})
    observed = definition({"model_id": "m", "limit": {"a": 1, "b": 3, "c": 4}, "url": "x"})
    assert differences(desired, observed) == [
        Difference("/serviceSettings/limit/b", 2, 3),
        Difference("/taskSettings/user", "u", ABSENT),
    ]


def test_difference_knows_its_section() -> None:
    """The first segment of the path is the part of the spec."""
    assert Difference("/chunkingSettings/overlap", 1, 2).section == "chunkingSettings"


PLAINTEXT = ["(?<!\\n)\\n\\n(?!\\n)", "(?<!\\n)\\n(?!\\n)"]
GROUPS: dict[str, tuple[Any, list[str], bool]] = {
    "the group that the list stands for": ("plaintext", PLAINTEXT, True),
    "another group than the list stands for": ("markdown", PLAINTEXT, False),
    "a group that is not known here": ("html", PLAINTEXT, True),
    "a group that is no text": (["plaintext"], PLAINTEXT, False),
}


@pytest.mark.parametrize(("group", "separators", "same"), GROUPS.values(), ids=GROUPS)
def test_group_of_separators_is_the_list_that_it_stands_for(
    group: Any, separators: list[str], same: bool
) -> None:
    """The server stores a named group as its list, so the name is never found."""
    desired = definition(chunking={"strategy": "recursive", "separator_group": group})
    observed = definition(chunking={"strategy": "recursive", "separators": separators})
    assert (differences(desired, observed) == []) == same


def test_group_of_separators_where_there_are_none() -> None:
    """Chunking of another strategy has no separators at all, which is a difference."""
    desired = definition(chunking={"separator_group": "plaintext"})
    assert differences(desired, definition(chunking={"strategy": "word"}))


ALLOCATIONS: dict[str, tuple[Definition, bool]] = {
    "a fixed number is compared": (in_cluster(num_allocations=3), False),
    "adaptive allocations move it": (
        in_cluster(num_allocations=3, adaptive_allocations={"enabled": True}),
        True,
    ),
    "adaptive allocations that are off do not": (
        in_cluster(num_allocations=3, adaptive_allocations={"enabled": False}),
        False,
    ),
    "a deployment of somebody else has its own": (in_cluster(num_allocations=3, deployment_id="d"), True),
    "other services have no allocations": (definition({"num_allocations": 3, "deployment_id": "d"}), False),
}


@pytest.mark.parametrize(("observed", "ignored"), ALLOCATIONS.values(), ids=ALLOCATIONS)
def test_number_of_allocations_may_be_the_deployments_own(observed: Definition, ignored: bool) -> None:
    """Where the number moves by itself or belongs to somebody else, it is neither a difference nor a removal."""
    one = Definition(observed.task_type, observed.service, {"num_allocations": 1})
    three = Definition(observed.task_type, observed.service, {"num_allocations": 3})
    none = Definition(observed.task_type, observed.service)
    assert (differences(one, observed) == []) == ignored
    assert (removed(three, none, observed) == []) == ignored


SAME_KIND: dict[str, tuple[str, str, bool]] = {
    "the same service": ("text_embedding", "elasticsearch", True),
    "the old name of a service": ("text_embedding", "elser", True),
    "another service": ("text_embedding", "openai", False),
    "another task type": ("rerank", "elasticsearch", False),
}


@pytest.mark.parametrize(("task_type", "service", "same"), SAME_KIND.values(), ids=SAME_KIND)
def test_kind_is_task_type_and_service(task_type: str, service: str, same: bool) -> None:
    """The server renames a service; everything else must agree."""
    observed = Definition("text_embedding", "elasticsearch")
    assert same_kind(Definition(task_type, service), observed) == same


REMOVED: dict[str, tuple[Any, Any, Any, bool]] = {
    "is no longer asked for and still there": (1, ABSENT, 1, True),
    "is asked for with another value": (1, 2, 1, False),
    "is null now": (1, None, 1, True),
    "is gone already": (1, ABSENT, ABSENT, False),
    "was changed by somebody else": (1, ABSENT, 2, False),
    "was null": (None, ABSENT, 1, False),
    "was empty": ({}, ABSENT, {"a": 1}, False),
    "was a list": (["a"], ABSENT, ["a"], True),
    "was false": (False, ABSENT, False, True),
}


@pytest.mark.parametrize(("applied", "desired", "observed", "found"), REMOVED.values(), ids=REMOVED)
def test_removed_setting(applied: Any, desired: Any, observed: Any, found: bool) -> None:
    """What was applied, is asked for no longer and is still so, must go; anything else is not ours to remove."""

    def having(value: Any) -> Definition:
        return definition({} if value is ABSENT else {"x": value})

    expected = [Difference("/serviceSettings/x", ABSENT, observed)] if found else []
    assert removed(having(applied), having(desired), having(observed)) == expected


WITHOUT: dict[str, tuple[dict[str, Any], set[str], dict[str, Any]]] = {
    "nothing to take out": ({"a": 1}, set(), {"a": 1}),
    "a setting": ({"a": 1, "b": 2}, {"/serviceSettings/a"}, {"b": 2}),
    "a nested setting": ({"a": {"b": 1, "c": 2}}, {"/serviceSettings/a/b"}, {"a": {"c": 2}}),
    "a whole object": ({"a": {"b": 1}, "c": 2}, {"/serviceSettings/a"}, {"c": 2}),
    "an object that becomes empty goes too": ({"a": {"b": {"c": 1}}}, {"/serviceSettings/a/b/c"}, {}),
    "an object that was empty stays": ({"a": {}}, {"/serviceSettings/b"}, {"a": {}}),
    "another section": ({"a": 1}, {"/taskSettings/a"}, {"a": 1}),
    "a key with a slash and a tilde": ({"a/b~": 1, "c": 2}, {"/serviceSettings/a~1b~0"}, {"c": 2}),
    "lists are not entered": ({"a": [{"b": 1}]}, {"/serviceSettings/a/0/b"}, {"a": [{"b": 1}]}),
}


@pytest.mark.parametrize(("before", "paths", "after"), WITHOUT.values(), ids=WITHOUT)
def test_settings_are_taken_out(before: dict[str, Any], paths: set[str], after: dict[str, Any]) -> None:
    """The settings at the paths go, and with them objects that hold nothing else."""
    assert without(definition(before), frozenset(paths)) == definition(after)


def test_settings_are_taken_out_of_every_section() -> None:
    """Also task and chunking settings can hold what must not be compared."""
    given = definition({"a": 1}, {"a": 1}, {"a": 1})
    paths = frozenset({"/serviceSettings/a", "/taskSettings/a", "/chunkingSettings/a"})
    assert without(given, paths) == definition()


@pytest.mark.parametrize(
    ("key", "segment"), [("a", "a"), ("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("", "")]
)
def test_key_in_a_json_pointer(key: str, segment: str) -> None:
    """Slash and tilde are escaped as RFC 6901 has it, and come back."""
    assert escape(key) == segment
    assert segments(f"/serviceSettings/{segment}") == ["serviceSettings", key]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/serviceSettings/a", {"b": 1}),
        ("/serviceSettings/a/b", 1),
        ("/serviceSettings/a/b/c", ABSENT),
        ("/serviceSettings/c", ABSENT),
        ("/serviceSettings/d", None),
        ("/taskSettings/e/0", ABSENT),
        ("/chunkingSettings/x", ABSENT),
    ],
)
def test_value_at_a_path(path: str, value: Any) -> None:
    """Objects are entered, lists are not; null is a value."""
    assert value_at(definition({"a": {"b": 1}, "d": None}, {"e": [1]}), path) == value


TRUE: dict[str, tuple[Any, Any, Any, set[str], Any]] = {
    # what is desired, observed and was applied, what was asked for just now, and what counts as applied then
    "what became so counts": ({"a": 2, "b": 2}, {"a": 2, "b": 1}, {"a": 1, "b": 1}, {"a"}, {"a": 2, "b": 1}),
    "what was ignored counts as before": ({"a": 2}, {"a": 1}, {"a": 1}, {"a"}, {"a": 1}),
    "what was not asked for counts as before": ({"a": 2, "b": 2}, {"a": 2}, {"b": 1}, {"b"}, {"b": 1}),
    "what could not be removed counts as before": ({}, {"a": 1}, {"a": 1}, set(), {"a": 1}),
    "what was never there does not count": ({"a": 1, "b": 1}, {"a": 1}, None, set(), {"a": 1}),
    "an object may take the place of null": (
        {"a": {"b": 1}, "c": 1},
        {"a": {"b": 1}},
        {"a": None},
        {"a/b"},
        {"a": {"b": 1}},
    ),
}


@pytest.mark.parametrize(("desired", "observed", "applied", "asked", "true"), TRUE.values(), ids=TRUE)
def test_only_what_was_made_so_counts_as_applied(
    desired: Any, observed: Any, applied: Any, asked: set[str], true: Any
) -> None:
    """As long as something is wrong, the record keeps what was applied before, and adds what took effect."""
    before = definition(applied) if applied is not None else None
    paths = frozenset(f"/serviceSettings/{path}" for path in asked)
    assert made_true(definition(desired), definition(observed), before, paths) == definition(true)


def test_what_counts_as_applied_is_a_copy() -> None:
    """The record of before is not changed under the feet of those who hold it."""
    applied = definition({"a": {"b": 1}})
    made_true(
        definition({"a": {"b": 2}}), definition({"a": {"b": 2}}), applied, frozenset({"/serviceSettings/a/b"})
    )
    assert applied == definition({"a": {"b": 1}})


def test_long_values_are_cut_in_messages() -> None:
    """Nobody reads a whole template in a message; 80 characters tell which one it is."""
    assert shown("x" * 78) == '"' + "x" * 78 + '"'
    assert shown("x" * 79) == '"' + "x" * 78 + "…"
    assert shown(ABSENT) == "absent"
    assert shown({"b": 1, "a": "ü"}) == '{"a": "ü", "b": 1}'


def test_definition_of_a_spec_holds_what_the_spec_says() -> None:
    """Sections go over as they are."""
    spec = {
        "connectionRef": {"name": "es"},
        "taskType": "text_embedding",
        "service": "openai",
        "serviceSettings": {"a": 1},
        "taskSettings": {"b": 2},
        "chunkingSettings": {"c": 3},
    }
    assert definition_of(InferenceEndpointSpec.model_validate(spec)) == definition(
        {"a": 1}, {"b": 2}, {"c": 3}
    )


@pytest.mark.parametrize(
    "item", [{}, {"service_settings": None, "task_settings": [], "chunking_settings": "x"}]
)
def test_garbled_answer_is_an_empty_definition(item: dict[str, Any]) -> None:
    """What is not there or no object counts as nothing, and is found out by the comparison."""
    assert definition_from_answer(item) == Definition("", "")


KEYS = st.sampled_from(["a", "truncate", "a/b", "~1", ""])
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, 1, 0.5, "", "NONE", "none"]),
    st.just({}),
    st.lists(st.integers(), max_size=2),
)
SETTINGS = st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES, max_size=2), max_size=3)
DEFINITIONS = st.builds(definition, SETTINGS, SETTINGS, SETTINGS)


@settings(max_examples=40)
@given(DEFINITIONS)
def test_what_is_applied_equals_itself(given_: Definition) -> None:
    """Whatever the settings are: an endpoint that is as asked differs in nothing, and nothing was removed from it."""
    assert differences(given_, given_) == []
    assert removed(given_, given_, given_) == []


@settings(max_examples=40)
@given(DEFINITIONS)
def test_every_leaf_is_found_at_its_path(given_: Definition) -> None:
    """Paths lead to the settings that they were made from, whatever the keys are."""
    assert all(value_at(given_, path) == value for path, value in leaves(given_))


@settings(max_examples=40)
@given(DEFINITIONS)
def test_nothing_is_left_without_all_leaves(given_: Definition) -> None:
    """Every setting can be taken out by its path."""
    emptied = without(given_, frozenset(path for path, _ in leaves(given_)))
    assert list(leaves(emptied)) == []


@settings(max_examples=40)
@given(DEFINITIONS, DEFINITIONS)
def test_what_counts_as_applied_is_so(desired: Definition, observed: Definition) -> None:
    """Whatever the server made of the first request: what counts as applied afterwards is there."""
    assert differences(made_true(desired, observed, None, frozenset()), observed) == []

"""What can be told about Secrets and owners without asking anybody."""

from collections.abc import Mapping
from typing import Any

import pytest

from inference_operator.api.v1alpha1 import InferenceEndpointSpec, InferenceEndpointStatus, SecretSetting
from inference_operator.errors import Reason, Stalled
from inference_operator.objects import ENDPOINT, Key
from inference_operator.ownership import holds_claim
from inference_operator.resolve import (
    LoadedSecrets,
    SecretState,
    check_settings,
    fingerprints,
    secrets_changed,
    subject_of,
)
from inference_operator.secret import SecretValue
from inference_operator.store import SecretRecord
from unit.api_cases import endpoint, paths
from unit.samples import CLUSTER, OPERATION

API_KEY = "/serviceSettings/api_key"


def spec(*secrets: str, **settings: Any) -> InferenceEndpointSpec:
    """A spec with secret settings at these paths."""
    return InferenceEndpointSpec.model_validate(endpoint(secretSettings=paths(*secrets), **settings)["spec"])


PLACES: dict[str, tuple[InferenceEndpointSpec, bool]] = {
    "no secrets": (spec(), True),
    "a new setting": (spec(API_KEY), True),
    "beside others": (spec(API_KEY, serviceSettings={"model_id": "m"}), True),
    "in an object that is not there yet": (spec("/serviceSettings/a/b/c"), True),
    "in an object that is there": (spec("/taskSettings/a/b", taskSettings={"a": {"c": 1}}), True),
    "in a key with a slash": (spec("/taskSettings/a~1b", taskSettings={"a": 1}), True),
    "given in the settings too": (spec("/serviceSettings/a", serviceSettings={"a": "x"}), False),
    "given in the settings as null": (spec("/serviceSettings/a", serviceSettings={"a": None}), False),
    "in place of an object": (spec("/serviceSettings/a", serviceSettings={"a": {"b": 1}}), False),
    "through a text": (spec("/serviceSettings/a/b", serviceSettings={"a": "x"}), False),
    "through null": (spec("/serviceSettings/a/b", serviceSettings={"a": None}), False),
    "through a list": (spec("/serviceSettings/a/0/b", serviceSettings={"a": [{}]}), False),
    "through a text further down": (
        spec("/serviceSettings/a/b/c/d", serviceSettings={"a": {"b": "x"}}),
        False,
    ),
    "the second of two": (spec(API_KEY, "/serviceSettings/a", serviceSettings={"a": 1}), False),
}


@pytest.mark.parametrize(("given", "fits"), PLACES.values(), ids=PLACES)
def test_secret_fits_into_the_settings(given: InferenceEndpointSpec, fits: bool) -> None:
    """A secret goes where nothing is, through objects only; whatever else is the author's to correct."""
    if fits:
        check_settings(given)
        return
    with pytest.raises(Stalled) as error:
        check_settings(given)
    assert error.value.reason is Reason.INVALID_SPEC
    assert given.secret_settings[-1].path in error.value.message


def nested(levels: int) -> Any:
    """So many lists and objects within each other."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_settings_have_a_depth() -> None:
    """What no status could hold, and no Elasticsearch would read, is told before anything is done with it."""
    check_settings(spec(serviceSettings=nested(99)))
    with pytest.raises(Stalled, match="nested more than 100 levels") as error:
        check_settings(spec(serviceSettings=nested(101)))
    assert error.value.reason is Reason.INVALID_SPEC


def state(
    value: bytes = b"one", *, version: str = "5", name: str = "keys", path: str = API_KEY
) -> SecretState:
    """A secret setting whose value has this fingerprint."""
    setting = {"path": path, "secretKeyRef": {"name": name, "key": "k"}}
    return SecretState(SecretSetting.model_validate(setting), SecretRecord("s1", version, {"k": value}))


def recorded(*states: SecretState) -> InferenceEndpointStatus:
    """A status that says that these are in force."""
    live = LoadedSecrets({}, list(states)).live("2026-01-01T00:00:00Z", checked=True)
    return InferenceEndpointStatus.model_validate({"secrets": [s.dump() for s in live]})


ROTATIONS: dict[str, tuple[list[SecretState], Mapping[str, bytes] | None, InferenceEndpointStatus, bool]] = {
    "the same value": ([state()], {API_KEY: b"one"}, recorded(), False),
    "the same value in a new version": ([state(version="9")], {API_KEY: b"one"}, recorded(state()), False),
    "the same value from another Secret": ([state(name="new")], {API_KEY: b"one"}, recorded(state()), False),
    "a new value": ([state(b"two")], {API_KEY: b"one"}, recorded(state()), True),
    "the same value elsewhere": ([state(path="/taskSettings/a")], {API_KEY: b"one"}, recorded(), True),
    "one more secret": ([state(), state(path="/taskSettings/a")], {API_KEY: b"one"}, recorded(), True),
    "no secrets any more": ([], {API_KEY: b"one"}, recorded(), True),
    "after a restart, the recorded version": ([state()], None, recorded(state()), False),
    "after a restart, another version": ([state(version="9")], None, recorded(state()), True),
    "after a restart, another Secret": ([state(name="new")], None, recorded(state()), True),
    "after a restart, another place": ([state(path="/taskSettings/a")], None, recorded(state()), True),
    "after a restart, nothing recorded": ([state()], None, recorded(), True),
    "after a restart, no secrets then and now": ([], None, recorded(), False),
}


@pytest.mark.parametrize(("states", "live", "status", "changed"), ROTATIONS.values(), ids=ROTATIONS)
def test_secret_changed(
    states: list[SecretState],
    live: Mapping[str, bytes] | None,
    status: InferenceEndpointStatus,
    changed: bool,
) -> None:
    """Within a process the values tell; after a restart a new version is the only sign that there is."""
    assert secrets_changed(states, live, status) == changed


def test_record_of_live_secrets_holds_no_value() -> None:
    """Path, Secret, key, version and time: enough to see what is in force."""
    loaded = LoadedSecrets({API_KEY: SecretValue("hunter2")}, [state(b"one")])
    assert loaded.fingerprints() == fingerprints([state(b"one")]) == {API_KEY: b"one"}
    (live,) = loaded.live("2026-01-01T00:00:00Z", checked=True)
    assert live.dump() == {
        "path": API_KEY,
        "name": "keys",
        "key": "k",
        "resourceVersion": "5",
        "appliedAt": "2026-01-01T00:00:00Z",
        "checked": True,
    }
    assert "hunter2" not in repr(loaded)


def status_of(**fields: Any) -> InferenceEndpointStatus:
    """A status with these fields."""
    return InferenceEndpointStatus.model_validate(fields)


MADE = {"inferenceId": "docs", "connection": CLUSTER.dump(), "applied": {"generation": 1}}
CLAIMS: dict[str, tuple[InferenceEndpointStatus, str, str, bool]] = {
    "it made the endpoint": (status_of(**MADE), "docs", "u1", True),
    "it began to make the endpoint": (status_of(inferenceId="docs", operation=OPERATION), "docs", "u0", True),
    "it made another endpoint": (status_of(**MADE), "other", "u1", False),
    "it made one in another cluster": (status_of(**MADE), "docs", "u2", False),
    "it has made nothing": (status_of(inferenceId="docs"), "docs", "u1", False),
    "its status says nothing": (status_of(), "docs", "u1", False),
}


@pytest.mark.parametrize(("status", "inference_id", "cluster", "holds"), CLAIMS.values(), ids=CLAIMS)
def test_claim_is_on_one_id_in_one_cluster(
    status: InferenceEndpointStatus, inference_id: str, cluster: str, holds: bool
) -> None:
    """A resource claims what its status says that it made or began to make."""
    assert holds_claim(status, inference_id, cluster) == holds


def test_subject_tells_about_its_object() -> None:
    """Generation, deletion, finalizers and annotations, also where there are none."""
    bare = subject_of(Key(ENDPOINT, "team", "docs"), {"metadata": {"finalizers": None, "annotations": None}})
    assert (bare.generation, bare.deleting, bare.has_finalizer) == (0, False, False)
    assert (bare.finalizers, bare.annotations) == ([], {})
    metadata = {"generation": 3, "deletionTimestamp": "x", "finalizers": ["es-inference.dev/endpoint"]}
    full = subject_of(bare.key, {"metadata": metadata, "status": {"inferenceId": "docs"}})
    assert (full.generation, full.deleting, full.has_finalizer) == (3, True, True)
    assert full.status.inference_id == "docs"
    assert full.about.key == bare.key

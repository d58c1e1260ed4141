"""The operator's memory: never older than it was, and it knows what is news."""

from collections.abc import Mapping
from typing import Any

import pytest

from inference_operator.api.v1alpha1 import RECONCILE_REQUESTED_AT, RELEASE
from inference_operator.objects import CONNECTION, ENDPOINT, Key, Kind, Raw
from inference_operator.secret import Fingerprinter
from inference_operator.store import SecretId, Store
from unit.api_cases import Object, connection, endpoint, paths

KEYS = SecretId("team", "keys")


@pytest.fixture
def store() -> Store:
    """A memory without anything in it."""
    return Store(Fingerprinter())


def stored(manifest: Object, version: int, *, uid: str = "u1", created: str = "", **metadata: Any) -> Raw:
    """The object as the API server returns this version of it."""
    born = {"creationTimestamp": created or "2026-01-01T00:00:00Z", "generation": 1}
    known = {"name": "docs", "namespace": "team", "uid": uid, "resourceVersion": str(version)}
    return {**manifest, "metadata": {**known, **born, **metadata}}


def docs(version: int, *, uid: str = "u1", created: str = "", **metadata: Any) -> Raw:
    """One version of the endpoint docs."""
    return stored(endpoint(), version, uid=uid, created=created, **metadata)


def secret(version: int, data: Mapping[str, str] | None, *, uid: str = "s1") -> Raw:
    """One version of the Secret keys; its values are base64."""
    metadata = {"name": "keys", "namespace": "team", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata, **({} if data is None else {"data": data})}


def key(kind: Kind = ENDPOINT, name: str = "docs") -> Key:
    """A key in the namespace of the tests."""
    return Key(kind, "team", name)


def version_of(store: Store) -> str | None:
    """Which version of the endpoint docs is remembered."""
    raw = store.get(key())
    return raw["metadata"]["resourceVersion"] if raw else None


TRIGGERS: dict[str, tuple[Mapping[str, Any], bool]] = {
    "nothing at all": ({}, False),
    "a label": ({"labels": {"a": "b"}}, False),
    "an annotation of somebody else": ({"annotations": {"a": "b"}}, False),
    "the list of who wrote what": ({"managedFields": [{}]}, False),
    "one more finalizer": ({"finalizers": ["example.com/x", "es-inference.dev/endpoint"]}, False),
    "a finalizer less": ({"finalizers": []}, True),
    "the generation": ({"generation": 2}, True),
    "the request to look at it": ({"annotations": {RECONCILE_REQUESTED_AT: "now"}}, True),
    "the request to let it go": ({"annotations": {RELEASE: "true"}}, True),
    "its deletion": ({"deletionTimestamp": "2026-01-02T00:00:00Z"}, True),
}


@pytest.mark.parametrize(("change", "asks"), TRIGGERS.values(), ids=TRIGGERS)
def test_change_asks_for_a_reconcile(store: Store, change: Mapping[str, Any], asks: bool) -> None:
    """The spec, the deletion and our annotations do; labels, the status and our own finalizer do not."""
    before: Mapping[str, Any] = {"finalizers": ["example.com/x"]}
    store.put(ENDPOINT, docs(1, **before))
    assert store.put(ENDPOINT, docs(2, **{**before, **change})) == asks
    assert version_of(store) == "2"


def test_status_asks_for_nothing(store: Store) -> None:
    """Our own word about the object is no news, but is remembered."""
    store.put(ENDPOINT, docs(1))
    assert not store.put(ENDPOINT, {**docs(2), "status": {"observedGeneration": 1}})
    raw = store.get(key())
    assert raw
    assert raw["status"] == {"observedGeneration": 1}


def test_new_object_asks_for_a_reconcile(store: Store) -> None:
    """The first sight of an object, and of another one of the same name, is news."""
    assert store.put(ENDPOINT, docs(1))
    assert store.put(ENDPOINT, docs(5, uid="u2", created="2026-02-01T00:00:00Z"))


@pytest.mark.parametrize("version", [4, 5, 0], ids=["older", "the same", "of no number"])
def test_older_version_never_replaces_a_newer_one(store: Store, version: int) -> None:
    """Watch and listings come as they like; what we wrote ourselves is not taken back by them."""
    store.put(ENDPOINT, docs(5))
    assert not store.put(ENDPOINT, docs(version, generation=2))
    assert version_of(store) == "5"


def test_versions_are_compared_as_numbers(store: Store) -> None:
    """10 is newer than 9."""
    store.put(ENDPOINT, docs(9))
    store.put(ENDPOINT, docs(10))
    assert version_of(store) == "10"


def test_older_namesake_never_replaces_a_younger_one(store: Store) -> None:
    """A late event about an object that was deleted and made again says nothing about the new one."""
    store.put(ENDPOINT, docs(9, uid="u2", created="2026-02-01T00:00:00Z"))
    assert not store.put(ENDPOINT, docs(99, uid="u1", created="2026-01-01T00:00:00Z"))
    assert version_of(store) == "9"


def test_object_that_is_gone_stays_so(store: Store) -> None:
    """A late event or listing does not bring a deleted object back to life; a new one of its name is welcome."""
    store.put(ENDPOINT, docs(1))
    assert store.remove(ENDPOINT, docs(2))
    assert not store.put(ENDPOINT, docs(3))
    assert store.get(key()) is None
    assert store.put(ENDPOINT, docs(4, uid="u2"))


def test_late_deletion_does_not_hit_the_successor(store: Store) -> None:
    """The deletion of one object says nothing about another of the same name."""
    store.put(ENDPOINT, docs(4, uid="u2"))
    assert not store.remove(ENDPOINT, docs(3, uid="u1"))
    assert version_of(store) == "4"


def test_deletion_of_what_was_never_seen_is_remembered(store: Store) -> None:
    """The deletion may arrive before the object."""
    assert not store.remove(ENDPOINT, docs(2))
    assert not store.put(ENDPOINT, docs(1))


def test_memory_of_the_gone_is_bounded(store: Store) -> None:
    """Years of deletions cost no memory; only the oldest are forgotten."""
    for number in range(10_001):
        store.remove(ENDPOINT, docs(1, uid=f"u{number}"))
    assert store.put(ENDPOINT, docs(2, uid="u0"))
    assert not store.put(ENDPOINT, docs(3, uid="u1", created="2026-02-01T00:00:00Z"))


def test_kinds_do_not_mix(store: Store) -> None:
    """An endpoint and a connection of one name are two objects."""
    store.put(ENDPOINT, docs(1))
    store.put(CONNECTION, stored(connection(), 2, uid="u2"))
    assert (store.keys(ENDPOINT), store.keys(CONNECTION)) == ([key()], [key(CONNECTION)])


def test_only_what_a_reconcile_needs_is_kept(store: Store) -> None:
    """Ten thousand objects fit into memory because their managed fields, labels and foreign annotations do not."""
    annotations = {RELEASE: "true", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    store.put(ENDPOINT, docs(1, managedFields=[{}], labels={"a": "b"}, annotations=annotations))
    raw = store.get(key())
    assert raw
    assert raw["metadata"].keys() & {"managedFields", "labels"} == set()
    assert raw["metadata"]["annotations"] == {RELEASE: "true"}


def test_endpoint_is_found_by_what_it_refers_to(store: Store) -> None:
    """A changed Secret, a changed connection and a free id each lead to the endpoints that wait for it."""
    store.put(ENDPOINT, stored(endpoint(secretSettings=paths("/serviceSettings/api_key")), 1))
    assert store.users_of_secret(KEYS) == {key()}
    assert store.users_of_connection(key(CONNECTION, "es")) == {key()}
    assert store.namesakes("docs") == {key()}


def test_references_follow_the_spec(store: Store) -> None:
    """After an edit the endpoint is found by its new references, and no longer by the old ones."""
    store.put(ENDPOINT, stored(endpoint(secretSettings=paths("/serviceSettings/api_key")), 1))
    store.put(ENDPOINT, stored(endpoint(connectionRef={"name": "other"}, inferenceId="id"), 2))
    assert store.users_of_secret(KEYS) == frozenset()
    assert store.users_of_connection(key(CONNECTION, "es")) == frozenset()
    assert store.users_of_connection(key(CONNECTION, "other")) == {key()}
    assert store.namesakes("docs") == frozenset()
    assert store.namesakes("id") == {key()}


def test_references_go_with_the_object(store: Store) -> None:
    """What is gone is found by nothing."""
    store.put(ENDPOINT, stored(endpoint(secretSettings=paths("/serviceSettings/api_key")), 1))
    store.remove(ENDPOINT, docs(2))
    assert not store.users_of_secret(KEYS)
    assert not store.users_of_connection(key(CONNECTION, "es"))
    assert not store.namesakes("docs")


@pytest.mark.parametrize(
    "spec",
    [
        {"auth": {"apiKey": {"secretKeyRef": {"name": "keys", "key": "k"}}}},
        {"auth": {"basic": {"secretRef": {"name": "keys"}}}},
        {"auth": {"bearerToken": {"secretKeyRef": {"name": "keys", "key": "k"}}}},
        {"auth": {}, "tls": {"caSecretRef": {"name": "keys"}}},
    ],
    ids=["API key", "user and password", "token", "CA"],
)
def test_connection_is_found_by_its_secrets(store: Store, spec: Mapping[str, Any]) -> None:
    """Every Secret that a connection may name leads to it."""
    store.put(CONNECTION, stored(connection(**spec), 1))
    assert store.users_of_secret(KEYS) == {key(CONNECTION)}


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        {"secretSettings": "x", "connectionRef": 5},
        {"secretSettings": ["x", {"secretKeyRef": None}, {"secretKeyRef": {"name": None}}]},
        {"auth": [], "tls": {"caSecretRef": "x"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [ENDPOINT, CONNECTION], ids=lambda kind: kind.name)
def test_garbled_spec_is_remembered_all_the_same(store: Store, kind: Kind, spec: Any) -> None:
    """The spec need not be valid to be remembered; its reconcile will say what is wrong."""
    assert store.put(kind, {**docs(1), "spec": spec})
    assert store.get(key(kind))
    assert store.users_of_secret(KEYS) == frozenset()


SECRETS: dict[str, tuple[Mapping[str, str] | None, Mapping[str, str] | None, bool]] = {
    "a label": ({"k": "b25l"}, {"k": "b25l"}, False),
    "a value": ({"k": "b25l"}, {"k": "dHdv"}, True),
    "one more key": ({"k": "b25l"}, {"k": "b25l", "l": "b25l"}, True),
    "a key less": ({"k": "b25l"}, {}, True),
    "the last key": ({"k": "b25l"}, None, True),
    "the spelling of the same value": ({"k": "b25l"}, {"k": "b25l\n"}, False),
    "nothing where nothing was": (None, None, False),
}


@pytest.mark.parametrize(("before", "after", "changed"), SECRETS.values(), ids=SECRETS)
def test_secret_is_news_when_a_value_is(
    store: Store, before: Mapping[str, str] | None, after: Mapping[str, str] | None, changed: bool
) -> None:
    """A Secret that was merely touched is no news, but its new version is remembered."""
    assert store.put_secret(secret(1, before))
    assert store.put_secret(secret(2, after)) == changed
    record = store.secret(KEYS)
    assert record
    assert record.resource_version == "2"


def test_values_of_secrets_are_not_kept(store: Store) -> None:
    """What is remembered tells nothing about the value."""
    store.put_secret(secret(1, {"k": "aHVudGVyMg=="}))
    assert "hunter2" not in repr(store.secret(KEYS))
    assert "aHVudGVyMg" not in repr(store.secret(KEYS))


def test_older_secret_never_replaces_a_newer_one(store: Store) -> None:
    """An old version says nothing; one of another Secret of the same name says everything."""
    store.put_secret(secret(5, {"k": "bmV3"}))
    assert not store.put_secret(secret(4, {"k": "b2xk"}))
    assert not store.put_secret(secret(5, {"k": "b2xk"}))
    assert store.put_secret(secret(1, {"k": "b2xk"}, uid="s2"))


def test_secret_that_was_made_again_with_the_same_value_is_no_news(store: Store) -> None:
    """What counts is the value."""
    store.put_secret(secret(5, {"k": "b25l"}))
    assert not store.put_secret(secret(9, {"k": "b25l"}, uid="s2"))


def test_secret_that_is_gone_is_forgotten(store: Store) -> None:
    """Once, and then it is not there."""
    store.put_secret(secret(1, {"k": "b25l"}))
    assert store.secrets() == [KEYS]
    assert store.remove_secret(KEYS)
    assert not store.remove_secret(KEYS)
    assert store.secret(KEYS) is None


@pytest.mark.parametrize("value", ["a", "ü"])
def test_value_that_is_no_base64_counts_as_empty(store: Store, value: str) -> None:
    """The API server never sends such a thing; nobody stumbles over it either."""
    store.put_secret(secret(1, {"k": value}))
    assert not store.put_secret(secret(2, {"k": ""}))

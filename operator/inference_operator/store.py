"""What the operator remembers of the cluster: its objects, their cross references, and the Secrets' fingerprints.

Kopf's events and our own listings fill it; our own writes go in at once, so that a reconcile sees what the one
before it wrote. An older version never replaces a newer one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from inference_operator.api.v1alpha1 import RECONCILE_REQUESTED_AT, RELEASE
from inference_operator.objects import CONNECTION, ENDPOINT, Key, Kind, Raw, decoded, finalizers_of
from inference_operator.secret import Fingerprinter

_OUR_ANNOTATIONS = (RECONCILE_REQUESTED_AT, RELEASE)
_TOMBSTONES = 10_000


class SecretId(NamedTuple):
    """A Secret's place."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class SecretRecord:
    """A Secret as it is remembered: no value, only fingerprints."""

    uid: str
    resource_version: str
    fingerprints: Mapping[str, bytes]


@dataclass(slots=True)
class _Indexes:
    by_secret: dict[SecretId, set[Key]] = field(default_factory=lambda: defaultdict(set))
    by_connection: dict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    by_inference_id: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))


class Store:
    """The objects by key, and who refers to whom."""

    def __init__(self, fingerprint: Fingerprinter) -> None:
        self._fingerprint = fingerprint
        self._objects: dict[Key, Raw] = {}
        self._secrets: dict[SecretId, SecretRecord] = {}
        self._gone: dict[str, None] = {}  # uids, oldest first
        self._indexes = _Indexes()

    def get(self, key: Key) -> Raw | None:
        """The object, if it exists."""
        return self._objects.get(key)

    def keys(self, kind: Kind) -> list[Key]:
        """The keys of all objects of `kind`."""
        return [key for key in self._objects if key.kind is kind]

    def secret(self, secret: SecretId) -> SecretRecord | None:
        """What is remembered of a Secret."""
        return self._secrets.get(secret)

    def users_of_secret(self, secret: SecretId) -> frozenset[Key]:
        """The objects that name the Secret."""
        return frozenset(self._indexes.by_secret.get(secret, ()))

    def users_of_connection(self, connection: Key) -> frozenset[Key]:
        """The endpoints that name the connection."""
        return frozenset(self._indexes.by_connection.get(connection, ()))

    def namesakes(self, inference_id: str) -> frozenset[Key]:
        """The endpoints, in any namespace, that ask for this id."""
        return frozenset(self._indexes.by_inference_id.get(inference_id, ()))

    def put(self, kind: Kind, raw: Raw) -> bool:
        """Remember this version of an object; whether it asks for a reconcile."""
        key = key_of(kind, raw)
        before = self._objects.get(key)
        uid = raw["metadata"]["uid"]
        if uid in self._gone or (before is not None and not _is_newer(raw, before)):
            return False
        self._index(key, before, add=False)
        self._objects[key] = _slim(raw)
        self._index(key, raw, add=True)
        return before is None or _trigger(before) != _trigger(raw) or _lost_finalizer(before, raw)

    def remove(self, kind: Kind, raw: Raw) -> bool:
        """Forget an object that is gone; whether it was there."""
        key = key_of(kind, raw)
        uid = raw["metadata"]["uid"]
        self._gone[uid] = None
        if len(self._gone) > _TOMBSTONES:
            del self._gone[next(iter(self._gone))]
        before = self._objects.get(key)
        if before is None or before["metadata"]["uid"] != uid:
            return False
        self._index(key, before, add=False)
        del self._objects[key]
        return True

    def put_secret(self, raw: Raw) -> bool:
        """Remember a Secret's fingerprints; whether any value is new."""
        secret = SecretId(raw["metadata"]["namespace"], raw["metadata"]["name"])
        before = self._secrets.get(secret)
        version = raw["metadata"]["resourceVersion"]
        uid = raw["metadata"]["uid"]
        if before is not None and before.uid == uid and _number(version) <= _number(before.resource_version):
            return False
        prints = {k: self._fingerprint(v) for k, v in decoded(raw.get("data") or {}).items()}
        self._secrets[secret] = SecretRecord(uid, version, prints)
        return before is None or before.fingerprints != prints

    def remove_secret(self, secret: SecretId) -> bool:
        """Forget a Secret that is gone; whether it was there."""
        return self._secrets.pop(secret, None) is not None

    def secrets(self) -> list[SecretId]:
        """All Secrets that are remembered."""
        return list(self._secrets)

    def _index(self, key: Key, raw: Raw | None, *, add: bool) -> None:
        if raw is None:
            return
        for index, entry in self._entries(key, raw):
            if add:
                index[entry].add(key)
            elif entry in index:
                index[entry].discard(key)
                if not index[entry]:
                    del index[entry]

    def _entries(self, key: Key, raw: Raw) -> Iterator[tuple[dict[Any, set[Key]], Any]]:
        spec = _mapping(raw.get("spec"))
        for name in _secret_names(key.kind, spec):
            yield self._indexes.by_secret, SecretId(key.namespace, name)
        if key.kind is ENDPOINT:
            yield self._indexes.by_connection, connection_of(key, raw)
            yield self._indexes.by_inference_id, wanted_id(key, raw)


def key_of(kind: Kind, raw: Raw) -> Key:
    """The key of an object."""
    return Key(kind, raw["metadata"]["namespace"], raw["metadata"]["name"])


def connection_of(key: Key, raw: Raw) -> Key:
    """The connection that an endpoint names; read without the models, as its spec need not be valid."""
    ref = _mapping(_mapping(raw.get("spec")).get("connectionRef"))
    return Key(CONNECTION, key.namespace, str(ref.get("name", "")))


def wanted_id(key: Key, raw: Raw) -> str:
    """The inference id that an endpoint asks for."""
    return str(_mapping(raw.get("spec")).get("inferenceId") or key.name)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _secret_names(kind: Kind, spec: Mapping[str, Any]) -> Iterable[str]:
    """The Secrets that a spec names; read without the models, as it need not be valid."""
    if kind is ENDPOINT:
        settings = spec.get("secretSettings")
        refs = [_mapping(s).get("secretKeyRef") for s in settings] if isinstance(settings, list) else []
    else:
        auth = _mapping(spec.get("auth"))
        ways = [_mapping(auth.get(way)) for way in ("apiKey", "basic", "bearerToken")]
        refs = [r for way in ways for r in (way.get("secretKeyRef"), way.get("secretRef"))]
        refs.append(_mapping(spec.get("tls")).get("caSecretRef"))
    return {str(_mapping(ref).get("name")) for ref in refs if _mapping(ref).get("name")}


def _slim(raw: Raw) -> Raw:
    """The parts of an object that a reconcile needs."""
    metadata = raw["metadata"]
    annotations = _mapping(metadata.get("annotations"))
    wanted = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp")
    slim = {k: metadata[k] for k in (*wanted, "deletionTimestamp", "finalizers") if k in metadata}
    slim["annotations"] = {k: annotations[k] for k in _OUR_ANNOTATIONS if k in annotations}
    return {"metadata": slim, "spec": raw.get("spec"), "status": raw.get("status")}


def _trigger(raw: Raw) -> tuple[Any, ...]:
    """What of an object asks for a reconcile when it changes; labels and the status do not."""
    metadata = raw["metadata"]
    annotations = _mapping(metadata.get("annotations"))
    return (
        metadata["uid"],
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        *(annotations.get(name) for name in _OUR_ANNOTATIONS),
    )


def _lost_finalizer(before: Raw, after: Raw) -> bool:
    """Whether a finalizer was taken away; one more, our own above all, is no news."""
    return not set(finalizers_of(before)) <= set(finalizers_of(after))


def _is_newer(raw: Raw, before: Raw) -> bool:
    new, old = raw["metadata"], before["metadata"]
    if new["uid"] != old["uid"]:
        return str(new.get("creationTimestamp")) >= str(old.get("creationTimestamp"))
    return _number(new["resourceVersion"]) > _number(old["resourceVersion"])


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0

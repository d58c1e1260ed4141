"""Kubernetes' nouns: kinds, keys, raw objects, Secrets."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Raw = Mapping[str, Any]
"""An object as the API server returns it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the operator's kinds."""

    name: str
    plural: str


ENDPOINT = Kind("InferenceEndpoint", "inferenceendpoints")
CONNECTION = Kind("ElasticsearchConnection", "elasticsearchconnections")


class Key(NamedTuple):
    """One object of one of the operator's kinds."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.name} {self.namespace}/{self.name}"

    def as_extra(self) -> dict[str, dict[str, str]]:
        """The fields by which a log line tells which object it is about."""
        return {"object": {"kind": self.kind.name, "namespace": self.namespace, "name": self.name}}


class About(NamedTuple):
    """An object with its key."""

    key: Key
    raw: Raw


class Secret(NamedTuple):
    """A Secret: identity, version and decoded data."""

    uid: str
    resource_version: str
    data: Mapping[str, bytes]


class SecretReader(Protocol):
    """How Secrets are read; whether they are watched or polled is behind this."""

    async def read(self, namespace: str, name: str) -> Secret | None:
        """The Secret as it is now, or None."""
        ...


def finalizers_of(raw: Raw | None) -> list[str]:
    """All finalizers of an object."""
    return list(raw["metadata"].get("finalizers") or []) if raw else []


def is_deleting(raw: Raw) -> bool:
    """Whether somebody has deleted the object, and it waits for its finalizers."""
    return "deletionTimestamp" in raw["metadata"]


def decoded(data: Mapping[str, str]) -> dict[str, bytes]:
    """The data of a Secret as bytes; what is not base64 counts as empty."""
    result = {}
    for key, value in data.items():
        try:
            result[key] = base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            result[key] = b""
    return result

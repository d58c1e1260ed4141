"""Manifests for tests, built in words: `endpoint("docs", service="openai").with_secret("provider")`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self

API_VERSION = "es-inference.dev/v1alpha1"
API_KEY_PATH = "/serviceSettings/api_key"

Manifest = dict[str, Any]


class Server(Protocol):
    """An Elasticsearch as a connection sees it."""

    url: str
    ca_file: Path | None
    api_key: str


class Manifests(Protocol):
    """Whatever becomes objects in Kubernetes."""

    def manifests(self) -> list[Manifest]:
        """The objects, in the order in which they are applied."""


def _object(kind: str, name: str, spec: Mapping[str, Any]) -> Manifest:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


@dataclass(frozen=True)
class Secret:
    """A Secret with these values."""

    name: str
    values: Mapping[str, str] = field(repr=False)

    def manifests(self) -> list[Manifest]:
        """The Secret alone."""
        metadata = {"name": self.name}
        return [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(self.values)}]


def secret(name: str, **values: str) -> Secret:
    """A Secret, its keys as keyword arguments."""
    return Secret(name, values)


@dataclass(frozen=True)
class Connection:
    """A connection, with the Secret and the ConfigMap that it refers to."""

    name: str
    url: str
    credentials: Secret
    ca: str | None
    spec: Mapping[str, Any]

    def with_ca(self, pem: str) -> Self:
        """The same, but trusting somebody else."""
        return replace(self, ca=pem)

    def at(self, url: str) -> Self:
        """The same, but elsewhere."""
        return replace(self, url=url)

    def with_user(self, name: str, password: str) -> Self:
        """The same, but as a user with a password."""
        basic = {"basic": {"secretRef": {"name": self.credentials.name}}}
        who = secret(self.credentials.name, username=name, password=password)
        return replace(self, credentials=who, spec={**self.spec, "auth": basic})

    def with_spec(self, **fields: Any) -> Self:
        """The same with other fields of the spec, named as in the manifest."""
        return replace(self, spec={**self.spec, **fields})

    def alone(self) -> Manifest:
        """The connection without what it refers to."""
        tls = {"tls": {"caConfigMapRef": {"name": f"{self.name}-ca"}}} if self.ca else {}
        return _object(
            "ElasticsearchConnection", self.name, {"endpoint": {"url": self.url}, **tls, **self.spec}
        )

    def manifests(self) -> list[Manifest]:
        """The Secret, the ConfigMap and the connection."""
        ca = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{self.name}-ca"},
            "data": {"ca.crt": self.ca},
        }
        return [*self.credentials.manifests(), *([ca] if self.ca else []), self.alone()]


def connection(es: Server, name: str = "main") -> Connection:
    """A connection to `es` by its API key."""
    credentials = f"{name}-credentials"
    auth = {"apiKey": {"secretKeyRef": {"name": credentials, "key": "api_key"}}}
    ca = es.ca_file.read_text() if es.ca_file else None
    return Connection(name, es.url, secret(credentials, api_key=es.api_key), ca, {"auth": auth})


@dataclass(frozen=True)
class Endpoint:
    """An InferenceEndpoint."""

    name: str
    spec: Mapping[str, Any]

    def with_spec(self, **fields: Any) -> Self:
        """The same with other fields of the spec, named as in the manifest."""
        return replace(self, spec={**self.spec, **fields})

    def with_secret(self, name: str, key: str = "api_key", path: str = API_KEY_PATH) -> Self:
        """The same with one more secret setting."""
        setting = {"path": path, "secretKeyRef": {"name": name, "key": key}}
        return self.with_spec(secretSettings=[*self.spec.get("secretSettings", []), setting])

    def with_settings(self, **settings: Any) -> Self:
        """The same with further service settings."""
        return self.with_spec(serviceSettings={**self.spec["serviceSettings"], **settings})

    def with_task_settings(self, **settings: Any) -> Self:
        """The same with further task settings."""
        return self.with_spec(taskSettings={**self.spec.get("taskSettings", {}), **settings})

    def with_id(self, inference_id: str) -> Self:
        """The same with an id that is not its name."""
        return self.with_spec(inferenceId=inference_id)

    def every(self, interval: str) -> Self:
        """The same, compared with Elasticsearch that often."""
        return self.with_spec(interval=interval)

    def retained(self) -> Self:
        """The same, but what it made in Elasticsearch outlives it."""
        return self.with_spec(deletionPolicy="Retain")

    def manifests(self) -> list[Manifest]:
        """The endpoint alone."""
        return [_object("InferenceEndpoint", self.name, self.spec)]


def endpoint(
    name: str,
    *,
    service: str,
    task_type: str = "text_embedding",
    connection: str = "main",
    **service_settings: Any,
) -> Endpoint:
    """An endpoint without secrets; further keyword arguments are its service settings."""
    spec = {"connectionRef": {"name": connection}, "taskType": task_type, "service": service}
    return Endpoint(name, {**spec, "serviceSettings": service_settings})


def as_list(things: tuple[Manifests, ...]) -> str:
    """All objects as the one document that `kubectl apply -f -` reads."""
    items = [manifest for thing in things for manifest in thing.manifests()]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})

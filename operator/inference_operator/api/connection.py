"""ElasticsearchConnection: how to reach one Elasticsearch cluster, for the endpoints of one namespace."""

import re
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from inference_operator.api.schema import (
    Conditions,
    DataKey,
    Duration,
    Model,
    Name,
    Rule,
    SecretKeyRef,
    seconds,
)

CONNECTION_FINALIZER = "es-inference.dev/connection"

_URL = (
    r"^https?://([a-zA-Z0-9_][a-zA-Z0-9._-]*|\[[0-9a-fA-F:.]+\])(:[1-9][0-9]{0,4})?"
    r"(/([a-zA-Z0-9._~:,;=+-]|%[0-9a-fA-F]{2})*)*$"
)


class Endpoint(Model):
    """Where the cluster answers."""

    url: str = Field(
        description="URL of the cluster, such as https://es.example.com:9200; no user, query or fragment.",
        max_length=2048,  # and no pattern: the API server's message would repeat a password that stands in the URL
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"self.url.matches(r'{_URL}') && isURL(self.url) && "
            "(url(self.url).getPort() == '' || int(url(self.url).getPort()) <= 65535)",
            "url must be like https://es.example.com:9200, a path may follow; user and password belong under auth, "
            "and it has no query or fragment",
            lambda endpoint: _has_host(endpoint.url),
        ),
    )


def _has_host(url: str) -> bool:
    try:
        return re.fullmatch(_URL, url) is not None and urlsplit(url).port != 0
    except ValueError:  # a port above 65535, or brackets around something else than an IPv6 address
        return False


class ApiKeyAuth(Model):
    """An Elasticsearch API key."""

    secret_key_ref: SecretKeyRef = Field(description="The API key: its encoded form, or id:api_key.")


class SecretRef(Model):
    """A Secret of the same namespace."""

    name: Name = Field(description="Name of the Secret, in the namespace of this resource.")


class BasicAuth(Model):
    """User name and password."""

    secret_ref: SecretRef = Field(description="A Secret with the keys username and password.")


class BearerTokenAuth(Model):
    """A bearer token."""

    secret_key_ref: SecretKeyRef = Field(description="The token.")


class Auth(Model):
    """Who the operator is to Elasticsearch: exactly one of the ways."""

    api_key: ApiKeyAuth | None = Field(None, description="By API key, with manage_inference and monitor.")
    basic: BasicAuth | None = Field(None, description="By user name and password.")
    bearer_token: BearerTokenAuth | None = Field(None, description="By bearer token.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "[has(self.apiKey), has(self.basic), has(self.bearerToken)].exists_one(given, given)",
            "give exactly one of apiKey, basic and bearerToken",
            lambda auth: sum(way is not None for way in (auth.api_key, auth.basic, auth.bearer_token)) == 1,
        ),
    )


class CaRef(Model):
    """Where CA certificates are kept."""

    name: Name = Field(description="Name of the object, in the namespace of this resource.")
    key: DataKey = Field("ca.crt", description="Key of the PEM certificates.")


class Tls(Model):
    """Whom the operator trusts."""

    ca_secret_ref: CaRef | None = Field(None, description="CA certificates in a Secret.")
    ca_config_map_ref: CaRef | None = Field(None, description="CA certificates in a ConfigMap.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!(has(self.caSecretRef) && has(self.caConfigMapRef))",
            "give at most one of caSecretRef and caConfigMapRef",
            lambda tls: tls.ca_secret_ref is None or tls.ca_config_map_ref is None,
        ),
    )


class Limits(Model):
    """How much the cluster is asked at once."""

    max_concurrency: int | None = Field(
        None, description="Most requests in flight to the cluster.", ge=1, le=256
    )


class ElasticsearchConnectionSpec(Model):
    """How to reach the cluster."""

    endpoint: Endpoint = Field(description="Where the cluster answers.")
    auth: Auth = Field(description="Who the operator is to Elasticsearch.")
    tls: Tls | None = Field(None, description="Whom the operator trusts; the public CAs, if not set.")
    cluster_uuid: str | None = Field(
        None,
        validation_alias="clusterUUID",
        serialization_alias="clusterUUID",
        description="UUID that the cluster must have; if not set, the first one seen is kept in the status.",
        min_length=1,
        max_length=64,
    )
    limits: Limits | None = Field(None, description="How much the cluster is asked at once.")
    interval: Duration = Field("5m", description="How often the connection is checked; at least 30s.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.interval) || duration(self.interval) >= duration('30s')",
            "interval must be at least 30s",
            lambda spec: seconds(spec.interval) >= 30,
        ),
    )


class ElasticsearchConnectionStatus(Model):
    """What the connection leads to."""

    observed_generation: int = Field(-1, description="Generation of the spec that this status speaks about.")
    conditions: Conditions = Field([], description="The state, one condition per aspect.")
    cluster_name: str | None = Field(None, description="Name of the cluster.")
    cluster_uuid: str | None = Field(
        None,
        validation_alias="clusterUUID",
        serialization_alias="clusterUUID",
        description="UUID of the cluster; nothing is written to another one.",
    )
    version: str | None = Field(None, description="Version of Elasticsearch.")
    flavor: Literal["default", "serverless"] | None = Field(
        None, description="Build flavour of Elasticsearch."
    )
    capabilities: list[str] = Field([], description="What this Elasticsearch can do, where versions differ.")

"""InferenceEndpoint: one inference endpoint in one Elasticsearch cluster."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from inference_operator.api.schema import (
    Conditions,
    Duration,
    Model,
    Name,
    Rule,
    SecretKeyRef,
    Settings,
    seconds,
)

FINALIZER = "es-inference.dev/endpoint"
RECONCILE_REQUESTED_AT = "es-inference.dev/reconcile-requested-at"
RELEASE = "es-inference.dev/release"

SECRET_SETTINGS = (
    "api_key",
    "access_key",
    "secret_key",
    "client_secret",
    "entra_id",
    "service_account_json",
    "secret_parameters",
)
"""The names under which services take secrets; Elasticsearch never returns their values."""


class ConnectionRef(Model):
    """Which connection leads to the cluster."""

    kind: Literal["ElasticsearchConnection"] = Field(
        "ElasticsearchConnection", description="Kind of the connection."
    )
    name: Name = Field(description="Name of the connection, in the namespace of this resource.")


class SecretSetting(Model):
    """One secret setting of the service: where it belongs, and where its value is kept."""

    path: str = Field(
        description="Where the value belongs, as a JSON Pointer (RFC 6901) into this spec, such as "
        "/serviceSettings/api_key. Missing parents are created; lists are never entered.",
        pattern=r"^/(serviceSettings|taskSettings)(/([!-.0-}]|~[01])+)+$",  # printable ASCII
        max_length=256,
    )
    secret_key_ref: SecretKeyRef = Field(description="The Secret that holds the value.")


def _belongs_under_secret_settings(name: str) -> Rule:
    return Rule(
        f"!has(self.serviceSettings) || !has(self.serviceSettings.{name})",
        f"serviceSettings.{name} is a secret: give it by secretSettings, with path /serviceSettings/{name}",
        lambda spec: name not in spec.service_settings,
    )


def _no_path_in_another(spec: "InferenceEndpointSpec") -> bool:
    paths = [s.path for s in spec.secret_settings]
    return len(set(paths)) == len(paths) and not any(a.startswith(b + "/") for a in paths for b in paths)


class InferenceEndpointSpec(Model):
    """What the endpoint should be."""

    connection_ref: ConnectionRef = Field(description="The connection to the Elasticsearch cluster.")
    inference_id: str | None = Field(
        None,
        description="Id of the endpoint in Elasticsearch; the name of this resource, if not set. Cannot be changed.",
        pattern=r"^[a-z0-9]([a-z0-9_.-]*[a-z0-9])?$",
        max_length=253,
    )
    task_type: str = Field(
        description="What the endpoint does, such as text_embedding, rerank or completion. The cluster decides what it knows.",
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=64,
    )
    service: str = Field(
        description="The service behind the endpoint, such as openai, cohere or hugging_face. The cluster decides what it knows.",
        pattern=r"^[a-z0-9][a-z0-9_.-]*$",
        max_length=64,
    )
    service_settings: Settings = Field(
        {},
        description="The settings of the service, as Elasticsearch names them. Secrets belong under secretSettings.",
        max_length=64,
        json_schema_extra={
            "properties": {
                name: {
                    "type": "object" if name == "secret_parameters" else "string",
                    "description": "Not allowed here: give it by secretSettings.",
                    **({"x-kubernetes-preserve-unknown-fields": True} if name == "secret_parameters" else {}),
                }
                for name in SECRET_SETTINGS
            },
        },
    )
    task_settings: Settings = Field(
        {}, description="The settings of the task, as Elasticsearch names them.", max_length=64
    )
    chunking_settings: Settings = Field(
        {}, description="How long texts are cut before embedding, as Elasticsearch names it.", max_length=16
    )
    secret_settings: Annotated[
        list[SecretSetting],
        Field(json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["path"]}),
    ] = Field([], description="The secret settings of the service, taken from Secrets.", max_length=16)
    management_policy: Literal["Manage", "Observe"] = Field(
        "Manage",
        description="Manage: the endpoint is made what this spec says. Observe: it is only looked at and compared; "
        "nothing is written to Elasticsearch, and deleting this resource leaves the endpoint.",
    )
    adoption_policy: Literal["Match", "Overwrite", "Never"] = Field(
        "Match",
        description="What to do when an endpoint that this resource did not make exists already. Match: take it over "
        "if its settings equal the spec. Overwrite: take it over and make it what the spec says. Never: leave it.",
    )
    drift_policy: Literal["Correct", "Warn", "Ignore"] = Field(
        "Correct",
        description="What to do when somebody else has changed or deleted the endpoint. Correct: put it back. Warn: "
        "say so in the condition Drifted and leave it. Ignore: leave it in silence. An endpoint that is gone is "
        "created again by Correct alone.",
    )
    replace_policy: Literal["Never", "WhenUnused", "Force"] = Field(
        "Never",
        description="What to do when a change needs the endpoint to be deleted and created anew. Never: keep the old "
        "endpoint and say so. WhenUnused: replace it while no pipeline and no mapping uses it. Force: replace it "
        "also then, if that is known to work.",
    )
    deletion_policy: Literal["Delete", "ForceDelete", "Retain"] = Field(
        "Delete",
        description="What happens to the endpoint when this resource is deleted. Delete: it is deleted too, unless "
        "pipelines or mappings use it. ForceDelete: it is deleted also then. Retain: it stays.",
    )
    suspend: bool = Field(False, description="While true, nothing is written but what a deletion needs.")
    interval: Duration = Field(
        "10m", description="How often the endpoint is compared with the spec; at least 30s."
    )
    timeout: Duration = Field(
        "30s", description="Time that Elasticsearch is given for a create request, between 1s and 10m."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        *map(_belongs_under_secret_settings, SECRET_SETTINGS),
        Rule(
            "!has(self.secretSettings) || self.secretSettings.all(a, "
            "!self.secretSettings.exists(b, a.path.startsWith(b.path + '/')))",
            "no path of secretSettings may lie inside another",
            _no_path_in_another,
        ),
        Rule(
            "!has(self.interval) || duration(self.interval) >= duration('30s')",
            "interval must be at least 30s",
            lambda spec: seconds(spec.interval) >= 30,
        ),
        Rule(
            "!has(self.timeout) || (duration(self.timeout) >= duration('1s') && duration(self.timeout) <= duration('10m'))",
            "timeout must be between 1s and 10m",
            lambda spec: 1 <= seconds(spec.timeout) <= 600,
        ),
    )


class Applied(Model):
    """What the operator last made true; holds no secret."""

    generation: int = Field(description="Generation of the spec that was applied.")
    service_settings: Settings = Field({}, description="The service settings that were applied.")
    task_settings: Settings = Field({}, description="The task settings that were applied.")
    chunking_settings: Settings = Field({}, description="The chunking settings that were applied.")


class NotApplied(Model):
    """A setting that was asked for and that Elasticsearch did not take over."""

    path: str = Field(description="JSON Pointer of the setting in the spec.")
    desired: str = Field(description="The value that was asked for, as JSON.")
    server_version: str = Field(description="Version of Elasticsearch that did not take it over.")
    asked_by: Literal["Create", "Update"] = Field(
        "Update",
        description="The request that asked for it. What a create does not take over no replace will bring.",
    )
    refused: bool = Field(
        False,
        description="Whether Elasticsearch refused it by name; else it answered 200 and passed it over.",
    )


class Drift(Model):
    """A setting that somebody else changed."""

    path: str = Field(description="JSON Pointer of the setting in the spec.")
    desired: str = Field(description="The value that the spec asks for, as JSON.")
    observed: str = Field(description="The value found in Elasticsearch, as JSON.")


class Asked(Model):
    """The endpoint that a create request asks for; holds no secret."""

    task_type: str = Field(description="Task type that was asked for.")
    service: str = Field(description="Service that was asked for.")
    service_settings: Settings = Field({}, description="Service settings that were asked for.")
    task_settings: Settings = Field({}, description="Task settings that were asked for.")
    chunking_settings: Settings = Field({}, description="Chunking settings that were asked for.")


class Operation(Model):
    """A create request whose endpoint is not known to exist yet: written before the request, it is the claim on the id."""

    type: Literal["Create", "Replace", "Preflight"] = Field(
        "Create",
        description="What was begun. Create: the endpoint. Replace: its deletion, and then its creation. Preflight: "
        "the trial of a replacement under a temporary id, which is removed again.",
    )
    cluster_uuid: str = Field(
        validation_alias="clusterUUID",
        serialization_alias="clusterUUID",
        description="The cluster that the request went to.",
    )
    inference_id: str = Field(description="The id that the request names.")
    asked: Asked = Field(description="What the request asks for.")
    started_at: str = Field(description="When it began.", json_schema_extra={"format": "date-time"})
    deadline: str = Field(
        description="When a request that got no answer can no longer take effect.",
        json_schema_extra={"format": "date-time"},
    )


class LiveSecret(Model):
    """Which version of a Secret is in force in Elasticsearch."""

    path: str = Field(description="JSON Pointer of the secret setting.")
    name: str = Field(description="Name of the Secret.")
    key: str = Field(description="Key in the Secret.")
    resource_version: str = Field(description="Version of the Secret that was applied.")
    applied_at: str = Field(description="When it was applied.", json_schema_extra={"format": "date-time"})
    checked: bool = Field(
        True, description="Whether Elasticsearch tried it at the provider; before 9.4 an update is not tried."
    )


class References(Model):
    """Who uses the endpoint, as Elasticsearch tells it."""

    pipelines: list[str] = Field([], description="Ingest pipelines that use the endpoint.")
    indices: list[str] = Field([], description="Indices whose mappings use the endpoint.")


class ClusterInfo(Model):
    """The cluster that the endpoint lives in."""

    cluster_name: str = Field(description="Name of the cluster.")
    cluster_uuid: str = Field(
        validation_alias="clusterUUID", serialization_alias="clusterUUID", description="UUID of the cluster."
    )
    version: str = Field(description="Version of Elasticsearch.")


class InferenceEndpointStatus(Model):
    """What the endpoint is, as far as the operator knows."""

    observed_generation: int = Field(-1, description="Generation of the spec that this status speaks about.")
    conditions: Conditions = Field([], description="The state, one condition per aspect.")
    inference_id: str | None = Field(None, description="Id of the endpoint in Elasticsearch.")
    task_type: str | None = Field(None, description="Task type of the endpoint in Elasticsearch.")
    service: str | None = Field(None, description="Service of the endpoint in Elasticsearch.")
    connection: ClusterInfo | None = Field(None, description="The cluster that the endpoint lives in.")
    applied: Applied | None = Field(None, description="What the operator last made true.")
    not_applied: list[NotApplied] = Field(
        [], description="What was asked for and not taken over by Elasticsearch; not asked for again."
    )
    operation: Operation | None = Field(None, description="A create or replace that has not succeeded yet.")
    observed: Settings | None = Field(
        None,
        description="The settings as Elasticsearch returns them.",
    )
    drift: list[Drift] = Field(
        [], description="What somebody else had changed when the operator last looked."
    )
    secrets: list[LiveSecret] = Field([], description="Which versions of the Secrets are in force.")
    references: References | None = Field(
        None, description="Who uses the endpoint, while that blocks its deletion or its replacement."
    )
    last_write_time: str | None = Field(
        None,
        description="When the operator last wrote to Elasticsearch.",
        json_schema_extra={"format": "date-time"},
    )

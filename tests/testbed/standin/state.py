"""What one stand-in cluster holds; everything a restart or `reset` would bring back to its beginning."""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from testbed.standin.faults import Faults
from testbed.standin.journal import Journal
from testbed.standin.models import Deployment, Model, Starts
from testbed.standin.offering import services_of
from testbed.standin.profiles import Profile
from testbed.standin.provider import Provider
from testbed.standin.refusal import Refusal, bad_request, not_found
from testbed.standin.security import Security
from testbed.standin.services import DATA, Service


@dataclass(frozen=True)
class Endpoint:
    """A stored inference endpoint; a change replaces it as a whole."""

    inference_id: str
    task_type: str
    service: str
    service_settings: dict[str, Any]
    task_settings: dict[str, Any] | None = None
    chunking_settings: dict[str, Any] | None = None
    secrets: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """The endpoint as answers show it: without secrets, and without sections that it lacks."""
        item = {
            "inference_id": self.inference_id,
            "task_type": self.task_type,
            "service": self.service,
            "service_settings": self.service_settings,
        }
        if self.task_settings is not None:
            item["task_settings"] = self.task_settings
        if self.chunking_settings:
            item["chunking_settings"] = self.chunking_settings
        return item

    def check_task_type(self, in_url: str) -> None:
        """Refuses a path that names another task type."""
        if in_url not in (self.task_type, "any"):
            text = f"does not match the inference endpoint's task type [{self.task_type}]"
            raise bad_request(f"Requested task type [{in_url}] {text}")


@dataclass(frozen=True)
class Reference:
    """A `semantic_text` field that names an endpoint, with the model settings its mapping has recorded."""

    inference_id: str
    model_settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Cluster:
    """One Elasticsearch cluster."""

    profile: Profile
    security: Security
    name: str = "standin"
    uuid: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    version: str = ""
    licensed: bool = True
    machine_learning: bool = True
    block: str | None = None
    breaker: int | None = None
    """The bytes that all requests in flight may have."""
    skips_validation: bool = False
    """A cluster setting: a create neither asks the provider nor starts a model."""
    upgrading: Collection[str] = ()
    """The services and task types that some of its nodes do not know, for they are of the version before."""
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    remnants: set[str] = field(default_factory=set)
    """Ids of which only the secrets are stored, or only the rest if they are among the endpoints too."""
    unreadable: dict[str, Literal["unknown_service", "unparsable"]] = field(default_factory=dict)
    """Endpoints that a node without their service, or with another idea of their settings, cannot read."""
    indices: dict[str, list[Reference]] = field(default_factory=dict)
    pipelines: dict[str, set[str]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    """Those that were loaded with Eland."""
    deployments: dict[str, Deployment] = field(default_factory=dict)
    starts: Starts = "at once"
    """What becomes of a model that is to be started."""
    updating: set[str] = field(default_factory=set)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    provider: Provider = field(init=False)
    preconfigured: dict[str, Endpoint] = field(init=False)

    def __post_init__(self) -> None:
        """Fills what follows from the rest."""
        self.version = self.version or self.profile.number
        self.provider = Provider(self.journal, self.profile)
        self.preconfigured = {item["inference_id"]: Endpoint(**item) for item in _preconfigured()}

    def services(self) -> dict[str, Service]:
        """The services of this version."""
        return services_of(self.profile)

    def find(self, inference_id: str) -> Endpoint | None:
        """The endpoint, also a preconfigured one; those come back even after a forced delete."""
        return self.endpoints.get(inference_id) or self.preconfigured.get(inference_id)

    def get(self, inference_id: str) -> Endpoint:
        """The endpoint; raises the 404 of one that is not there."""
        endpoint = self.find(inference_id)
        if endpoint is None:
            raise not_found(inference_id)
        return endpoint

    def all_endpoints(self) -> list[Endpoint]:
        """All endpoints by id."""
        return [endpoint for _, endpoint in sorted((self.preconfigured | self.endpoints).items())]

    def indices_using(self, inference_id: str) -> list[str]:
        """The indices whose mapping names the endpoint."""
        return [
            index
            for index, references in self.indices.items()
            if any(reference.inference_id == inference_id for reference in references)
        ]

    def pipelines_using(self, inference_id: str) -> list[str]:
        """The ingest pipelines that name the endpoint."""
        return sorted(pipeline for pipeline, names in self.pipelines.items() if inference_id in names)

    def check_readable(self, endpoint: Endpoint) -> None:
        """Refuses to show what this node cannot read; a list with it fails as a whole."""
        name, service = endpoint.inference_id, endpoint.service
        match self.unreadable.get(name):
            case "unknown_service":
                text = f"Unknown service [{service}] for inference endpoint [{name}]."
                raise Refusal(500, "status_exception", text)
            case "unparsable":
                text = f"Failed to parse stored model [{name}] for [{service}] service"
                raise Refusal(500, "status_exception", f"{text}, please delete and add the service again")

    def check_whole(self, endpoint: Endpoint) -> None:
        """Refuses to use an endpoint without its secrets, or one that cannot be read."""
        self.check_readable(endpoint)
        if endpoint.inference_id in self.remnants:
            text = f"Failed to load inference endpoint [{endpoint.inference_id}]. Endpoint is in an invalid state"
            advice = "try deleting and reinitializing the service"
            raise Refusal(500, "illegal_state_exception", f"{text}, {advice}")

    def forget(self, inference_id: str) -> None:
        """Removes an endpoint, or what there is of it."""
        self.endpoints.pop(inference_id, None)
        self.remnants.discard(inference_id)
        self.unreadable.pop(inference_id, None)

    def check_licence(self) -> None:
        """Refuses what a basic licence does not allow."""
        if not self.licensed:
            details = {"license.expired.feature": "inference"}
            raise Refusal(
                403, "security_exception", "current license is non-compliant for [inference]", details=details
            )

    def check_block(self) -> None:
        """Refuses writes while the cluster is set to read-only."""
        if self.block is not None:
            raise Refusal(403, "cluster_block_exception", f"blocked by: [FORBIDDEN/{self.block}];")


def _preconfigured() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads((DATA / "preconfigured.json").read_text())
    return items

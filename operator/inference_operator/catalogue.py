"""What is known about the services of the inference API: data made from Elastic's specification, and how to ask it.

It is knowledge, not law: a newer cluster may know more, and what a cluster says goes before what stands here.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_BESIDE = {(9, 0): (8, 18)}  # released at the same time: the one has what the other has
Release = tuple[int, int]


class _Data(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Setting(_Data):
    """One setting of a service."""

    type: Literal["boolean", "integer", "list", "number", "object", "string"]
    required: bool = False
    unless: tuple[str, ...] = ()
    """Settings of which one may stand in the place of a required one."""
    secret: bool = False
    enum: tuple[str, ...] = ()
    default: Any = None
    """What the server adds; that of `rate_limit` is its requests per minute, perhaps by task type."""
    tasks: tuple[str, ...] = ()
    """The task types that have the setting, if not all."""
    since: str | None = None
    """The release that brought the setting, if it is younger than its service."""


class Service(_Data):
    """One service; its task types with the releases that brought them."""

    task_types: Mapping[str, str]
    service_settings: Mapping[str, Setting]
    task_settings: Mapping[str, Setting]
    chunking_settings: tuple[str, ...]
    """The task types that take them."""

    def settings(self, task_type: str) -> dict[str, Setting]:
        """The settings for one task type, by their paths in the spec of an InferenceEndpoint."""
        sections = {"serviceSettings": self.service_settings, "taskSettings": self.task_settings}
        return {
            f"/{section}/{name}": setting
            for section, settings in sections.items()
            for name, setting in settings.items()
            if not setting.tasks or task_type in setting.tasks
        }

    def may_lack_secrets(self, task_type: str) -> bool:
        """Whether an endpoint may be made without any secret; one that was cannot be given one later."""
        secrets = [s for s in self.settings(task_type).values() if s.secret]
        return bool(secrets) and not any(s.required for s in secrets)

    def offers(self, task_type: str, release: Release) -> bool:
        """Whether this release of Elasticsearch has the service with that task type."""
        since = self.task_types.get(task_type)
        return since is not None and _release(since) <= _BESIDE.get(release, release)


class Catalogue(_Data):
    """All services, and the specification that they come from."""

    specification: str
    services: Mapping[str, Service]

    def settings(self, service: str, task_type: str) -> dict[str, Setting]:
        """The settings of a service for one task type, by their paths; none, if the service is not known here."""
        known = self.services.get(service)
        return known.settings(task_type) if known else {}


@cache
def load() -> Catalogue:
    """The catalogue that comes with the operator."""
    data = resources.files(__package__) / "catalogue.json"
    return Catalogue.model_validate_json(data.read_text(encoding="utf-8"))


def _release(text: str) -> Release:
    major, minor = text.split(".")
    return int(major), int(minor)

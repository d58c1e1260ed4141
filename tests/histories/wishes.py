"""What a user may want of an endpoint, in few words, so that two wishes are often almost the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from testbed.builders import Endpoint, endpoint

WORD = {"strategy": "word", "max_chunk_size": 50, "overlap": 5}
WIDER = {**WORD, "overlap": 7}
SECTIONS = ("service_settings", "task_settings", "chunking_settings")


@dataclass(frozen=True)
class Wish:
    """One resource, apart from its name."""

    service: str = "openai"
    task_type: str = "text_embedding"
    model: str = "m1"
    limit: int | None = None
    task: Mapping[str, Any] = field(default_factory=dict)
    chunking: Mapping[str, Any] = field(default_factory=dict)
    secret: str = "s1"
    inference_id: str | None = None
    policies: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the spec."""

    def resource(self, name: str) -> Endpoint:
        """The resource of that name."""
        made = endpoint(name, service=self.service, task_type=self.task_type)
        made = made.with_settings(**self.service_settings).with_secret(self.secret)
        fields = {"taskSettings": dict(self.task), "chunkingSettings": dict(self.chunking)}
        wanted = {k: v for k, v in fields.items() if v}
        named = {"inferenceId": self.inference_id} if self.inference_id else {}
        return made.with_spec(**wanted, **named, **self.policies)

    @property
    def service_settings(self) -> dict[str, Any]:
        """The settings of the service, without the key."""
        limit = {"rate_limit": {"requests_per_minute": self.limit}} if self.limit else {}
        return {"model_id": self.model, **limit}

    def body(self, key: str) -> dict[str, Any]:
        """A create request for the same endpoint, as somebody else sends it."""
        body = {
            "service": self.service,
            "service_settings": {**self.service_settings, "api_key": key},
            "task_settings": dict(self.task),
            "chunking_settings": dict(self.chunking),
        }
        return {name: value for name, value in body.items() if value}

    def with_id(self, inference_id: str | None) -> "Wish":
        """The same with another id."""
        return replace(self, inference_id=inference_id)


def leaves(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its path; what is empty or null asks for nothing."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}/{name}")
        elif value is not None:
            yield f"{path}/{name}", value.lower() if isinstance(value, str) else value


def settings_of(shown: Mapping[str, Any]) -> dict[str, Any]:
    """All settings by path, of a request or of an endpoint as the server shows it."""
    parts = {name: shown[name] for name in SECTIONS if shown.get(name)}
    return {path: value for path, value in leaves(parts) if not path.endswith("/api_key")}


def settings_of_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a spec."""
    names = ("serviceSettings", "taskSettings", "chunkingSettings")
    return settings_of({s: spec[n] for s, n in zip(SECTIONS, names, strict=True) if n in spec})

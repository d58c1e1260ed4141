"""What a service knows about its settings: from the `_inference/_services` answer, and from a file of corrections."""

import json
from dataclasses import dataclass, replace
from functools import cache, reduce
from pathlib import Path
from typing import Any

from testbed.standin.merging import merged

DATA = Path(__file__).parent / "data"
TASK_TYPES = (
    "text_embedding",
    "sparse_embedding",
    "rerank",
    "completion",
    "chat_completion",
    "embedding",
    "any",
)
EMBEDDING_TASKS = frozenset({"text_embedding", "sparse_embedding", "embedding"})
IN_CLUSTER = "elasticsearch"
_KINDS = {"str": "text", "int": "count", "list": "list", "map": "map", "bool": "flag"}

Kind = str | tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One setting: its kind is the name of a type, or the tuple of the values allowed."""

    name: str
    kind: Kind
    required: bool = False
    secret: bool = False
    missing: str | None = None  # what is said if it is required and not there


@dataclass(frozen=True)
class Service:
    """One service of the inference API."""

    name: str
    title: str
    task_types: tuple[str, ...]
    listed: dict[str, Any]
    facts: dict[str, Any]
    configuration: str = "Configuration"
    """What contains unknown settings."""

    def secrets(self, task_type: str) -> list[Setting]:
        """The settings that are stored apart and never shown."""
        return [setting for setting in self._all(task_type) if setting.secret]

    def settings(self, task_type: str) -> list[Setting]:
        """The service settings that are shown."""
        return [setting for setting in self._all(task_type) if not setting.secret]

    def task_settings(self, task_type: str) -> list[Setting]:
        """The task settings."""
        return _declared(self._by_task("task_settings", task_type))

    def all_settings(self, task_type: str) -> list[Setting]:
        """The service settings that a request may have, secrets among them."""
        limit = [] if self.default_rate_limit(task_type) is None else [Setting("rate_limit", "map")]
        return self._all(task_type) + limit

    def mutable(self, task_type: str) -> set[str]:
        """The service settings, beside the secrets, that an update may change."""
        limit = set() if self.default_rate_limit(task_type) is None else {"rate_limit"}
        named = set(self.facts.get("mutable", []))
        return limit | named & {setting.name for setting in self.settings(task_type)}

    def default_rate_limit(self, task_type: str) -> int | None:
        """Requests per minute if the user says nothing; None: the service knows no rate limit."""
        limit: int | dict[str, int] | None = self.facts.get("rate_limit")
        return limit.get(task_type, limit["all"]) if isinstance(limit, dict) else limit

    def updates_rate_limit(self, task_type: str) -> bool:
        """Whether an update changes the rate limit where other settings are ignored."""
        told: bool | list[str] = self.facts.get("updates_rate_limit", False)
        return task_type in told if isinstance(told, list) else told

    def defaults(self, task_type: str, section: str = "defaults") -> dict[str, Any]:
        """What is added to the service settings, or to the task settings (`task_defaults`)."""
        by_task = self.facts.get(section, {})
        return dict(by_task.get(task_type, by_task.get("all", {})))

    def chunking(self, task_type: str) -> str:
        """What becomes of chunking settings."""
        usual = "kept" if task_type in EMBEDDING_TASKS else "unknown"
        by_task = self.facts.get("chunking", {})
        return str(by_task.get(task_type, by_task.get("all", usual)))

    def variant(self, settings: Any) -> "Service":
        """The service as it is for these settings, one of which may decide about others."""
        given = settings if isinstance(settings, dict) else {}
        chosen = [told.get(str(given.get(name)), {}) for name, told in self.facts.get("variants", {}).items()]
        return replace(self, facts=reduce(merged, chosen, self.facts)) if any(chosen) else self

    def provider_url(self, task_type: str, setting: str | None) -> str:
        """Where the provider is asked."""
        if setting is not None:
            return f"https://{setting}" if self.facts.get("url_is_host") else setting
        known = self.facts.get("provider_url", {}).get(task_type)
        return str(known or f"https://api.{self.name}.test/v1/{task_type}")

    def failure(self, task_type: str, settings: dict[str, Any]) -> list[list[str]]:
        """Types and reasons of what the server fails with before it reaches a provider, outermost first."""
        told = self._by_task("fails", task_type)
        causes: list[list[str]] = [] if told.get("without") in settings else told.get("causes", [])
        return causes

    def fact(self, name: str) -> Any:
        """One entry of the file of corrections."""
        return self.facts.get(name)

    def _all(self, task_type: str) -> list[Setting]:
        apart = {setting.name for setting in self.task_settings(task_type)} | {
            "rate_limit.requests_per_minute"
        }
        listed = [
            self._listed(name) for name in self.listed if name not in apart and self._applies(name, task_type)
        ]
        extra = _declared(self._embedding_settings(task_type) | self._by_task("settings", task_type))
        names = {setting.name for setting in extra}
        known = [setting for setting in listed if setting.name not in names] + extra
        known = [setting for setting in known if setting.kind != "unknown"]
        order = self.facts.get("order", [])
        return sorted(
            known, key=lambda setting: order.index(setting.name) if setting.name in order else len(order)
        )

    def _applies(self, name: str, task_type: str) -> bool:
        return task_type in self.listed[name]["supported_task_types"]

    def _listed(self, name: str) -> Setting:
        entry = self.listed[name]
        kind = "url" if name == "url" else _KINDS[entry["type"]]
        required = entry["required"] and name not in self.facts.get("optional", [])
        secret = entry["sensitive"] and name not in self.facts.get("plain", [])
        return Setting(name, kind, required, secret, self.facts.get("missing", {}).get(name))

    def _by_task(self, section: str, task_type: str) -> dict[str, Any]:
        by_task = self.facts.get(section, {})
        return {**by_task.get("all", {}), **by_task.get(task_type, {})}

    def _embedding_settings(self, task_type: str) -> dict[str, Any]:
        external = self.name != IN_CLUSTER and task_type in ("text_embedding", "embedding")
        return dict(self.facts["embeddings"]) if external else {}


def _declared(entries: dict[str, Any]) -> list[Setting]:
    return [_setting(name, kind) for name, kind in entries.items()]


def _setting(name: str, kind: str) -> Setting:
    bare = kind.removeprefix("secret ")
    choices = tuple(bare.rstrip("!").split("|"))
    one = choices if len(choices) > 1 else choices[0]
    return Setting(name, one, required=bare.endswith("!"), secret=bare != kind)


@cache
def services_answer(file_name: str) -> list[dict[str, Any]]:
    """The answer of `GET _inference/_services`, as recorded."""
    answer: list[dict[str, Any]] = json.loads((DATA / file_name).read_text())
    return answer

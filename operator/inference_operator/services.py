"""What a cluster says about its services in `GET _inference/_services`, read and kept small.

It goes before the catalogue, but it is not the whole truth: real servers take services and settings that they do not
list. So nothing is refused because it is missing here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from sys import intern
from typing import Any, NamedTuple

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST = 5_000
"""Settings that are believed, counted per service and task type; Elasticsearch 9.4.3 lists about 500."""


class Listed(NamedTuple):
    """What the cluster says about one setting."""

    required: bool
    sensitive: bool
    updatable: bool


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one cluster, as it lists them; one that does not say has none."""

    offers: Mapping[str, Mapping[str, Mapping[str, Listed]]] = field(default_factory=dict)
    """Settings by name, by task type, by service."""

    @property
    def names(self) -> list[str]:
        """The services."""
        return list(self.offers)

    def task_types(self, service: str) -> list[str]:
        """The task types that the service offers in this cluster; none, if it is not listed."""
        return list(self.offers.get(service, {}))

    def settings(self, service: str, task_type: str) -> Mapping[str, Listed]:
        """The settings for one task type, by name; service settings and task settings are not told apart."""
        return self.offers.get(service, {}).get(task_type, {})


SILENT = Services()
"""Of a cluster that does not list its services, or not to us, or in a form that cannot be read."""


def parse(answer: Any) -> Services:
    """The services of an answer; what has another shape than expected is left out."""
    found = {_name(entry.get("service")): entry for entry in _list(answer) if isinstance(entry, Mapping)}
    offers = {name: _task_types(entry) for name, entry in found.items() if name}
    size = sum(len(settings) for tasks in offers.values() for settings in tasks.values())
    return Services(offers) if offers and size <= _MOST else SILENT


def _task_types(entry: Mapping[str, Any]) -> dict[str, dict[str, Listed]]:
    tasks: dict[str, dict[str, Listed]] = {name: {} for name in _names(entry.get("task_types"))}
    configurations = entry.get("configurations")
    for key, said in configurations.items() if isinstance(configurations, Mapping) else ():
        name = _name(key)
        if name and isinstance(said, Mapping):
            for task in tasks.keys() & set(_names(said.get("supported_task_types"))):
                tasks[task][name] = _listed(*(said.get(flag) is True for flag in Listed._fields))
    return tasks


@cache
def _listed(*flags: bool) -> Listed:
    return Listed(*flags)  # there are eight, which all settings share


def _names(value: Any) -> Iterator[str]:
    return (name for entry in _list(value) if (name := _name(entry)))


def _name(value: Any) -> str | None:
    return intern(value) if isinstance(value, str) and _NAME.fullmatch(value) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

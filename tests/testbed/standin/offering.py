"""What a version offers: the services that a real server listed, with the file of corrections.

Where no server was asked, the nearest list is taken as the operator's catalogue corrects it: without what came later,
with what had come by then.
"""

from collections.abc import Iterable, Mapping
from functools import cache, reduce
from typing import Any

import yaml

from inference_operator import catalogue
from inference_operator.capabilities import version_tuple
from testbed.standin.merging import merged
from testbed.standin.profiles import Profile
from testbed.standin.services import DATA, Service, services_answer

_TYPES = {"boolean": "bool", "integer": "int", "list": "list", "object": "map", "string": "str"}
_BY_TASK = ("settings", "task_settings", "defaults", "task_defaults")
_NO_FACTS: dict[str, Any] = {}


@cache
def listing(profile: Profile) -> list[dict[str, Any]]:
    """The answer of `GET _inference/_services`."""
    recorded = services_answer(profile.services)
    if not profile.assumed:
        return recorded
    entries = (_as_of(entry, profile) for entry in recorded)
    return [entry for entry in entries if entry["task_types"]]


@cache
def services_of(profile: Profile) -> dict[str, Service]:
    """All services by name, the unlisted ones too."""
    known = reduce(merged, (yaml.safe_load((DATA / name).read_text()) for name in profile.corrections))
    listed = {entry["service"]: entry for entry in listing(profile)}
    unlisted = {name for name, facts in known["services"].items() if "task_types" in facts}
    services = (
        _service(
            name, listed.get(name), known["services"][name] | {"embeddings": known["embeddings"]}, profile
        )
        for name in sorted(listed.keys() | unlisted)
    )
    return {service.name: service for service in services if service.task_types}


def _service(name: str, listed: dict[str, Any] | None, facts: dict[str, Any], profile: Profile) -> Service:
    entry = listed or {"name": name, "task_types": [], "configurations": {}}
    task_types = _offered(name, facts.get("task_types", entry["task_types"]), profile)
    younger = _younger(name, profile) - set(facts.get("older", []))
    for section in _BY_TASK:
        if younger and section in facts:
            told = {task_type: _without(settings, younger) for task_type, settings in facts[section].items()}
            facts = facts | {section: told}
    settings = _without(entry["configurations"], younger)
    return Service(name, entry["name"], task_types, settings, facts, profile.configuration)


def _without(settings: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: told for name, told in settings.items() if name not in names}


def _offered(service: str, task_types: Iterable[str], profile: Profile) -> tuple[str, ...]:
    known = catalogue.load().services.get(service)
    if not profile.assumed or known is None:
        return tuple(task_types)
    return tuple(task_type for task_type in task_types if known.offers(task_type, profile.release))


def _younger(service: str, profile: Profile) -> frozenset[str]:
    """The settings that only a later version has."""
    known = catalogue.load().services.get(service)
    if not profile.assumed or known is None:
        return frozenset()
    settings = {**known.service_settings, **known.task_settings}
    return frozenset(name for name, setting in settings.items() if _since(setting) > profile.release)


def _as_of(entry: dict[str, Any], profile: Profile) -> dict[str, Any]:
    known = catalogue.load().services[entry["service"]]
    task_types = _offered(entry["service"], dict.fromkeys([*entry["task_types"], *known.task_types]), profile)
    fresh = set(task_types) - set(entry["task_types"])
    younger, recorded = _younger(entry["service"], profile), version_tuple(profile.services.partition("-")[2])
    settings = {
        name: told
        | {"supported_task_types": _tasks(told, known.service_settings.get(name), task_types, fresh)}
        for name, told in entry["configurations"].items()
        if name not in younger
    }
    added = {
        name: _listed(name, setting, task_types)
        for name, setting in known.service_settings.items()
        if recorded < _since(setting) <= profile.release
    }
    return entry | {"task_types": list(task_types), "configurations": settings | added}


def _tasks(
    told: Mapping[str, Any], setting: catalogue.Setting | None, task_types: tuple[str, ...], fresh: set[str]
) -> list[str]:
    applies = set(setting.tasks or task_types) if setting else set(task_types)
    return [task for task in task_types if task in told["supported_task_types"] or task in fresh & applies]


def _listed(name: str, setting: catalogue.Setting, task_types: tuple[str, ...]) -> dict[str, Any]:
    return {
        "description": "",
        "label": name.replace("_", " ").title(),
        "required": setting.required,
        "sensitive": setting.secret,
        "updatable": setting.secret,
        "type": _TYPES[setting.type],
        "supported_task_types": list(setting.tasks or task_types),
    }


def _since(setting: catalogue.Setting) -> tuple[int, int]:
    return version_tuple(setting.since or "0.0")

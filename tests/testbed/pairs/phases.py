"""What is done to every endpoint, one phase after the other, and which of its settings are changed for that."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from inference_operator.endpoint import segments
from testbed.builders import Endpoint, Manifest
from testbed.pairs import Pair
from testbed.pairs.samples import FIXED, TASK_SETTINGS, WITHOUT_TASK_SETTINGS
from testbed.pairs.servers import ALLOCATIONS, Version


class Phase(StrEnum):
    """A phase and its letter in the table."""

    CREATE = "C"
    RESYNC = "N"
    ROTATE = "R"
    UPDATE = "U"
    FIXED = "I"
    AGAIN = "A"
    UNDO = "B"
    DRIFT = "D"
    DELETE = "X"


LEGEND = {
    "C": "created (c: this version does not have the pair, and the resource says so)",
    "c": "",
    "N": "asked for a reconcile: nothing is written, in Elasticsearch or in Kubernetes",
    "R": "the shared Secret rotated: one update with the new secrets",
    "U": "a rate limit and a task setting changed in place (u: what this version ignores is told)",
    "u": "",
    "I": "a setting changed that cannot be: told, the endpoint serves on (I: this version can)",
    "i": "",
    "A": "asked for a reconcile then: nothing is tried again",
    "B": "what was not taken over is undone: ready without a request",
    "D": "edited by somebody else: put back (G: deleted, where an edit changes nothing: made again)",
    "G": "",
    "X": "deleted, in Kubernetes and in Elasticsearch",
    "-": "nothing to do there",
    "!": "WRONG",
    "?": "not judged after that",
}
"""What the letters mean; those without words are told with another."""


@dataclass(frozen=True)
class Change:
    """A setting, by its path in the spec, with the value that it gets, and one that somebody else gives it."""

    path: str
    value: Any
    other: Any = None


_RATE_LIMIT = Change("/serviceSettings/rate_limit/requests_per_minute", 7, 9)
_ALLOCATIONS = Change(ALLOCATIONS, 2, 3)


def updatable(pair: Pair, version: Version) -> list[Change]:
    """What is changed in place: one service setting and one task setting, as far as there are such."""
    if pair.in_cluster:
        return [_ALLOCATIONS]
    has_limit = "/serviceSettings/rate_limit" in pair.known.settings(pair.task_type)
    return [*([_RATE_LIMIT] if has_limit else []), *_task_settings(pair, version)[:1]]


def _task_settings(pair: Pair, version: Version) -> list[Change]:
    """Those that the version has, the most usual one first."""
    if f"{pair.service}.{pair.task_type}" in WITHOUT_TASK_SETTINGS:
        return []
    if pair.service == "amazon_sagemaker" and version.release < (9, 4):  # 8.19.8 answers an update with 500
        return []
    service = version.service(pair)
    here = (
        set()
        if service.fact("ignores_task_settings")
        else {s.name for s in service.task_settings(pair.task_type)}
    )
    listed = pair.known.settings(pair.task_type)
    paths = {name: f"/taskSettings/{name}" for name in TASK_SETTINGS if name in here}
    return [_task_setting(name, path) for name, path in paths.items() if path in listed]


def _task_setting(name: str, path: str) -> Change:
    within, value, other = TASK_SETTINGS[name]
    return Change(f"{path}/{within}" if within else path, value, other)


def fixed(pair: Pair) -> Change:
    """What cannot be changed in place: of the settings that the pair needs, the one that tells most what it is."""
    needed = {path.rsplit("/", 1)[-1]: path for path, setting in pair.needed().items() if not setting.secret}
    name = next(name for name in FIXED if name in needed)
    return Change(needed[name], FIXED[name])


def with_changes(endpoint: Endpoint, changes: Iterable[Change]) -> Endpoint:
    """The endpoint with these settings in its spec."""
    sections = ("serviceSettings", "taskSettings")
    spec = {name: copy.deepcopy(endpoint.spec.get(name, {})) for name in sections}
    for change in changes:
        put(spec, segments(change.path), change.value)
    return endpoint.with_spec(**{name: settings for name, settings in spec.items() if settings})


def body(values: Mapping[str, Any]) -> Manifest:
    """What stands in a request for these values, by their paths in the spec."""
    result: Manifest = {}
    for path, value in values.items():
        section, *keys = segments(path)
        put(result, [section.replace("Settings", "_settings"), *keys], value)
    return result


def put(settings: Manifest, keys: list[str], value: Any) -> None:
    """Set a value deep in an object, and make the objects on the way to it."""
    *parents, last = keys
    for key in parents:
        settings = settings.setdefault(key, {})
    settings[last] = value


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> Manifest:
    """What makes the one object of the other (RFC 7386)."""
    patch: Manifest = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            if inner := merge_patch(old, value):
                patch[key] = inner
        elif value != old:
            patch[key] = value
    return patch


def value_at(spec: Mapping[str, Any], path: str) -> Any:
    """The setting at a path."""
    for key in segments(path):
        spec = spec[key]
    return spec

"""The nouns of a reconcile, and what it means that two definitions of an endpoint are equal.

Elasticsearch does not return a definition as it was given: it adds defaults, takes secrets out, renames
services, writes some words in another case. So only what the user set is compared, as the server would write it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inference_operator.api.v1alpha1 import InferenceEndpointSpec

SECTIONS = ("serviceSettings", "taskSettings", "chunkingSettings")
"""The parts of a definition, as the spec names them."""

DEEPEST = 100
"""Levels of objects that settings may have; pydantic writes 255, Elasticsearch reads 1,000."""
SERVICE_ALIASES = {"elser": "elasticsearch"}
IN_CLUSTER_SERVICES = frozenset({"elasticsearch"})
# Settings whose words the server stores in one case, whatever was sent: `provider` in capitals, the others in small letters.
_CASELESS = frozenset(
    {"truncate", "input_type", "similarity", "embedding_type", "element_type", "strategy", "provider"}
)


# What the named groups of separators stand for; recorded from Elasticsearch 9.4.3.
_SEPARATORS = {
    "plaintext": ["(?<!\\n)\\n\\n(?!\\n)", "(?<!\\n)\\n(?!\\n)"],
    "markdown": [
        *("\n" + "#" * depth + " " for depth in range(1, 7)),
        "\n^(?!\\s*$).*\\n-{1,}\\n",
        "\n^(?!\\s*$).*\\n={1,}\\n",
    ],
}


class _Absent:
    """The value of a setting that is not there; differs from null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Definition:
    """What an endpoint is, without its secrets."""

    task_type: str
    service: str
    service_settings: Mapping[str, Any] = field(default_factory=dict)
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    chunking_settings: Mapping[str, Any] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any]:
        """The settings of one section, named as in the spec."""
        return {
            "serviceSettings": self.service_settings,
            "taskSettings": self.task_settings,
            "chunkingSettings": self.chunking_settings,
        }[name]


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting in which desired and observed differ; `observed` may be ABSENT."""

    path: str
    desired: Any
    observed: Any

    @property
    def section(self) -> str:
        """The section of the spec that the setting belongs to."""
        return self.path.split("/")[1]


def definition_of(spec: InferenceEndpointSpec) -> Definition:
    """What the spec asks for, without the secrets."""
    return Definition(
        spec.task_type, spec.service, spec.service_settings, spec.task_settings, spec.chunking_settings
    )


def definition_from_answer(item: Mapping[str, Any]) -> Definition:
    """One endpoint as Elasticsearch describes it."""
    return Definition(
        str(item.get("task_type", "")),
        str(item.get("service", "")),
        _object(item.get("service_settings")),
        _object(item.get("task_settings")),
        _object(item.get("chunking_settings")),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def without(definition: Definition, paths: frozenset[str]) -> Definition:
    """The definition with the settings at `paths` taken out."""

    def prune(settings: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        kept = {}
        for key, value in settings.items():
            path = f"{prefix}/{escape(key)}"
            inner = prune(value, path) if isinstance(value, Mapping) else value
            emptied = inner == {} and value != {}
            if path not in paths and not emptied:
                kept[key] = inner
        return kept

    return replace(
        definition,
        service_settings=prune(definition.service_settings, "/serviceSettings"),
        task_settings=prune(definition.task_settings, "/taskSettings"),
        chunking_settings=prune(definition.chunking_settings, "/chunkingSettings"),
    )


def escape(key: str) -> str:
    """A key as one segment of a JSON Pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def segments(path: str) -> list[str]:
    """The keys that a JSON Pointer leads through."""
    return [s.replace("~1", "/").replace("~0", "~") for s in path.split("/")[1:]]


def leaves(definition: Definition) -> Iterator[tuple[str, Any]]:
    """Every setting of the definition with its path; objects are entered, lists are not."""
    for section in SECTIONS:
        yield from _leaves(definition.section(section), f"/{section}")


def _leaves(settings: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        path = f"{prefix}/{escape(key)}"
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def is_deep(definition: Definition) -> bool:
    """Whether the settings are nested too deeply for a status: objects within objects, more than DEEPEST."""
    layer: list[Any] = [definition.section(name) for name in SECTIONS]
    for _ in range(DEEPEST):
        layer = [value for outer in layer for value in _members(outer)]
    return bool(layer)


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def value_at(definition: Definition, path: str) -> Any:
    """The setting at `path`, or ABSENT."""
    section, *keys = segments(path)
    value: Any = definition.section(section)
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return ABSENT
        value = value[key]
    return value


def same_kind(desired: Definition, observed: Definition) -> bool:
    """Whether task type and service agree; nothing else can be compared otherwise."""
    service = SERVICE_ALIASES.get(desired.service, desired.service)
    return (desired.task_type, service) == (observed.task_type, observed.service)


def differences(desired: Definition, observed: Definition) -> list[Difference]:
    """The settings which the user set and which are not so in Elasticsearch."""
    return [
        Difference(path, want, have)
        for path, want in leaves(desired)
        if not _is_dynamic(path, observed)
        and not equal(path, want, have := value_at(observed, path))
        and not _is_expanded(path, want, observed)
    ]


def removed(applied: Definition, desired: Definition, observed: Definition) -> list[Difference]:
    """The settings that were applied, are no longer asked for, and are still there."""
    return [
        Difference(path, ABSENT, have)
        for path, had in leaves(applied)
        if had not in ({}, None)
        and (value_at(desired, path) is ABSENT or value_at(desired, path) is None)
        and not _is_dynamic(path, observed)
        and equal(path, had, have := value_at(observed, path))
    ]


def equal(path: str, want: Any, have: Any) -> bool:
    """Whether the server's value `have` is how it would write the user's `want`."""
    if want is None or want == {}:
        return True  # accepted, and the same as not to name the setting
    if have is ABSENT:
        return False
    if isinstance(want, bool) or isinstance(have, bool):
        return want is have
    if isinstance(want, str) and isinstance(have, str) and path.rsplit("/", 1)[-1] in _CASELESS:
        return want.lower() == have.lower()
    return bool(want == have)


def _is_dynamic(path: str, observed: Definition) -> bool:
    """The number of allocations is the deployment's own where it adapts, or is somebody else's."""
    if path != "/serviceSettings/num_allocations" or observed.service not in IN_CLUSTER_SERVICES:
        return False
    settings = observed.service_settings
    return bool(_object(settings.get("adaptive_allocations")).get("enabled")) or "deployment_id" in settings


def settled(observed: Definition) -> Definition:
    """The definition without what changes by itself."""
    path = "/serviceSettings/num_allocations"
    return without(observed, frozenset({path})) if _is_dynamic(path, observed) else observed


def _is_expanded(path: str, want: Any, observed: Definition) -> bool:
    """A named group of separators comes back as the list that it stands for; of a group unknown here any list will do."""
    if path != "/chunkingSettings/separator_group" or "separators" not in observed.chunking_settings:
        return False
    have = observed.chunking_settings["separators"]
    return isinstance(want, str) and list(have) == _SEPARATORS.get(want, list(have))


def as_json(value: Any) -> str:
    """A value in one canonical text."""
    return "absent" if value is ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False)


def shown(value: Any) -> str:
    """A value as a message shows it: JSON, cut."""
    text = as_json(value)
    return text if len(text) <= 80 else text[:79] + "…"


def made_true(
    desired: Definition, observed: Definition, applied: Definition | None, asked: frozenset[str]
) -> Definition:
    """What counts as applied while some of what is desired is not so.

    That is what was applied before, and of the paths that were `asked` for just now those that have become so; what
    was cleared counts no more, even if the server's default is the same. A setting that merely happens to be as
    desired does not count: it was not made so, and need not be taken back.
    """
    true = [(path, want) for path, want in leaves(desired) if equal(path, want, value_at(observed, path))]
    if applied is None:
        return _with(replace(desired, service_settings={}, task_settings={}, chunking_settings={}), true)
    cleared = frozenset(path for path in asked if value_at(desired, path) is ABSENT)
    return without(_with(applied, [(path, want) for path, want in true if path in asked]), cleared)


def _with(definition: Definition, values: list[tuple[str, Any]]) -> Definition:
    sections = {name: json.loads(json.dumps(dict(definition.section(name)))) for name in SECTIONS}
    for path, value in values:
        section, *parents, last = segments(path)
        node = sections[section]
        for key in parents:
            if not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
        node[last] = value
    return replace(
        definition,
        service_settings=sections["serviceSettings"],
        task_settings=sections["taskSettings"],
        chunking_settings=sections["chunkingSettings"],
    )

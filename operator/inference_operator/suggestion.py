"""What may have been meant, where Elasticsearch refuses a service, a task type or a setting: pure.

Names come from what the cluster lists and from the catalogue. Neither is the whole truth, so this only advises, after
the cluster has refused. The one thing that is decided here is that secrets do not belong into the settings.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from inference_operator import catalogue
from inference_operator.catalogue import Setting
from inference_operator.endpoint import Definition, escape, segments, shown
from inference_operator.errors import Reason, ReconcileError
from inference_operator.services import SILENT, Services

_CLOSE = 0.65  # how alike two names must be, from 0 to 1
_LONGEST = 360  # characters of advice, as a message has 512 in all; the services of 9.4.3 fit in
_MOST = 3  # settings that are spoken about
_CHUNKING = ("strategy", "max_chunk_size", "overlap", "sentence_overlap", "separators", "separator_group")
_PYTHON: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "integer": int,
    "list": list,
    "number": (int, float),
    "object": Mapping,
    "string": str,
}
_NO_SECRETS = frozenset({("azureopenai", "tenant_id")})
"""Listed as sensitive, but GET shows them: ids, which may stand in a spec."""


def advised(problem: ReconcileError, definition: Definition, services: Services | None) -> str:
    """What to add to the message of a problem: what may have been meant; empty where nothing is known."""
    advice = {
        Reason.UNKNOWN_SERVICE: _about_service,
        Reason.UNSUPPORTED_TASK_TYPE: _about_task_type,
        Reason.INVALID_SETTINGS: _about_settings,
    }.get(problem.reason)
    if advice is None:
        return ""
    text = "".join(f"; {part}" for part in advice(problem, definition, services or SILENT))
    text = text.replace("?; ", "? ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def plain_secrets(definition: Definition, services: Services | None) -> list[str]:
    """The paths of service settings that are secrets for this cluster, or by the catalogue, and stand in plain text."""
    service, task_type = definition.service, definition.task_type
    listed = (services or SILENT).settings(service, task_type)
    secrets = {name for name, said in listed.items() if said.sensitive and (service, name) not in _NO_SECRETS}
    known = catalogue.load().settings(service, task_type)
    return [
        path
        for name, value in definition.service_settings.items()
        if (path := f"/serviceSettings/{escape(name)}")
        and value is not None
        and (name in secrets or (path in known and known[path].secret))
    ]


def is_unknown(path: str, definition: Definition, services: Services | None) -> bool:
    """Whether neither the cluster nor the catalogue knows this setting of a service that they do know."""
    knowledge = _Knowledge(definition, services or SILENT)
    section, name = segments(path)[:2]
    return knowledge.knows_service and name not in knowledge.names(section)


def _about_service(_: ReconcileError, definition: Definition, services: Services) -> Iterator[str]:
    service = definition.service
    if known := catalogue.load().services.get(service):
        yield f"{service} came with Elasticsearch {_oldest(known.task_types.values())}"
        return
    meant = _close(service, [*services.names, *catalogue.load().services])
    if meant:
        yield f"did you mean {meant}?"
    elif services.names:
        yield f"this cluster lists {', '.join(services.names)}"


def _about_task_type(_: ReconcileError, definition: Definition, services: Services) -> Iterator[str]:
    service, task_type = definition.service, definition.task_type
    known = catalogue.load().services.get(service)
    since = known.task_types if known else {}
    offered = services.task_types(service) or list(since)
    if task_type in since and task_type not in services.task_types(service):
        yield f"{service} has {task_type} since Elasticsearch {since[task_type]}"
    elif meant := _close(task_type, offered):
        yield f"did you mean {meant}?"
    if offered:
        yield f"{service} offers {', '.join(offered)}"


def _about_settings(problem: ReconcileError, definition: Definition, services: Services) -> Iterator[str]:
    """Advice about the settings that were refused by name, and about others that look like slips."""
    knowledge = _Knowledge(definition, services)
    given = [
        (section, name, value)
        for section in knowledge.sections
        for name, value in definition.section(section).items()
    ]
    given.sort(key=lambda setting: setting[1] not in problem.settings)
    hints = (knowledge.hint(*setting, refused=setting[1] in problem.settings) for setting in given)
    return islice((hint for hint in hints if hint and not _is_said(hint, problem.message)), _MOST)


def _is_said(hint: str, message: str) -> bool:
    """Whether the server has said so itself, its brackets left out."""
    return hint in re.sub(r"[\[\]]", "", message)


class _Knowledge:
    """The settings of the service for the task type, by section."""

    def __init__(self, definition: Definition, services: Services) -> None:
        self._definition = definition
        known = catalogue.load().settings(definition.service, definition.task_type)
        self._by_section: dict[str, dict[str, Setting]] = {"serviceSettings": {}, "taskSettings": {}}
        for path, setting in known.items():
            _, section, name = path.split("/")
            self._by_section[section][name] = setting
        listed = {name.split(".")[0] for name in services.settings(definition.service, definition.task_type)}
        self._unsorted = sorted(listed - {name for names in self._by_section.values() for name in names})
        self.sections = [*self._by_section, "chunkingSettings"]

    def hint(self, section: str, name: str, value: Any, *, refused: bool) -> str | None:
        """Advice about one setting that is given; None where nothing is wrong with it, as far as is known."""
        if name in self.names(section):
            return self._about_value(section, name, value) or (
                self._too_new(section, name) if refused else None
            )
        slip = self._misplaced(section, name) or self._misspelt(section, name)
        if slip or not refused:
            return slip
        return self._superfluous(section, name) or self._of_other_tasks(name) or self._unknown(section, name)

    @property
    def knows_service(self) -> bool:
        """Whether there is anything to go by."""
        return bool(self._unsorted or any(self._by_section.values()))

    def names(self, section: str) -> list[str]:
        """The settings that a section may hold."""
        if section == "chunkingSettings":
            return list(_CHUNKING)
        return [*self._by_section[section], *self._unsorted]

    def _about_value(self, section: str, name: str, value: Any) -> str | None:
        setting = self._by_section.get(section, {}).get(name)
        if setting is None or value is None:
            return None
        if not _is(setting.type, value):
            return f"{name} must be {'an' if setting.type[0] in 'aeio' else 'a'} {setting.type}"
        if setting.enum and isinstance(value, str) and value.lower() not in map(str.lower, setting.enum):
            return f"{name} must be one of {', '.join(setting.enum)}"
        return None

    def _too_new(self, section: str, name: str) -> str | None:
        setting = self._by_section.get(section, {}).get(name)
        return f"{name} came with Elasticsearch {setting.since}" if setting and setting.since else None

    def _misplaced(self, section: str, name: str) -> str | None:
        for other, settings in self._by_section.items():
            if other != section and name in settings:
                return f"{name} belongs under {other}"
        return f"{name} belongs under chunkingSettings" if name in _CHUNKING else None

    def _misspelt(self, section: str, name: str) -> str | None:
        free = [known for known in self.names(section) if known not in self._definition.section(section)]
        meant = _close(name, free)
        if meant is None:
            return None
        setting = self._by_section.get(section, {}).get(meant.strip('"'))
        place = " (it belongs under secretSettings)" if setting and setting.secret else ""
        return f"did you mean {meant} instead of {shown(name)}?{place}"

    def _superfluous(self, section: str, name: str) -> str | None:
        meant = _close(name, self._definition.section(section).keys() & set(self.names(section)))
        return f"did you mean {meant}? it is given as well, so take {shown(name)} out" if meant else None

    def _of_other_tasks(self, name: str) -> str | None:
        service = catalogue.load().services.get(self._definition.service)
        setting = service and (service.service_settings.get(name) or service.task_settings.get(name))
        if not setting or self._definition.task_type in setting.tasks:
            return None
        return f"{name} is for {', '.join(setting.tasks)} only"

    def _unknown(self, section: str, name: str) -> str | None:
        secret = {known for known, setting in self._by_section.get(section, {}).items() if setting.secret}
        names = [known for known in self.names(section) if known not in secret]
        return f"instead of {shown(name)}, {section} takes {', '.join(names)}" if names else None


def _close(word: str, names: Iterable[str]) -> str | None:
    """The name that is most like the word, in quotes, as a message shows it."""
    found = get_close_matches(word.lower()[:64], dict.fromkeys(names), n=1, cutoff=_CLOSE)
    return shown(found[0]) if found else None


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON[kind])


def _oldest(releases: Iterable[str]) -> str:
    return min(releases, key=lambda release: [int(part) for part in release.split(".")])

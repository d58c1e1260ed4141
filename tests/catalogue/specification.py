"""Reads what one branch of Elastic's specification says about the services of the inference API.

The specification is TypeScript of a plain kind: a service has a request whose body names the enum of its task types and
the classes of its settings; a setting is one line, and what its type does not say stands in the comment above it.
"""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from inference_operator.api.v1alpha1 import SECRET_SETTINGS

Facts = dict[str, Any]

NO_SECRETS = frozenset({"max_input_tokens", "max_new_tokens", "max_tokens", "return_token", "token_url"})
"""Names that look like those of secrets; one that is neither here nor known as a secret must be judged by a person."""

_LOOKS_SECRET = re.compile(r"key|token|secret|password|credential|account")
_FOLDER = "specification/inference"
_REQUEST = re.compile(r"/put_\w+/\w+Request\.ts$")
_DECLARATION = r"^export {}(\w+)[^{{]*\{{\n(.*?)^\}}"
_ENUM = re.compile(_DECLARATION.format("enum "), re.MULTILINE | re.DOTALL)
_CLASS = re.compile(_DECLARATION.format("(?:class|interface) "), re.MULTILINE | re.DOTALL)
_SINCE = re.compile(r"@availability stack since=(\d+\.\d+)")
_MEMBER = re.compile(r"^ +'?(\w[\w-]*)'?,?$", re.MULTILINE)
_FIELD = re.compile(r"(?:/\*\*((?:[^*]|\*(?!/))*)\*/\s*)?^ +(\w+)(\?)?: ([^\n]+)$", re.MULTILINE)
_TASKS = r"(?:`[a-z_]+`(?:,? or ?|,? and |, )?)+"
_FOR = r"(?:For (?:an? |the )?|(?:Available o|O)nly (?:applicable )?for the )"
_APPLIES = re.compile(rf"(?:^|[.>] ){_FOR}({_TASKS}) task")
_DEFAULT = re.compile(r"@server_default (\S+)")
_RATE_LIMIT = re.compile(r"allowed per minute to `?(\d+)`?(?!\.?\d)")
_RATE_LIMITS = re.compile(rf"For (?:both )?({_TASKS}), it is set to `(\d+)`")
_TYPES = {"string": "string", "boolean": "boolean", "integer": "integer", "float": "number"}


def releases(repository: Path) -> dict[str, str]:
    """The releases that have a branch in the git directory or checkout, oldest first, with their refs."""
    refs = _git(repository, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes")
    found = {
        match[1]: match.string for ref in refs.decode().split() if (match := re.search(r"/(\d+\.\d+)$", ref))
    }
    return dict(sorted(found.items(), key=lambda item: number(item[0])))


def number(release: str) -> tuple[int, ...]:
    """A release as numbers, which compare as releases do."""
    return tuple(map(int, release.split(".")))


def commit(repository: Path, ref: str) -> str:
    """Which commit a branch is at, and of which day."""
    return _git(repository, "log", "-1", "--format=%H of %cs", ref).decode().strip()


@dataclass(frozen=True)
class Specification:
    """The declarations of one branch; classes and requests as their text."""

    enums: Mapping[str, list[str]]
    classes: Mapping[str, str]
    requests: Sequence[Mapping[str, str]]

    @classmethod
    def read(cls, repository: Path, release: str, ref: str) -> Self:
        """The branch of a release at `ref`, without requests that it says are for later ones."""
        sources = dict(_sources(repository, ref))
        text = "".join(source for path, source in sources.items() if "/_types/" in path)
        enums = {name: _MEMBER.findall(body) for name, body in _ENUM.findall(text)}
        requests = [
            {name: kind for _, name, _, kind in _FIELD.findall(source)}
            for path, source in sources.items()
            if _REQUEST.search(path) and _is_in(source, release)
        ]
        of_services = [request for request in requests if request.get("service") in enums]
        return cls(enums, dict(_CLASS.findall(text)), of_services)

    def services(self) -> dict[str, Facts]:
        """Each service with its task types and settings."""
        return dict(sorted(map(self._service, self.requests)))

    def _service(self, request: Mapping[str, str]) -> tuple[str, Facts]:
        tasks = self.enums[request["task_type"]]
        settings = self._settings(request["service_settings"], tasks)
        task_settings = self._settings(request.get("task_settings"), tasks)
        [name] = self.enums[request["service"]]
        chunked = [task for task in tasks if "chunking_settings" in request and task.endswith("embedding")]
        sections = {"serviceSettings": settings, "taskSettings": task_settings, "chunkingSettings": chunked}
        return name, {"taskTypes": tasks, **sections}

    def _settings(self, class_name: str | None, tasks: list[str]) -> dict[str, Facts]:
        fields = _FIELD.findall(self.classes[class_name]) if class_name else []
        return {
            name: self._setting(name, kind, optional, _prose(doc), tasks)
            for doc, name, optional, kind in fields
        }

    def _setting(self, name: str, kind: str, optional: str, prose: str, tasks: list[str]) -> Facts:
        facts = {
            "type": self._type(kind),
            "required": not optional or None,
            "secret": _is_secret(name) or None,
            "enum": self.enums.get(kind),
            "default": _default(prose),
            "tasks": _applicable(prose, tasks),
        }
        return {fact: value for fact, value in facts.items() if value is not None}

    def _type(self, kind: str) -> str:
        if kind in self.enums:
            return "string"
        return _TYPES.get(kind) or ("list" if kind.startswith("Array<") else "object")


def _sources(repository: Path, ref: str) -> Iterator[tuple[str, str]]:
    archive = io.BytesIO(_git(repository, "archive", ref, _FOLDER))
    with tarfile.open(fileobj=archive) as files:
        for member in files:
            if member.name.endswith(".ts") and (file := files.extractfile(member)):
                yield member.name, file.read().decode()


def _is_in(request: str, release: str) -> bool:
    since = _SINCE.search(request)
    return since is not None and number(since[1]) <= number(release)


def _git(repository: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True).stdout


def _prose(comment: str) -> str:
    """The comment as running text."""
    return " ".join(line.strip().removeprefix("*").strip() for line in comment.splitlines()).strip()


def _is_secret(name: str) -> bool:
    if name not in {*SECRET_SETTINGS, *NO_SECRETS} and _LOOKS_SECRET.search(name):
        raise ValueError(f"{name} may be a secret: put it into SECRET_SETTINGS or NO_SECRETS")
    return name in SECRET_SETTINGS


def _applicable(prose: str, tasks: list[str]) -> list[str] | None:
    """The task types that the setting is for, if these are not all."""
    found = _APPLIES.search(prose)
    named = _names(found[1]) if found else tasks
    return [task for task in tasks if task in named] if set(named) < set(tasks) else None


def _default(prose: str) -> Any:
    """The default; that of a rate limit may depend on the task type."""
    if found := _DEFAULT.search(prose):
        return {"true": True, "false": False}.get(found[1], int(found[1]) if found[1].isdigit() else found[1])
    if found := _RATE_LIMIT.search(prose):
        return int(found[1])
    return {
        task: int(limit) for tasks, limit in _RATE_LIMITS.findall(prose) for task in _names(tasks)
    } or None


def _names(tasks: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", tasks)

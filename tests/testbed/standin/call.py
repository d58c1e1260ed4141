"""One authenticated request as a handler sees it: path, query parameters and JSON body, parsed as the server parses."""

import re
from dataclasses import dataclass, field
from typing import Any

from testbed.standin.jsontext import parse_object
from testbed.standin.refusal import Refusal, bad_request, class_cast, illegal_argument, invalid
from testbed.standin.security import Principal
from testbed.standin.services import TASK_TYPES
from testbed.standin.state import Cluster

_ID = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z0-9])?")
_UNITS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
Timeout = tuple[str, float]
"""As it is written, and in seconds."""
_ALWAYS_KNOWN = {"pretty", "human", "error_trace"}


@dataclass
class Call:
    """What a handler gets; query parameters are taken out as they are read."""

    cluster: Cluster
    principal: Principal
    path: str
    parts: dict[str, str]
    query: dict[str, str]
    body: bytes
    hindrance: Refusal | None = None
    """What stands in the way of those who may do what they ask."""
    warnings: list[str] = field(default_factory=list)

    @property
    def inference_id(self) -> str:
        """The id in the path."""
        return self.parts["inference_id"]

    def checked_id(self) -> str:
        """The id in the path of a request that may write."""
        name = self.inference_id
        if name == "_all" or not _ID.fullmatch(name):
            text = "can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores"
            problem = f"Invalid inference_id; '{name}' {text}; must start and end with alphanumeric"
            raise invalid([problem], "action_request_validation_exception")
        return name

    def task_type(self) -> str:
        """The task type in the path; `any` if there is none."""
        return self._parse_task_type(self.parts.get("task_type", "any"))

    def resolve_task_type(self, in_url: str, in_body: Any) -> str:
        """The one task type that URL and body name together."""
        if in_body is not None and not isinstance(in_body, str):
            raise class_cast(in_body, "java.lang.String")
        if in_body is None:
            if in_url == "any":
                raise bad_request("model is missing required setting [task_type]")
            return in_url
        named = self._parse_task_type(in_body)
        if named == "any":
            raise bad_request("task_type [any] is not valid type for inference")
        if in_url not in (named, "any"):
            text = f"task_type parameter in the request URL [{in_url}] and the request body [{named}]"
            raise bad_request(f"Cannot resolve conflicting {text}")
        return named

    def flag(self, name: str) -> bool:
        """A boolean query parameter; present without a value means true."""
        value = self.query.pop(name, "false")
        if value not in ("", "true", "false"):
            raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        return value != "false"

    def timeout(self, default: str = "30s") -> Timeout:
        """The `timeout` parameter: as written, and in seconds."""
        text = self.query.pop("timeout", default)
        text = "0s" if text == "0" else text
        return text, _seconds(text)

    def no_more_parameters(self) -> None:
        """Refuses query parameters that no one has read."""
        unknown = sorted(self.query.keys() - _ALWAYS_KNOWN)
        if unknown:
            noun = "parameter" if len(unknown) == 1 else "parameters"
            names = ", ".join(f"[{name}]" for name in unknown)
            raise illegal_argument(f"request [{self.path}] contains unrecognized {noun}: {names}")

    def required_body(self) -> bytes:
        """The body; refuses its absence."""
        if not self.body:
            raise Refusal(400, "parse_exception", "request body is required")
        return self.body

    def document(self) -> dict[str, Any]:
        """The body as an object; like the server it takes anything else for an empty one, and ignores what follows."""
        return parse_object(self.body.decode(errors="replace"))

    def authorize(self, action: str) -> None:
        """Refuses what the caller may not do, or what cannot be done at the moment."""
        self.principal.authorize(action)
        if self.hindrance is not None:
            raise self.hindrance

    def _parse_task_type(self, text: str) -> str:
        name = text.strip().lower()
        if name not in TASK_TYPES or name in self.cluster.profile.unknown_task_types:
            raise bad_request(f"Unknown task_type [{text}]")
        return name


def _seconds(text: str) -> float:
    if text in ("-1", "0s"):
        return 0
    if text.startswith("-"):
        problem = "as a time value: negative durations are not supported"
        raise illegal_argument(f"failed to parse setting [timeout] with value [{text}] {problem}")
    unit = next((unit for unit in _UNITS if text.lower().endswith(unit)), None)
    if unit is None:
        problem = "as a time value: unit is missing or unrecognized"
        raise illegal_argument(f"failed to parse setting [timeout] with value [{text}] {problem}")
    number = text[: -len(unit)].strip()
    if not re.fullmatch(r"-?\d+", number):
        cause = Refusal(400, "number_format_exception", f'For input string: "{number}"')
        fraction = re.fullmatch(r"-?\d+\.\d+", number)
        more = ", fractional time values are not supported" if fraction else ""
        raise illegal_argument(f"failed to parse [{text}]{more}", cause)
    return int(number) * _UNITS[unit]

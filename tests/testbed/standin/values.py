"""Reads the sections of a request body the way the server does: known keys are taken out, problems are collected."""

import re
from collections.abc import Iterable
from typing import Any

from testbed.standin.javatext import java_text
from testbed.standin.refusal import bad_request, class_cast, invalid, java_class
from testbed.standin.services import Service, Setting

_LARGEST = 2**31 - 1
_LARGEST_LONG = 2**63 - 1
_JAVA_TYPES: dict[str, tuple[type, str]] = {
    "text": (str, "String"),
    "url": (str, "String"),
    "count": (int, "Integer"),
    "flag": (bool, "Boolean"),
    "map": (dict, "Map"),
    "texts": (dict, "Map"),
    "integer": (int, "Integer"),
    "refused": (object, "Object"),
    "list": (list, "List"),
    "number": (float, "Double"),
}
_NO_URL = re.compile(r"[\s<>\"{}|\\^`]")


def section(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Takes an object out of the body; absent, null and `{}` are the same."""
    value = body.pop(name, None)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise class_cast(value, "java.util.Map")
    return dict(value)


def read(settings: Iterable[Setting], given: dict[str, Any], scope: str) -> dict[str, Any]:
    """Takes the known settings out of `given`; raises one refusal that names every problem."""
    problems: list[str] = []
    values = {setting.name: _read_one(setting, given, scope, problems) for setting in settings}
    if problems:
        raise invalid(problems)
    return {name: value for name, value in values.items() if value is not None}


def read_rate_limit(given: dict[str, Any], default: int, service: Service) -> dict[str, int]:
    """The rate limit with its default; what else is in it is refused like any unknown setting."""
    limits = section(given, "rate_limit")
    refuse_unknown_limits(limits, service)
    value = limits.get("requests_per_minute")
    if value is None:
        return {"requests_per_minute": default}
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST_LONG:
        text = f"The value [{java_text(value)}] cannot be converted to one of [Integer, Long]"
        raise invalid([f"field [requests_per_minute] is not of one of the expected types. {text}"])
    if value <= 0:
        raise invalid(
            [f"[rate_limit] Invalid value [{value}]. [requests_per_minute] must be a positive long"]
        )
    return {"requests_per_minute": value}


def refuse_unknown_limits(limits: Any, service: Service) -> None:
    """Refuses what else is in a rate limit, before anything is said about the other settings."""
    if isinstance(limits, dict):
        refuse_unknown({k: v for k, v in limits.items() if k != "requests_per_minute"}, service)


def refuse_unknown(rest: dict[str, Any], service: Service) -> None:
    """Refuses whatever was not taken out."""
    if rest:
        told = f"{service.configuration} contains settings [{java_text(rest)}]"
        raise bad_request(f"{told} unknown to the [{service.name}] service")


def _read_one(setting: Setting, given: dict[str, Any], scope: str, problems: list[str]) -> Any:
    value = given.pop(setting.name, None)
    if value is None:
        if setting.required:
            default = f"[{scope}] does not contain the required setting [{setting.name}]"
            problems.append(setting.missing or default)
        return None
    if problem := _type_problem(setting, value) or _value_problem(setting, value, scope):
        problems.append(problem)
    if setting.kind == "texts" and scope == "task_settings" and not value:
        return None  # an empty map is none
    return value.lower() if isinstance(setting.kind, tuple) and isinstance(value, str) else value


def _type_problem(setting: Setting, value: Any) -> str | None:
    wanted, java_type = _JAVA_TYPES["text" if isinstance(setting.kind, tuple) else setting.kind]
    fits = isinstance(value, wanted) and (setting.kind == "flag" or not isinstance(value, bool))
    if fits and not (wanted is int and abs(value) > _LARGEST):
        return None
    text = f"The value [{java_text(value)}] cannot be converted to a [{java_type}]"
    return f"field [{setting.name}] is not of the expected type. {text}"


def _value_problem(setting: Setting, value: Any, scope: str) -> str | None:
    name, problem = setting.name, None
    match setting.kind:
        case tuple() | "text" | "url" if not value:
            problem = f"Invalid value empty string. [{name}] must be a non-empty string"
        case tuple() as allowed if value.lower() not in allowed:
            problem = f"Invalid value [{value}] received. [{name}] must be one of [{', '.join(allowed)}]"
        case "refused":
            problem = f"does not allow the setting [{name}]"
        case "count" if value <= 0:
            problem = f"Invalid value [{value}]. [{name}] must be a positive integer"
        case "url" if _NO_URL.search(value):
            error = f"unable to parse url [{value}]. Reason: Illegal character in path"
            problem = f"Invalid url [{value}] received for field [{name}]. Error: {error}"
        case "url" if value.endswith("://"):
            error = f"unable to parse url [{value}]. Reason: Expected authority"
            problem = f"Invalid url [{value}] received for field [{name}]. Error: {error}"
        case "texts":
            return _entry_problem(name, value)
    return f"[{scope}] {problem}" if problem else None


def _entry_problem(name: str, value: dict[str, Any]) -> str | None:
    for key, item in value.items():
        if not isinstance(item, str):
            kind = java_class(item).rpartition(".")[2]
            entry = f"Map field [{name}] has an entry that is not valid, [{key} => {java_text(item)}]"
            return f"{entry}. Value type of [{kind}] is not one of [String]."
    return None

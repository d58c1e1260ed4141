"""What an `_update` makes of a stored endpoint: before 9.5 next to nothing, and without a word about the rest."""

from dataclasses import replace
from typing import Any

from testbed.standin import incluster
from testbed.standin.chunking import LEGACY, parse_chunking
from testbed.standin.definition import (
    read_secrets,
    refuse_field,
    refuse_task_settings,
    refuse_unparsable_tasks,
)
from testbed.standin.javatext import hash_order, java_text
from testbed.standin.profiles import Profile
from testbed.standin.refusal import Refusal, bad_request
from testbed.standin.services import IN_CLUSTER, Service
from testbed.standin.state import Endpoint
from testbed.standin.values import read, read_rate_limit, refuse_unknown, section


def read_update(body: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """The body of an `_update`: only what may be in it."""
    if not body:
        raise bad_request("Request body is empty")
    allowed = {"service_settings", "task_settings", "task_type"}
    if profile.update_takes_chunking:
        allowed.add("chunking_settings")
    rest = {name: value for name, value in body.items() if name not in allowed}
    for name in sorted(allowed - {"task_type"}):
        if not isinstance(body.get(name, {}), dict):
            title = name.replace("_", " ")
            raise bad_request(f"Unable to parse {title} in the request [{java_text(body)}]")
    if rest:
        text = "Request contained fields which cannot be updated, remove these fields and try again"
        raise bad_request(f"{text} [{java_text(rest)}]")
    return body


def combine(endpoint: Endpoint, service: Service, changes: dict[str, Any], profile: Profile) -> Endpoint:
    """The stored endpoint with the changes that this version takes over."""
    given, tasks = section(changes, "service_settings"), section(changes, "task_settings")
    service = service.variant(endpoint.service_settings)
    if profile.update_is_strict:
        _refuse_immutable(endpoint, service, given)
    return replace(  # in the order in which mistakes are told
        endpoint,
        task_settings=_task_settings(endpoint, service, tasks, profile),
        chunking_settings=_chunking_settings(endpoint, service, changes, profile),
        secrets=_secrets(endpoint, service, given, profile),
        service_settings=_service_settings(endpoint, service, given, profile),
    )


def _refuse_immutable(endpoint: Endpoint, service: Service, given: dict[str, Any]) -> None:
    secrets = {setting.name for setting in service.secrets(endpoint.task_type)}
    known = secrets | service.mutable(endpoint.task_type)
    if rest := {name: given[name] for name in hash_order(list(given)) if name not in known}:
        refuse_field(service, next(iter(rest)))
        refuse_unknown(rest, service)


def _secrets(endpoint: Endpoint, service: Service, given: dict[str, Any], profile: Profile) -> dict[str, Any]:
    if not given or not endpoint.secrets:  # an endpoint created without secrets cannot gain them
        return endpoint.secrets
    if profile.update_needs_secrets:
        return read_secrets(service, endpoint.task_type, dict(given))
    return read_secrets(service, endpoint.task_type, {**endpoint.secrets, **given})


def _service_settings(
    endpoint: Endpoint, service: Service, given: dict[str, Any], profile: Profile
) -> dict[str, Any]:
    settings = endpoint.service_settings
    if service.name == IN_CLUSTER:
        return incluster.updated_settings(settings, given, profile)
    if profile.update_is_strict:
        return _merged_settings(endpoint, service, given, profile)
    if not service.updates_rate_limit(endpoint.task_type) or "rate_limit" not in settings:
        return settings
    return settings | {"rate_limit": _rate_limit(settings, service, given)}


def _merged_settings(
    endpoint: Endpoint, service: Service, given: dict[str, Any], profile: Profile
) -> dict[str, Any]:
    """Omitted keeps, null goes back to the default, a value replaces."""
    settings, task_type = dict(endpoint.service_settings), endpoint.task_type
    mutable = [one for one in service.settings(task_type) if one.name in service.mutable(task_type)]
    told = [one for one in mutable if one.name in given]
    fresh = read(told, dict(given), "service_settings")
    default = service.defaults(task_type)
    for setting in told:
        if setting.name not in fresh:
            settings.pop(setting.name, None)
            if setting.name in default:
                settings[setting.name] = default[setting.name]
    if "rate_limit" in settings:
        _refuse_null_within(given.get("rate_limit"), service)
        if profile.update_resets_by_null and "rate_limit" in given:
            settings["rate_limit"] = {"requests_per_minute": service.default_rate_limit(task_type)}
        fresh["rate_limit"] = _rate_limit(settings, service, given)
    return settings | fresh


def _refuse_null_within(limit: Any, service: Service) -> None:
    """A parser takes null for a rate limit, but not inside of one."""
    named = isinstance(limit, dict) and limit.get("requests_per_minute", 0) is None
    if named and not service.fact("without_parser"):
        kind, field = "x_content_parse_exception", "requests_per_minute"
        cause = Refusal(400, kind, f"[1:2] [rate_limit] {field} doesn't support values of type: VALUE_NULL")
        text = "[1:2] [service_settings] failed to parse field [rate_limit]"
        raise Refusal(400, kind, text, cause=cause)


def _rate_limit(settings: dict[str, Any], service: Service, given: dict[str, Any]) -> dict[str, int]:
    stored = settings["rate_limit"]["requests_per_minute"]
    return read_rate_limit(dict(given), stored, service)


def _task_settings(
    endpoint: Endpoint, service: Service, tasks: dict[str, Any], profile: Profile
) -> dict[str, Any] | None:
    stored, task_type = endpoint.task_settings, endpoint.task_type
    refuse_task_settings(service, tasks)
    if profile.update_is_strict and not service.fact("ignores_task_settings"):
        names = {setting.name for setting in service.task_settings(task_type)}
        unknown = {name: value for name, value in tasks.items() if name not in names}
        refuse_unparsable_tasks(service, unknown)
        refuse_unknown(unknown, service)
    if profile.update_resets_by_null:
        default = service.defaults(task_type, "task_defaults")
        stored = {name: value for name, value in (stored or {}).items() if tasks.get(name, value) is not None}
        stored = {name: default[name] for name in tasks.keys() & default.keys()} | stored
    told = {name: value for name, value in tasks.items() if value is not None}
    known = read(service.task_settings(task_type), {**(stored or {}), **told}, "task_settings")
    return known or (None if endpoint.task_settings is None else {})


def _chunking_settings(
    endpoint: Endpoint, service: Service, changes: dict[str, Any], profile: Profile
) -> dict[str, Any] | None:
    stored, given = endpoint.chunking_settings, changes.get("chunking_settings")
    if given:
        fate = service.chunking(endpoint.task_type)
        if fate == "unknown":
            refuse_unknown({"chunking_settings": given}, service)
        return stored if fate == "dropped" else parse_chunking(dict(given), profile)
    if stored and profile.update_resets_chunking and not service.fact("keeps_chunking"):
        return dict(LEGACY)
    return stored

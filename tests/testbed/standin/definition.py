"""Turns the body of a PUT or an `_update` into the endpoint to store, or into the refusal the server would answer."""

from dataclasses import replace
from typing import Any

from testbed.standin import incluster
from testbed.standin.chunking import LEGACY, parse_chunking
from testbed.standin.javatext import hash_order, java_text
from testbed.standin.merging import merged
from testbed.standin.profiles import Profile
from testbed.standin.provider import Subject
from testbed.standin.refusal import Refusal, bad_request, invalid
from testbed.standin.services import IN_CLUSTER, Service
from testbed.standin.state import Endpoint
from testbed.standin.values import read, read_rate_limit, refuse_unknown, refuse_unknown_limits, section


def define(
    inference_id: str, task_type: str, service: Service, body: dict[str, Any], profile: Profile
) -> Endpoint:
    """The endpoint that a PUT describes; what the provider's answer adds is still missing."""
    if body.get("service_settings") is None:
        raise bad_request("Missing required field [service_settings]")
    service = service.variant(body["service_settings"])
    given, tasks = section(body, "service_settings"), section(body, "task_settings")
    chunking = _chunking(service, task_type, body, profile)
    if task_type not in service.task_types:
        raise bad_request(f"The [{service.name}] service does not support task type [{task_type}]")
    if service.fact("ignores_task_settings"):
        tasks = {}
    if service.name == IN_CLUSTER:
        settings, task_settings = incluster.read_settings(task_type, given, tasks)
    else:
        settings = _service_settings(service, task_type, given)
        known = read(service.task_settings(task_type), tasks, "task_settings")
        task_settings = service.defaults(task_type, "task_defaults") | known
    secrets = _secrets(service, task_type, given)
    _refuse_unknown_tasks(service, tasks)
    for rest in (body, given, tasks):
        refuse_unknown(rest, service.name)
    shown = task_settings or ({} if service.fact("shows_empty_task_settings") else None)
    return Endpoint(inference_id, task_type, service.name, settings, shown, chunking, secrets)


def subject(endpoint: Endpoint, service: Service) -> Subject:
    """The endpoint as its provider is asked about it."""
    url = endpoint.service_settings.get("url")
    return Subject(
        service=endpoint.service,
        title=service.title,
        task_type=endpoint.task_type,
        inference_id=endpoint.inference_id,
        secrets=endpoint.secrets,
        dimensions=_embedding_size(endpoint, service),
        url=service.provider_url(endpoint.task_type, url),
        tells_missing_paths=not service.fact("silent_about_missing_paths"),
        fails_with=_failure(service.failure(endpoint.task_type, endpoint.service_settings), endpoint),
    )


def _embedding_size(endpoint: Endpoint, service: Service) -> int | None:
    asked = None if service.fact("measures_dimensions") else endpoint.service_settings.get("dimensions")
    size: int | None = asked or service.fact("embedding_size")
    return size


def _failure(causes: list[list[str]], endpoint: Endpoint) -> Refusal | None:
    failure: Refusal | None = None
    for kind, reason in reversed(causes):
        failure = Refusal(400, kind, reason.format(id=endpoint.inference_id), cause=failure)
    return failure


def completed(endpoint: Endpoint, service: Service, probed: int) -> Endpoint:
    """The endpoint with what the provider's answer tells; refuses one that contradicts the settings."""
    if endpoint.task_type not in ("text_embedding", "embedding"):
        return endpoint
    settings = endpoint.service_settings
    wanted = settings.get("dimensions")
    if service.fact("measures_dimensions"):
        settings = settings | {"dimensions": probed}
    elif wanted not in (None, probed):
        text = f"size [{probed}] does not match the size specified in the settings [{wanted}]"
        again = f"Please recreate the [{endpoint.inference_id}] configuration with the correct dimensions"
        raise bad_request(f"The retrieved embeddings {text}. {again}")
    similarity = service.fact("similarity")
    if similarity is None and not service.fact("fills_dimensions"):
        return endpoint
    added = {"dimensions": probed} | ({} if similarity is None else {"similarity": similarity}) | settings
    if service.fact("shows_dimensions_set_by_user"):
        added["dimensions_set_by_user"] = wanted is not None
    return replace(endpoint, service_settings=added)


def read_update(body: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """The body of an `_update`: only what may be in it."""
    if not body:
        raise bad_request("Request body is empty")
    allowed = {"service_settings", "task_settings", "task_type"}
    if profile.update_takes_chunking:
        allowed.add("chunking_settings")
    rest = {name: value for name, value in body.items() if name not in allowed}
    for name in allowed - {"task_type"}:
        if not isinstance(body.get(name, {}), dict):
            title = name.replace("_", " ")
            raise bad_request(f"Unable to parse {title} in the request [{java_text(body)}]")
    if rest:
        text = "Request contained fields which cannot be updated, remove these fields and try again"
        raise bad_request(f"{text} [{java_text(rest)}]")
    return body


def combine(endpoint: Endpoint, service: Service, changes: dict[str, Any], profile: Profile) -> Endpoint:
    """The stored endpoint with the changes that this version takes over; it ignores the others without a word."""
    given, tasks = section(changes, "service_settings"), section(changes, "task_settings")
    told = {name: value for name, value in tasks.items() if value is not None}  # null clears nothing
    merged_tasks = {**(endpoint.task_settings or {}), **told}
    known = read(service.task_settings(endpoint.task_type), merged_tasks, "task_settings")
    chunking = endpoint.chunking_settings
    if changes.get("chunking_settings"):
        chunking = parse_chunking(dict(changes["chunking_settings"]), profile)
    elif chunking and profile.update_resets_chunking and not service.fact("keeps_chunking"):
        chunking = dict(LEGACY)
    return replace(
        endpoint,
        secrets=_updated_secrets(endpoint, service, given, profile),
        service_settings=_updated_settings(endpoint, service, given),
        task_settings=known or (None if endpoint.task_settings is None else {}),
        chunking_settings=chunking,
    )


def _chunking(
    service: Service, task_type: str, body: dict[str, Any], profile: Profile
) -> dict[str, Any] | None:
    fate = service.chunking(task_type)
    if fate == "unknown":
        return None
    if fate == "legacy" and body.get("chunking_settings") is None:
        return dict(LEGACY)
    given = parse_chunking(section(body, "chunking_settings"), profile)
    return None if fate == "dropped" else given


def _service_settings(service: Service, task_type: str, given: dict[str, Any]) -> dict[str, Any]:
    if limits := given.get("rate_limit"):
        refuse_unknown_limits(limits, service.name)
    settings = merged(
        service.defaults(task_type), read(service.settings(task_type), given, "service_settings")
    )
    settings = dict.fromkeys(service.fact("shows_missing") or []) | settings
    for name in service.fact("hidden") or []:
        settings.pop(name, None)
    for name in settings.keys() & set(service.fact("upper") or []):
        settings[name] = settings[name].upper()
    limit = service.default_rate_limit(task_type)
    return (
        settings if limit is None else settings | {"rate_limit": read_rate_limit(given, limit, service.name)}
    )


def _refuse_unknown_tasks(service: Service, tasks: dict[str, Any]) -> None:
    if tasks and (parser := service.fact("task_settings_parser")):
        text = f"[1:2] [{parser}] unknown field [{hash_order(list(tasks))[0]}]"
        raise Refusal(400, "x_content_parse_exception", text)


def _secrets(service: Service, task_type: str, given: dict[str, Any]) -> dict[str, Any]:
    secrets = read(service.secrets(task_type), given, service.fact("secret_scope") or "secret_settings")
    if one_of := service.fact("exactly_one"):
        received = [name for name in one_of["secrets"] if name in secrets]
        if len(received) != 1:
            text = one_of["several"] if received else one_of["none"]
            raise invalid([f"[secret_settings] {text.format(received=', '.join(received))}"])
    return secrets


def _updated_secrets(
    endpoint: Endpoint, service: Service, given: dict[str, Any], profile: Profile
) -> dict[str, Any]:
    if not given or not endpoint.secrets:  # an endpoint created without secrets cannot gain them
        return endpoint.secrets
    if profile.update_needs_secrets:
        return _secrets(service, endpoint.task_type, dict(given))
    return _secrets(service, endpoint.task_type, {**endpoint.secrets, **given})


def _updated_settings(endpoint: Endpoint, service: Service, given: dict[str, Any]) -> dict[str, Any]:
    settings = endpoint.service_settings
    if service.name == IN_CLUSTER:
        return incluster.updated_settings(settings, given)
    if not service.fact("updates_rate_limit") or "rate_limit" not in settings:
        return settings
    stored = settings["rate_limit"]["requests_per_minute"]
    return settings | {"rate_limit": read_rate_limit(dict(given), stored, service.name)}

"""Turns the body of a PUT into the endpoint to store, or into the refusal the server would answer."""

from dataclasses import replace
from typing import Any

from testbed.standin import incluster
from testbed.standin.chunking import LEGACY, parse_chunking
from testbed.standin.javatext import hash_order
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
        if profile.strict_parsers:
            refuse_unparsable(service, task_type, given)
        settings = _service_settings(service, task_type, given)
        refuse_task_settings(service, tasks)
        known = read(service.task_settings(task_type), tasks, "task_settings")
        task_settings = service.defaults(task_type, "task_defaults") | known
    secrets = read_secrets(service, task_type, given)
    refuse_unparsable_tasks(service, tasks)
    for rest in (body, given, tasks):
        refuse_unknown(rest, service)
    shows_empty = profile.shows_empty_task_settings or service.fact("shows_empty_task_settings")
    shown = task_settings or ({} if shows_empty else None)
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
        refuse_unknown_limits(limits, service)
    settings = merged(
        service.defaults(task_type), read(service.settings(task_type), given, "service_settings")
    )
    settings = dict.fromkeys(service.fact("shows_missing") or []) | settings
    for name in service.fact("hidden") or []:
        settings.pop(name, None)
    for name in settings.keys() & set(service.fact("upper") or []):
        settings[name] = settings[name].upper()
    limit = service.default_rate_limit(task_type)
    return settings if limit is None else settings | {"rate_limit": read_rate_limit(given, limit, service)}


def refuse_unparsable(service: Service, task_type: str, given: dict[str, Any]) -> None:
    """Names the first service setting that the parser of the service does not know, if it has one."""
    known = {setting.name for setting in service.all_settings(task_type)}
    if unknown := [name for name in hash_order(list(given)) if name not in known]:
        refuse_field(service, unknown[0])


def refuse_field(service: Service, name: str) -> None:
    """Names a service setting as parsers do; does nothing for the services that have none yet."""
    if not service.fact("without_parser"):
        raise Refusal(400, "x_content_parse_exception", f"[1:2] [service_settings] unknown field [{name}]")


def refuse_task_settings(service: Service, tasks: dict[str, Any]) -> None:
    """Refuses any task setting of a service that stores none."""
    if tasks and (problem := service.fact("refuses_task_settings")):
        raise invalid([problem])


def refuse_unparsable_tasks(service: Service, tasks: dict[str, Any]) -> None:
    """Names the first of the task settings that are left over, if the service has a parser for them."""
    if tasks and (parser := service.fact("task_settings_parser")):
        text = f"[1:2] [{parser}] unknown field [{hash_order(list(tasks))[0]}]"
        raise Refusal(400, "x_content_parse_exception", text)


def read_secrets(service: Service, task_type: str, given: dict[str, Any]) -> dict[str, Any]:
    """Takes the secrets out of the service settings."""
    secrets = read(service.secrets(task_type), given, service.fact("secret_scope") or "secret_settings")
    if one_of := service.fact("exactly_one"):
        received = [name for name in one_of["secrets"] if name in secrets]
        if len(received) != 1:
            text = one_of["several"] if received else one_of["none"]
            raise invalid([f"[secret_settings] {text.format(received=', '.join(received))}"])
    return secrets

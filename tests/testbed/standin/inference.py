"""The inference API: `/_inference…`, each handler in the order in which the server checks things."""

from typing import Any

from testbed.standin import incluster, mappings
from testbed.standin.call import Call, Timeout
from testbed.standin.changing import combine, read_update
from testbed.standin.definition import completed, define, subject
from testbed.standin.javatext import java_text
from testbed.standin.offering import listing
from testbed.standin.refusal import Refusal, already_exists, bad_request, class_cast, invalid
from testbed.standin.reply import Reply
from testbed.standin.services import IN_CLUSTER, Service
from testbed.standin.state import Cluster, Endpoint

_COMPLETIONS = ("completion", "chat_completion")
_LONGEST = 512


async def create(call: Call) -> Reply:
    """PUT: creates, never changes; the provider is asked before it is known whether the id is free."""
    cluster, profile, in_url = call.cluster, call.cluster.profile, call.task_type()
    call.required_body()
    asked = _asked_timeout(call, known=profile.put_knows_timeout)
    call.no_more_parameters()
    inference_id = call.checked_id()
    call.authorize("cluster:admin/xpack/inference/put")
    cluster.check_block()
    if profile.checks_licence_first:
        cluster.check_licence()
    _check_nodes_for_task(cluster, in_url)
    body = call.document()
    task_type = call.resolve_task_type(in_url, body.pop("task_type", None))
    service = _service(call, body)
    incluster.check_unique(cluster, inference_id)
    endpoint = define(inference_id, task_type, service, body, profile)
    if profile.checks_mappings_first:
        mappings.check_early(cluster, endpoint)
    if service.name == IN_CLUSTER:
        endpoint = incluster.completed(cluster, endpoint, asked)
    elif not cluster.skips_validation:
        endpoint = await _probed(cluster, endpoint, service, asked)
    if profile.checks_mappings:
        mappings.check(cluster, endpoint)
    _store_new(cluster, endpoint)
    if service.name == IN_CLUSTER and not cluster.skips_validation:
        incluster.start(cluster, endpoint, asked)
    return Reply(json=endpoint.shown())


async def update(call: Call) -> Reply:
    """PUT …/_update: secrets and task settings, and next to nothing else before 9.5."""
    cluster, profile, in_url = call.cluster, call.cluster.profile, call.task_type()
    call.required_body()
    asked = _asked_timeout(call, known=profile.update_knows_timeout)
    call.no_more_parameters()
    preconfigured = profile.update_names_defaults and call.inference_id in cluster.preconfigured
    inference_id = call.inference_id if preconfigured else call.checked_id()
    call.authorize("cluster:admin/xpack/inference/update")
    cluster.check_block()
    cluster.check_licence()
    changes = read_update(call.document(), profile)
    if not isinstance(changes.get("task_type", ""), str):
        text = f"Failed to parse [task_type] in update request [{java_text(changes)}]"
        raise Refusal(500, "status_exception", text)
    task_type = call.resolve_task_type(in_url, changes.pop("task_type", None))
    if preconfigured:
        raise bad_request(f"Default endpoint [{inference_id}] cannot be updated")
    stored = _to_update(cluster, inference_id, task_type)
    service = cluster.services()[stored.service]
    changed = combine(stored, service, changes, profile)
    scales = service.name == IN_CLUSTER and not profile.update_validates  # whether anything changes or not
    if scales or changed != stored:
        await _replace(cluster, changed, service, asked)
    return Reply(json=changed.shown())


async def get(call: Call) -> Reply:
    """GET of one endpoint; only exactly `*` is a wildcard."""
    task_type = call.task_type()
    if call.inference_id == "*":
        return await list_all(call)
    _check_readable(call)
    endpoint = call.cluster.get(call.inference_id)
    endpoint.check_task_type(task_type)
    call.cluster.check_readable(endpoint)
    return Reply(json={"endpoints": [incluster.live(call.cluster, endpoint).shown()]})


async def list_all(call: Call) -> Reply:
    """GET of all endpoints, or of all of one task type."""
    task_type = call.task_type()
    _check_readable(call)
    chosen = [one for one in call.cluster.all_endpoints() if task_type in (one.task_type, "any")]
    for one in chosen:
        call.cluster.check_readable(one)
    return Reply(json={"endpoints": [incluster.live(call.cluster, one).shown() for one in chosen]})


async def services(call: Call) -> Reply:
    """GET _inference/_services: the real server's own answer."""
    profile = call.cluster.profile
    task_type = call.task_type()
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/inference/services/get")
    if not profile.lists_services:
        text = f"Request for uri [{call.path}] with method [GET] exists but is not available when running in serverless mode"
        raise Refusal(410, "api_not_available_exception", text)
    return Reply(json=[entry for entry in listing(profile) if task_type in ("any", *entry["task_types"])])


def _to_update(cluster: Cluster, inference_id: str, task_type: str) -> Endpoint:
    stored = cluster.endpoints.get(inference_id)
    if stored is None:
        text = f"The inference endpoint [{inference_id}] does not exist and cannot be updated"
        raise Refusal(404, "status_exception", text)
    cluster.check_whole(stored)
    if task_type != stored.task_type:
        raise bad_request("Task type must match the task type of the existing endpoint")
    return stored


def _asked_timeout(call: Call, *, known: bool) -> Timeout | None:
    return call.timeout() if known and "timeout" in call.query else None


def _check_nodes_for_task(cluster: Cluster, task_type: str) -> None:
    if cluster.profile.asks_nodes_for_task_types and task_type in cluster.upgrading:
        text = f"task_type [{task_type}] is not supported by all nodes in the cluster"
        advice = "please complete upgrades before creating an endpoint with this task_type"
        raise bad_request(f"{text}; {advice}")


def _service(call: Call, body: dict[str, Any]) -> Service:
    name = body.pop("service", None)
    if name is None:
        raise bad_request("Inference endpoint configuration is missing the [service] setting")
    if not isinstance(name, str):
        raise class_cast(name, "java.lang.String")
    call.cluster.check_licence()
    if name == "elser":
        name = IN_CLUSTER
        incluster.choose_elser(call, body)
    service = call.cluster.services().get(name)
    if service is None:
        raise bad_request(f"Unknown service [{name}]")
    if name in call.cluster.upgrading:
        text = f"All nodes in the cluster are not aware of the service [{name}]."
        raise bad_request(f"{text}Wait for the cluster to finish upgrading and try again.")
    return service


async def _probed(cluster: Cluster, endpoint: Endpoint, service: Service, asked: Timeout | None) -> Endpoint:
    if endpoint.task_type not in cluster.profile.validated:
        return endpoint
    slow = cluster.profile.waits_longer_for_completions and endpoint.task_type in _COMPLETIONS
    usual = ("120s", 120.0) if slow else ("30s", 30.0)
    size = await cluster.provider.probe(subject(endpoint, service), asked or usual)
    return completed(endpoint, service, size)


async def _replace(cluster: Cluster, endpoint: Endpoint, service: Service, asked: Timeout | None) -> None:
    if service.name == IN_CLUSTER:
        incluster.scale(cluster, endpoint)
    elif cluster.profile.update_validates:
        await _probed(cluster, endpoint, service, asked)
    if endpoint.inference_id in cluster.updating:
        text = f"Endpoint [{endpoint.inference_id}] is currently being updated. Try again once the update completes"
        raise Refusal(409, "status_exception", text)
    cluster.endpoints[endpoint.inference_id] = endpoint


def _store_new(cluster: Cluster, endpoint: Endpoint) -> None:
    name = endpoint.inference_id
    if name in cluster.endpoints or name in cluster.remnants:
        if name in cluster.remnants:  # half an endpoint is cleaned up by the PUT that stumbles over it
            cluster.forget(name)
        raise already_exists(name)
    _check_length(name, "s" if cluster.profile.stores_many else "")
    cluster.endpoints[name] = endpoint


def _check_length(name: str, plural: str) -> None:
    document = f"model_{name}"
    if len(document) > _LONGEST:
        problem = (
            f"id [{document}] is too long, must be no longer than {_LONGEST} bytes but was: {len(document)}"
        )
        cause = invalid(
            [problem, problem], "action_request_validation_exception"
        )  # the settings, and the secrets
        text = f"Failed to store inference endpoint{plural} [{name}]"
        raise Refusal(500, "status_exception", text, cause=cause)


def _check_readable(call: Call) -> None:
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/inference/get")

"""The inference API: `/_inference…`, each handler in the order in which the server checks things."""

from typing import Any

from testbed.standin import incluster
from testbed.standin.call import Call
from testbed.standin.definition import combine, completed, define, read_update, subject
from testbed.standin.javatext import java_text
from testbed.standin.refusal import NeverAnswered, Refusal, already_exists, bad_request, class_cast, invalid
from testbed.standin.reply import Reply
from testbed.standin.services import IN_CLUSTER, Service, services_answer
from testbed.standin.state import Cluster, Endpoint

_LONGEST = 512


async def create(call: Call) -> Reply:
    """PUT: creates, never changes; the provider is asked before it is known whether the id is free."""
    cluster, in_url = call.cluster, call.task_type()
    call.required_body()
    timeout = call.timeout() if cluster.profile.put_knows_timeout else ("30s", 30.0)
    call.no_more_parameters()
    inference_id = call.checked_id()
    call.authorize("cluster:admin/xpack/inference/put")
    cluster.check_block()
    body = call.document()
    task_type = call.resolve_task_type(in_url, body.pop("task_type", None))
    service = _service(call, body)
    incluster.check_unique(cluster, inference_id)
    endpoint = define(inference_id, task_type, service, body, cluster.profile)
    if cluster.profile.checks_mappings_first:
        _check_mappings_early(cluster, endpoint)
    if service.name != IN_CLUSTER:
        endpoint = await _probed(cluster, endpoint, service, timeout)
    _check_mappings(cluster, endpoint)
    _store_new(cluster, endpoint)
    if service.name == IN_CLUSTER:
        incluster.start(cluster, endpoint)
    return Reply(json=endpoint.shown())


async def update(call: Call) -> Reply:
    """PUT …/_update: secrets and task settings, and next to nothing else before 9.5."""
    cluster, in_url = call.cluster, call.task_type()
    call.required_body()
    timeout = call.timeout() if cluster.profile.update_knows_timeout else ("30s", 30.0)
    call.no_more_parameters()
    inference_id = call.checked_id()
    call.authorize("cluster:admin/xpack/inference/update")
    cluster.check_block()
    cluster.check_licence()
    changes = read_update(call.document(), cluster.profile)
    if not isinstance(changes.get("task_type", ""), str):
        text = f"Failed to parse [task_type] in update request [{java_text(changes)}]"
        raise Refusal(500, "status_exception", text)
    task_type = call.resolve_task_type(in_url, changes.pop("task_type", None))
    stored = cluster.endpoints.get(inference_id)
    if stored is None:
        text = f"The inference endpoint [{inference_id}] does not exist and cannot be updated"
        raise Refusal(404, "status_exception", text)
    if task_type != stored.task_type:
        raise bad_request("Task type must match the task type of the existing endpoint")
    service = cluster.services()[stored.service]
    changed = combine(stored, service, changes, cluster.profile)
    if changed != stored:
        await _replace(cluster, changed, service, timeout)
    return Reply(json=changed.shown())


async def delete(call: Call) -> Reply:
    """DELETE: refused while something refers to the endpoint, unless forced."""
    cluster, task_type = call.cluster, call.task_type()
    dry_run, force = call.flag("dry_run"), call.flag("force")
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/inference/delete")
    cluster.check_block()
    endpoint = _typed(cluster.get(call.inference_id), task_type)
    name = endpoint.inference_id
    pipelines, indices = cluster.pipelines_using(name), cluster.indices_using(name)
    complaint = _in_use(name, pipelines, indices)
    if dry_run:
        seen = {"acknowledged": False, "pipelines": pipelines, "indexes": indices, "error_message": complaint}
        return Reply(json=seen)
    if not force:
        _check_deletable(cluster, name, complaint)
    incluster.stop(cluster, endpoint, force=force)
    cluster.endpoints.pop(name, None)
    return Reply(json={"acknowledged": True, "pipelines": [], "indexes": []})


async def get(call: Call) -> Reply:
    """GET of one endpoint; only exactly `*` is a wildcard."""
    task_type = call.task_type()
    if call.inference_id == "*":
        return await list_all(call)
    _check_readable(call)
    endpoint = _typed(call.cluster.get(call.inference_id), task_type)
    return Reply(json={"endpoints": [incluster.live(call.cluster, endpoint).shown()]})


async def list_all(call: Call) -> Reply:
    """GET of all endpoints, or of all of one task type."""
    task_type = call.task_type()
    _check_readable(call)
    chosen = [one for one in call.cluster.all_endpoints() if task_type in (one.task_type, "any")]
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
    answer = services_answer(profile.services)
    return Reply(json=[entry for entry in answer if task_type in ("any", *entry["task_types"])])


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
    return service


async def _probed(
    cluster: Cluster, endpoint: Endpoint, service: Service, timeout: tuple[str, float]
) -> Endpoint:
    size = await cluster.provider.probe(subject(endpoint, service), timeout)
    return completed(endpoint, service, size)


async def _replace(
    cluster: Cluster, endpoint: Endpoint, service: Service, timeout: tuple[str, float]
) -> None:
    if service.name == IN_CLUSTER:
        incluster.scale(cluster, endpoint)
    elif cluster.profile.update_validates:
        await _probed(cluster, endpoint, service, timeout)
    if endpoint.inference_id in cluster.updating:
        text = f"Endpoint [{endpoint.inference_id}] is currently being updated. Try again once the update completes"
        raise Refusal(409, "status_exception", text)
    cluster.endpoints[endpoint.inference_id] = endpoint


def _store_new(cluster: Cluster, endpoint: Endpoint) -> None:
    name = endpoint.inference_id
    if name in cluster.endpoints or name in cluster.remnants:
        cluster.remnants.discard(name)  # half an endpoint is cleaned up by the PUT that stumbles over it
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


def _check_mappings_early(cluster: Cluster, endpoint: Endpoint) -> None:
    """What the probe would tell is still missing: without it, the server stumbles and never answers."""
    known = endpoint.service_settings.keys()
    vectors = endpoint.task_type == "text_embedding"
    if vectors and not known >= {"dimensions", "similarity"} and cluster.indices_using(endpoint.inference_id):
        raise NeverAnswered
    _check_mappings(cluster, endpoint)


def _check_mappings(cluster: Cluster, endpoint: Endpoint) -> None:
    wrong = [
        index
        for index, references in sorted(cluster.indices.items())
        if any(
            _contradicts(reference.model_settings, endpoint)
            for reference in references
            if reference.inference_id == endpoint.inference_id
        )
    ]
    if wrong:
        text = "because the inference_id is being used in mappings with incompatible settings for indices"
        advice = "either use a different inference_id or update the index mappings to refer to a different inference_id"
        name = endpoint.inference_id
        raise bad_request(
            f"Inference endpoint [{name}] could not be created {text}: [{', '.join(wrong)}]. Please {advice}."
        )


def _contradicts(recorded: dict[str, Any], endpoint: Endpoint) -> bool:
    offered = {"task_type": endpoint.task_type} | endpoint.service_settings
    names = ("task_type", "dimensions", "similarity")
    return any(name in recorded and offered.get(name, recorded[name]) != recorded[name] for name in names)


def _check_readable(call: Call) -> None:
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/inference/get")


def _typed(endpoint: Endpoint, task_type: str) -> Endpoint:
    if task_type not in (endpoint.task_type, "any"):
        text = f"does not match the inference endpoint's task type [{endpoint.task_type}]"
        raise bad_request(f"Requested task type [{task_type}] {text}")
    return endpoint


def _check_deletable(cluster: Cluster, name: str, complaint: str) -> None:
    if complaint:
        raise Refusal(409, "status_exception", complaint)
    if name in cluster.preconfigured:
        advice = "Use the force=true query parameter to delete the inference endpoint."
        raise bad_request(f"[{name}] is a reserved inference endpoint. {advice}")
    if name in cluster.updating:
        text = "are currently being updated, please wait until after they are finished updating to delete."
        raise Refusal(409, "status_exception", f"The inference endpoint(s) [{name}] {text}")


def _in_use(name: str, pipelines: list[str], indices: list[str]) -> str:
    advice = "or use force to ignore this warning and delete the inference endpoint."
    complaints = []
    if pipelines:
        ensure = "Ensure that no pipelines are using this inference endpoint"
        users = ", ".join(pipelines)
        complaints.append(
            f"Inference endpoint {name} is referenced by pipelines: [{users}]. {ensure}, {advice}"
        )
    if indices:
        ensure = "Ensure that no index mappings are using this inference endpoint"
        users = ", ".join(indices)
        text = f"is being used in the mapping for indexes: [{users}]"
        complaints.append(f"Inference endpoint {name} {text}. {ensure}, {advice}")
    return " ".join(complaints)

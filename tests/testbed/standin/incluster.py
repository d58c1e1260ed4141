"""The `elasticsearch` service: models on the cluster's own machine-learning nodes, with their deployments.

The recordings come from a server without machine learning; this follows Elasticsearch's sources instead.
"""

from dataclasses import replace
from typing import Any

from testbed.standin.call import Call
from testbed.standin.refusal import Refusal, bad_request, illegal_argument, invalid
from testbed.standin.reply import Reply
from testbed.standin.services import IN_CLUSTER, Setting
from testbed.standin.state import Cluster, Deployment, Endpoint
from testbed.standin.values import read

ELSER = ".elser_model_2_linux-x86_64"
_MODELS = (".elser_model_", ".multilingual-e5-small", ".rerank-v1")
_SETTINGS = (
    Setting("num_allocations", "count"),
    Setting("num_threads", "count"),
    Setting("model_id", "text"),
    Setting("adaptive_allocations", "map"),
    Setting("deployment_id", "text"),
)


def read_settings(
    task_type: str, given: dict[str, Any], tasks: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The service and task settings of an in-cluster endpoint; task settings are dropped, but for rerank."""
    settings = read(_SETTINGS, given, "service_settings")
    if "deployment_id" not in settings:
        _check_model(settings)
    task_settings = {"return_documents": True} | tasks if task_type == "rerank" else {}
    tasks.clear()
    return settings, task_settings


def choose_elser(call: Call, body: dict[str, Any]) -> None:
    """The service `elser` is another name for this one with its model."""
    settings = body.get("service_settings")
    if isinstance(settings, dict) and "model_id" not in settings:
        body["service_settings"] = settings | {"model_id": ELSER}
        text = "Putting elasticsearch service inference endpoints (including elser service) without a model_id field"
        advice = "Please specify a model_id field."
        call.warnings.append(f"{text} is deprecated and will be removed in a future release. {advice}")


def updated_settings(settings: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What an `_update` may change: the allocations."""
    fresh = read(_SETTINGS[:1] + _SETTINGS[3:4], dict(given), "service_settings")
    return settings | fresh


def check_unique(cluster: Cluster, inference_id: str) -> None:
    """Refuses an id that is taken by a started deployment or its model, whatever the service."""
    for deployment in cluster.deployments.values():
        if inference_id in (deployment.deployment_id, deployment.model_id):
            text = f"Requested inference endpoint ID [{inference_id}] matches existing trained model ID(s) but must not."
            raise bad_request(f"Inference endpoint IDs must be unique. {text}")


def start(cluster: Cluster, endpoint: Endpoint) -> None:
    """Starts the model of an endpoint that is stored already, which is why a failure here leaves it behind."""
    settings = endpoint.service_settings
    if not cluster.machine_learning:
        text = "failed to find action [cluster:monitor/xpack/ml/inference/get] to execute"
        raise Refusal(500, "illegal_state_exception", text)
    if "deployment_id" in settings:
        return
    adaptive = settings.get("adaptive_allocations", {})
    if adaptive.get("enabled") and "num_allocations" in settings:
        problem = "[number_of_allocations] cannot be set if adaptive allocations is enabled"
        raise invalid([problem], "action_request_validation_exception")
    allocations = settings.get("num_allocations", adaptive.get("min_number_of_allocations", 1))
    name = endpoint.inference_id
    cluster.deployments[name] = Deployment(name, settings["model_id"], allocations, settings["num_threads"])


def stop(cluster: Cluster, endpoint: Endpoint, *, force: bool) -> None:
    """Ends the deployment of an endpoint that is being deleted."""
    ignores_failure = force and cluster.profile.force_outlives_a_failed_stop
    if endpoint.service == IN_CLUSTER and not cluster.machine_learning and not ignores_failure:
        text = "failed to find action [cluster:admin/xpack/ml/trained_models/deployment/stop] to execute"
        raise Refusal(500, "illegal_state_exception", text)
    cluster.deployments.pop(endpoint.inference_id, None)


def scale(cluster: Cluster, endpoint: Endpoint) -> None:
    """Gives the deployment of an endpoint the allocations that an `_update` asks for."""
    name, settings = endpoint.inference_id, endpoint.service_settings
    if other := settings.get("deployment_id"):
        text = f"Cannot update inference endpoint [{name}] using model deployment [{other}]."
        advice = "The model deployment must be updated through the trained models API."
        raise Refusal(409, "status_exception", f"{text} {advice}")
    deployment = cluster.deployments.get(name)
    if deployment is None:
        raise Refusal(404, "status_exception", f"No known model deployment with id [{name}]")
    deployment.allocations = settings.get("num_allocations", deployment.allocations)


def live(cluster: Cluster, endpoint: Endpoint) -> Endpoint:
    """The endpoint with the allocations that its deployment has at the moment."""
    deployment = cluster.deployments.get(endpoint.inference_id)
    if endpoint.service != IN_CLUSTER or deployment is None:
        return endpoint
    settings = endpoint.service_settings | {"num_allocations": deployment.allocations}
    return replace(endpoint, service_settings=settings)


async def statistics(call: Call) -> Reply:
    """GET _ml/trained_models/{model}/_stats, as far as it tells of deployments."""
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/ml/inference/stats/get")
    name = call.parts["model"]
    found = [one for one in call.cluster.deployments.values() if name in (one.deployment_id, one.model_id)]
    if not found:
        raise Refusal(404, "resource_not_found_exception", f"No known trained model with model_id [{name}]")
    stats = [{"model_id": one.model_id, "deployment_stats": _statistics(one)} for one in found]
    return Reply(json={"count": len(stats), "trained_model_stats": stats})


async def start_deployment(call: Call) -> Reply:
    """POST _ml/trained_models/{model}/deployment/_start."""
    name = call.query.pop("deployment_id", call.parts["model"])
    allocations = int(call.query.pop("number_of_allocations", "1"))
    threads = int(call.query.pop("threads_per_allocation", "1"))
    for known in ("wait_for", "timeout"):
        call.query.pop(known, None)
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/ml/trained_models/deployment/start")
    deployment = Deployment(name, call.parts["model"], allocations, threads)
    call.cluster.deployments[name] = deployment
    return Reply(
        json={
            "assignment": {"assignment_state": deployment.state, "task_parameters": _statistics(deployment)}
        }
    )


async def stop_deployment(call: Call) -> Reply:
    """POST _ml/trained_models/{model}/deployment/_stop."""
    force = call.flag("force")
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/ml/trained_models/deployment/stop")
    name = call.parts["model"]
    if name not in call.cluster.deployments:
        raise Refusal(404, "resource_not_found_exception", f"No known model deployment with id [{name}]")
    if name in call.cluster.endpoints and not force:
        text = f"Cannot stop deployment [{name}] as it was created by inference endpoint [{name}]"
        raise Refusal(409, "status_exception", text)
    del call.cluster.deployments[name]
    return Reply(json={"stopped": True})


def _check_model(settings: dict[str, Any]) -> None:
    model = settings.get("model_id")
    if model is None:
        raise illegal_argument("Error parsing service settings, model_id must be provided")
    problems = []
    if "num_threads" not in settings:
        problems.append("[service_settings] does not contain the required setting [num_threads]")
    if "num_allocations" not in settings and "adaptive_allocations" not in settings:
        names = "[num_allocations, adaptive_allocations]"
        problems.append(f"[service_settings] does not contain one of the required settings {names}")
    if problems:
        raise invalid(problems)
    if not model.startswith(_MODELS):
        text = "model id does not match any models available on this platform"
        again = "You may need to load it into the cluster using eland."
        raise illegal_argument(f"Error parsing request config, {text}. Was [{model}]. {again}")


def _statistics(deployment: Deployment) -> dict[str, Any]:
    ready = deployment.allocations if deployment.state == "started" else 0
    status = "fully_allocated" if ready == deployment.allocations else "starting"
    return {
        "deployment_id": deployment.deployment_id,
        "model_id": deployment.model_id,
        "threads_per_allocation": deployment.threads,
        "number_of_allocations": deployment.allocations,
        "state": deployment.state,
        "allocation_status": {
            "allocation_count": ready,
            "target_allocation_count": deployment.allocations,
            "state": status,
        },
    }

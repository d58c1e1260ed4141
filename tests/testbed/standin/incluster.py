"""The `elasticsearch` service: models on the cluster's own machine-learning nodes, with their deployments.

Assumed: the recordings come from servers without machine learning; this follows Elasticsearch's sources instead.
"""

from dataclasses import replace
from typing import Any

from testbed.standin.call import Call, Timeout
from testbed.standin.deployments import BUILT_IN, check_allocations, first_allocations, launch
from testbed.standin.javatext import java_text
from testbed.standin.models import Deployment
from testbed.standin.profiles import Profile
from testbed.standin.refusal import Refusal, bad_request, illegal_argument, invalid
from testbed.standin.services import IN_CLUSTER, Setting
from testbed.standin.state import Cluster, Endpoint
from testbed.standin.values import read

ELSER = ".elser_model_2_linux-x86_64"
_SETTINGS = (
    Setting("num_allocations", "count"),
    Setting("num_threads", "count"),
    Setting("model_id", "text"),
    Setting("adaptive_allocations", "map"),
    Setting("deployment_id", "text"),
)
_USUAL = ("30s", 30.0)


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


def updated_settings(settings: dict[str, Any], given: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """What an `_update` may change: the allocations; a number given once goes when they adapt."""
    if profile.release < (8, 19) and not isinstance(given.get("num_allocations"), int):
        raise bad_request(f"Failed to parse [num_allocations] of update request [{java_text(given)}]")
    fresh = read(_SETTINGS[:1] + _SETTINGS[3:4], dict(given), "service_settings")
    adaptive = fresh.get("adaptive_allocations")
    check_allocations(adaptive, fresh.get("num_allocations"))
    adapts = adaptive is not None and adaptive.get("enabled")
    kept = {name: value for name, value in settings.items() if not (adapts and name == "num_allocations")}
    return kept | fresh


def check_unique(cluster: Cluster, inference_id: str) -> None:
    """Refuses an id that is taken by a deployment, its model or an alias of that, whatever the service."""
    for deployment in cluster.deployments.values():
        model = cluster.models.get(deployment.model_id)
        aliases = model.aliases if model else ()
        if inference_id in (deployment.deployment_id, deployment.model_id, *aliases):
            text = f"Requested inference endpoint ID [{inference_id}] matches existing trained model ID(s) but must not."
            raise bad_request(f"Inference endpoint IDs must be unique. {text}")


def completed(cluster: Cluster, endpoint: Endpoint, asked: Timeout | None) -> Endpoint:
    """The endpoint before it is stored: what its deployment, or the trial of a model loaded with Eland, adds to it."""
    settings = endpoint.service_settings
    if "deployment_id" in settings:
        return _attached(cluster, endpoint)
    if settings["model_id"].startswith(BUILT_IN):
        return endpoint
    model = cluster.models.get(settings["model_id"])
    if model is None:
        text = "model id does not match any models available on this platform"
        again = "You may need to load it into the cluster using eland."
        raise illegal_argument(f"Error parsing request config, {text}. Was [{settings['model_id']}]. {again}")
    if endpoint.task_type != "text_embedding" or cluster.skips_validation:
        return endpoint
    start(cluster, endpoint, asked)
    if model.dimensions is None:
        del cluster.deployments[endpoint.inference_id]
        text = (
            "Could not complete inference endpoint creation as validation call to service threw an exception."
        )
        raise Refusal(400, "status_exception", text, cause=bad_request("Model did not accept the input"))
    tried = {"dimensions": model.dimensions, "similarity": "cosine", "element_type": "float"}
    return replace(endpoint, service_settings=tried | settings)


def _attached(cluster: Cluster, endpoint: Endpoint) -> Endpoint:
    settings = endpoint.service_settings
    name = settings["deployment_id"]
    deployment = cluster.deployments.get(name)
    if deployment is None:
        raise Refusal(404, "status_exception", f"Cannot find deployment [{name}]")
    wanted = settings.get("model_id", deployment.model_id)
    if wanted != deployment.model_id:
        text = f"Deployment [{name}] uses model [{deployment.model_id}] which does not match"
        raise bad_request(f"{text} the model [{wanted}] in the request.")
    copied = {
        "num_allocations": deployment.allocations,
        "num_threads": deployment.threads,
        "model_id": deployment.model_id,
    }
    return replace(endpoint, service_settings=settings | copied)


def start(cluster: Cluster, endpoint: Endpoint, asked: Timeout | None) -> None:
    """Starts the model of an endpoint that is usually stored already, which is why a failure here leaves it behind."""
    settings, name = endpoint.service_settings, endpoint.inference_id
    if not cluster.machine_learning:
        text = "failed to find action [cluster:monitor/xpack/ml/inference/get] to execute"
        raise Refusal(500, "illegal_state_exception", text)
    if "deployment_id" in settings or name in cluster.deployments:
        return
    adaptive = settings.get("adaptive_allocations")
    check_allocations(adaptive, settings.get("num_allocations"))
    allocations = settings.get("num_allocations", first_allocations(adaptive))
    deployment = Deployment(
        name, settings["model_id"], allocations, settings["num_threads"], adaptive=adaptive
    )
    launch(cluster, deployment, waits=True, asked=(asked or _USUAL)[0])


def stop(cluster: Cluster, endpoint: Endpoint, *, force: bool) -> None:
    """Ends the deployment of an endpoint that is being deleted; one that cannot be stopped outlives it, if forced."""
    ignores_failure = force and cluster.profile.force_outlives_a_failed_stop
    if endpoint.service == IN_CLUSTER and not cluster.machine_learning and not ignores_failure:
        text = "failed to find action [cluster:admin/xpack/ml/trained_models/deployment/stop] to execute"
        raise Refusal(500, "illegal_state_exception", text)
    deployment = cluster.deployments.get(endpoint.inference_id)
    if deployment is not None and not deployment.stuck:
        del cluster.deployments[endpoint.inference_id]
    elif deployment is not None and not ignores_failure:
        text = f"Failed to stop inference endpoint {endpoint.inference_id}"
        raise Refusal(500, "status_exception", text)


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
    deployment.adaptive = settings.get("adaptive_allocations")
    deployment.allocations = settings.get("num_allocations", deployment.allocations)


def check_deployed(cluster: Cluster, endpoint: Endpoint) -> None:
    """Refuses to use a model that is not deployed; one that has scaled itself to zero starts again."""
    if endpoint.service != IN_CLUSTER or endpoint.inference_id in cluster.preconfigured:
        return
    name = _deployment_of(endpoint)
    deployment = cluster.deployments.get(name)
    if deployment is None:
        raise Refusal(
            404, "resource_not_found_exception", f"Trained model deployment [{name}] is not deployed"
        )
    deployment.allocations = deployment.allocations or 1
    if deployment.allocated == 0:
        text = f"Trained model deployment [{name}] is not allocated to any nodes"
        raise Refusal(409, "status_exception", text)


def _deployment_of(endpoint: Endpoint) -> str:
    return str(endpoint.service_settings.get("deployment_id", endpoint.inference_id))


def live(cluster: Cluster, endpoint: Endpoint) -> Endpoint:
    """The endpoint with the allocations that its deployment has at the moment."""
    deployment = cluster.deployments.get(_deployment_of(endpoint))
    if endpoint.service != IN_CLUSTER or deployment is None:
        return endpoint
    settings = endpoint.service_settings | {"num_allocations": deployment.allocations}
    return replace(endpoint, service_settings=settings)


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

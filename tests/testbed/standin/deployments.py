"""The machine-learning API, as far as it tells of deployments, starts and stops them.

Assumed: the real servers that were recorded have no machine learning; this follows Elasticsearch's sources.
"""

import json
from typing import Any

from testbed.standin.call import Call
from testbed.standin.models import Deployment
from testbed.standin.refusal import PlainRefusal, Refusal, bad_request, illegal_argument, invalid
from testbed.standin.reply import Reply
from testbed.standin.state import Cluster

BUILT_IN = (".elser_model_", ".multilingual-e5-small", ".rerank-v1")
"""How the names of the models begin that a cluster downloads by itself."""
_NOT_LOADED = "the process that runs the model ended unexpectedly"


async def statistics(call: Call) -> Reply:
    """GET _ml/trained_models/{model}/_stats, as far as it tells of deployments; the id may be a deployment's."""
    _check_machine_learning(call)
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/ml/inference/stats/get")
    name = call.parts["model"]
    found = [one for one in call.cluster.deployments.values() if name in (one.deployment_id, one.model_id)]
    if not found and not _is_model(call.cluster, name):
        raise _no_such_model(name)
    stats = [{"model_id": one.model_id, "deployment_stats": one.statistics()} for one in found]
    return Reply(json={"count": len(found) or 1, "trained_model_stats": stats or [{"model_id": name}]})


async def start_deployment(call: Call) -> Reply:
    """POST _ml/trained_models/{model}/deployment/_start."""
    _check_machine_learning(call)
    model, adaptive = call.parts["model"], _adaptive(call)
    name = call.query.pop("deployment_id", model)
    allocations = call.query.pop("number_of_allocations", None)
    threads = int(call.query.pop("threads_per_allocation", "1"))
    waits = call.query.pop("wait_for", "started") != "starting"
    asked = call.timeout()[0]
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/ml/trained_models/deployment/start")
    check_allocations(adaptive, allocations)
    if not _is_model(call.cluster, model):
        raise _no_such_model(model)
    if model in call.cluster.endpoints:
        text = f"Requested model ID [{model}] matches existing model IDs but must not."
        raise bad_request(f"Model IDs must be unique. {text}")
    number = int(allocations or first_allocations(adaptive))
    deployment = Deployment(name, model, number, threads, adaptive=adaptive)
    launch(call.cluster, deployment, waits=waits, asked=asked)
    told = {"assignment_state": deployment.state, "task_parameters": deployment.statistics()}
    return Reply(json={"assignment": told})


async def stop_deployment(call: Call) -> Reply:
    """POST _ml/trained_models/{model}/deployment/_stop."""
    _check_machine_learning(call)
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


def launch(cluster: Cluster, deployment: Deployment, *, waits: bool, asked: str) -> None:
    """Starts a deployment; `waits`: the answer is given when it runs or has failed, or the time asked for is over."""
    name = deployment.deployment_id
    if name in cluster.deployments:
        text = f"Cannot start deployment [{name}] because it has already been started"
        raise Refusal(409, "status_exception", text)
    _check_room(cluster, deployment)
    if cluster.starts == "nodes fail":
        if waits:  # such a deployment is removed again
            text = "Could not start trained model deployment, the following nodes failed with errors"
            raise Refusal(500, "status_exception", f"{text} [{{node-0={_NOT_LOADED}}}]")
        deployment.state, deployment.reason = "failed", "All node routes are failed; see node route reason"
    elif cluster.starts == "slowly":
        deployment.state = "starting"
    cluster.deployments[name] = deployment
    if deployment.state == "starting" and waits:
        raise _timed_out(cluster, name, asked)


def _check_room(cluster: Cluster, deployment: Deployment) -> None:
    match cluster.starts:
        case "no room":
            text = "Could not start deployment because no ML nodes with sufficient capacity were found"
            raise Refusal(429, "status_exception", text)
        case "not enough memory":
            what = f"[{deployment.allocations}] allocations to deployment [{deployment.deployment_id}]"
            raise illegal_argument(f"not enough memory on node [node-0] to assign {what}")
        case "exhausted":
            text = "Could not start deployment because the resources of all ML nodes are exhausted"
            raise Refusal(409, "status_exception", text)


def _timed_out(cluster: Cluster, name: str, asked: str) -> Refusal:
    """The 408, given at once instead of after that time; the deployment goes on starting."""
    kind = cluster.profile.deployment_timeout
    what = "model deployment" if kind == "status_exception" else f"trained model deployment [{name}]"
    advice = "Use the trained model stats API to track the state of the deployment."
    return Refusal(408, kind, f"Timed out after [{asked}] waiting for {what} to start. {advice}")


def check_allocations(adaptive: dict[str, Any] | None, allocations: object) -> None:
    """Refuses a number of allocations where they adapt themselves."""
    if adaptive and adaptive.get("enabled") and allocations is not None:
        problem = "[number_of_allocations] cannot be set if adaptive allocations is enabled"
        raise invalid([problem], "action_request_validation_exception")


def first_allocations(adaptive: dict[str, Any] | None) -> int:
    """With how many allocations a deployment begins that adapts them itself; never with none."""
    return max(1, (adaptive or {}).get("min_number_of_allocations") or 1)


def _adaptive(call: Call) -> dict[str, Any] | None:
    body = json.loads(call.body) if call.body else {}
    adaptive: dict[str, Any] | None = body.get("adaptive_allocations")
    return adaptive


def _is_model(cluster: Cluster, name: str) -> bool:
    return name.startswith(BUILT_IN) or name in cluster.models


def _no_such_model(name: str) -> Refusal:
    return Refusal(404, "resource_not_found_exception", f"No known trained model with model_id [{name}]")


def _check_machine_learning(call: Call) -> None:
    if not call.cluster.machine_learning:
        method = "GET" if call.path.endswith("_stats") else "POST"
        text = f"no handler found for uri [{call.path}] and method [{method}]"
        raise PlainRefusal(400, text, tells_status=False)

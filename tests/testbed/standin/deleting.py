"""`DELETE /_inference/…`: what keeps an endpoint from going, in the order in which the server looks."""

from testbed.standin import incluster
from testbed.standin.call import Call
from testbed.standin.refusal import Refusal, bad_request
from testbed.standin.reply import Reply
from testbed.standin.state import Cluster


async def delete(call: Call) -> Reply:
    """DELETE: refused while something refers to the endpoint, unless forced."""
    cluster, task_type = call.cluster, call.task_type()
    dry_run, force = call.flag("dry_run"), call.flag("force")
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/inference/delete")
    cluster.check_block()
    endpoint = cluster.get(call.inference_id)
    endpoint.check_task_type(task_type)
    name = endpoint.inference_id
    pipelines, indices = cluster.pipelines_using(name), cluster.indices_using(name)
    complaint = _in_use(name, pipelines, indices)
    if dry_run:
        seen = {"acknowledged": False, "pipelines": pipelines, "indexes": indices, "error_message": complaint}
        return Reply(json=seen)
    if complaint and not force:
        raise Refusal(409, "status_exception", complaint)
    if name in cluster.preconfigured:
        _check_reserved(cluster, name, force=force)
    if name in cluster.updating and not force:
        text = "are currently being updated, please wait until after they are finished updating to delete."
        raise Refusal(409, "status_exception", f"The inference endpoint(s) [{name}] {text}")
    _check_parsable(cluster, name, force=force)
    incluster.stop(cluster, endpoint, force=force)
    cluster.forget(name)
    return Reply(json={"acknowledged": True, "pipelines": [], "indexes": []})


def _check_reserved(cluster: Cluster, name: str, *, force: bool) -> None:
    if not cluster.profile.force_deletes_preconfigured:
        raise bad_request(
            f"[{name}] is a reserved inference endpoint. Cannot delete a reserved inference endpoint."
        )
    if not force:
        advice = "Use the force=true query parameter to delete the inference endpoint."
        raise bad_request(f"[{name}] is a reserved inference endpoint. {advice}")


def _check_parsable(cluster: Cluster, name: str, *, force: bool) -> None:
    why = cluster.unreadable.get(name)
    if why is None or (force and cluster.profile.force_outlives_unreadable):
        return
    if why == "unknown_service":
        raise Refusal(404, "status_exception", f"No service found for this inference endpoint {name}")
    text = f"Failed to parse model configuration for inference endpoint {name}"
    raise Refusal(500, "status_exception", text)


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

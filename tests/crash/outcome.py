"""Whether what has become of an endpoint is what its user wants, and was done no more often than needed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crash.steps import Wish
from inference_operator.objects import Raw


@dataclass(frozen=True)
class Request:
    """A request about one endpoint that reached Elasticsearch; without a status it was cut, or is under way."""

    method: str
    path: str
    status: int | None
    dry_run: bool = False

    @property
    def kind(self) -> str:
        """What it asks for."""
        if self.path.endswith("/_update"):
            return "UPDATE"
        return "DRY RUN" if self.dry_run else self.method


def unmet_in_kubernetes(wish: Wish, resource: Raw | None) -> Iterator[str]:
    """What of the resource is not as wanted."""
    if resource is None or not wish.exists:
        if wish.exists:
            yield "there is no resource"
        elif resource is not None:
            yield f"the resource is still there: {_said(resource)}"
        return
    status, newest = resource.get("status") or {}, resource["metadata"]["generation"]
    ready: Mapping[str, Any] = next((c for c in status.get("conditions", []) if c["type"] == "Ready"), {})
    if (ready.get("status"), ready.get("observedGeneration")) != ("True", newest):
        yield f"not Ready in generation {newest}: {_said(resource)}"
    synced = next((c["status"] for c in status.get("conditions", []) if c["type"] == "Synced"), None)
    if synced != "True":
        yield f"Ready, but not Synced: {_said(resource)}"
    if status.get("observedGeneration") != newest or "operation" in status:
        yield f"the status is not that of generation {newest}: {status}"
    if "deletionTimestamp" in resource["metadata"]:
        yield "the resource is being deleted"


def unmet_in_elasticsearch(wish: Wish, endpoint: Mapping[str, Any] | None, key: str | None) -> Iterator[str]:
    """What of the endpoint is not as wanted."""
    if endpoint is None or not wish.exists:
        if wish.exists:
            yield "there is no endpoint"
        elif endpoint is not None:
            yield f"the endpoint is still there: {endpoint}"
        return
    if endpoint.get("task_settings") != wish.task_settings:
        yield f"other settings than {wish.task_settings}: {endpoint}"
    if (model := endpoint.get("service_settings", {}).get("model_id")) != wish.model:
        yield f"not {wish.model}, but {model}"
    if key != wish.key:
        yield f"not {wish.key}, but {key}"


def excess(wish: Wish, requests: Iterable[Request]) -> Iterator[str]:
    """What was asked too often: once for each thing that the user did, and once more where an answer was lost.

    A replace is tried in place and under a temporary id first; both may happen once more.
    """
    kinds = [r.kind for r in requests]
    most = {
        "PUT": wish.lives + 3 * wish.models,
        "UPDATE": wish.edits + wish.keys + 1 + wish.models,
        "DELETE": wish.lives + 3 * wish.models,
    }
    for kind, number in most.items():
        if kinds.count(kind) > number:
            yield f"{kind}: {kinds.count(kind)} times, where {number} suffice"
    for request in requests:
        if request.kind in most and (request.status or 0) >= 400:
            yield f"a {request.kind} was refused with {request.status}"


def _said(resource: Raw) -> list[str]:
    conditions = (resource.get("status") or {}).get("conditions", [])
    return [f"{c['type']}={c['status']} {c['reason']}: {c.get('message')}" for c in conditions]

"""What is asked of the stand-in about models in the cluster."""

from typing import Any

import httpx

from testbed.standin.models import Starts

MODEL = ".elser_model_2"
FIXED = {"model_id": MODEL, "num_allocations": 1, "num_threads": 1}
ADAPTIVE = {"enabled": True, "min_number_of_allocations": 0, "max_number_of_allocations": 4}
ADAPTING = {"model_id": MODEL, "num_threads": 1, "adaptive_allocations": ADAPTIVE}
UNIQUE = "Inference endpoint IDs must be unique."


class Cluster:
    """What is asked of the stand-in; endpoints are named `docs` unless a path says otherwise."""

    def __init__(self, client: httpx.Client) -> None:
        self.http = client

    def create(self, settings: dict[str, Any], path: str = "sparse_embedding/docs") -> httpx.Response:
        """PUT of an endpoint."""
        return self.http.put(f"/_inference/{path}", json={"service": "elser", "service_settings": settings})

    def settings(self, name: str = "docs") -> dict[str, Any]:
        """Its service settings as GET shows them."""
        found = self.http.get(f"/_inference/{name}").raise_for_status().json()["endpoints"]
        settings: dict[str, Any] = found[0]["service_settings"]
        return settings

    def stored(self, name: str = "docs") -> bool:
        """Whether the endpoint is there."""
        return self.http.get(f"/_inference/{name}").is_success

    def deployment(self, name: str = "docs") -> dict[str, Any] | None:
        """What is told of a deployment; None if there is none."""
        answer = self.http.get(f"/_ml/trained_models/{name}/_stats")
        if answer.status_code == 404:
            return None
        (told,) = answer.raise_for_status().json()["trained_model_stats"]
        found: dict[str, Any] | None = told.get("deployment_stats")
        return found

    def start(self, model: str = MODEL, body: object = None, **params: str | int) -> httpx.Response:
        """POST …/_start; `docs` is the deployment unless another is named."""
        query: dict[str, str | int] = {"deployment_id": "docs", **params}
        return self.http.post(f"/_ml/trained_models/{model}/deployment/_start", params=query, json=body)

    def update(self, **settings: object) -> httpx.Response:
        """PUT …/_update."""
        return self.http.put("/_inference/sparse_embedding/docs/_update", json={"service_settings": settings})


FAILED_STARTS: dict[Starts, tuple[int, str, str, str | None]] = {
    "slowly": (408, "model_deployment_timeout_exception", "Timed out after [30s] waiting for", "starting"),
    "no room": (429, "status_exception", "no ML nodes with sufficient capacity", None),
    "not enough memory": (400, "illegal_argument_exception", "not enough memory on node", None),
    "exhausted": (409, "status_exception", "are exhausted", None),
    "nodes fail": (500, "status_exception", "Could not start trained model deployment", None),
}

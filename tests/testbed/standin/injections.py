"""What goes wrong between a client and Elasticsearch, by name; `Standin.inject` offers it to tests.

Each method lets it go wrong from now on and returns the number of the rule, for `Standin.hits`. A rule ends after
`times` requests (None: never) or with `Standin.reset_faults`.
"""

import re
from collections.abc import Callable
from typing import Any, Literal

Hindrance = Literal["no_master", "not_recovered", "queue_full", "circuit_breaker"]
_HINDRANCES: dict[Hindrance, dict[str, Any]] = {
    "no_master": {"status": 503, "error": ["master_not_discovered_exception", ""]},
    "not_recovered": {
        "status": 503,
        "error": [
            "cluster_block_exception",
            "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];",
        ],
    },
    "queue_full": {
        "status": 429,
        "error": [
            "es_rejected_execution_exception",
            "Failed to execute task because the request service queue is full",
        ],
    },
    "circuit_breaker": {
        "status": 429,
        "error": [
            "circuit_breaking_exception",
            "[parent] Data too large, data for [<http_request>] would be [258/258b], which is larger than the limit of [64/64b]",
        ],
        "details": {"bytes_wanted": 258, "bytes_limit": 64, "durability": "TRANSIENT"},
    },
}
_LISTS = r"/_inference(?:/(?:_all|\*|[^/]+/_all))?"
_ANY = ".*"


def endpoint_path(inference_id: str) -> str:
    """The paths of an endpoint, with a task type and without, as a regular expression."""
    return f"/_inference/(?:[^/]+/)?{re.escape(inference_id)}"


class Injections:
    """The faults that a client of Elasticsearch has to survive."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def drop_after_store(self, inference_id: str, *, times: int | None = 1) -> int:
        """PUT stores the endpoint, but the connection is cut before the answer."""
        return self._rule("PUT", endpoint_path(inference_id), when="after", drop=True, times=times)

    def timeout_after_store(self, inference_id: str, *, times: int | None = 1) -> int:
        """PUT stores the endpoint and answers 408; a PUT that is refused is told so."""
        text = f"Timed out after [30s] waiting for trained model deployment [{inference_id}] to start"
        kind = self._ask("deployment_timeout")
        return self._replaced(inference_id, 408, kind, text, times=times)

    def crossed_race(self, inference_id: str, *, callers: int = 2) -> int:
        """PUTs of several callers cross: each is told that the other was first, and nothing is stored."""
        kind, text = (
            "resource_already_exists_exception",
            f"Inference endpoint [{inference_id}] already exists",
        )
        return self._replaced(inference_id, 400, kind, text, times=callers, ignore=True)

    def update_ignored(self, inference_id: str, *, times: int | None = 1) -> int:
        """`_update` answers 200 with the endpoint as it was, and changes nothing."""
        path = f"{endpoint_path(inference_id)}/_update"
        return self._rule("PUT", path, ignore=True, times=times)

    def update_locked(self, inference_id: str, *, seconds: float) -> None:
        """`_update` and DELETE are answered 409 for a while, as another update is under way."""
        self._ask("lock", inference_id=inference_id, seconds=seconds)

    def delete_refused(self, inference_id: str, *, times: int | None = 1) -> int:
        """DELETE without force is answered 409, as an index uses the endpoint; a dry run does not show it."""
        ensure = "Ensure that no index mappings are using this inference endpoint"
        advice = "or use force to ignore this warning and delete the inference endpoint."
        users = "is being used in the mapping for indexes: [some-index]"
        text = f"Inference endpoint {inference_id} {users}. {ensure}, {advice}"
        unforced = {"force": None, "dry_run": None}
        return self._rule(
            *("DELETE", endpoint_path(inference_id)),
            query=unforced,
            status=409,
            error=["status_exception", text],
            times=times,
        )

    def list_fails(self, *, times: int | None = 1) -> int:
        """Every list is answered 500, as one endpoint in it has a service that the node does not know."""
        text = "Unknown service [no-such] for inference endpoint [somebody-s]."
        return self._rule("GET", _LISTS, status=500, error=["status_exception", text], times=times)

    def shards_failed(self, inference_id: str, *, times: int | None = 1) -> int:
        """GET of the endpoint is a 500, as while a node starts: its index is not read yet."""
        text = f"Failed to load inference endpoint [{inference_id}], error: [all shards failed]"
        error = ["exception", text]
        return self._rule("GET", endpoint_path(inference_id), status=500, error=error, times=times)

    def another_cluster(self, uuid: str = "another-cluster", *, times: int | None = 1) -> int:
        """`GET /` tells the UUID of another cluster."""
        return self._rule("GET", "/", cluster_uuid=uuid, times=times)

    def hang(self, method: str | None = None, path: str = _ANY, *, times: int | None = 1) -> int:
        """No answer before the faults are reset, and then none either."""
        return self._rule(method, path, hang=True, times=times)

    def redirect(self, method: str | None = None, path: str = _ANY, *, to: str, times: int | None = 1) -> int:
        """The answer leads elsewhere."""
        return self._rule(method, path, status=307, headers={"Location": to}, times=times)

    def hinder(
        self, what: Hindrance, method: str | None = None, path: str = _ANY, *, times: int | None = 1
    ) -> int:
        """Whoever may do what it asks is told that the cluster cannot do it at the moment: 503 or 429."""
        return self._rule(method, path, when="granted", times=times, **_HINDRANCES[what])

    # States of an endpoint that has been stored already

    def secrets_left(self, inference_id: str) -> None:
        """Of the endpoint only the secrets are left: GET says 404, the next PUT "already exists" and removes them."""
        self._ask("remove", inference_id=inference_id, leave_remnant=True)

    def secrets_lost(self, inference_id: str) -> None:
        """The endpoint has lost its secrets: GET shows it, `_update` fails, a PUT says "already exists" and removes it."""
        self._ask("lose_secrets", inference_id=inference_id)

    def unreadable(self, inference_id: str, why: Literal["unknown_service", "unparsable"]) -> None:
        """GET and lists fail with 500; DELETE is answered 404 `status_exception` or 500, unless it is forced."""
        self._ask("unreadable", inference_id=inference_id, why=why)

    def _replaced(self, inference_id: str, status: int, kind: str, text: str, **more: Any) -> int:
        """An answer in the place of the one to a PUT that succeeds."""
        path, error = endpoint_path(inference_id), [kind, text]
        return self._rule("PUT", path, when="after", only_success=True, status=status, error=error, **more)

    def _rule(self, method: str | None, path: str, **what: Any) -> int:
        return int(self._ask("fault", method=method, path=path, **what))

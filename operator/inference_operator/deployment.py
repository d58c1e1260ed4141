"""The deployment of a model in the cluster, as its statistics tell it, and what that means: pure.

An endpoint of the service `elasticsearch` answers only while a deployment with its id runs its model.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.endpoint import Definition
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient

NODES_FAILED = "Could not start trained model deployment"
"""What the server says when a node could not load the model; it has removed the deployment then."""
_NO_ROOM = re.compile(
    r"insufficient|not enough|no suitable nodes|no ml nodes|sufficient capacity|exhausted", re.IGNORECASE
)
_PASSING = frozenset({Reason.MODEL_STARTING, Reason.NO_CAPACITY, Reason.DEPLOYMENT_MISSING})


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment, and how many of its allocations run."""

    model_id: str
    state: str
    running: int
    wanted: int
    reason: str = ""
    """Why it is not as it should be, in the server's words, with those of the nodes that could not load the model."""
    placed: bool = False
    """Whether a node has been chosen for it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a deployment that is there."""

    reason: Reason
    message: str

    @property
    def available(self) -> bool:
        """Whether the endpoint can be used."""
        return self.reason is Reason.DEPLOYED

    @property
    def problem(self) -> ReconcileError | None:
        """What is wrong: only a failure needs a person, all else may pass by itself."""
        if self.available:
            return None
        return (Transient if self.reason in _PASSING else Stalled)(self.reason, self.message)


@dataclass(frozen=True, slots=True)
class Start:
    """The request that starts the deployment of an endpoint again, as it was."""

    model_id: str
    deployment_id: str
    threads: int | None = None
    allocations: int | None = None
    adaptive: Mapping[str, Any] | None = None


def deployment_from_answer(statistics: Mapping[str, Any]) -> Deployment:
    """One deployment as Elasticsearch describes it."""
    status = _object(statistics.get("allocation_status"))
    nodes = statistics.get("nodes")
    routes = [_route(node) for node in nodes] if isinstance(nodes, list) else []
    failures = [str(r.get("reason") or "") for r in routes if r.get("routing_state") == "failed"]
    texts = [str(statistics.get("reason") or ""), *failures]
    return Deployment(
        str(statistics.get("model_id", "")),
        str(statistics.get("state", "")),
        _count(status.get("allocation_count"), 0),
        _count(status.get("target_allocation_count"), 1),
        "; ".join(dict.fromkeys(text for text in texts if text)),
        bool(routes),
    )


def _route(node: object) -> Mapping[str, Any]:
    return _object(_object(node).get("routing_state"))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def judge(found: Deployment) -> Judgement:
    """Whether a deployment that is there serves its endpoint, or why not yet.

    What is said of one that serves holds nothing that changes by itself, since it is written down at every look.
    """
    what = f"the deployment of the model {found.model_id!r}"
    if found.state == "failed":
        return Judgement(Reason.DEPLOYMENT_FAILED, f"{what} failed: {found.reason or 'no reason given'}")
    if found.state == "stopping":
        return Judgement(Reason.DEPLOYMENT_MISSING, f"{what} is being stopped")
    if found.running > 0 or found.wanted == 0:
        return Judgement(Reason.DEPLOYED, _serving(found, what))
    why = f": {found.reason}" if found.reason else ""
    if lacks_room(found.reason) and not found.placed:
        return Judgement(
            Reason.NO_CAPACITY,
            f"{what} waits for a node with room{why}; add a machine learning node, or ask for less",
        )
    return Judgement(Reason.MODEL_STARTING, f"{what} is starting{why}")


def _serving(found: Deployment, what: str) -> str:
    if found.wanted == 0:
        return f"{what} has scaled itself to zero; the next request starts it, and takes longer"
    if found.running < found.wanted:
        return f"{what} runs, with fewer allocations than it should have"
    return f"the model {found.model_id!r} is deployed"


def lacks_room(text: str) -> bool:
    """Whether these words of the server say that no node has room for a model."""
    return bool(_NO_ROOM.search(text))


def after_failed_create(error: ReconcileError) -> ReconcileError:
    """What is wrong where a create failed, its endpoint is stored all the same, and its deployment is not there."""
    text = f"the endpoint is stored, but its model is not deployed: {error.message}"
    if lacks_room(error.message):
        return Transient(Reason.NO_CAPACITY, text, retry_after=error.retry_after)
    if NODES_FAILED in error.message:
        return Stalled(Reason.DEPLOYMENT_FAILED, text)
    if error.ambiguous:
        # The server goes on by itself after it has run out of time, and a download takes minutes.
        return Transient(Reason.MODEL_STARTING, text, retry_after=error.retry_after)
    if isinstance(error, Stalled):
        return Stalled(error.reason, text)
    return Transient(error.reason, text, retry_after=error.retry_after)


def attached_to(observed: Definition) -> str | None:
    """The deployment that an endpoint uses and does not own."""
    other = observed.service_settings.get("deployment_id")
    return str(other) if other else None


def start_of(inference_id: str, desired: Definition, observed: Definition) -> Start | None:
    """The deployment that an endpoint had, or None if it does not say of which model.

    It is the stored endpoint that tells, even if the spec says otherwise by now. But where allocations adapt, the
    number that it shows is the one of a moment, unless the spec asks for both; that is for the server to judge.
    """
    settings = observed.service_settings
    model, threads, allocations = (
        settings.get(name) for name in ("model_id", "num_threads", "num_allocations")
    )
    if not isinstance(model, str) or not model:
        return None
    adaptive = _object(settings.get("adaptive_allocations"))
    adapts = adaptive.get("enabled") is True
    if adapts and "num_allocations" not in desired.service_settings:
        allocations = None
    return Start(
        model,
        inference_id,
        threads if isinstance(threads, int) else None,
        allocations if isinstance(allocations, int) else None,
        adaptive if adapts else None,
    )

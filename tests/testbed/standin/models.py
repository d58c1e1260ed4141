"""The machine-learning nodes of a stand-in: which models somebody has loaded, what is deployed, and how starts go."""

from dataclasses import dataclass
from typing import Any, Literal

Starts = Literal["at once", "slowly", "no room", "not enough memory", "exhausted", "nodes fail"]
"""What becomes of a model that is to be started."""
State = Literal["starting", "started", "stopping", "failed"]


@dataclass(frozen=True)
class Model:
    """A model that was loaded with Eland; an endpoint for its embeddings is tried before it is stored."""

    dimensions: int | None = 384
    """The length of its vectors; None: it cannot embed anything."""
    aliases: tuple[str, ...] = ()


@dataclass
class Deployment:
    """A deployment of a model."""

    deployment_id: str
    model_id: str
    allocations: int
    threads: int
    state: State = "started"
    adaptive: dict[str, Any] | None = None
    running: int | None = None
    """How many allocations run; None: all of them once it is started, and none before."""
    reason: str = ""
    stuck: bool = False
    """It cannot be stopped."""

    @property
    def allocated(self) -> int:
        """How many allocations run."""
        if self.running is not None:
            return self.running
        return self.allocations if self.state == "started" else 0

    def statistics(self) -> dict[str, Any]:
        """What the server tells of it."""
        told: dict[str, Any] = {
            "deployment_id": self.deployment_id,
            "model_id": self.model_id,
            "threads_per_allocation": self.threads,
            "number_of_allocations": self.allocations,
            "state": self.state,
            "nodes": self._nodes(),
        }
        if self.adaptive is not None:
            told["adaptive_allocations"] = self.adaptive
        if self.reason:
            told["reason"] = self.reason
        if self.state in ("starting", "started"):
            told["allocation_status"] = self._allocation()
        return told

    def _allocation(self) -> dict[str, Any]:
        ready, wanted = self.allocated, self.allocations
        state = "fully_allocated" if ready >= wanted else "started" if ready else "starting"
        return {"allocation_count": ready, "target_allocation_count": wanted, "state": state}

    def _nodes(self) -> list[dict[str, Any]]:
        if self.state == "starting" and self.reason:
            return []  # no node was found for it
        route: dict[str, str] = {"routing_state": self.state}
        if self.state == "failed":
            route["reason"] = "the process that runs the model ended unexpectedly"
        return [{"node": {"node-0": {"name": "node-0"}}, "routing_state": route}]

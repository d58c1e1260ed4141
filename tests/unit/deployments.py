"""Model deployments as statistics tell them, and what the server says of them; from its sources, as none was there."""

from typing import Any

ELSER = ".elser_model_2"
NODE_FULL = (
    "Could not assign (more) allocations on node [n1]. Reason: This node has insufficient available memory."
)
NODES_FULL = "Could not start deployment because no ML nodes with sufficient capacity were found"
NODES_FAILED = (
    "Could not start trained model deployment, the following nodes failed with errors [{n1=out of memory}]"
)
ADAPTIVE = {"enabled": True, "min_number_of_allocations": 0, "max_number_of_allocations": 4}


def told(state: str, running: int = 0, wanted: int = 1, **more: Any) -> dict[str, Any]:
    """The statistics of one deployment."""
    status = {"allocation_count": running, "target_allocation_count": wanted}
    return {
        "deployment_id": "docs",
        "model_id": ELSER,
        "state": state,
        "allocation_status": status,
        "nodes": [],
        **more,
    }


def route(state: str, reason: str = "") -> dict[str, Any]:
    """What the statistics tell of one node."""
    return {
        "node": {"n1": {"name": "instance-1"}},
        "routing_state": {"routing_state": state, "reason": reason},
    }

"""The life of a model in the cluster, told once with the real operator process and the real control plane.

Assumed: no real server with machine learning was there, so the stand-in plays it. All cases are in integration/.
"""

from typing import Any

from testbed.builders import Endpoint, endpoint
from testbed.standin.client import Standin
from testbed.target import OURS, on
from testbed.world import World

NAME = f"{OURS}model"
ADAPTIVE = {"enabled": True, "min_number_of_allocations": 0, "max_number_of_allocations": 2}


def elser() -> Endpoint:
    """A model that scales itself."""
    settings: dict[str, Any] = {
        "model_id": ".elser_model_2",
        "num_threads": 1,
        "adaptive_allocations": ADAPTIVE,
    }
    return endpoint(NAME, service="elser", task_type="sparse_embedding", **settings)


@on("standin-9.4")
def test_model_is_waited_for_and_kept_deployed(world: World, standin: Standin) -> None:
    """It starts slowly, falls asleep, vanishes and comes back, and ends with its resource."""
    standin.set_model_starts("slowly")
    world.apply(elser())
    verdict = world.wait_reason(NAME, "ModelStarting")
    assert verdict["status"] == "False"
    assert world.condition(NAME, "Synced")["status"] == "True"

    standin.deployment(NAME, state="started", allocations=1)
    world.wait_ready(NAME)
    assert world.condition(NAME, "Available")["reason"] == "Deployed"

    standin.deployment(NAME, allocations=0)
    world.resync(NAME)
    world.wait(
        lambda: "scaled itself to zero" in world.condition(NAME, "Available")["message"], "it sleeps", NAME
    )
    world.wait_ready(NAME)

    standin.set_model_starts("at once")
    standin.undeploy(NAME)
    world.resync(NAME)
    world.wait_event(NAME, "DeploymentStarted")
    world.wait_ready(NAME)
    assert [o.status for o in standin.operations() if o.path.endswith("/_start")] == [200]
    assert [o.status for o in standin.operations() if o.method == "PUT"] == [408]

    world.delete(NAME)
    world.wait_gone(NAME)
    assert standin.endpoints() == {}
    assert standin.admin.get(f"/_ml/trained_models/{NAME}/_stats").status_code == 404

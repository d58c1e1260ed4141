"""What is seen of an endpoint whose model runs in the cluster, and what the operator asks about it."""

from inference_operator.conditions import Type
from inference_operator.errors import Reason
from integration.rows.scene import NAME, Scene, in_cluster, told
from testbed.standin.models import Deployment

ADAPTIVE = {"enabled": True, "min_number_of_allocations": 0, "max_number_of_allocations": 4}
ADAPTING = in_cluster(num_allocations=None, adaptive_allocations=ADAPTIVE)
GONE = ("False", Reason.DEPLOYMENT_MISSING)
STARTING = ("False", Reason.MODEL_STARTING)
READY = ("True", Reason.SYNCED)
LOOKS = ["GET", "LOOK FOR MODEL"]


def deployment(scene: Scene) -> Deployment:
    """The deployment of the endpoint."""
    return scene.elasticsearch.deployments[NAME]


def available(scene: Scene) -> tuple[str, str]:
    """The condition Available: status and reason."""
    found = scene.conditions.get(Type.AVAILABLE, {})
    return found.get("status", ""), found.get("reason", "")


def message(scene: Scene, kind: Type = Type.READY) -> str:
    """What a condition says."""
    return str(scene.conditions[kind]["message"])


async def asked(scene: Scene, turns: int = 1) -> list[str]:
    """What the operator asks of Elasticsearch in its next turns, between which passes what it wants to wait."""
    requests: list[str] = []
    for _ in range(turns):
        scene.stage.pass_time(scene.delay or 0.0)
        requests += [told(request) for request in await scene.turn()]
    return requests


def started_again(scene: Scene) -> list[str]:
    """The texts of the events that tell of it."""
    return [e["message"] for e in scene.stage.kubernetes.events if e["reason"] == Reason.DEPLOYMENT_STARTED]

"""What the operator says of the deployment of a model: `Available` follows it, down to zero, and claims no more than is known.

Assumed, all of it: no real server with machine learning was there; the stand-in follows Elasticsearch's sources.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from inference_operator.conditions import Type
from inference_operator.errors import Reason
from integration.availability.looks import ADAPTING, GONE, LOOKS, READY, asked, available, deployment, message
from integration.rows.scene import Scene, in_cluster
from testbed.standin.models import Deployment
from testbed.standin.state import Cluster

FOLLOWED: dict[str, tuple[dict[str, Any], str, Reason, Type | None]] = {
    "all allocations run": ({}, "True", Reason.DEPLOYED, None),
    "fewer allocations run than are wanted": (
        {"allocations": 2, "running": 1},
        "True",
        Reason.DEPLOYED,
        None,
    ),
    "it starts on another node": ({"state": "starting"}, "False", Reason.MODEL_STARTING, Type.RECONCILING),
    "no node has room any more": (
        {"state": "starting", "reason": "No ML nodes exist in the cluster"},
        "False",
        Reason.NO_CAPACITY,
        Type.RECONCILING,
    ),
    "it is being stopped": ({"state": "stopping"}, "False", Reason.DEPLOYMENT_MISSING, Type.RECONCILING),
    "its nodes failed": (
        {"state": "failed", "reason": "All node routes are failed"},
        "False",
        Reason.DEPLOYMENT_FAILED,
        Type.STALLED,
    ),
}


@pytest.mark.parametrize(("fields", "status", "reason", "abnormal"), FOLLOWED.values(), ids=FOLLOWED)
async def test_condition_follows_the_deployment(
    scene: Scene, fields: Mapping[str, Any], status: str, reason: Reason, abnormal: Type | None
) -> None:
    """At the next look, in both directions; the endpoint itself stays what the spec asks for, and nothing is started."""
    wish = in_cluster(num_allocations=fields.get("allocations", 1))
    await scene.settle(wish)
    assert available(scene) == ("True", Reason.DEPLOYED)
    for name, value in fields.items():
        setattr(deployment(scene), name, value)
    assert await asked(scene) == LOOKS
    assert available(scene) == (status, reason)
    assert scene.ready == (READY if status == "True" else ("False", reason))
    assert scene.conditions[Type.SYNCED]["status"] == "True"
    assert abnormal is None or scene.conditions[abnormal]["reason"] == reason
    deployment(scene).state, deployment(scene).reason = "started", ""
    assert await asked(scene) == LOOKS
    assert (scene.ready, available(scene)) == (READY, ("True", Reason.DEPLOYED))


async def test_reason_of_a_failure_is_the_servers(scene: Scene) -> None:
    """With what the nodes say; there is nothing that the operator could do better than a person."""
    await scene.settle(in_cluster())
    deployment(scene).state, deployment(scene).reason = "failed", "All node routes are failed"
    await asked(scene)
    assert "All node routes are failed; the process that runs the model ended" in message(scene)


async def test_look_costs_one_request_and_writes_nothing(scene: Scene) -> None:
    """As long as nothing changes."""
    await scene.settle(in_cluster())
    before = scene.stage.writes()
    assert await asked(scene, turns=3) == LOOKS * 3
    assert scene.stage.writes() == before


async def test_deprecated_name_of_the_service_is_looked_after_too(scene: Scene) -> None:
    """`elser` is stored as `elasticsearch`."""
    await scene.settle(in_cluster().with_spec(service="elser"))
    assert available(scene) == ("True", Reason.DEPLOYED)


async def test_walk_of_adaptive_allocations_is_no_drift(scene: Scene) -> None:
    """Down to zero and up again: nothing is put back, and nothing is written about it but that it sleeps."""
    await scene.settle(ADAPTING)
    deployment(scene).allocations = 1
    await asked(scene)
    before = scene.stage.writes()
    for number in (2, 4, 3, 1):
        deployment(scene).allocations = number
        assert await asked(scene) == LOOKS
        assert scene.ready == READY
        assert Type.DRIFTED not in scene.conditions
    assert scene.stage.writes() == before


async def test_model_that_has_scaled_itself_to_zero_is_available(scene: Scene) -> None:
    """The next request wakes it, so it is left asleep; the message says so."""
    await scene.settle(ADAPTING)
    deployment(scene).allocations = 0
    assert await asked(scene, turns=2) == LOOKS * 2
    assert (scene.ready, available(scene)) == (READY, ("True", Reason.DEPLOYED))
    assert "scaled itself to zero" in message(scene, Type.AVAILABLE)


async def test_fixed_number_that_somebody_changed_is_put_back(tmp_path: Path) -> None:
    """Only what changes by itself is no drift."""
    async with Scene.open(tmp_path, "9.2") as scene:
        await scene.settle(in_cluster(num_allocations=2))
        deployment(scene).allocations = 5
        assert "UPDATE" in await asked(scene)
        assert deployment(scene).allocations == 2
        assert scene.ready == READY


async def test_fixed_number_that_the_version_does_not_put_back_is_told(scene: Scene) -> None:
    """Since 9.4 an update to what is stored changes nothing: after a few attempts a person is asked."""
    await scene.settle(in_cluster(num_allocations=2))
    deployment(scene).allocations = 5
    requests = await asked(scene, turns=6)
    assert requests.count("UPDATE") == 3
    assert scene.ready == ("False", Reason.TUG_OF_WAR)
    assert "/serviceSettings/num_allocations (asked for 2, found 5)" in message(scene)


def share(cluster: Cluster) -> Deployment:
    """A deployment that somebody else has made."""
    theirs = cluster.deployments["theirs"] = Deployment("theirs", ".elser_model_2", 2, 1)
    return theirs


ATTACHED = in_cluster(deployment_id="theirs", num_allocations=None, num_threads=None)


async def test_deployment_of_others_is_looked_at_and_left_alone(scene: Scene) -> None:
    """Its allocations are no drift, and its end is told: it is for its owner to start it again."""
    theirs = share(scene.elasticsearch)
    await scene.settle(ATTACHED)
    assert available(scene) == ("True", Reason.DEPLOYED)
    before = scene.stage.writes()
    for number in (1, 4):
        theirs.allocations = number
        assert await asked(scene) == LOOKS
        assert scene.ready == READY
    assert scene.stage.writes() == before
    scene.elasticsearch.deployments.clear()
    assert await asked(scene, turns=3) == LOOKS * 3
    assert (scene.ready, available(scene)) == (GONE, GONE)
    assert "the deployment 'theirs', which serviceSettings name and others own, is gone" in message(scene)
    share(scene.elasticsearch)
    await asked(scene)
    assert scene.ready == READY


async def test_deployment_of_others_outlives_the_endpoint(scene: Scene) -> None:
    """Nothing is stopped but what the endpoint itself had."""
    share(scene.elasticsearch)
    await scene.settle(ATTACHED)
    scene.delete()
    await asked(scene)
    assert (scene.resource, list(scene.elasticsearch.deployments)) == (None, ["theirs"])


async def test_cluster_without_machine_learning_cannot_run_the_model(scene: Scene) -> None:
    """The real servers here are such: they store the endpoint, which can never be used."""
    await scene.settle(in_cluster())
    scene.elasticsearch.machine_learning = False
    assert await asked(scene, turns=2) == LOOKS * 2
    assert scene.ready == ("False", Reason.DEPLOYMENT_MISSING)
    assert available(scene) == ("False", Reason.DEPLOYMENT_MISSING)
    assert "no machine learning" in message(scene, Type.AVAILABLE)


async def test_credentials_that_may_not_ask_are_no_problem(scene: Scene) -> None:
    """The right to ask is named; not to know is not to be gone, so nothing is started."""
    await scene.settle(in_cluster())
    scene.elasticsearch.deployments.clear()
    refused = (
        "security_exception",
        "action [cluster:monitor/…/stats/get] is unauthorized for user [elastic]",
    )
    scene.elasticsearch.faults.add(method="GET", path="/_ml/.*", times=None, status=403, error=refused)
    assert await asked(scene, turns=2) == LOOKS * 2
    assert (scene.ready, available(scene)) == (READY, ("Unknown", Reason.AVAILABILITY_UNKNOWN))
    assert "whether its model is deployed is not known" in message(scene, Type.READY)
    assert "grant monitor_ml" in message(scene, Type.AVAILABLE)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "error": ("cluster_block_exception", "no master")},
        {"status": 429, "error": ("circuit_breaking_exception", "too much")},
        {"drop": True},
        {"status": 502, "body": "<html>bad gateway</html>", "product": False},
    ],
    ids=["503", "429", "a cut connection", "a proxy's page"],
)
async def test_question_that_fails_starts_nothing_and_is_asked_again(
    scene: Scene, fault: dict[str, Any]
) -> None:
    """And what was done to the endpoint in the same turn is not forgotten."""
    scene.elasticsearch.faults.add(method="GET", path="/_ml/.*", **fault)
    scene.apply(in_cluster())
    requests = await asked(scene)
    assert requests[-2:] == ["PUT", "LOOK FOR MODEL"]
    assert scene.ready[0] == "False"
    assert available(scene) == ("Unknown", Reason.AVAILABILITY_UNKNOWN)
    assert (scene.resource or {})["status"]["applied"]["serviceSettings"]["num_threads"] == 1
    assert await asked(scene) == LOOKS
    assert (scene.ready, available(scene)) == (READY, ("True", Reason.DEPLOYED))

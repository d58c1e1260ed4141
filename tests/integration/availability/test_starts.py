"""What a create leaves when the model does not start, and when a deployment that vanished is started again.

Assumed, all of it: no real server with machine learning was there; the stand-in follows Elasticsearch's sources.
"""

import pytest

from crash.life import life
from inference_operator.conditions import Type
from inference_operator.errors import Reason
from integration.availability.looks import (
    ADAPTING,
    ADAPTIVE,
    GONE,
    LOOKS,
    READY,
    STARTING,
    asked,
    available,
    deployment,
    message,
    started_again,
)
from integration.rows.scene import NAME, Scene, in_cluster
from testbed.builders import Endpoint
from testbed.standin.models import Deployment, Starts

OUTCOMES: dict[Starts, tuple[Reason, str]] = {
    "slowly": (Reason.MODEL_STARTING, "is starting"),
    "no room": (Reason.NO_CAPACITY, "no ML nodes with sufficient capacity were found"),
    "not enough memory": (Reason.NO_CAPACITY, "not enough memory on node [node-0]"),
    "exhausted": (Reason.NO_CAPACITY, "are exhausted"),
    "nodes fail": (Reason.DEPLOYMENT_FAILED, "the process that runs the model ended unexpectedly"),
}


@pytest.mark.parametrize("how", OUTCOMES)
async def test_failed_start_of_a_create_is_told_and_heals(scene: Scene, how: Starts) -> None:
    """The endpoint is stored all the same, so there is no second create, also when the model can be started at last."""
    reason, words = OUTCOMES[how]
    scene.elasticsearch.starts = how
    scene.apply(in_cluster())
    assert (await asked(scene))[-3:] == ["PUT", *LOOKS]
    assert (scene.ready, available(scene)) == (("False", reason), ("False", reason))
    assert words in message(scene)
    assert scene.conditions[Type.SYNCED]["status"] == "True"
    requests = await asked(scene, turns=3)
    assert (scene.ready[0], "PUT" in requests) == ("False", False)
    scene.elasticsearch.starts = "at once"
    if NAME in scene.elasticsearch.deployments:
        deployment(scene).state = "started"
    requests = await asked(scene, turns=2)
    assert (scene.ready, "PUT" in requests) == (READY, False)


async def test_contradiction_that_the_start_finds_is_told_until_it_is_mended(scene: Scene) -> None:
    """The endpoint is stored, and never started otherwise than the spec asks for."""
    scene.apply(in_cluster(adaptive_allocations=ADAPTIVE))
    for _ in range(3):
        await asked(scene)
        assert scene.ready == ("False", Reason.INVALID_SETTINGS)
        assert "cannot be set if adaptive allocations is enabled" in message(scene)
        assert scene.conditions[Type.STALLED]["status"] == "True"
    assert not scene.elasticsearch.deployments


async def test_timeout_waits_with_growing_pauses(scene: Scene) -> None:
    """A download may take long: it is waited for as long as it takes, at few requests and without another create."""
    scene.elasticsearch.starts = "slowly"
    scene.apply(in_cluster())
    await asked(scene)
    began = scene.stage.now
    requests = await asked(scene, turns=12)
    assert requests == LOOKS * 12
    assert (scene.stage.now - began).total_seconds() > 600
    assert scene.ready == STARTING
    writes = scene.stage.writes()
    await asked(scene, turns=3)
    assert scene.stage.writes() == writes
    deployment(scene).state = "started"
    assert await asked(scene) == LOOKS
    assert scene.ready == READY


async def test_timeout_before_the_deployment_is_there_starts_nothing_at_once(scene: Scene) -> None:
    """The server knows best when it has downloaded the model; what it answered is told meanwhile."""
    scene.elasticsearch.faults.add(
        method="PUT", when="after", status=408, error=("status_exception", "Timed out after [30s]")
    )
    scene.elasticsearch.skips_validation = True
    scene.apply(in_cluster())
    assert "START MODEL" not in await asked(scene)
    assert scene.ready == STARTING
    assert "Timed out after [30s]" in message(scene)


async def test_operator_that_restarts_while_a_model_starts_waits_on(scene: Scene) -> None:
    """The endpoint is known as made, so it is neither created nor started a second time."""
    scene.elasticsearch.starts = "slowly"
    scene.apply(in_cluster())
    await asked(scene)
    async with life(scene.stage) as scene.ctx:
        assert await asked(scene) == LOOKS
        assert scene.ready == STARTING
        deployment(scene).state = "started"
        assert await asked(scene) == LOOKS
        assert scene.ready == READY


async def test_replacement_waits_for_its_model_too(scene: Scene) -> None:
    """The new endpoint is made once, and its deployment comes in its own time."""
    await scene.settle(in_cluster().with_spec(replacePolicy="WhenUnused"))
    scene.elasticsearch.starts = "slowly"
    scene.apply(in_cluster(num_threads=2).with_spec(replacePolicy="WhenUnused"))
    requests = await asked(scene, turns=4)
    assert [requests.count(what) for what in ("DELETE", "PUT", "START MODEL")] == [1, 1, 0]
    assert (scene.ready, deployment(scene).threads) == (STARTING, 2)
    deployment(scene).state = "started"
    await asked(scene)
    assert scene.ready == READY


async def test_deployment_of_nobody_that_has_the_id_is_in_the_way(scene: Scene) -> None:
    """It is not ours to stop; once a person has done so, the endpoint is made."""
    scene.elasticsearch.deployments[NAME] = Deployment(NAME, ".elser_model_2", 1, 1)
    scene.apply(in_cluster())
    await asked(scene, turns=2)
    assert scene.ready == ("False", Reason.INFERENCE_ID_TAKEN)
    assert list(scene.elasticsearch.deployments) == [NAME]
    scene.elasticsearch.deployments.clear()
    await asked(scene)
    assert scene.ready == READY


@pytest.mark.parametrize(
    "wish", [in_cluster(num_allocations=3, num_threads=2), ADAPTING], ids=["fixed", "adaptive"]
)
async def test_vanished_deployment_is_started_again_as_it_was(scene: Scene, wish: Endpoint) -> None:
    """By one request, which an event tells of; the endpoint is not touched."""
    await scene.settle(wish)
    before = scene.elasticsearch.deployments.pop(NAME)
    assert await asked(scene) == [*LOOKS, "START MODEL"]
    await asked(scene)
    assert (scene.ready, available(scene)) == (READY, ("True", Reason.DEPLOYED))
    assert deployment(scene) == before
    (text,) = started_again(scene)
    assert "'.elser_model_2' was gone and is started again" in text


@pytest.mark.parametrize("policy", ["Warn", "Ignore"])
async def test_vanished_deployment_is_only_told_where_the_policy_says_so(scene: Scene, policy: str) -> None:
    """A person starts it again, or changes the policy; either heals."""
    wish = in_cluster().with_spec(driftPolicy=policy)
    await scene.settle(wish)
    gone = scene.elasticsearch.deployments.pop(NAME)
    assert await asked(scene, turns=3) == LOOKS * 3
    assert (scene.ready, available(scene)) == (GONE, GONE)
    assert f"under driftPolicy {policy} it is not started again" in message(scene)
    assert scene.conditions[Type.STALLED]["status"] == "True"
    scene.elasticsearch.deployments[NAME] = gone
    await asked(scene)
    assert scene.ready == READY
    scene.elasticsearch.deployments.clear()
    scene.apply(in_cluster())
    await asked(scene, turns=2)
    assert scene.ready == READY


async def test_nothing_is_started_for_an_endpoint_that_is_only_observed(scene: Scene) -> None:
    """Only GETs are sent."""
    await scene.settle(in_cluster())
    scene.apply(in_cluster().with_spec(managementPolicy="Observe"))
    scene.elasticsearch.deployments.clear()
    assert "START MODEL" not in await asked(scene, turns=3)


async def test_start_that_the_credentials_may_not_make_is_told_with_the_right(scene: Scene) -> None:
    """The deployment stays gone until a person grants it, or starts the model."""
    await scene.settle(in_cluster())
    scene.elasticsearch.deployments.clear()
    refused = ("security_exception", "action [.../deployment/start] is unauthorized for user [elastic]")
    fault = scene.elasticsearch.faults.add(
        method="POST", path="/_ml/.*/_start", times=None, status=403, error=refused
    )
    await asked(scene, turns=2)
    assert (scene.ready, available(scene)) == (GONE, GONE)
    assert "grant manage_ml" in message(scene)
    assert scene.conditions[Type.STALLED]["status"] == "True"
    scene.elasticsearch.faults.rules.remove(fault)
    await asked(scene, turns=2)
    assert scene.ready == READY


async def test_model_that_was_deleted_is_told_as_that(scene: Scene) -> None:
    """It cannot be started again."""
    await scene.settle(in_cluster())
    scene.elasticsearch.deployments.clear()
    text = "No known trained model with model_id [.elser_model_2]"
    scene.elasticsearch.faults.add(
        method="POST",
        path="/_ml/.*/_start",
        times=None,
        status=404,
        error=("resource_not_found_exception", text),
    )
    await asked(scene)
    assert scene.ready == GONE
    assert text in message(scene)


async def test_starts_that_fail_are_bounded(scene: Scene) -> None:
    """A cluster without room is asked again with growing pauses, never more often than every few minutes in the end."""
    await scene.settle(in_cluster())
    scene.elasticsearch.deployments.clear()
    scene.elasticsearch.starts = "no room"
    requests = await asked(scene, turns=12)
    assert requests == [*LOOKS, "START MODEL"] * 12
    assert scene.ready == ("False", Reason.NO_CAPACITY)
    assert (scene.delay or 0.0) > 200
    assert started_again(scene) == []
    scene.elasticsearch.starts = "at once"
    await asked(scene, turns=2)
    assert scene.ready == READY


async def test_start_that_somebody_else_made_first_is_no_failure(scene: Scene) -> None:
    """The look and the start are two requests, and the cluster may mend itself between them."""
    await scene.settle(in_cluster())
    absent = ("resource_not_found_exception", "No known trained model with model_id [docs]")
    scene.elasticsearch.faults.add(method="GET", path="/_ml/.*", status=404, error=absent)
    assert await asked(scene) == [*LOOKS, "START MODEL"]
    assert scene.ready == STARTING
    assert await asked(scene) == LOOKS
    assert scene.ready == READY


async def test_update_of_an_endpoint_without_deployment_goes_through_once_it_is_started(
    scene: Scene,
) -> None:
    """Elasticsearch refuses it until then, so the model comes first."""
    await scene.settle(in_cluster(num_allocations=1))
    scene.elasticsearch.deployments.clear()
    scene.apply(in_cluster(num_allocations=2))
    requests = await asked(scene, turns=3)
    assert requests.count("START MODEL") == 1
    assert (scene.ready, deployment(scene).allocations) == (READY, 2)
    assert len(started_again(scene)) == 1

"""Whose endpoint is it: taking over, refusing to, handing over, letting go."""

import time

from testbed.builders import secret
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import KEY, OURS, Target, on
from testbed.world import CONNECTIONS, World

NAME = f"{OURS}owned"
ID = f"{OURS}shared-id"


def test_equal_endpoint_that_exists_already_is_taken_over(world: World, target: Target) -> None:
    """It is not made again, and it gets the key of the Secret."""
    target.accept("a-key-of-before")
    target.create(NAME, "a-key-of-before")
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    world.wait_event(NAME, "Adopted")
    target.wait_key(NAME, KEY)
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is None


def test_other_endpoint_that_exists_already_is_left_untouched(world: World, target: Target) -> None:
    """Different settings mean that it is somebody else's; neither the apply nor the delete touches it."""
    target.create(NAME, KEY, model_id="embed-of-somebody-else")
    before = target.shown(NAME)
    world.apply(target.embeddings(NAME))
    verdict = world.wait_reason(NAME, "OwnershipConflict")
    assert verdict["status"] == "False"
    assert "/serviceSettings/model_id" in verdict["message"]
    assert world.condition(NAME, "OwnershipConflict")["status"] == "True"
    assert world.condition(NAME, "Stalled")["reason"] == "OwnershipConflict"
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) == before


def test_conflict_heals_when_the_spec_becomes_equal(world: World, target: Target) -> None:
    """That is what the message advises."""
    target.create(NAME, KEY, model_id="embed-of-somebody-else")
    world.apply(target.embeddings(NAME))
    world.wait_reason(NAME, "OwnershipConflict")
    world.change(NAME, serviceSettings={"model_id": "embed-of-somebody-else"})
    world.wait_ready(NAME)
    assert world.condition(NAME, "OwnershipConflict") == {}


def test_of_two_resources_for_one_id_the_first_owns_it_and_hands_over(world: World, target: Target) -> None:
    """The second waits in words, and makes the endpoint once the first is deleted."""
    first, second = f"{OURS}first", f"{OURS}second"
    world.apply(target.embeddings(first).with_id(ID))
    world.wait_ready(first)
    world.apply(target.embeddings(second).with_id(ID).with_task_settings(user="second"))
    verdict = world.wait_reason(second, "OwnershipConflict")
    assert first in verdict["message"]
    assert world.condition(first, "Ready")["status"] == "True"
    world.kubectl("delete", "iep", first)
    world.wait_ready(second)
    found = target.shown(ID)
    assert found is not None
    assert found["task_settings"] == {"user": "second"}


def test_deleting_the_one_that_does_not_own_the_id_changes_nothing(world: World, target: Target) -> None:
    """It never had anything in Elasticsearch."""
    first, second = f"{OURS}first", f"{OURS}second"
    world.apply(target.embeddings(first).with_id(ID))
    world.wait_ready(first)
    world.apply(target.embeddings(second).with_id(ID))
    world.wait_reason(second, "OwnershipConflict")
    world.kubectl("delete", "iep", second)
    assert target.shown(ID) is not None
    world.wait_ready(first)


def test_retained_endpoint_outlives_its_resource(world: World, target: Target) -> None:
    """There is no finalizer, so the resource goes even without an operator."""
    world.apply(target.embeddings(NAME).retained())
    world.wait_ready(NAME)
    assert "finalizers" not in world.get(NAME)["metadata"]
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is not None


def test_policy_changed_to_retain_takes_the_finalizer_away(world: World, target: Target) -> None:
    """The policy of the last spec counts."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    assert world.get(NAME)["metadata"]["finalizers"] == ["es-inference.dev/endpoint"]
    world.change(NAME, deletionPolicy="Retain")
    world.wait_ready(NAME)
    assert "finalizers" not in world.get(NAME)["metadata"]
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is not None


def test_released_resource_goes_and_leaves_the_endpoint(world: World, target: Target) -> None:
    """The release annotation is the way out that always works."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    world.release(NAME)
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is not None


@on("standin-9.4")
def test_older_of_two_resources_owns_the_id_when_the_operator_meets_both_at_once(
    world: World, target: Target, operator: RunningOperator
) -> None:
    """Whichever it happens to look at first."""
    older, younger = f"{OURS}z-older", f"{OURS}a-younger"
    operator.stop()
    world.apply(target.embeddings(older).with_id(ID))
    before = int(time.time())
    wait_for(
        lambda: time.time() > before + 1, what="the next second, as Kubernetes counts in seconds", timeout=2
    )
    world.apply(target.embeddings(younger).with_id(ID))
    operator.run()
    world.wait_ready(older)
    world.wait_reason(younger, "OwnershipConflict")


@on("standin-9.4")
def test_nothing_is_written_to_another_cluster(world: World, target: Target, standin: Standin) -> None:
    """Neither a change nor a rotation nor a deletion, until a person decides."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    home = standin.admin.get("/").json()["cluster_uuid"]
    standin.set_cluster_uuid("another-cluster-uuid")
    standin.clear()
    world.resync("main", CONNECTIONS)
    world.wait_reason("main", "ClusterChanged", CONNECTIONS)
    assert world.condition("main", "Stalled", CONNECTIONS)["reason"] == "ClusterChanged"
    world.change(NAME, taskSettings={"user": "alice"})
    world.apply(secret("provider", api_key="a-key-of-later"))
    world.wait_condition(NAME, "ConnectionReady", "ConnectionNotReady", status="False")
    world.delete(NAME)
    world.wait_blocked(NAME, "ConnectionNotReady")
    assert [seen.path for seen in standin.operations() if seen.method in {"PUT", "DELETE"}] == []
    standin.set_cluster_uuid(home)
    world.resync("main", CONNECTIONS)
    world.wait_gone(NAME)
    assert target.shown(NAME) is None


@on("standin-9.4")
def test_person_who_accepts_the_new_cluster_still_decides_about_each_endpoint(
    world: World, target: Target, standin: Standin
) -> None:
    """The connection is well again; the endpoint of the old cluster is Stalled, and released by annotation."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    standin.set_cluster_uuid("another-cluster-uuid")
    standin.clear()
    world.change("main", CONNECTIONS, clusterUUID="another-cluster-uuid")
    world.wait_connected()
    verdict = world.wait_reason(NAME, "ClusterChanged")
    assert verdict["status"] == "False"
    assert world.condition(NAME, "Stalled")["reason"] == "ClusterChanged"
    world.delete(NAME)
    world.wait_blocked(NAME, "ClusterChanged")
    assert [seen.path for seen in standin.operations() if seen.method in {"PUT", "DELETE"}] == []
    world.release(NAME)
    world.wait_gone(NAME)
    assert target.shown(NAME) is not None

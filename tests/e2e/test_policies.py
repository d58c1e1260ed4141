"""How far the operator goes: for a drift, for a replace, for an endpoint of somebody else, and not at all."""

import pytest

from testbed.processes import wait_for
from testbed.target import KEY, NEXT_KEY, OURS, SERVERS, Target, on
from testbed.world import World

NAME = f"{OURS}policies"
INDEX = f"{OURS}policies-documents"
MODEL = {"model_id": "embed-2"}
everywhere = on(*SERVERS)
on_one_version = on("standin-9.4", "real-9.4.3")


@pytest.fixture
def ready(world: World, target: Target) -> World:
    """The world with an endpoint that is Ready and is looked at only when something happens."""
    target.accept(NEXT_KEY)
    world.apply(target.embeddings(NAME).with_task_settings(user="alice").every("24h"))
    world.wait_ready(NAME)
    return world


def change_model(world: World, policy: str) -> None:
    """Ask for what cannot be changed in place."""
    world.change(NAME, replacePolicy=policy, serviceSettings=MODEL)


def model(target: Target) -> object:
    """The model of the endpoint, None if there is no endpoint."""
    found = target.shown(NAME)
    return found and found["service_settings"]["model_id"]


def leftovers(target: Target) -> list[str]:
    """The endpoints besides the one."""
    found = target.admin.get("/_inference/_all").json()["endpoints"]
    ids = [one["inference_id"] for one in found]
    return [name for name in ids if name.startswith(OURS) and name != NAME]


# Replacing


@everywhere
def test_change_that_cannot_be_made_in_place_replaces_an_endpoint_that_nothing_uses(
    ready: World, target: Target
) -> None:
    """It is tried under a temporary id first, of which nothing is left."""
    change_model(ready, "WhenUnused")
    ready.wait_ready(NAME)
    ready.wait_event(NAME, "Replaced")
    assert model(target) == "embed-2"
    assert leftovers(target) == []
    assert "operation" not in ready.status(NAME)
    assert target.infer(NAME) == 200


@everywhere
def test_endpoint_in_use_is_not_replaced_and_still_gets_its_key(ready: World, target: Target) -> None:
    """The old model serves on; who uses it is told; once nobody does, it is replaced."""
    target.create_index(INDEX, NAME)
    change_model(ready, "WhenUnused")
    verdict = ready.wait_reason(NAME, "ReplaceBlocked")
    assert INDEX in verdict["message"]
    assert ready.condition(NAME, "Stalled")["reason"] == "ReplaceBlocked"
    assert ready.condition(NAME, "ReplaceRequired")["status"] == "True"
    assert ready.status(NAME)["references"] == {"indices": [INDEX]}
    ready.change_secret("provider", api_key=NEXT_KEY)
    ready.wait_live(NAME, "provider")
    target.wait_key(NAME, NEXT_KEY)
    assert model(target) == "embed-1"
    target.delete_index(INDEX)
    ready.resync(NAME)
    ready.wait_ready(NAME)
    assert model(target) == "embed-2"
    assert "references" not in ready.status(NAME)


@on("standin-9.4", "real-9.4.3")
def test_force_replaces_an_endpoint_in_use(ready: World, target: Target) -> None:
    """The dimensions are the same, so the index goes on with it."""
    target.create_index(INDEX, NAME)
    change_model(ready, "Force")
    ready.wait_ready(NAME)
    assert model(target) == "embed-2"
    target.delete_index(INDEX)


@on("standin-8.19", "real-8.19.8")
def test_force_is_refused_where_a_create_under_a_mapping_may_hang(ready: World, target: Target) -> None:
    """The message says what helps, and it does."""
    target.create_index(INDEX, NAME)
    change_model(ready, "Force")
    verdict = ready.wait_reason(NAME, "ReplaceBlocked")
    assert "give dimensions and similarity" in verdict["message"]
    assert model(target) == "embed-1"
    found = target.shown(NAME)
    assert found is not None
    settings = found["service_settings"]
    given = {name: settings[name] for name in ("dimensions", "similarity")}
    ready.change(NAME, serviceSettings={**MODEL, **given})
    ready.wait_ready(NAME)
    assert model(target) == "embed-2"
    target.delete_index(INDEX)


@everywhere
def test_refused_trial_of_a_replacement_leaves_the_old_endpoint(ready: World, target: Target) -> None:
    """The key is no good any more, which the trial shows before anything is deleted."""
    ready.change_secret("provider", api_key="a-key-nobody-accepts")
    if target.validates_updates:
        ready.wait_reason(NAME, "ProviderRefusedKey")
    else:
        ready.wait_live(NAME, "provider")
    change_model(ready, "WhenUnused")
    verdict = ready.wait_reason(NAME, "ProviderRefusedKey")
    assert verdict["status"] == "False"
    assert model(target) == "embed-1"
    assert leftovers(target) == []
    ready.change_secret("provider", api_key=NEXT_KEY)
    ready.wait_ready(NAME)
    assert model(target) == "embed-2"


@on("standin-8.19", "real-8.19.8")
def test_reset_of_the_chunking_settings_is_mended_by_a_replace(world: World, target: Target) -> None:
    """A rotation goes through at once, and what it cost is brought back."""
    target.accept(NEXT_KEY)
    chunking = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 0}
    mended = target.embeddings(NAME).with_spec(chunkingSettings=chunking, replacePolicy="WhenUnused")
    world.apply(mended.every("24h"))
    world.wait_ready(NAME)
    world.change_secret("provider", api_key=NEXT_KEY)
    world.wait_event(NAME, "Replaced")
    world.wait_ready(NAME)
    found = target.shown(NAME)
    assert found is not None
    assert found["chunking_settings"] == chunking
    target.wait_key(NAME, NEXT_KEY)


# Drift


@on_one_version
def test_drift_under_warn_is_told_and_left(ready: World, target: Target) -> None:
    """Ready stays true; what the user changes is applied beside it, and Correct puts all right."""
    ready.change(NAME, driftPolicy="Warn")
    ready.wait_ready(NAME)
    target.edit(NAME, user="mallory")
    ready.resync(NAME)
    ready.wait_condition(NAME, "Drifted", "EditedByOthers", status="True")
    assert ready.condition(NAME, "Ready")["status"] == "True"
    (drift,) = ready.status(NAME)["drift"]
    assert drift == {"path": "/taskSettings/user", "desired": '"alice"', "observed": '"mallory"'}
    assert (target.shown(NAME) or {})["task_settings"] == {"user": "mallory"}
    ready.change(NAME, driftPolicy="Correct")
    ready.wait(lambda: not ready.condition(NAME, "Drifted"), "the drift is corrected", NAME)
    assert (target.shown(NAME) or {})["task_settings"] == {"user": "alice"}


@on_one_version
def test_drift_that_is_to_be_ignored_is_not_told(ready: World, target: Target) -> None:
    """Nothing is written, neither there nor here."""
    ready.change(NAME, driftPolicy="Ignore")
    ready.wait_ready(NAME)
    target.edit(NAME, user="mallory")
    ready.resync(NAME)
    ready.change_secret("provider", api_key=NEXT_KEY)
    ready.wait_live(NAME, "provider")
    assert (target.shown(NAME) or {})["task_settings"] == {"user": "mallory"}
    assert ready.condition(NAME, "Drifted") == {}


@on_one_version
@pytest.mark.parametrize("policy", ["Warn", "Ignore"])
def test_endpoint_that_somebody_deleted_is_missed_in_words(ready: World, target: Target, policy: str) -> None:
    """It is not created again, until the policy says so."""
    ready.change(NAME, driftPolicy=policy)
    ready.wait_ready(NAME)
    target.remove(NAME)
    ready.resync(NAME)
    verdict = ready.wait_reason(NAME, "EndpointMissing")
    assert (verdict["status"], f"driftPolicy is {policy}" in verdict["message"]) == ("False", True)
    assert target.shown(NAME) is None
    ready.change(NAME, driftPolicy="Correct")
    ready.wait_ready(NAME)
    assert target.shown(NAME) is not None


@on_one_version
def test_tug_of_war_ends_with_both_values_and_goes_on_by_request(ready: World, target: Target) -> None:
    """Three corrections are made; then somebody has to decide."""
    for key in (NEXT_KEY, KEY, NEXT_KEY):  # a rotation makes the operator look
        target.edit(NAME, user="mallory")
        ready.change_secret("provider", api_key=key)
        wait_for(lambda: user(target) == "alice", what="the setting is put back", timeout=20)
        ready.wait_live(NAME, "provider")
    target.edit(NAME, user="mallory")
    ready.change_secret("provider", api_key=KEY)
    verdict = ready.wait_reason(NAME, "TugOfWar")
    assert verdict["status"] == "False"
    assert 'asked for "alice", found "mallory"' in verdict["message"]
    assert ready.condition(NAME, "Stalled")["reason"] == "TugOfWar"
    assert user(target) == "mallory"
    target.wait_key(NAME, KEY)
    ready.resync(NAME)
    ready.wait_ready(NAME)
    assert user(target) == "alice"


def user(target: Target) -> object:
    """A task setting of the endpoint."""
    return (target.shown(NAME) or {}).get("task_settings", {}).get("user")


# Adopting


@on_one_version
def test_equal_endpoint_is_not_adopted_where_the_policy_is_never(world: World, target: Target) -> None:
    """It is the conflict that it would be with other settings."""
    target.create(NAME, KEY)
    world.apply(target.embeddings(NAME).with_spec(adoptionPolicy="Never"))
    verdict = world.wait_reason(NAME, "OwnershipConflict")
    assert "adoptionPolicy" in verdict["message"]
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is not None


@on_one_version
def test_other_endpoint_is_made_what_the_spec_says_where_the_policy_is_overwrite(
    world: World, target: Target
) -> None:
    """It is updated where that is possible, and is ours from then on."""
    target.accept("a-key-of-before")
    target.create(NAME, "a-key-of-before")
    target.edit(NAME, user="somebody")
    world.apply(
        target.embeddings(NAME).with_task_settings(user="alice").with_spec(adoptionPolicy="Overwrite")
    )
    world.wait_ready(NAME)
    assert user(target) == "alice"
    target.wait_key(NAME, KEY)
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is None


@on_one_version
def test_other_endpoint_is_replaced_where_both_policies_allow_it(world: World, target: Target) -> None:
    """Overwrite alone keeps the other model and says that a replace is needed, or that it was ignored."""
    target.create(NAME, KEY, model_id="embed-of-somebody-else")
    overwrite = target.embeddings(NAME).with_spec(adoptionPolicy="Overwrite")
    world.apply(overwrite)
    world.wait_reason(NAME, "UpdateNotApplied")
    assert model(target) == "embed-of-somebody-else"
    world.apply(overwrite.with_spec(replacePolicy="WhenUnused"))
    world.wait_ready(NAME)
    assert model(target) == "embed-1"


@on("standin-8.19", "real-8.19.8")
def test_secrets_are_not_sent_to_an_adopted_endpoint_that_would_lose_its_chunking(
    world: World, target: Target
) -> None:
    """The status says whose secrets are in force; a rotation is sent all the same, as a dead key is worse."""
    target.accept("a-key-of-before", NEXT_KEY)
    chunking = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 0}
    target.create(NAME, "a-key-of-before", chunking)
    world.apply(target.embeddings(NAME).every("24h"))
    world.wait_ready(NAME)
    verdict = world.condition(NAME, "Ready")
    assert "still those of whoever made it" in verdict["message"]
    assert (target.shown(NAME) or {})["chunking_settings"] == chunking
    target.wait_key(NAME, "a-key-of-before")
    world.change_secret("provider", api_key=NEXT_KEY)
    world.wait_live(NAME, "provider")
    target.wait_key(NAME, NEXT_KEY)


# Only looking


@on_one_version
def test_observed_endpoint_is_compared_and_never_written_to(world: World, target: Target) -> None:
    """Its Secret need not exist; what differs is told; nothing holds the resource when it is deleted."""
    world.apply(
        target.embeddings(NAME).with_spec(managementPolicy="Observe", secretSettings=[], interval="30s")
    )
    assert "managementPolicy is Observe" in world.wait_reason(NAME, "EndpointMissing")["message"]
    target.create(NAME, KEY)
    verdict = world.wait_reason(NAME, "Observed")
    assert verdict["status"] == "True"
    assert "finalizers" not in world.get(NAME)["metadata"]
    world.change(NAME, taskSettings={"user": "alice"})
    world.wait_condition(NAME, "Drifted", "EditedByOthers", status="True")
    assert world.condition(NAME, "Ready")["status"] == "True"
    assert user(target) is None
    world.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is not None


@on_one_version
def test_managed_endpoint_is_released_by_observing_it(ready: World, target: Target) -> None:
    """The finalizer goes, and with it the claim."""
    ready.change(NAME, managementPolicy="Observe")
    ready.wait_reason(NAME, "Observed")
    assert "finalizers" not in ready.get(NAME)["metadata"]
    assert "applied" not in ready.status(NAME)
    ready.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is not None


# Deleting


@everywhere
def test_endpoint_in_use_is_deleted_by_force(ready: World, target: Target) -> None:
    """The one policy that breaks what uses it, and says so in its name."""
    target.create_index(INDEX, NAME)
    ready.delete(NAME)
    ready.wait_blocked(NAME, "InUse")
    ready.change(NAME, deletionPolicy="ForceDelete")
    ready.wait_gone(NAME)
    assert target.shown(NAME) is None
    target.delete_index(INDEX)

"""Where Elasticsearch 8.19 differs from 9.4, and what the operator makes of it.

Before 9.4 an update is stored without a trial at the provider, and resets the chunking settings.
"""

from collections.abc import Callable

import pytest

from testbed.builders import endpoint
from testbed.processes import wait_for
from testbed.target import KEY, NEXT_KEY, OURS, SERVERS, Target, on
from testbed.world import World

NAME = f"{OURS}versions"
REFUSED_KEY = "a-key-nobody-accepts"
INDEX = f"{OURS}documents"
UNDECIDED = 40.0
"""Seconds after which the fate of a create with `timeout: 1s` is known for certain."""
CHUNKING = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 0}
RESET = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
PATHS = [f"/chunkingSettings/{name}" for name in sorted(CHUNKING)]

before_9_4 = on("standin-8.19", "real-8.19.8")


@pytest.fixture
def ready(world: World, target: Target) -> World:
    """The world with an endpoint that is Ready, chunks as its spec says, and is looked at only when something happens."""
    target.accept(NEXT_KEY)
    world.apply(target.embeddings(NAME).with_spec(chunkingSettings=CHUNKING).every("24h"))
    world.wait_ready(NAME)
    return world


def chunking(target: Target) -> object:
    """The chunking settings in Elasticsearch."""
    return (target.shown(NAME) or {}).get("chunking_settings")


@before_9_4
def test_key_that_the_provider_refuses_is_applied_and_called_unchecked(world: World, target: Target) -> None:
    """Nobody has tried it, and the status says so; the next use of the endpoint shows that it is the one in force."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    assert "not checked" not in world.condition(NAME, "Ready")["message"]
    asked = target.trials()
    world.change_secret("provider", api_key=REFUSED_KEY)
    world.wait_live(NAME, "provider")
    assert target.trials() == asked
    verdict = world.condition(NAME, "Ready")
    assert (verdict["status"], verdict["reason"]) == ("True", "Synced")
    assert "applied, not checked by this version" in verdict["message"]
    assert world.status(NAME)["secrets"][0]["checked"] is False
    assert target.infer(NAME) == 401
    target.accept(REFUSED_KEY)
    target.wait_key(NAME, REFUSED_KEY)


@before_9_4
def test_key_is_called_checked_again_once_the_endpoint_is_made_anew(world: World, target: Target) -> None:
    """A create is a trial, also on this version."""
    target.accept(NEXT_KEY)
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    world.change_secret("provider", api_key=NEXT_KEY)
    world.wait_live(NAME, "provider")
    assert "not checked" in world.condition(NAME, "Ready")["message"]
    target.remove(NAME)
    world.resync(NAME)
    world.wait(lambda: target.shown(NAME), "the endpoint is there again", NAME)
    world.wait(
        lambda: "not checked" not in world.condition(NAME, "Ready")["message"], "the key was tried", NAME
    )


@on("standin-9.4", "real-9.4.3")
def test_secrets_that_are_in_force_already_cost_no_trial(target: Target) -> None:
    """So the operator may send them again now and then, in case somebody has made the endpoint anew."""
    target.create(NAME, KEY)
    asked = target.trials()
    body = {"service_settings": {"api_key": KEY}}
    target.admin.put(f"/_inference/text_embedding/{NAME}/_update", json=body).raise_for_status()
    assert target.trials() == asked


def rotate(world: World, _: Target) -> None:
    """A rotation."""
    world.change_secret("provider", api_key=NEXT_KEY)


def change_task_settings(world: World, _: Target) -> None:
    """A change that is made in place."""
    world.change(NAME, taskSettings={"user": "alice"})


def edit_by_hand(world: World, target: Target) -> None:
    """Somebody else's update, about which the operator hears nothing."""
    target.edit(NAME, user="mallory")
    world.resync(NAME)


@pytest.mark.parametrize("update", [rotate, change_task_settings, edit_by_hand])
@on(*SERVERS)
def test_reset_of_chunking_by_any_update_is_found_and_shown(
    ready: World, target: Target, update: Callable[[World, Target], None]
) -> None:
    """Before 9.4 the settings are lost, which is told and not claimed to be anybody's edit; since then they stay."""
    update(ready, target)
    if target.keeps_chunking:
        ready.wait(lambda: target.trials()[1:], "the update is tried", NAME)
        ready.wait_ready(NAME)
        assert chunking(target) == CHUNKING
        return
    verdict = ready.wait_reason(NAME, "ChunkingReset")
    assert verdict["status"] == "False"
    assert all(path in verdict["message"] for path in PATHS)
    assert [entry["path"] for entry in ready.status(NAME)["notApplied"]] == PATHS
    for kind in ("Stalled", "ReplaceRequired"):
        assert ready.condition(NAME, kind)["reason"] == "ChunkingReset"
    assert ready.condition(NAME, "Drifted") == {}
    assert chunking(target) == RESET
    ready.wait_event(NAME, "ChunkingReset")


@before_9_4
def test_rotation_goes_through_although_it_resets_the_chunking(ready: World, target: Target) -> None:
    """A dead key would be worse; and what cannot be mended is not tried again at each look."""
    rotate(ready, target)
    ready.wait_reason(NAME, "ChunkingReset")
    target.wait_key(NAME, NEXT_KEY)
    written = ready.status(NAME)["lastWriteTime"]
    ready.resync(NAME)
    ready.apply(target.embeddings(f"{NAME}-2"))
    ready.wait_ready(f"{NAME}-2")
    assert ready.status(NAME)["lastWriteTime"] == written


@before_9_4
def test_chunking_that_was_reset_is_taken_over_into_the_spec(ready: World, target: Target) -> None:
    """That heals, for good: what updates leave behind is what the spec asks for."""
    rotate(ready, target)
    ready.wait_reason(NAME, "ChunkingReset")
    ready.change(NAME, chunkingSettings={"sentence_overlap": None, **RESET})
    assert "notApplied" not in ready.wait_ready(NAME)
    assert ready.condition(NAME, "ReplaceRequired") == {}
    ready.change_secret("provider", api_key=KEY)
    ready.wait_live(NAME, "provider")
    ready.wait_ready(NAME)


@before_9_4
def test_chunking_that_was_reset_comes_back_with_a_new_endpoint(ready: World, target: Target) -> None:
    """Deleting the resource and creating it again is the other way out."""
    rotate(ready, target)
    ready.wait_reason(NAME, "ChunkingReset")
    docs = target.embeddings(NAME).with_spec(chunkingSettings=CHUNKING)
    ready.kubectl("delete", "iep", NAME)
    ready.apply(docs)
    ready.wait_ready(NAME)
    assert chunking(target) == CHUNKING
    target.wait_key(NAME, NEXT_KEY)


@before_9_4
def test_takeover_does_not_cost_the_chunking_settings(world: World, target: Target) -> None:
    """To send the key of the Secret would be an update; so the endpoint keeps the key that it was made with."""
    target.create(NAME, KEY, CHUNKING)
    world.apply(target.embeddings(NAME).with_spec(chunkingSettings=CHUNKING))
    world.wait_ready(NAME)
    assert "still those of whoever made it" in world.condition(NAME, "Ready")["message"]
    assert chunking(target) == CHUNKING


@before_9_4
def test_chunking_that_the_spec_leaves_to_the_server_is_no_problem(world: World, target: Target) -> None:
    """The server's default after an update is another one than after a create; an event tells."""
    target.accept(NEXT_KEY)
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    rotate(world, target)
    world.wait_event(NAME, "ChunkingReset")
    assert chunking(target) == RESET
    world.wait_ready(NAME)
    assert world.condition(NAME, "Drifted") == {}


@pytest.mark.soak
@on("real-8.19.8")
def test_create_that_the_version_never_answers_is_explained_and_heals(world: World, target: Target) -> None:
    """It hangs while an index names the id already, unless it is told what it would find out by asking the provider."""
    target.create_index(INDEX, NAME)
    try:
        world.apply(target.embeddings(NAME).with_spec(timeout="1s"))
        told = "give dimensions and similarity in serviceSettings too"
        wait_for(
            lambda: told in world.condition(NAME, "Ready").get("message", ""),
            what="it is explained",
            timeout=UNDECIDED,
        )
        world.change(NAME, serviceSettings={"dimensions": 8, "similarity": "dot_product"})
        wait_for(
            lambda: target.shown(NAME), what="the endpoint once the first create is over", timeout=UNDECIDED
        )
        world.wait_ready(NAME)
    finally:
        target.delete_index(INDEX)


@on(*SERVERS)
def test_rate_limit_of_cohere_is_applied_only_where_the_version_can(world: World, target: Target) -> None:
    """Version 9.4 takes it over; 8.19 answers 200 as well, and keeps the old one."""
    if not target.has_vendors:
        pytest.skip("the provider stub cannot answer for api.cohere.com here")
    docs = endpoint(NAME, service="cohere", model_id="embed-english-v3.0").with_secret("provider")
    world.apply(docs)
    world.wait_ready(NAME)
    world.change(NAME, serviceSettings={"rate_limit": {"requests_per_minute": 7}})
    if target.validates_updates:
        world.wait_ready(NAME)
    else:
        world.wait_reason(NAME, "UpdateNotApplied")
    found = target.shown(NAME)
    assert found is not None
    limit = found["service_settings"]["rate_limit"]["requests_per_minute"]
    assert (limit == 7) == target.validates_updates

"""Histories in which something was wrong once, as steps; the random ones found them."""

from collections.abc import Callable, Iterator

import pytest

from histories.wishes import Wish
from histories.world import INTERVAL, World

Begin = Callable[[str], World]
COHERE = Wish("cohere")


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Makes a world with a server of this version."""
    worlds: list[World] = []

    def make(profile: str) -> World:
        worlds.append(World(profile))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.mark.parametrize("limit", [10000, 7], ids=["the default", "another value"])
def test_setting_is_cleared_beside_one_that_needs_a_replace(begin: Begin, limit: int) -> None:
    """It is cleared once, not at every look for as long as the other change waits."""
    world = begin("9.5")
    world.create("a", Wish("cohere", limit=limit))
    world.go(2)
    world.edit("a", Wish("cohere", model="m2"))
    world.rest()
    updates = [o for o in world.cluster.journal.requests if o.path.endswith("/_update") and o.status == 200]
    assert len(updates) == 1


def test_create_is_never_answered(begin: Begin) -> None:
    """8.19 does not answer the create of an endpoint that a mapping names; that is told once, not at every attempt."""
    world = begin("8.19")
    world.refer("a")
    world.create("a", COHERE)
    world.go(INTERVAL)
    before = len(world.objects.writes)
    world.go(4 * INTERVAL)
    assert len(world.objects.writes) == before


def test_policy_changes_while_it_is_followed(begin: Begin) -> None:
    """What was decided by the old spec is carried through, and the new spec is next."""
    world = begin("9.4")
    world.create_outside("a", COHERE)
    world.create(
        "a", Wish("cohere", model="m2", policies={"adoptionPolicy": "Overwrite", "replacePolicy": "Force"})
    )
    world.go(0.05)
    world.edit("a", Wish("cohere", model="m2"))
    world.rest()
    world.end()


def test_operator_dies_while_a_key_is_sent(begin: Begin) -> None:
    """The next life sends it again, as it cannot know; in the end it is in force."""
    for passages in range(1, 12):
        world = begin("9.4")
        world.create("a", COHERE)
        world.go(2)
        world.rotate("s1")
        world.die(passages)
        world.go(5)
        world.start()
        world.rest()
        assert world.cluster.endpoints["a"].secrets["api_key"] == list(world.witness.keys)[-1]

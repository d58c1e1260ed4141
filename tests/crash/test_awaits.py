"""The operator dies at each of its awaits, in process; its next life brings everything to where the user wants it.

Killed, nothing of it goes on, and a new Context begins with what it has written. Cancelled, its clean-up runs, and it
goes on with its memory.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from crash.life import die, life, strive
from crash.outcome import excess
from crash.stage import Stage
from crash.steps import CREATE, FOLLOWED, MAIN, REPLACES, Scenario, Wish, perform
from crash.walk import cancel, has_ended, walk
from testbed.tables import note

FEWEST = 5
"""Awaits that every scenario has: one for each request at least."""


def followed(scenario: Scenario) -> Any:
    """One parameter; what consists of what others try as well is left to the soak."""
    marks = [pytest.mark.soak] if scenario.name in {"recreate", "replace by force"} else []
    return pytest.param(scenario, id=scenario.title, marks=marks)


def unfollowed(scenario: Scenario) -> Any:
    """One parameter that is always tried."""
    return pytest.param(scenario, id=scenario.title)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Kubernetes in memory, and the stand-in."""
    async with Stage.set_up(tmp_path) as made:
        yield made


async def crash(stage: Stage, scenario: Scenario, point: int, *, killed: bool) -> tuple[bool, list[str]]:
    """Whether the operator came as far as that await, and what is wrong in the end."""
    stage.reset()
    async with AsyncExitStack() as lives:
        first = await lives.enter_async_context(life(stage))
        wish = Wish("docs", more=scenario.spec)
        if scenario.exists:
            wish = perform(stage, wish, [CREATE])
            await strive(first, stage, wish)
        wish = perform(stage, wish, scenario.action)
        walker = strive(first, stage, wish)
        lives.push_async_callback(cancel, walker)
        await walk(walker, point)
        reached = not has_ended(walker)
        wish = perform(stage, wish, scenario.meanwhile)
        if killed:
            die(first)
            second = await lives.enter_async_context(life(stage))
        else:
            await cancel(walker)
            second = first
        await strive(second, stage, wish)
        wrong = [*stage.unmet(wish), *excess(wish, stage.requests())]
        done = len(stage.writes())
        await strive(second, stage, wish)
        await strive(await lives.enter_async_context(life(stage)), stage, wish)
        return reached, [*wrong, *(f"one more write: {w}" for w in stage.writes()[done:])]


async def crash_everywhere(
    stage: Stage, scenario: Scenario, request: pytest.FixtureRequest, *, killed: bool = True
) -> None:
    """Crash at each await, until there is none any more."""
    point, reached, wrong = 0, True, {}
    while reached:
        point += 1
        reached, found = await crash(stage, scenario, point, killed=killed)
        if found:
            wrong[point] = found
    fate = "killed" if killed else "cancelled"
    note(request, "crash", [f"{fate} at an await", scenario.title, point - 1, len(wrong)])
    assert point > FEWEST
    assert wrong == {}


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "cancelled"])
@pytest.mark.parametrize("scenario", [*map(unfollowed, MAIN), *map(followed, REPLACES)])
async def test_operator_dies(
    stage: Stage, scenario: Scenario, killed: bool, request: pytest.FixtureRequest
) -> None:
    """It goes on where it was."""
    await crash_everywhere(stage, scenario, request, killed=killed)


@pytest.mark.parametrize("scenario", [followed(scenario) for scenario in FOLLOWED])
async def test_user_does_not_wait(stage: Stage, scenario: Scenario, request: pytest.FixtureRequest) -> None:
    """What the user wants by then counts, whatever the operator was about to do."""
    await crash_everywhere(stage, scenario, request)

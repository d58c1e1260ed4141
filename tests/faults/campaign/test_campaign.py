"""All that can go wrong with a request goes wrong with each request of each scenario, for one such request or for three.

`make test` takes turns with the two numbers; the soak tries both.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from crash.stage import Stage
from faults.campaign.calls import Call, Kind, calls, excess, kind_of
from faults.campaign.clock import SkippingLoop
from faults.campaign.run import Case, Run, running
from faults.campaign.scenarios import SCENARIOS, Scenario
from faults.campaign.troubles import IGNORED, TROUBLES
from inference_operator.work import RESEND
from testbed.standin.journal import Operation
from testbed.standin.profiles import PROFILES
from testbed.tables import note

pytestmark = pytest.mark.timeout(300)
T = TypeVar("T")
Times = Callable[[int], tuple[int, ...]]
Found = list[tuple[Case, list[str]]]
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
UPDATE = Call(Kind.UPDATE, "PUT", "/_inference/text_embedding/docs/_update", 1)
LONG = {"replace", "replace by force"}
"""Scenarios of many requests."""


def chosen(profile: str, scenario: Scenario) -> Any:
    """One parameter; what the other profiles do in so many requests is left to the soak."""
    late = scenario.name == "replace by force" or (profile != "9.4" and scenario.name in LONG)
    return pytest.param(
        scenario.on(profile),
        profile,
        id=f"{scenario.name} on {profile}",
        marks=[pytest.mark.soak] if late else [],
    )


ALL = [chosen(profile, scenario) for profile in ("8.19", "9.4", "9.5") for scenario in SCENARIOS]


@pytest.mark.parametrize(("scenario", "profile"), ALL)
def test_all_is_well_in_the_end(
    scenario: Scenario, profile: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The resource is as wanted, nothing is left over, nobody was told what was not so, and the calls are few."""
    found = run(tmp_path, profile, lambda stage: campaign(stage, scenario, profile, taking_turns(profile)))
    tell(request, scenario.name, found)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("scenario", "profile"), ALL)
def test_all_is_well_in_the_end_after_one_and_after_three(
    scenario: Scenario, profile: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The same with both numbers everywhere."""
    found = run(tmp_path, profile, lambda stage: campaign(stage, scenario, profile, lambda _: (1, 3)))
    tell(request, scenario.name, found)


@pytest.mark.parametrize("profile", ["8.19", "9.4", "9.5"])
def test_settings_that_an_update_ignored_are_told_until_the_user_changes_them(
    profile: str, tmp_path: Path
) -> None:
    """The answer shows that they were not taken over; asking again would not help, another wish does."""

    async def play(stage: Stage) -> None:
        async with running(stage, loop_of()) as operator:
            told = await operator.play(Case(BY_NAME["update"], UPDATE, IGNORED, 1))
            assert [what for what in told if what.startswith("not Ready") and "UpdateNotApplied" in what]
            assert not [what for what in told if what.startswith(("Ready, but other", "one more write"))]
            assert [kind_of(r) for r in operator.requests].count(Kind.UPDATE) == 1
            assert await operator.play(Case(BY_NAME["update"])) == []

    run(tmp_path, profile, play)


@pytest.mark.parametrize("profile", ["9.4", "9.5"])
def test_a_key_that_an_update_ignored_is_sent_again_within_a_day(profile: str, tmp_path: Path) -> None:
    """No answer shows a key, so nothing tells; before 9.4 a key sent again costs a write, so it is not."""

    async def play(stage: Stage) -> None:
        async with running(stage, loop_of()) as operator:
            unnoticed = await operator.play(Case(BY_NAME["rotate"], UPDATE, IGNORED, 1))
            assert [what for what in unnoticed if what.startswith("the status names")]
            loop_of().skip(RESEND.total_seconds())
            assert await operator.play(Case(Scenario("a day later"))) == []

    run(tmp_path, profile, play)


def run(directory: Path, profile: str, play: Callable[[Stage], Awaitable[T]]) -> T:
    """What comes of it on a new stage, in a loop of its own."""

    async def staged() -> T:
        async with Stage.set_up(directory, profile, hasty=False) as stage:
            return await play(stage)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(staged())


def loop_of() -> SkippingLoop:
    """The loop that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    return loop


async def campaign(stage: Stage, scenario: Scenario, profile: str, times: Times) -> Found:
    """What is wrong, by case; after a bad one the next begins in a new world."""
    undisturbed = Case(scenario)
    async with running(stage, loop_of()) as operator:
        found = [(undisturbed, await operator.play(undisturbed))]
        usual = operator.requests
    left = list(cases(scenario, usual, PROFILES[profile].update_validates, times))
    while left:
        async with running(stage, loop_of()) as operator:
            found += await play_on(operator, left, usual)
    return found


async def play_on(operator: Run, left: list[Case], usual: Sequence[Operation]) -> Found:
    """Play what is left, up to the first that goes wrong."""
    found: Found = []
    while left and not any(wrong for _, wrong in found[-1:]):
        case = left.pop(0)
        wrong = await operator.play(case)
        found.append((case, [*wrong, *excess(operator.requests, usual, case.times)]))
    return found


def cases(scenario: Scenario, usual: Sequence[Operation], validates: bool, times: Times) -> Iterator[Case]:
    """Every trouble at every request."""
    numbers = count()
    for call in calls(usual):
        for trouble in TROUBLES:
            if trouble.spoils(call, validates=validates):
                yield from (Case(scenario, call, trouble, each) for each in times(next(numbers)))


def taking_turns(profile: str) -> Times:
    """Once and three times by turns; what one version has once, its neighbour has three times."""
    first = profile == "9.4"
    return lambda number: (1,) if (number % 2 == 0) is first else (3,)


def tell(request: pytest.FixtureRequest, column: str, found: Found) -> None:
    """Note the row of each trouble; nothing may be wrong."""
    points = Counter(case.trouble.name for case, _ in found if case.trouble)
    bad = Counter(case.trouble.name for case, wrong in found if wrong and case.trouble)
    for name, number in points.items():
        note(request, "campaign", [column, name, number, bad[name]])
    assert {case.title: wrong for case, wrong in found if wrong} == {}

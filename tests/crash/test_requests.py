"""The operator is killed before, between and after each request; its next life brings everything to where it should be.

How many requests there are is counted in a rehearsal without a crash.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest

from crash.campaign import Campaign, Case, points
from crash.steps import DELETE, EDIT, FOLLOWED, MAIN, RECREATE, ROTATE, Scenario, Wish
from testbed.proxy_course import Moment, Point
from testbed.standin.client import Standin
from testbed.tables import note
from testbed.target import OURS, Target, on

FEWEST = 3
"""Requests that every scenario has: a look, a write to Elasticsearch, and a write to Kubernetes."""
CREATED = MAIN[0]
MOST = 120
"""Endpoints that are held at once."""

pytestmark = pytest.mark.timeout(600)
on_any_worker = pytest.mark.parametrize("target", ["standin-9.4"], indirect=True)


@on_any_worker
def test_operator_is_killed_at_each_request(
    campaign: Campaign, standin: Standin, request: pytest.FixtureRequest
) -> None:
    """One kill for all points; of the creates also those after which the user does something else at once."""
    requests = rehearse(campaign)
    followed = [scenario for scenario in FOLLOWED if scenario.name == CREATED.name]
    cases = [
        case for scenario in (*MAIN, *followed) for case in everywhere(campaign.target, scenario, requests)
    ]
    tell(request, "killed at a request", cases, campaign.crash(cases))
    passed = [(p.method, p.path) for some in campaign.proxies.passed.values() for p in some]
    writes = sorted((method, path) for method, path in passed if method in {"PUT", "DELETE"})
    assert writes == sorted((o.method, o.path) for o in standin.operations() if o.writes)


@pytest.mark.soak
@on("real-9.4.3")
def test_real_elasticsearch_does_what_its_answer_would_have_told(
    campaign: Campaign, request: pytest.FixtureRequest
) -> None:
    """Each request takes effect, and its sender dies before the answer arrives."""
    requests = rehearse(campaign)
    cases = [case for scenario in MAIN for case in everywhere(campaign.target, scenario, requests)]
    lost = [case for case in cases if case.point and case.point.moment is Moment.LOST]
    tell(request, "killed, real Elasticsearch", lost, campaign.crash(lost))


@on_any_worker
def test_create_arrives_when_its_sender_is_dead(campaign: Campaign, request: pytest.FixtureRequest) -> None:
    """The endpoint appears after the next life has looked for it, and maybe after the user has deleted it."""
    verbs = [asked.split()[0] for asked in rehearse(campaign)[CREATED.name]]
    create = Point(verbs.index("PUT") + 1, Moment.BEFORE)
    cases = [
        Case(then, replace(wish(campaign.target, then, "late"), timeout="10s"), create)
        for then in (CREATED.then(*steps) for steps in ((), (EDIT,), (ROTATE,), (DELETE,), RECREATE))
    ]
    tell(request, "killed, and a create is late", cases, campaign.crash_late(cases))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@on("standin-9.4", "standin-8.19", "real-9.4.3", "real-8.19.8")
def test_user_does_not_wait_for_the_operator(campaign: Campaign, request: pytest.FixtureRequest) -> None:
    """Whatever the operator was doing, and whatever the user does until it runs again."""
    requests = rehearse(campaign)
    cases = [
        case for scenario in (*MAIN, *FOLLOWED) for case in everywhere(campaign.target, scenario, requests)
    ]
    wrong: dict[str, list[str]] = {}
    for begin in range(0, len(cases), MOST):
        wrong |= campaign.crash(cases[begin : begin + MOST])
    tell(request, f"killed, {request.node.callspec.params['target']}", cases, wrong)


def rehearse(campaign: Campaign) -> dict[str, list[str]]:
    """The requests of each of the main scenarios."""
    cases = [Case(scenario, wish(campaign.target, scenario, "rehearsal")) for scenario in MAIN]
    campaign.rehearse(cases)
    requests = {case.scenario.name: case.course.requests for case in cases}
    assert min(map(len, requests.values())) >= FEWEST, requests
    return requests


def everywhere(target: Target, scenario: Scenario, requests: dict[str, list[str]]) -> Iterator[Case]:
    """A case for each point of a scenario."""
    for point in points(len(requests[scenario.name])):
        yield Case(scenario, wish(target, scenario, f"{point.number}-{point.moment}"), point)


def wish(target: Target, scenario: Scenario, suffix: str) -> Wish:
    """What the user of one case begins with; who creates is the first to use a connection."""
    name = f"{OURS}{scenario.title}-{suffix}".replace(" ", "-")
    return Wish(name, "main" if scenario.exists else name, target.provider_url)


def tell(
    request: pytest.FixtureRequest, how: str, cases: Collection[Case], wrong: dict[str, list[str]]
) -> None:
    """Note a row for each scenario; nothing may be wrong."""
    for title in dict.fromkeys(case.scenario.title for case in cases):
        names = [case.wish.name for case in cases if case.scenario.title == title]
        note(request, "crash", [how, title, len(names), sum(name in wrong for name in names)])
    assert wrong == {}

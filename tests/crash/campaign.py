"""One SIGKILL for many endpoints, each of which has come to a point of its own; then all must become as wanted.

The proxies stop the requests about each endpoint at its point, so that one kill and one restart prove all of them.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from crash.outcome import Request, excess, unmet_in_elasticsearch, unmet_in_kubernetes
from crash.steps import CREATE, Scenario, Wish, perform
from crash.users import ClusterUser
from testbed.builders import Connection, Manifest
from testbed.processes import wait_for
from testbed.proxy import Proxies
from testbed.proxy_course import Course, Moment, Point
from testbed.running_operator import RunningOperator
from testbed.target import Target
from testbed.world import World

_SOON = 30.0
"""Seconds; what is waited for takes two or three."""
_SETTLED = 120.0
"""Seconds; the outcome of a create may be unknown for half a minute."""


def points(requests: int) -> Iterator[Point]:
    """Before, between and after so many requests, and while an answer is on its way; each once."""
    for number in range(1, requests + 1):
        yield from (Point(number, Moment.BEFORE), Point(number, Moment.LOST))
    yield Point(requests, Moment.AFTER)


@dataclass
class Case:
    """One endpoint: what its user does, and where it is when the operator is killed."""

    scenario: Scenario
    wish: Wish
    point: Point | None = None
    course: Course = field(init=False)

    def __post_init__(self) -> None:
        """Let its requests be stopped at the point."""
        self.course = Course(self.point)


@dataclass
class Campaign:
    """A namespace, and an operator whose requests all pass the proxies."""

    world: World
    operator: RunningOperator
    proxies: Proxies
    target: Target
    user: ClusterUser
    main: Connection
    """How Elasticsearch is reached through its proxy."""

    def rehearse(self, cases: Collection[Case]) -> None:
        """Let it all happen without a crash; the courses of the cases tell what was asked."""
        self._set_up(cases)
        self._act(cases)
        self._settle(cases)

    def crash(self, cases: Collection[Case]) -> dict[str, list[str]]:
        """Kill the operator when each case has come to its point; what is wrong after its next life, by name."""
        self._kill(cases)
        for case in cases:
            self.proxies.let_go(case.course)
            case.wish = perform(self.user, case.wish, case.scenario.meanwhile)
        self.operator.run()
        return self._look_back(cases)

    def crash_late(self, cases: Collection[Case]) -> dict[str, list[str]]:
        """The same with creates that arrive after all, when the user has acted and the next life has looked in vain."""
        self._kill(cases)
        looks = {case.wish.name: self._looks(case.wish.name) for case in cases}
        self.operator.run()
        for case in cases:
            self._wait_look(case.wish.name, looks[case.wish.name])
            looks[case.wish.name] = self._looks(case.wish.name)
            case.wish = perform(self.user, case.wish, case.scenario.meanwhile)
        for case in cases:
            if case.scenario.meanwhile:
                self._wait_look(case.wish.name, looks[case.wish.name])
            self.proxies.let_go(case.course, forward=True)
        return self._look_back(cases)

    def _kill(self, cases: Collection[Case]) -> None:
        self._set_up(cases)
        self._act(cases)
        for case in cases:
            what = f"{case.wish.name} comes to its point"
            wait_for(partial(self._reached, case.course), what=what, timeout=_SOON)
        self.operator.kill()
        self.proxies.watch({})

    def _reached(self, course: Course) -> bool:
        self.user.insist()
        return course.reached

    def _look_back(self, cases: Collection[Case]) -> dict[str, list[str]]:
        with suppress(TimeoutError):  # what is missing is told below
            self._settle(cases)
        wrong = self._wrong(cases)
        return wrong | self._restless([c for c in cases if c.wish.exists and c.wish.name not in wrong])

    def _set_up(self, cases: Collection[Case]) -> None:
        """Make what is there before it begins; who is yet to be created has a connection that nobody uses so far."""
        self.target.accept(*(replace(case.wish, keys=number).key for case in cases for number in range(3)))
        connections = {case.wish.connection for case in cases}
        same_ca = {"caConfigMapRef": {"name": f"{self.main.name}-ca"}}
        self.world.apply(
            self.main,
            *(case.wish.secret() for case in cases),
            *(replace(self.main, name=name, ca=None).with_spec(tls=same_ca) for name in connections),
            *(case.wish.resource() for case in cases if case.scenario.exists),
        )
        for case in cases:
            case.wish = case.wish.after(CREATE) if case.scenario.exists else case.wish
        for name in connections:
            self.world.wait_connected(name)
        self._settle(cases)

    def _act(self, cases: Collection[Case]) -> None:
        """Do what the operator is to be killed at."""
        self.proxies.watch({case.wish.name: case.course for case in cases})
        for case in cases:
            case.wish = perform(self.user, case.wish, case.scenario.action)

    def _settle(self, cases: Collection[Case]) -> None:
        """Wait until all resources are as wanted."""
        deadline = time.monotonic() + _SETTLED

        def settled(wish: Wish) -> bool:
            self.user.insist()
            return not any(unmet_in_kubernetes(wish, self.world.find(wish.name)))

        for case in cases:
            left = max(deadline - time.monotonic(), 0.0)
            wait_for(partial(settled, case.wish), what=f"{case.wish.name} is as wanted", timeout=left)

    def _wrong(self, cases: Collection[Case]) -> dict[str, list[str]]:
        """What is not as wanted, by name."""
        resources = self._resources()
        listed = self.target.admin.get("/_inference").raise_for_status().json()["endpoints"]
        endpoints = {found["inference_id"]: found for found in listed}
        wrong = {}
        for wish in (case.wish for case in cases):
            found = endpoints.get(wish.name)
            wrong[wish.name] = [
                *unmet_in_kubernetes(wish, resources.get(wish.name)),
                *unmet_in_elasticsearch(wish, found, self._key(wish) if found else None),
                *excess(wish, self._requests(wish.name)),
            ]
        return {name: what for name, what in wrong.items() if what}

    def _restless(self, cases: Collection[Case]) -> dict[str, list[str]]:
        """What is written when nothing is to be done, by name; a second look proves that the first has ended."""
        courses = {case.wish.name: Course() for case in cases}
        self.proxies.watch(courses)
        for _ in range(2):
            looks = {name: self._looks(name) for name in courses}
            for name in courses:
                self.world.resync(name)
            for name in courses:
                self._wait_look(name, looks[name])
        writes = {name: [r for r in c.requests if not r.startswith("GET ")] for name, c in courses.items()}
        return {name: what for name, what in writes.items() if what}

    def _looks(self, name: str) -> int:
        """How often the operator has been told whether the endpoint is there."""
        return sum(request.method == "GET" for request in self._requests(name))

    def _wait_look(self, name: str, looks: int) -> None:
        """Wait until it has been told once more."""
        wait_for(lambda: self._looks(name) > looks, what=f"{name} is looked for", timeout=_SOON)

    def _key(self, wish: Wish) -> str | None:
        """The key in force, once it is the wanted one or has stayed another for a while."""
        with suppress(TimeoutError):
            self.target.wait_key(wish.name, wish.key)
        return self.target.key_in_force(wish.name)

    def _requests(self, name: str) -> list[Request]:
        """What Elasticsearch was asked about an endpoint, oldest first."""
        passed = self.proxies.passed.get(name, [])
        return [Request(p.method, p.path, p.status) for p in passed if p.path.startswith("/_inference/")]

    def _resources(self) -> dict[str, Manifest]:
        return {o["metadata"]["name"]: o for o in self.world.all() if o["kind"] == "InferenceEndpoint"}

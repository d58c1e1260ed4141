"""All phases with one number of endpoints, in an order in which each begins where another ends."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Measured, Meter, Phase, Requests
from testbed.builders import Endpoint, connection, endpoint, secret
from testbed.controlplane import ControlPlane
from testbed.fleet import Fleet
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import KEY
from testbed.world import World

LATENCY_MS = 5
"""What Elasticsearch takes for each answer."""
_SECRET = "provider"
_HOUR = 3600.0
_SHORTEST_HOUR = 2.0
"""Seconds, so that few endpoints are compared a few times a second and not all the time."""
_ROOM = 0.04
"""Seconds of the short hour for each endpoint, in which it is looked at six times: less than half of what a core can."""
_NO_RESYNC = 100.0
"""Makes 10 minutes long enough that no other phase lasts until the next resync."""
_PATIENCE = 0.5
"""Seconds for each endpoint after which a phase is given up."""
_TELL_EVERY = 5.0
_TAIL = 10
"""Lines of the operator's log that an error quotes."""


@dataclass(frozen=True)
class Site:
    """Where a bench is run."""

    plane: ControlPlane
    es: Standin
    directory: Path


def measure_all(site: Site, size: int, tell: Callable[[str], None]) -> list[Measured]:
    """What each phase costs with `size` endpoints."""
    with ExitStack() as stack:
        # Not to be checked: reading all that was ever said about thousands of endpoints takes a while.
        world = stack.enter_context(World.create(site.plane, tampered=True))
        fleet = stack.enter_context(Fleet.watch(site.plane, world.namespace))
        bench = _Bench(site, world, fleet, size, tell)
        stack.callback(bench.stop)
        measured = bench.run()
    return [measured[phase] for phase in Phase]


class _Bench:
    def __init__(
        self, site: Site, world: World, fleet: Fleet, size: int, tell: Callable[[str], None]
    ) -> None:
        self._es, self._world, self._fleet, self._size, self._tell = site.es, world, fleet, size, tell
        self._hour = max(_SHORTEST_HOUR, _ROOM * size)
        self._meter = Meter(site.plane, site.es, world.namespace, size)
        self._operator, self._fast_operator = (
            RunningOperator(
                site.directory / name,
                site.plane,
                allowed_hosts="127.0.0.1",
                log_level="INFO",
                interval_scale=scale,
            )
            for name, scale in (("operator", _NO_RESYNC), ("fast-operator", self._hour / _HOUR))
        )

    def stop(self) -> None:
        """End what runs."""
        self._operator.stop()
        self._fast_operator.stop()

    def run(self) -> dict[Phase, Measured]:
        """Measure everything; create is first and the cold start last, so that the endpoints of both are new."""
        operator, fast, measure = self._operator, self._fast_operator, self._meter.measure
        self._world.apply(connection(self._es), secret(_SECRET, api_key=KEY))
        operator.run()
        self._world.wait_connected()
        measure(Phase.CREATE, operator, self._create)
        measure(Phase.ROTATION, operator, self._rotate)
        operator.stop()
        self._be_looked_at(fast)
        measure(Phase.STEADY, fast, self._let_time_pass, settles=False)
        fast.stop()
        measure(Phase.RESTART, operator, lambda: self._be_looked_at(operator))
        measure(Phase.DELETE, operator, self._delete)
        operator.stop()
        self._fleet.create(self._endpoints())
        self._wait(self._fleet.size, "made for a cold start")
        measure(Phase.COLD_START, operator, self._start_cold)
        return self._meter.measured

    def _endpoints(self) -> list[Endpoint]:
        url = "https://provider.example/v1/embeddings"
        return [
            endpoint(f"bench-{number}", service="openai", model_id="embed-1", url=url).with_secret(_SECRET)
            for number in range(self._size)
        ]

    def _create(self) -> None:
        self._fleet.create(self._endpoints())
        self._wait(self._fleet.synced, "created")

    def _start_cold(self) -> None:
        self._operator.run()
        self._wait(self._fleet.synced, "created by a new operator")

    def _rotate(self) -> None:
        self._world.change_secret(_SECRET, api_key=f"the-key-of-{self._size}")
        version = self._world.secret_version(_SECRET)
        self._wait(lambda: self._fleet.with_secret(version), "given the new key")

    def _be_looked_at(self, operator: RunningOperator) -> None:
        """Start an operator that finds all as it should be."""
        self._es.clear()
        requests, looks = Requests(self._es), 0

        def looked_at() -> int:
            nonlocal looks
            looks += sum(_is_look(seen.path) for seen in requests.new())
            return looks

        operator.run()
        self._wait(looked_at, "looked at after a start")

    def _let_time_pass(self) -> None:
        end = time.monotonic() + self._hour
        while (left := end - time.monotonic()) > 0:
            self._tell(f"{self._size}: an hour, of which {left:.0f} s are left")
            time.sleep(min(left, _TELL_EVERY))

    def _delete(self) -> None:
        self._fleet.delete()
        self._wait(lambda: self._size - self._fleet.size(), "deleted")

    def _wait(self, count: Callable[[], int], what: str) -> None:
        """Wait until `count` reaches the number of endpoints, and tell now and then how far it is."""
        told = time.monotonic()

        def reached() -> bool:
            nonlocal told
            found = count()
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                self._tell(f"{self._size}: {found} {what}")
            return found >= self._size

        try:
            wait_for(reached, what=f"{self._size} {what}", timeout=60 + _PATIENCE * self._size)
        except TimeoutError as error:
            logs = (operator.log for operator in (self._operator, self._fast_operator) if operator.running)
            said = [line for log in logs for line in log.read_text().splitlines()[-_TAIL:]]
            raise TimeoutError("\n".join([str(error), *said])) from None


def _is_look(path: str) -> bool:
    """Whether a request is about an endpoint, and not about what the cluster offers."""
    return path.startswith("/_inference/") and path != "/_inference/_services"

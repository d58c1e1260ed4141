"""An endpoint beside the one that is tested: once it has reacted, the operator has seen all that came before.

That is how a test can tell that nothing was done: not by waiting, but by what is done next.
"""

from testbed.builders import secret
from testbed.standin.client import Standin
from testbed.target import KEY, OURS, StandinTarget
from testbed.world import World

BEACON = f"{OURS}beacon"


class Beacon:
    """A second endpoint, whose reactions prove that the operator has seen what happened before."""

    def __init__(self, world: World, es: Standin, target: StandinTarget) -> None:
        self._world, self._es, self._target = world, es, target
        self._turn = 0
        beacon = target.embeddings(BEACON).with_spec(secretSettings=[]).with_secret(BEACON)
        world.apply(secret(BEACON, api_key=KEY), beacon)
        world.wait_ready(BEACON)

    def settle(self) -> None:
        """Return when the operator has seen all that was changed before, and had time to react."""
        self._see_a_request()
        self._see_a_rotation()
        self._see_a_request()

    def _see_a_request(self) -> None:
        before = self._gets()
        self._world.resync(BEACON)
        self._world.wait(lambda: self._gets() > before, "the beacon is looked at", BEACON)

    def _see_a_rotation(self) -> None:
        self._turn += 1
        key = f"the-key-of-turn-{self._turn}"
        self._target.accept(key)
        self._world.change_secret(BEACON, api_key=key)
        self._target.wait_key(BEACON, key)

    def _gets(self) -> int:
        return sum(seen.method == "GET" and BEACON in seen.path for seen in self._es.operations())

"""Connections to the API server that are forgotten on their way: both ends think that they are open, and hear nothing."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.builders import connection, secret
from testbed.controlplane import ControlPlane
from testbed.processes import wait_for
from testbed.relay import Relay
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import KEY, NEXT_KEY, OURS, StandinTarget
from testbed.world import World

NAME = f"{OURS}silence"
PATIENCE = 150.0
"""Seconds: a watch is given 70 without a word, a request 15."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture
def relay(control_plane: ControlPlane) -> Iterator[Relay]:
    """The way to the API server."""
    with Relay.start(control_plane.server) as way:
        yield way


@pytest.fixture
def operator(control_plane: ControlPlane, relay: Relay, tmp_path: Path) -> Iterator[RunningOperator]:
    """An operator with intervals as in real life, which therefore hear of nothing for ten minutes."""
    running = RunningOperator(tmp_path, control_plane, allowed_hosts="127.0.0.1")
    try:
        running.through(relay.url).run()
        yield running
    finally:
        running.stop()


def test_watch_without_a_word_is_made_anew(
    control_plane: ControlPlane, operator: RunningOperator, relay: Relay, standin: Standin
) -> None:
    """What was changed meanwhile, a spec and a Secret, is found; the process is the same, and was alive all the time."""
    target = StandinTarget(standin)
    with World.create(control_plane) as world:
        world.apply(connection(standin), secret("provider", api_key=KEY), target.embeddings(NAME))
        world.wait_ready(NAME)
        pid, begin = operator.pid, time.monotonic()
        assert relay.silence() >= 3, "a watch for each kind and for Secrets"
        target.accept(NEXT_KEY)
        world.change(NAME, taskSettings={"user": "somebody"})
        world.change_secret("provider", api_key=NEXT_KEY)

        def caught_up() -> bool:
            assert operator.probe("/livez") == 200
            shown = standin.endpoints()[NAME].get("task_settings")
            return shown == {"user": "somebody"} and target.key_in_force(NAME) == NEXT_KEY

        wait_for(caught_up, what="the operator hears of it", timeout=PATIENCE)
        print(f"\n  heard of it after {time.monotonic() - begin:.0f} s", flush=True)
        world.wait_ready(NAME)
        assert operator.pid == pid

"""An operator that retries soon, and may reach the stand-in by its address but nothing else on loopback."""

from collections.abc import Iterator

import pytest

from testbed.controlplane import ControlPlane
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.trouble import Scene
from testbed.world import World


@pytest.fixture(scope="module")
def operator(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOperator]:
    """An operator whose 30 s are 3, with backoff from 0.5 to 2 s."""
    settings = {"interval_scale": 0.1, "backoff_base": 0.5, "backoff_cap": 2.0}
    directory = tmp_path_factory.mktemp("operator")
    with RunningOperator.start(directory, control_plane, allowed_hosts="127.0.0.1", **settings) as running:
        yield running


@pytest.fixture
def scene(control_plane: ControlPlane, operator: RunningOperator, standin: Standin) -> Iterator[Scene]:
    """An empty namespace and the stand-in as new."""
    assert operator.running
    with World.create(control_plane) as world:
        yield Scene(control_plane, world, standin)

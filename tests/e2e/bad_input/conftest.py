"""An operator that retries soon, and may reach the stand-in by its address but nothing else on loopback."""

from collections.abc import Iterator

import pytest

from testbed.controlplane import ControlPlane
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.trouble import SCALE, Scene
from testbed.world import World


@pytest.fixture(scope="module")
def operator_settings() -> dict[str, object]:
    """An operator whose 30 s are 0.6, with backoff from 0.1 to 0.4 s."""
    return {"interval_scale": SCALE, "backoff_base": 0.1, "backoff_cap": 0.4}


@pytest.fixture
def scene(control_plane: ControlPlane, operator: RunningOperator, standin: Standin) -> Iterator[Scene]:
    """An empty namespace and the stand-in as new."""
    assert operator.running
    with World.create(control_plane) as world:
        yield Scene(control_plane, world, standin)

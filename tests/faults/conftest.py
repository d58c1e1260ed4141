"""An operator that retries soon, beside a stand-in that misbehaves on demand."""

from collections.abc import Iterator

import pytest

from testbed.builders import connection, secret
from testbed.controlplane import ControlPlane
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import KEY
from testbed.world import World


@pytest.fixture
def tampered() -> bool:
    """Whether the tests of a module write things that are not sound themselves."""
    return False


@pytest.fixture
def world(
    control_plane: ControlPlane, operator: RunningOperator, standin: Standin, tampered: bool
) -> Iterator[World]:
    """A namespace with the connection `main`, checked every 30 s, and KEY in the Secret `provider`."""
    assert operator.running
    with World.create(control_plane, tampered=tampered) as fresh:
        fresh.apply(connection(standin).with_spec(interval="30s"), secret("provider", api_key=KEY))
        fresh.wait_connected()
        yield fresh

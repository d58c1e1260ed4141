"""The cast of every story: the operator, an Elasticsearch with its provider, and a namespace with a connection."""

from collections.abc import Iterator

import pytest

from testbed.builders import connection, secret
from testbed.controlplane import ControlPlane
from testbed.running_operator import RunningOperator
from testbed.target import KEY, Target
from testbed.world import World


@pytest.fixture(scope="module")
def operator_settings() -> dict[str, object]:
    """An operator whose 30 s are 0.6, and which tries again soon."""
    hosts = "127.0.0.1,localhost"
    return {"interval_scale": 0.02, "backoff_base": 0.2, "backoff_cap": 1.0, "allowed_hosts": hosts}


@pytest.fixture
def world(control_plane: ControlPlane, operator: RunningOperator, target: Target) -> Iterator[World]:
    """A namespace with the connection `main` to Elasticsearch, and KEY in the Secret `provider`."""
    assert operator.running
    with World.create(control_plane) as fresh:
        fresh.apply(connection(target), secret("provider", api_key=KEY))
        fresh.wait_connected()
        yield fresh

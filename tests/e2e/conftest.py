"""The cast of every story: the operator, an Elasticsearch with its provider, and a namespace with a connection."""

from collections.abc import Iterator

import pytest

from testbed.builders import connection, secret
from testbed.controlplane import ControlPlane
from testbed.running_operator import RunningOperator
from testbed.target import KEY, RealTarget, StandinTarget, Target
from testbed.world import World


@pytest.fixture(scope="module")
def operator(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOperator]:
    """An operator whose 30 s are 0.6, and which tries again soon."""
    directory = tmp_path_factory.mktemp("operator")
    settings = {"interval_scale": 0.02, "backoff_base": 0.2, "backoff_cap": 1.0}
    with RunningOperator.start(
        directory, control_plane, allowed_hosts="127.0.0.1,localhost", **settings
    ) as running:
        yield running


@pytest.fixture(
    params=[
        pytest.param("standin", marks=pytest.mark.xdist_group("story")),
        pytest.param(
            "real",
            marks=[pytest.mark.real_es, pytest.mark.xdist_group("real-es"), pytest.mark.timeout(900)],
        ),
    ]
)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Elasticsearch and a provider that accepts KEY: once the stand-in, once the real one."""
    if request.param == "standin":
        yield StandinTarget(request.getfixturevalue("standin"))
        return
    real = RealTarget(request.getfixturevalue("real_elasticsearch"), request.getfixturevalue("provider"))
    yield real
    real.clean()


@pytest.fixture
def world(control_plane: ControlPlane, operator: RunningOperator, target: Target) -> Iterator[World]:
    """A namespace with the connection `main` to Elasticsearch, and KEY in the Secret `provider`."""
    assert operator.running
    with World.create(control_plane) as fresh:
        fresh.apply(connection(target), secret("provider", api_key=KEY))
        fresh.wait_connected()
        yield fresh

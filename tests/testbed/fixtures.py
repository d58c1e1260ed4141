"""The parts of the test bed as pytest fixtures: one of each per test process, started when first asked for."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.controlplane import ControlPlane, apply_crds
from testbed.elasticsearch import Elasticsearch
from testbed.provider import Provider
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import SERVERS, RealTarget, StandinTarget, Target, targets

CRDS = Path(__file__).parents[2] / "crds"


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that what was started is also stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real Kubernetes control plane that serves our kinds."""
    with ControlPlane.start(tmp_path_factory.mktemp("control-plane")) as plane:
        apply_crds(plane, CRDS)
        yield plane


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The stub that stands for the model providers behind Elasticsearch."""
    with Provider.start(tmp_path_factory.mktemp("provider")) as stub:
        yield stub


@pytest.fixture(scope="session")
def real_elasticsearch(
    provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elasticsearch]:
    """A real Elasticsearch that calls the stub: 9.4.3, or the one that ES_URL or ES_HOME names."""
    with Elasticsearch.start(tmp_path_factory.mktemp("elasticsearch"), provider=provider) as server:
        yield server


@pytest.fixture(scope="session")
def real_elasticsearch_8(
    provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elasticsearch]:
    """The same, but 8.19.8."""
    if {"ES_URL", "ES_HOME"} & os.environ.keys():
        pytest.skip("ES_URL or ES_HOME names the one Elasticsearch to test with")
    directory = tmp_path_factory.mktemp("elasticsearch")
    with Elasticsearch.start(directory, provider=provider, version="8.19.8") as server:
        yield server


@pytest.fixture(scope="session")
def standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """One stand-in for Elasticsearch, over TLS; tests ask for `standin` or `standin_8` instead."""
    with Standin.start(tmp_path_factory.mktemp("standin")) as es:
        yield es


@pytest.fixture
def standin(standin_process: Standin, request: pytest.FixtureRequest) -> Standin:
    """The stand-in for Elasticsearch 9.4, or for the version that a test gives as its parameter, as new."""
    standin_process.reset(profile=getattr(request, "param", None))
    return standin_process


@pytest.fixture
def standin_8(standin_process: Standin) -> Standin:
    """The stand-in for Elasticsearch 8.19, as new."""
    standin_process.reset(profile="8.19")
    return standin_process


@pytest.fixture(params=targets("standin-9.4", "real-9.4.3", "real-8.19.8"))
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Elasticsearch and a provider that accepts KEY; `testbed.target.on` chooses other servers for a test."""
    es = request.getfixturevalue(SERVERS[request.param])
    if isinstance(es, Standin):
        yield StandinTarget(es)
        return
    real = RealTarget(es, request.getfixturevalue("provider"))
    yield real
    real.clean()


@pytest.fixture(scope="module")
def operator_settings() -> dict[str, object]:
    """How the operator of a module is set; modules and folders have their own."""
    return {"interval_scale": 0.05, "backoff_base": 0.2, "backoff_cap": 1.0}


@pytest.fixture(scope="module")
def operator(
    control_plane: ControlPlane,
    operator_settings: dict[str, object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningOperator]:
    """The operator, which may reach 127.0.0.1 unless it is set otherwise."""
    settings = {"allowed_hosts": "127.0.0.1", **operator_settings}
    with RunningOperator.start(tmp_path_factory.mktemp("operator"), control_plane, **settings) as running:
        yield running

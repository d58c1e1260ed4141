"""The parts of the test bed as pytest fixtures: one of each per test process, started when first asked for."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.controlplane import ControlPlane, apply_crds
from testbed.elasticsearch import Elasticsearch
from testbed.provider import Provider
from testbed.standin.client import Standin

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
    """A real Elasticsearch that calls the stub."""
    with Elasticsearch.start(tmp_path_factory.mktemp("elasticsearch"), provider=provider) as server:
        yield server


@pytest.fixture(scope="session")
def standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """One stand-in for Elasticsearch, over TLS; tests ask for `standin` instead."""
    with Standin.start(tmp_path_factory.mktemp("standin")) as es:
        yield es


@pytest.fixture
def standin(standin_process: Standin) -> Standin:
    """The stand-in for Elasticsearch, as new."""
    standin_process.reset()
    return standin_process

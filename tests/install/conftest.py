"""A cluster on which nothing of ours is installed yet."""

from collections.abc import Iterator

import pytest

from testbed.controlplane import ControlPlane
from testbed.helm import Helm


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own, as CRDs belong to the whole cluster; each module leaves it as it was."""
    with ControlPlane.start(tmp_path_factory.mktemp("cluster")) as plane:
        yield plane


@pytest.fixture(scope="session")
def helm(cluster: ControlPlane) -> Helm:
    """Helm for that cluster."""
    return Helm(cluster.directory, cluster.kubeconfig)

"""deploy/install.yaml: the chart, for those who do not use Helm."""

import json
from collections.abc import Iterator

import pytest

from testbed.controlplane import ControlPlane
from testbed.helm.__main__ import manifest
from testbed.installation import MANIFEST, Installation

pytestmark = pytest.mark.xdist_group("install")


def test_manifest_is_current() -> None:
    """It is what `make generate` writes."""
    assert MANIFEST.read_text() == manifest()


@pytest.fixture
def applied(cluster: ControlPlane) -> Iterator[Installation]:
    """A cluster on which it was applied as the file says."""
    cluster.kubectl("apply", "--server-side", "--validate=strict", f"--filename={MANIFEST}")
    yield Installation(cluster, "elasticsearch-inference-operator")
    cluster.kubectl("delete", "--wait=false", f"--filename={MANIFEST}")
    cluster.kubectl("wait", "--for=delete", "crd", "--all", "--timeout=30s")


def test_manifest_installs_all_there_is(applied: Installation) -> None:
    """Its namespace admits only restricted pods, the operator's is one, and the CRDs are served."""
    assert applied.pod()["spec"]["automountServiceAccountToken"] is True
    namespace = json.loads(applied.plane.kubectl("get", "namespace", applied.namespace, "--output=json"))
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    applied.plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    applied.plane.kubectl("get", "inferenceendpoints,elasticsearchconnections", "--all-namespaces")

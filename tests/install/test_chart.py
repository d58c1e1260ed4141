"""`helm install` on a real API server: all is accepted, the operator works as installed, and nothing is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.builders import connection, endpoint, secret
from testbed.controlplane import ControlPlane
from testbed.helm import CHART, Helm
from testbed.installation import Installation
from testbed.standin.client import Standin
from testbed.world import World

pytestmark = pytest.mark.xdist_group("install")

NAMESPACE = "platform"
RELEASE = "inference"
CRDS = ("inferenceendpoints.es-inference.dev", "elasticsearchconnections.es-inference.dev")
ESTABLISHED = ("wait", "--for=condition=Established", "crd", *CRDS, "--timeout=30s")


def install(helm: Helm) -> None:
    """Make the release, whose operator may reach the stand-in."""
    helm.run("install", RELEASE, CHART, "--namespace", NAMESPACE, "--set=settings.allowedHosts={127.0.0.1}")


@pytest.fixture(scope="module")
def installation(cluster: ControlPlane, helm: Helm) -> Iterator[Installation]:
    """The chart installed under a name of its own, where Pod Security enforces the profile `restricted`."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    install(helm)
    cluster.kubectl(*ESTABLISHED)
    yield Installation(cluster, NAMESPACE)
    helm.run("uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found")
    cluster.kubectl("delete", "crd", *CRDS, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_pod_passes_the_restricted_profile(installation: Installation) -> None:
    """The controllers can make the pod where Pod Security refuses what is not restricted, and does so."""
    pod = installation.pod()
    assert pod["spec"]["serviceAccountName"] == f"{RELEASE}-elasticsearch-inference-operator"
    refused = installation.plane.kubectl(
        "run", "other", "--image=other", f"--namespace={NAMESPACE}", "--dry-run=server", check=False
    )
    assert 'violates PodSecurity "restricted' in refused


def test_operator_makes_an_endpoint_ready_as_it_is_installed(
    installation: Installation, standin: Standin, tmp_path: Path
) -> None:
    """With the Deployment's account, arguments, environment and probes the operator does its work, and is refused nothing."""
    plane = installation.plane
    begin = plane.audit_position()
    with installation.running(tmp_path) as operator, World.create(plane) as world:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert operator.get(installation.container[probe]["httpGet"]["path"]).is_success
        world.apply(
            connection(standin),
            secret("provider", api_key="sk-install"),
            endpoint("docs", service="openai", model_id="m1").with_secret("provider"),
        )
        world.wait_ready("docs")
        world.kubectl("delete", "inferenceendpoint/docs", "--timeout=20s")
        used = [e for e in plane.audit(begin) if installation.pod_spec["serviceAccountName"] in e.user]
    assert {"list", "patch", "create"} <= {e.verb for e in used}
    assert [e for e in used if e.code == 403] == []


def test_upgrade_changes_a_value_and_keeps_the_others(installation: Installation, helm: Helm) -> None:
    """A changed setting reaches the pod, whose Deployment replaces it before it makes the new one."""
    before, old = installation.environment(), installation.pod()["metadata"]["name"]
    debug = "--set=settings.logLevel=DEBUG"
    helm.run("upgrade", RELEASE, CHART, "--namespace", NAMESPACE, "--reuse-values", debug)
    assert installation.environment() == {**before, "INFERENCE_OPERATOR_LOG_LEVEL": "DEBUG"}
    assert installation.pod()["metadata"]["name"] != old
    assert installation.environment()["INFERENCE_OPERATOR_ALLOWED_HOSTS"] == "127.0.0.1"
    (deployment,) = installation.deployments()
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_uninstall_keeps_the_crds_and_the_endpoints(
    installation: Installation, helm: Helm, standin: Standin
) -> None:
    """They outlive the release, and the next one of the same name takes the CRDs over again."""
    plane = installation.plane
    with World.create(plane) as world:
        world.apply(connection(standin), endpoint("docs", service="openai", model_id="m1"))
        uid = world.get("docs")["metadata"]["uid"]
        helm.run("uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")
        assert installation.deployments() == []
        assert world.get("docs")["metadata"]["uid"] == uid
        install(helm)
        assert world.get("docs")["metadata"]["uid"] == uid
    shown = json.loads(plane.kubectl("get", "crd", *CRDS, "--output=json"))["items"]
    assert {c["metadata"]["annotations"]["meta.helm.sh/release-name"] for c in shown} == {RELEASE}

"""The operator's service account on a real API server: what it is granted, and what it is not."""

import pytest

from testbed.controlplane import ControlPlane
from testbed.installation import access

pytestmark = pytest.mark.xdist_group("control-plane")

OPERATOR = "system:serviceaccount:elasticsearch-inference-operator:elasticsearch-inference-operator"


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> ControlPlane:
    """A control plane on which the account and the rights of deploy/install.yaml were applied."""
    control_plane.kubectl("apply", "--server-side", "--validate=strict", "--filename=-", input=access())
    return control_plane


@pytest.mark.parametrize(
    ("request_", "answer"),
    {
        "watch inferenceendpoints.es-inference.dev": "yes",
        "patch inferenceendpoints.es-inference.dev": "yes",
        "patch inferenceendpoints.es-inference.dev --subresource=status": "yes",
        "create inferenceendpoints.es-inference.dev": "no",
        "update inferenceendpoints.es-inference.dev": "no",
        "delete inferenceendpoints.es-inference.dev": "no",
        "list elasticsearchconnections.es-inference.dev": "yes",
        "patch elasticsearchconnections.es-inference.dev --subresource=status": "yes",
        "delete elasticsearchconnections.es-inference.dev": "no",
        "watch secrets": "yes",
        "create secrets": "no",
        "patch secrets": "no",
        "delete secrets": "no",
        "get configmaps": "yes",
        "list configmaps": "no",
        "create events": "yes",
        "list events": "no",
        "get pods": "no",
        "create serviceaccounts --subresource=token": "no",
        "list customresourcedefinitions.apiextensions.k8s.io": "no",
        "impersonate users": "no",
    }.items(),
)
def test_operator_may(installed: ControlPlane, request_: str, answer: str) -> None:
    """The rights of the operator in every namespace."""
    said = installed.kubectl(
        "auth", "can-i", *request_.split(), f"--as={OPERATOR}", "--namespace=default", check=False
    )
    assert said.split()[0] == answer

"""The operator's ClusterRole grants what is used and nothing more, as the API server's audit log tells."""

from pathlib import Path

import pytest

from testbed.builders import connection, endpoint, secret
from testbed.controlplane import ControlPlane
from testbed.installation import objects
from testbed.processes import wait_for
from testbed.running_operator import NAMESPACE, RunningOperator
from testbed.standin.client import Standin
from testbed.world import World

pytestmark = pytest.mark.xdist_group("rights")

# Asked only after a conflict with somebody else's write, which no test can bring about reliably.
RARE = {("get", "inferenceendpoints"), ("get", "elasticsearchconnections")}


def granted() -> set[tuple[str, str]]:
    """Verb and resource of every rule of the ClusterRole."""
    (role,) = (r for r in objects("ClusterRole") if r["metadata"]["name"] == NAMESPACE)
    return {(v, r) for rule in role["rules"] for v in rule["verbs"] for r in rule["resources"]}


def used(plane: ControlPlane, since: int) -> set[tuple[str, str]]:
    """Verb and resource of every request of the operator; none of them was refused."""
    entries = [e for e in plane.audit(since) if e.resource and "elasticsearch-inference-operator" in e.user]
    assert not [e for e in entries if e.code == 403]
    return {(e.verb, "/".join(filter(None, (e.resource, e.subresource)))) for e in entries}


@pytest.fixture
def position(control_plane: ControlPlane) -> int:
    """Where the audit log stood before the test."""
    return control_plane.audit_position()


def test_rights_are_those_that_are_used(
    control_plane: ControlPlane, standin: Standin, position: int, tmp_path: Path
) -> None:
    """A life of an endpoint uses every right that is granted, and asks for no other."""
    with (
        RunningOperator.start(tmp_path, control_plane, allowed_hosts="127.0.0.1") as operator,
        World.create(control_plane) as world,
    ):
        world.apply(
            connection(standin),
            secret("provider", api_key="sk-rights"),
            endpoint("docs", service="openai", model_id="m1").with_secret("provider"),
        )
        world.wait_ready("docs")
        world.change_secret("provider", api_key="sk-rights-2")
        wait_for(
            lambda: standin.secrets("docs") == {"api_key": "sk-rights-2"}, what="the rotation", timeout=20
        )
        world.kubectl("delete", "inferenceendpoint/docs", "--timeout=20s")
        operator.stop()  # a watch is logged when it ends
        wait_for(
            lambda: granted() - used(control_plane, position) <= RARE,
            what="the audit log to be whole",
            timeout=20,
        )
    assert used(control_plane, position) <= granted()

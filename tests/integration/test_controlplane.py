"""The control plane of the test bed: what other tests rely on, and that it leaves nothing behind."""

import os
import re
import secrets
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.client import CoreV1Api

from testbed.controlplane import ControlPlane
from testbed.processes import Process, wait_for

pytestmark = pytest.mark.xdist_group("control-plane")


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace with a service account that has no rights."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.kubectl("create", "namespace", name)
    control_plane.kubectl("create", "serviceaccount", "nobody", f"--namespace={name}")
    yield name
    control_plane.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def test_service_account_has_the_rights_it_was_given(control_plane: ControlPlane, namespace: str) -> None:
    """RBAC decides: a service account without a role may not read Secrets, and the audit log has seen it try."""
    kubeconfig = control_plane.service_account_kubeconfig(namespace, "nobody")
    before = control_plane.audit_position()
    said = control_plane.kubectl(
        "get", "secrets", f"--namespace={namespace}", as_kubeconfig=kubeconfig, check=False
    )
    assert "Forbidden" in said

    def refused() -> tuple[str, str, str, int] | None:
        found = [e for e in control_plane.audit(before) if e.resource == "secrets"]
        return (found[0].verb, found[0].namespace, found[0].user, found[0].code) if found else None

    entry = wait_for(refused, what="the audit entry", timeout=10)
    assert entry == ("list", namespace, f"system:serviceaccount:{namespace}:nobody", 403)


def test_kubeconfigs_are_private(control_plane: ControlPlane, namespace: str) -> None:
    """They hold tokens, so that only their owner may read them."""
    kubeconfig = control_plane.service_account_kubeconfig(namespace, "nobody")
    for path in (kubeconfig, control_plane.kubeconfig):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_audit_log_is_free_of_the_controllers(control_plane: ControlPlane, namespace: str) -> None:
    """Requests can be counted, as those of the control plane itself are left out."""
    assert any(e.name == namespace and e.is_write for e in control_plane.audit())
    assert not [e for e in control_plane.audit() if "kube-controller-manager" in e.user_agent]


def test_namespace_deletion_completes(control_plane: ControlPlane, namespace: str) -> None:
    """The namespace controller empties the namespace and lets it go."""
    control_plane.kubectl("create", "configmap", "content", f"--namespace={namespace}")
    control_plane.kubectl("delete", "namespace", namespace, "--timeout=60s")
    said = control_plane.kubectl("get", "namespace", namespace, check=False)
    assert "NotFound" in said


def test_restart_keeps_what_is_stored(control_plane: ControlPlane, namespace: str) -> None:
    """After a restart the API server answers at the same address and knows what it knew."""
    read = ("get", "namespace", namespace, "--output=jsonpath={.metadata.uid}")
    uid = control_plane.kubectl(*read)
    control_plane.restart_apiserver()
    assert control_plane.kubectl(*read) == uid


def test_proxy_of_the_environment_is_not_used(
    control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine behind a proxy the test bed still speaks to itself directly."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(vars(control_plane), "api", raising=False)
    assert CoreV1Api(control_plane.api).read_namespace("default").metadata


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its starter")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_command_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """However `python -m testbed control-plane` ends, its programs end, and its folder goes if it could be helped."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "testbed", "control-plane"]
    process = Process(command, log=tmp_path / "log", name="control-plane", env=env)
    shown = wait_for(
        lambda: re.search("export KUBECONFIG=(.+)", process.tail()), what="it", timeout=90, process=process
    )
    folder = Path(shown[1]).parent
    assert len(mentioning(folder)) == 3
    os.kill(process.pid, number)
    wait_for(lambda: not process.running and not mentioning(folder), what="all have ended", timeout=30)
    assert folder.exists() == (number == signal.SIGKILL)


def mentioning(folder: Path) -> list[str]:
    """The running programs that work in the folder."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(folder) in line]

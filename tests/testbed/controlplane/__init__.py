"""A real Kubernetes control plane without nodes: etcd, kube-apiserver and kube-controller-manager as processes."""

import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

from kubernetes import client, config

from testbed.controlplane import audit, binaries
from testbed.controlplane.audit import AuditEntry
from testbed.controlplane.credentials import Credentials, write_kubeconfig
from testbed.processes import Process, free_port, wait_for

__all__ = ["AuditEntry", "ControlPlane", "apply_crds"]

_START_TIMEOUT = 60.0
_CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "deployment-controller",
    "replicaset-controller",
)


class ControlPlane:
    """One running control plane; `start` makes one, and stops it at the end of the `with` block."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._programs = binaries.ensure()
        self._credentials = Credentials.create(directory / "pki")
        self._port = free_port()
        self.server = f"https://127.0.0.1:{self._port}"
        self.ca_file = self._credentials.ca
        self.kubeconfig = write_kubeconfig(
            directory / "admin.kubeconfig", self.server, self.ca_file, self._credentials.admin_token
        )
        self._audit_log = directory / "audit.log"
        (directory / "audit-policy.yaml").write_text(audit.POLICY)
        self._processes: dict[str, Process] = {}

    @classmethod
    @contextmanager
    def start(cls, directory: Path, *, controller_manager: bool = True) -> Iterator[Self]:
        """A control plane whose files are kept in `directory`."""
        plane = cls(directory)
        try:
            plane._start_etcd()
            plane.start_apiserver()
            if controller_manager:
                plane._start_controller_manager()
                wait_for(plane._has_default_account, what="the default service account", timeout=_START_TIMEOUT)
            yield plane
        finally:
            plane.stop()

    def _run(self, program: str, *arguments: str) -> Process:
        process = Process(
            [self._programs / program, *arguments],
            log=self.directory / f"{program}.log",
            name=program,
            cwd=self.directory,
        )
        self._processes[program] = process
        return process

    def _start_etcd(self) -> None:
        peer = f"http://127.0.0.1:{free_port()}"
        self._etcd = f"http://127.0.0.1:{free_port()}"
        process = self._run(
            "etcd",
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={self._etcd}",
            f"--advertise-client-urls={self._etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        wait_for(
            lambda: _answers(f"{self._etcd}/health"), what="etcd", timeout=_START_TIMEOUT, process=process
        )

    def start_apiserver(self) -> None:
        """Start the API server, on the same port as before if it was stopped, and wait until it is ready."""
        keys = self._credentials
        process = self._run(
            "kube-apiserver",
            f"--etcd-servers={self._etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--tls-cert-file={keys.server_cert}",
            f"--tls-private-key-file={keys.server_key}",
            f"--client-ca-file={keys.ca}",
            f"--token-auth-file={keys.tokens}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={keys.service_account_key}",
            f"--service-account-signing-key-file={keys.service_account_key}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={self.directory / 'audit-policy.yaml'}",
            f"--audit-log-path={self._audit_log}",
        )
        wait_for(self._ready, what="kube-apiserver", timeout=_START_TIMEOUT, process=process)

    def _start_controller_manager(self) -> None:
        kubeconfig = str(self.kubeconfig)
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={self._credentials.service_account_key}",
            f"--root-ca-file={self.ca_file}",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            "--leader-elect=false",
            f"--controllers={','.join(_CONTROLLERS)}",
        )

    def stop_apiserver(self) -> None:
        """Stop the API server and wait until it is gone: while it drains it still holds its port."""
        self._processes.pop("kube-apiserver").stop()

    def restart_apiserver(self) -> None:
        """Stop the API server and start it again."""
        self.stop_apiserver()
        self.start_apiserver()

    def stop(self) -> None:
        """Stop everything."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            if process := self._processes.pop(name, None):
                process.stop()

    def _ready(self) -> bool:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        return _answers(f"{self.server}/readyz", context, self._credentials.admin_token)

    def _has_default_account(self) -> bool:
        return "default" in self.kubectl("get", "serviceaccounts", "-o", "name", check=False)

    def kubectl(
        self, *arguments: str, input: str | None = None, check: bool = True, as_kubeconfig: Path | None = None
    ) -> str:
        """What kubectl prints; with `check`, a failure is an error that quotes it."""
        done = subprocess.run(
            [self._programs / "kubectl", f"--kubeconfig={as_kubeconfig or self.kubeconfig}", *arguments],
            input=input,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig with a fresh token of the service account."""
        token = self.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=12h").strip()
        descriptor, path = tempfile.mkstemp(
            prefix=f"{namespace}-{name}-", suffix=".kubeconfig", dir=self.directory
        )
        with open(descriptor, "w"):
            return write_kubeconfig(Path(path), self.server, self.ca_file, token)

    def audit_position(self) -> int:
        """Where the audit log ends now; give it to `audit` to see only what comes after."""
        return self._audit_log.stat().st_size if self._audit_log.exists() else 0

    def audit(self, since: int = 0) -> list[AuditEntry]:
        """The requests that the API server has answered, but for those of the control plane itself."""
        return list(audit.read(self._audit_log, since))

    @cached_property
    def api(self) -> client.ApiClient:
        """A client with all rights."""
        loaded: client.ApiClient = config.new_client_from_config(str(self.kubeconfig))
        return loaded


def _answers(url: str, context: ssl.SSLContext | None = None, token: str = "") -> bool:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - a URL of ours
    try:
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:  # noqa: S310 - the same
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def apply_crds(plane: ControlPlane, folder: Path) -> None:
    """Apply all CRDs of `folder` and wait until they are served."""
    plane.kubectl("apply", "--server-side", f"--filename={folder}")
    plane.kubectl("wait", "--for=condition=Established", f"--filename={folder}", "--timeout=30s")

"""One control plane from its start to its end, and what tests ask of it: kubectl, kubeconfigs, the audit log."""

import os
import secrets
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

import httpx
from kubernetes import client

from testbed.controlplane import audit, binaries
from testbed.controlplane.audit import AuditEntry
from testbed.controlplane.credentials import Credentials, write_kubeconfig
from testbed.processes import Process, free_port, wait_for

_START_TIMEOUT = 60.0
_STOP_ORDER = ("kube-controller-manager", "kube-apiserver", "etcd")
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
        self.directory = directory.resolve()
        self._programs = binaries.ensure()
        self._kubectl = binaries.find(self._programs, "kubectl")
        self._credentials = Credentials.create(self.directory / "pki")
        self._port = free_port()
        self.server = f"https://127.0.0.1:{self._port}"
        self.ca_file = self._credentials.ca
        self.kubeconfig = self._kubeconfig("admin", self._credentials.admin_token)
        self._trust = ssl.create_default_context(cafile=self.ca_file)
        self._audit_log = self.directory / "audit.log"
        self._processes: dict[str, Process] = {}

    @classmethod
    @contextmanager
    def start(cls, directory: Path, *, controller_manager: bool = True) -> Iterator[Self]:
        """A control plane whose files are kept in `directory`; without its controllers it only stores."""
        plane = cls(directory)
        try:
            plane._start_etcd()
            plane.start_apiserver()
            if controller_manager:
                plane._start_controller_manager()
            yield plane
        finally:
            plane.stop()

    def _run(self, program: str, *arguments: str) -> Process:
        process = Process(
            [binaries.find(self._programs, program), *arguments],
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
        self._wait_until_answered(f"{self._etcd}/health", process)

    def start_apiserver(self) -> None:
        """Start the API server, on the same port as before if it was stopped, and wait until it is ready."""
        keys = self._credentials
        policy = self.directory / "audit-policy.yaml"
        policy.write_text(audit.POLICY)
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
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self._audit_log}",
            "--audit-log-maxsize=0",  # a log that rotates would lose its positions
            "--shutdown-watch-termination-grace-period=1s",  # else it waits a minute for those who watch
        )
        self._wait_until_answered(f"{self.server}/readyz", process)
        self._wait_until_answered(f"{self.server}/api/v1/namespaces/default", process)

    def _start_controller_manager(self) -> None:
        kubeconfig = self._kubeconfig("controller-manager", self._credentials.controller_manager_token)
        process = self._run(
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
        account = f"{self.server}/api/v1/namespaces/default/serviceaccounts/default"
        self._wait_until_answered(account, process)

    def stop_apiserver(self) -> None:
        """Stop the API server and wait until it is gone: while it drains it still holds its port."""
        self._processes.pop("kube-apiserver").stop()

    def restart_apiserver(self) -> None:
        """Stop the API server and start it again."""
        self.stop_apiserver()
        self.start_apiserver()

    def stop(self) -> None:
        """Stop everything."""
        for name in _STOP_ORDER:
            if process := self._processes.pop(name, None):
                process.stop()

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - as subprocess calls it
        check: bool = True,
        as_kubeconfig: Path | None = None,
    ) -> str:
        """What kubectl prints; with `check`, a failure is an error that quotes it."""
        # Neither what kubectl remembers of a server that had this port before, nor the user's preferences.
        private = {"KUBECACHEDIR": str(self.directory / "kubectl-cache"), "KUBERC": "off"}
        done = subprocess.run(
            [self._kubectl, f"--kubeconfig={as_kubeconfig or self.kubeconfig}", *arguments],
            input=input,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **private},
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A new kubeconfig with a fresh token of the service account, good for twelve hours."""
        token = self.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=12h").strip()
        return self._kubeconfig(f"{namespace}.{name}.{secrets.token_hex(4)}", token)

    def _kubeconfig(self, name: str, token: str) -> Path:
        return write_kubeconfig(self.directory / f"{name}.kubeconfig", self.server, self.ca_file, token)

    def audit_position(self) -> int:
        """Where the audit log ends now; give it to `audit` to see only what comes after."""
        return self._audit_log.stat().st_size if self._audit_log.exists() else 0

    def audit(self, since: int = 0) -> list[AuditEntry]:
        """The requests that have ended, but for those of the control plane itself.

        An entry may be written a moment after its answer; a watch has one when it ends.
        """
        return list(audit.read(self._audit_log, since))

    @cached_property
    def api(self) -> client.ApiClient:
        """A client with all rights."""
        settings = client.Configuration(
            host=self.server,
            ssl_ca_cert=str(self.ca_file),
            api_key={"authorization": self._credentials.admin_token},
            api_key_prefix={"authorization": "Bearer"},
        )
        settings.proxy = None  # the environment's is not for loopback
        return client.ApiClient(settings)

    def _wait_until_answered(self, url: str, process: Process) -> None:
        wait_for(lambda: self._answers(url), what=url, timeout=_START_TIMEOUT, process=process)

    def _answers(self, url: str) -> bool:
        login = {"Authorization": f"Bearer {self._credentials.admin_token}"}
        try:
            answer = httpx.get(url, headers=login, verify=self._trust, timeout=2, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.is_success


def apply_crds(plane: ControlPlane, folder: Path) -> None:
    """Apply all CRDs of `folder` and wait until they are served."""
    plane.kubectl("apply", "--server-side", f"--filename={folder}")
    plane.kubectl("wait", "--for=condition=Established", f"--filename={folder}", "--timeout=30s")

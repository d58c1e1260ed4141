"""What deploy/install.yaml holds, and an installation on a cluster: its Deployment, and the program that it asks for."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from kubernetes.client import AppsV1Api, CoreV1Api

from testbed.controlplane import ControlPlane
from testbed.processes import Process, free_port, wait_for

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "deploy" / "install.yaml"
PREFIX = "INFERENCE_OPERATOR_"


@functools.cache
def _manifest() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(MANIFEST.read_text()))


def objects(*kinds: str) -> list[dict[str, Any]]:
    """The objects of these kinds in deploy/install.yaml."""
    return [o for o in _manifest() if o["kind"] in kinds]


def access() -> str:
    """What of it gives the program its account and its rights, to be applied where it runs as a process."""
    return yaml.safe_dump_all(objects("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"))


@dataclass(frozen=True)
class Installation:
    """The operator's Deployment in a namespace, and what becomes of it where no kubelet runs it."""

    plane: ControlPlane
    namespace: str

    def deployments(self) -> list[dict[str, Any]]:
        """The Deployments there are: one, or none any more."""
        return self._listed(AppsV1Api(self.plane.api).list_namespaced_deployment)

    @property
    def pod_spec(self) -> dict[str, Any]:
        """The pod that the Deployment asks for."""
        (deployment,) = self.deployments()
        return dict(deployment["spec"]["template"]["spec"])

    @property
    def container(self) -> dict[str, Any]:
        """Its container."""
        (container,) = self.pod_spec["containers"]
        return dict(container)

    def pod(self) -> dict[str, Any]:
        """The pod, once the controllers have made it after the newest template."""
        wanted = self.container["env"]

        def made() -> dict[str, Any] | None:
            pods = self._listed(CoreV1Api(self.plane.api).list_namespaced_pod)
            return next((p for p in pods if p["spec"]["containers"][0]["env"] == wanted), None)

        try:
            return wait_for(made, what="the pod", timeout=20)
        except TimeoutError as error:
            sets = self._listed(AppsV1Api(self.plane.api).list_namespaced_replica_set)
            raise TimeoutError(f"{error}: {[s['status'] for s in sets]}") from None

    def _listed(self, call: Callable[[str], Any]) -> list[dict[str, Any]]:
        """What the API lists in the namespace, as manifests."""
        listed = self.plane.api.sanitize_for_serialization(call(self.namespace))  # type: ignore[no-untyped-call]  # the package is typed but for this
        return list(listed["items"])

    def environment(self) -> dict[str, str]:
        """The container's environment, which has values only."""
        return {variable["name"]: variable.get("value", "") for variable in self.container["env"]}

    @contextmanager
    def running(self, directory: Path) -> Iterator[httpx.Client]:
        """The program as a process with the container's arguments, environment and account, once its probe succeeds.

        Only its address is not the pod's. Yields a client for its port.
        """
        port = free_port()
        pod, container = self.pod_spec, self.container
        kubeconfig = self.plane.service_account_kubeconfig(self.namespace, pod["serviceAccountName"])
        process = Process(
            [sys.executable, "-m", "inference_operator", *container["args"]],
            log=directory / "operator.log",
            name="operator",
            env={
                **{k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"},  # some Pythons need it
                **self.environment(),
                f"{PREFIX}HTTP_HOST": "127.0.0.1",
                f"{PREFIX}HTTP_PORT": str(port),
                "KUBECONFIG": str(kubeconfig),
                "PYTHONPATH": str(ROOT / "operator"),
            },
            cwd=directory,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=5) as client:
                ready = container["readinessProbe"]["httpGet"]["path"]
                wait_for(lambda: _succeeds(client, ready), what="the operator", timeout=60, process=process)
                yield client
        finally:
            process.stop(grace=pod["terminationGracePeriodSeconds"])


def _succeeds(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).is_success
    except httpx.TransportError:
        return False

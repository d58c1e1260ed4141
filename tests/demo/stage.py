"""The set of the story: a control plane, an Elasticsearch with its provider, the operator; and what a person does there."""

import base64
import json
import secrets
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from kubernetes.client import ApiException, CustomObjectsApi

from demo import cluster, narration
from demo.cluster import Cluster
from testbed.controlplane import ControlPlane, apply_crds
from testbed.running_operator import RunningOperator

CRDS = Path(__file__).parents[2] / "crds"
NAMESPACE = "demo"
_VERSION = "jsonpath={.metadata.resourceVersion}"
SCALE = 0.1
"""What the operator multiplies every interval with, so that nobody has to wait for them."""


@dataclass
class Stage:
    """Everything that runs, and how a person looks at it and acts on it."""

    folder: Path
    plane: ControlPlane
    cluster: Cluster
    operator: RunningOperator
    prefix: str
    names: dict[str, str] = field(default_factory=dict, repr=False)
    """The name of each secret value that was made up."""

    def new_key(self, name: str, *, refused: bool = False) -> str:
        """Make up a provider's key, which from now on is shown by its name only."""
        value = f"sk-demo-{secrets.token_urlsafe(24)}"
        self.names[value] = name
        self.cluster.name_key(value, name, refused=refused)
        return value

    def kubectl(self, *arguments: str, shown: str | None = None, **options: Any) -> str:
        """Run kubectl in the story's namespace and show the command; `shown` in place of what must stay secret."""
        narration.command(f"kubectl {shown or ' '.join(map(_quoted, arguments))}")
        return self.plane.kubectl(f"--namespace={NAMESPACE}", *arguments, **options)

    def see(self, *arguments: str) -> str:
        """Run kubectl and show what it prints."""
        output = self.kubectl(*arguments)
        narration.show(output or "(nothing)")
        return output

    def elasticsearch(self, method: str, path: str, body: object = None) -> Any:
        """Ask Elasticsearch as a person with all rights would, and show the request; the body of its answer."""
        answer = self._ask(method, path, body)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: Elasticsearch answers {answer.status_code}: {answer.text}")
        return answer.json()

    def embed(self, name: str) -> int:
        """Ask for an embedding, and show with what status Elasticsearch answers."""
        answer = self._ask("POST", f"/_inference/text_embedding/{name}", {"input": "still there?"})
        narration.show(f"HTTP {answer.status_code}")
        return answer.status_code

    def _ask(self, method: str, path: str, body: object) -> httpx.Response:
        data = "" if body is None else f" -d '{json.dumps(body)}'"
        narration.command(f"curl -X {method} $ELASTICSEARCH{path}{data}")
        return self.cluster.server.admin.request(method, path, json=body)

    def stored(self, name: str) -> dict[str, Any] | None:
        """The endpoint as Elasticsearch returns it, or nothing."""
        answer = self.cluster.server.admin.get(f"/_inference/{name}")
        if answer.status_code == 404:
            return None
        return dict(answer.raise_for_status().json()["endpoints"][0])

    def resource(self, name: str) -> dict[str, Any] | None:
        """The InferenceEndpoint as Kubernetes holds it, or nothing."""
        api = CustomObjectsApi(self.plane.api)
        try:
            found = api.get_namespaced_custom_object(
                "es-inference.dev", "v1alpha1", NAMESPACE, "inferenceendpoints", name
            )
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return cast("dict[str, Any]", found)

    def condition(self, name: str, kind: str) -> dict[str, str]:
        """One condition of an InferenceEndpoint; empty while it is not there."""
        status = (self.resource(name) or {}).get("status", {})
        return next((dict(c) for c in status.get("conditions", []) if c["type"] == kind), {})

    def is_live(self, name: str, secret: str) -> bool:
        """Whether the status names the newest version of the Secret as the one in force."""
        newest = self.plane.kubectl(
            f"--namespace={NAMESPACE}", "get", "secret", secret, f"--output={_VERSION}"
        )
        live = (self.resource(name) or {}).get("status", {}).get("secrets", [])
        return newest in [entry["resourceVersion"] for entry in live]

    def trouble(self) -> list[str]:
        """The last lines in which the operator warned."""
        lines = self.operator.log_lines()
        return [f"{r['level']}: {r['message']}" for r in lines if r["level"] in {"warning", "error"}][-5:]

    def spoken(self) -> str:
        """Everything that the operator has said to anybody: its log, its metrics, objects and events."""
        kinds = "inferenceendpoints,elasticsearchconnections,events"
        objects = self.plane.kubectl("get", kinds, "--all-namespaces", "--output=json")
        return f"{self.operator.log.read_text()}\n{self.operator.metrics()}\n{objects}"

    def leaked(self) -> list[str]:
        """The names of the keys that occur in what it has said, as they are or in base64."""
        spoken = self.spoken()
        values = {**self.names, self.cluster.server.api_key: "Elasticsearch API key"}
        forms = {v: (v, base64.b64encode(v.encode()).decode()) for v in values}
        return [values[value] for value, written in forms.items() if any(w in spoken for w in written)]


def _quoted(argument: str) -> str:
    return f"'{argument}'" if set(argument) & set(' {}[]()"*?$') else argument


@contextmanager
def build() -> Iterator[Stage]:
    """Start everything; whatever happens, nothing of it is left at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inference-operator-demo-")))
        prefix = f"demo-{secrets.token_hex(3)}-" if cluster.is_given() else ""
        parts = {name: folder / name for name in ("control-plane", "cluster", "operator")}
        for part in parts.values():
            part.mkdir()
        # Elasticsearch starts in this thread, which Ctrl-C reaches, as it takes longest.
        pool, beside = stack.enter_context(ThreadPoolExecutor(max_workers=1)), ExitStack()
        starting = pool.submit(_start_plane, beside, parts["control-plane"])
        stack.callback(beside.close)
        stack.callback(wait, [starting])
        elasticsearch = stack.enter_context(cluster.start(parts["cluster"], narration.progress))
        if cluster.is_given():
            stack.callback(_tidy, elasticsearch, prefix)
        plane = starting.result()
        operator = stack.enter_context(_start_operator(parts["operator"], plane, elasticsearch))
        yield Stage(folder, plane, elasticsearch, operator, prefix)
        narration.progress("stopping everything")


def _start_plane(stack: ExitStack, folder: Path) -> ControlPlane:
    begin = time.monotonic()
    narration.progress("control plane: starting etcd, kube-apiserver and kube-controller-manager")
    plane = stack.enter_context(ControlPlane.start(folder))
    apply_crds(plane, CRDS)
    plane.kubectl("create", "namespace", NAMESPACE)
    narration.progress(f"control plane: ready after {time.monotonic() - begin:.0f} s, with the CRDs applied")
    return plane


@contextmanager
def _start_operator(folder: Path, plane: ControlPlane, elasticsearch: Cluster) -> Iterator[RunningOperator]:
    begin = time.monotonic()
    url = urlsplit(elasticsearch.server.url)
    with RunningOperator.start(
        folder, plane, interval_scale=SCALE, allowed_hosts=url.hostname, allow_http=url.scheme == "http"
    ) as operator:
        account = "its own ServiceAccount, with the rights of deploy/install.yaml"
        narration.progress(f"operator: ready after {time.monotonic() - begin:.0f} s, as {account}")
        yield operator


def _tidy(elasticsearch: Cluster, prefix: str) -> None:
    """Remove from a given server what is ours; the operator has stopped by now and puts nothing back."""
    admin = elasticsearch.server.admin
    admin.delete(f"/{prefix}articles")
    for endpoint in admin.get("/_inference/_all").raise_for_status().json()["endpoints"]:
        if endpoint["inference_id"].startswith(prefix):
            admin.delete(f"/_inference/{endpoint['inference_id']}", params={"force": "true"})

"""A namespace of its own for one test: what is applied there, and what becomes of it."""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from typing import Any, Self, TypeVar

from kubernetes.client import CoreV1Api, CustomObjectsApi, V1Namespace, V1ObjectMeta
from kubernetes.client.exceptions import ApiException
from kubernetes.watch import Watch

from testbed import kstatus
from testbed.builders import API_VERSION, Connection, Manifest, Manifests, as_list, endpoint, secret
from testbed.controlplane import ControlPlane
from testbed.processes import wait_for

T = TypeVar("T")

ENDPOINTS = "inferenceendpoints"
CONNECTIONS = "elasticsearchconnections"
RECONCILE_REQUESTED_AT = "es-inference.dev/reconcile-requested-at"
RELEASE = "es-inference.dev/release"
PATIENCE = 20.0  # seconds; everything here takes one or two, on a machine that has nothing else to do
_MARKER = "end-of-history"
_NO_AUTH = {"auth": {"bearerToken": {"secretKeyRef": {"name": "none", "key": "none"}}}}
_MARKERS = {  # objects with which the operator has nothing to do
    ENDPOINTS: endpoint(_MARKER, service="none").with_spec(suspend=True).manifests()[0],
    CONNECTIONS: Connection(_MARKER, "https://nowhere.invalid", secret("none"), None, _NO_AUTH).alone(),
}


class World:
    """One namespace; names are those of endpoints unless `plural` says otherwise."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.namespace = namespace
        self._plane = plane
        self._objects = CustomObjectsApi(plane.api)
        self.core = CoreV1Api(plane.api)

    @classmethod
    @contextmanager
    def create(cls, plane: ControlPlane, *, tampered: bool = False) -> Iterator[Self]:
        """A new namespace; at the end all that was ever said in it is checked, and its objects go at once.

        `tampered`: the test itself writes what is not sound, so that is not checked.
        """
        world = cls(plane, f"test-{secrets.token_hex(4)}")
        begin = world._create()
        try:
            yield world
            if not tampered:
                world._check_history(begin)
        finally:
            world._remove()

    # What a user does

    def kubectl(self, *arguments: str, input: str | None = None, check: bool = True) -> str:  # noqa: A002 - as ControlPlane calls it
        """Run kubectl in the namespace."""
        return self._plane.kubectl(f"--namespace={self.namespace}", *arguments, input=input, check=check)

    def apply(self, *things: Manifests) -> None:
        """Apply all of them, as a user would."""
        self.kubectl("apply", "--server-side", "--filename=-", input=as_list(things))

    def change(self, name: str, plural: str = ENDPOINTS, **spec: Any) -> None:
        """Merge these fields into the spec; None removes one."""
        self._patch(name, {"spec": spec}, plural)

    def annotate(self, name: str, annotation: str, value: str, plural: str = ENDPOINTS) -> None:
        """Set one annotation."""
        self._patch(name, {"metadata": {"annotations": {annotation: value}}}, plural)

    def label(self, name: str, plural: str = ENDPOINTS, **labels: str) -> None:
        """Set labels."""
        self._patch(name, {"metadata": {"labels": labels}}, plural)

    def resync(self, name: str, plural: str = ENDPOINTS) -> None:
        """Ask for a reconcile."""
        self.annotate(name, RECONCILE_REQUESTED_AT, str(time.time_ns()), plural)

    def release(self, name: str) -> None:
        """Let the resource go, and leave what it made in Elasticsearch."""
        self.annotate(name, RELEASE, "true")

    def change_secret(self, name: str, **values: str) -> float:
        """Put values into a Secret; the time just before that."""
        before = time.time()
        self.core.patch_namespaced_secret(name, self.namespace, {"stringData": values})
        return before

    def delete(self, name: str, plural: str = ENDPOINTS) -> None:
        """Delete an object of ours, without waiting until it is gone."""
        self._objects.delete_namespaced_custom_object(*self._path(plural), name)

    def secret_version(self, name: str) -> str:
        """The resourceVersion of a Secret."""
        found: Any = self.core.read_namespaced_secret(name, self.namespace)
        return str(found.metadata.resource_version)

    def delete_secret(self, name: str) -> None:
        """Delete a Secret."""
        self.core.delete_namespaced_secret(name, self.namespace)

    # What a user sees

    def find(self, name: str, plural: str = ENDPOINTS) -> Manifest | None:
        """The object, if it is there; its status is checked against the rules of kstatus whenever it is looked at."""
        try:
            found: Any = self._objects.get_namespaced_custom_object(*self._path(plural), name)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        kstatus.check(found)
        return dict(found)

    def get(self, name: str, plural: str = ENDPOINTS) -> Manifest:
        """The object, which must be there."""
        found = self.find(name, plural)
        assert found is not None, f"there is no {plural}/{name}"
        return found

    def all(self) -> list[Manifest]:
        """All our objects in the namespace."""
        return [*self._list(CONNECTIONS), *self._list(ENDPOINTS)]

    def status(self, name: str, plural: str = ENDPOINTS) -> Mapping[str, Any]:
        """The status of an object."""
        return dict(self.get(name, plural).get("status") or {})

    def condition(self, name: str, kind: str, plural: str = ENDPOINTS) -> Mapping[str, Any]:
        """One condition; empty if it is not there."""
        found = self.status(name, plural).get("conditions", [])
        return next((dict(c) for c in found if c["type"] == kind), {})

    def events(self, name: str) -> list[str]:
        """The reasons of the events about an object, oldest first."""
        found: Any = self.core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={name}"
        )
        return [event.reason for event in sorted(found.items, key=lambda e: int(e.metadata.resource_version))]

    # Waiting

    def wait(self, so: Callable[[], T | None], what: str, name: str, plural: str = ENDPOINTS) -> T:
        """The first true result of `so`; a timeout tells how the object looks then."""
        try:
            return wait_for(so, what=what, timeout=PATIENCE)
        except TimeoutError as error:
            seen = self.find(name, plural)
            raise TimeoutError(f"{error}\n{seen and seen.get('status')}") from None

    def wait_condition(
        self, name: str, kind: str, reason: str, plural: str = ENDPOINTS, *, status: str | None = None
    ) -> Mapping[str, Any]:
        """The condition once it gives this reason (and status) for the newest generation."""

        def reached() -> Mapping[str, Any] | None:
            found = self.get(name, plural)
            conditions = (found.get("status") or {}).get("conditions", [])
            return next((dict(c) for c in conditions if matches(c, found["metadata"]["generation"])), None)

        def matches(condition: Mapping[str, Any], generation: int) -> bool:
            return (
                condition["type"] == kind
                and condition["reason"] == reason
                and condition["observedGeneration"] == generation
                and status in (None, condition["status"])
            )

        return self.wait(reached, f"{name}: {kind} with {reason}", name, plural)

    def wait_ready(self, name: str) -> Mapping[str, Any]:
        """The status once the newest generation is Ready and Synced."""
        self.wait_condition(name, "Ready", "Synced", status="True")
        return self.status(name)

    def wait_connected(self, name: str = "main") -> Mapping[str, Any]:
        """The status of a connection once it is Ready."""
        self.wait_condition(name, "Ready", "Connected", CONNECTIONS, status="True")
        return self.status(name, CONNECTIONS)

    def wait_reason(self, name: str, reason: str, plural: str = ENDPOINTS) -> Mapping[str, Any]:
        """`Ready` once it gives this reason for the newest generation."""
        return self.wait_condition(name, "Ready", reason, plural)

    def wait_blocked(self, name: str, reason: str, plural: str = ENDPOINTS) -> Mapping[str, Any]:
        """`DeletionBlocked` once it gives this reason."""
        return self.wait_condition(name, "DeletionBlocked", reason, plural)

    def wait_live(self, name: str, secret: str) -> None:
        """Wait until the status names the newest version of the Secret as the one in force."""
        version = self.secret_version(secret)
        live = partial(self._is_live, name, version)
        self.wait(live, f"version {version} of secret {secret} is in force", name)

    def wait_event(self, name: str, reason: str) -> None:
        """Wait for an event, which may come a moment after what it tells of."""
        self.wait(lambda: reason in self.events(name), f"event {reason} about {name}", name)

    def wait_gone(self, name: str, plural: str = ENDPOINTS) -> None:
        """Wait until the object is gone."""
        self.wait(lambda: self.find(name, plural) is None, f"{plural}/{name} is gone", name, plural)

    def _is_live(self, name: str, version: str) -> bool:
        return version in [entry["resourceVersion"] for entry in self.status(name).get("secrets", [])]

    def _path(self, plural: str) -> tuple[str, str, str, str]:
        group, version = API_VERSION.split("/")
        return group, version, self.namespace, plural

    def _list(self, plural: str) -> list[Manifest]:
        answer: Any = self._objects.list_namespaced_custom_object(*self._path(plural))
        return list(answer["items"])

    def _patch(self, name: str, body: Manifest, plural: str) -> None:
        self._objects.patch_namespaced_custom_object(*self._path(plural), name, body=body)

    def _create(self) -> str:
        metadata = V1ObjectMeta(name=self.namespace)
        made: Any = self.core.create_namespace(V1Namespace(metadata=metadata))
        return str(made.metadata.resource_version)

    def _check_history(self, begin: str) -> None:
        """Every status that was ever written here must be sound, however briefly it stood."""
        for plural, marker in _MARKERS.items():
            try:
                self._objects.create_namespaced_custom_object(*self._path(plural), body=marker)
                for seen in self._history(plural, begin):
                    kstatus.check(seen)
            except ApiException as error:
                if error.status not in {404, 410}:  # the namespace is gone, or the API server began anew
                    raise

    def _history(self, plural: str, begin: str) -> Iterator[Manifest]:
        """All versions of all objects, up to the marker."""
        events = Watch().stream(  # type: ignore[no-untyped-call]  # the package is typed but for this
            self._objects.list_namespaced_custom_object,
            *self._path(plural),
            resource_version=begin,
            timeout_seconds=10,
        )
        objects = (event["object"] for event in events)
        return takewhile(lambda found: found["metadata"]["name"] != _MARKER, objects)

    def _remove(self) -> None:
        """Take everything away without anybody's consent: what a test left behind must not disturb the next one."""
        for plural in (ENDPOINTS, CONNECTIONS):
            self._objects.delete_collection_namespaced_custom_object(*self._path(plural))
            for item in self._list(plural):
                with contextlib.suppress(ApiException):  # gone meanwhile
                    self._patch(item["metadata"]["name"], {"metadata": {"finalizers": None}}, plural)
        with contextlib.suppress(ApiException):  # deleted by the test
            self.core.delete_namespace(self.namespace)

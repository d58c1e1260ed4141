"""The operator's own Kubernetes calls: list, get, guarded patches, Secrets, events. Kopf does the watching.

They use the package's client for connection and login and its plain JSON for the rest: its models for the core
API alone would cost 28 MB and a second at every start.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import aiohttp
from kubernetes.aio import client, config

from inference_operator.api.schema import GROUP, VERSION
from inference_operator.errors import Reason, Transient
from inference_operator.objects import Key, Kind, Raw, Secret, decoded

FIELD_MANAGER = "inference-operator"
PAGE = 100
"""Objects per page of a listing."""
SECRET_SELECTOR = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"  # noqa: S105 - a field selector
"""Leaves out the Secrets that no endpoint can mean: Helm's releases and service-account tokens."""
_JSON = "application/json"
_JSON_PATCH = "application/json-patch+json"
_REQUEST_TIMEOUT = 15.0  # seconds


class Conflict(Transient):
    """The object changed meanwhile; it must be read anew."""

    def __init__(self) -> None:
        super().__init__(Reason.CHANGED_MEANWHILE, "the resource changed while it was worked on")


class Kube:
    """The API server, as the operator's ServiceAccount sees it. Writes pass `may_write` first."""

    def __init__(self, api: client.ApiClient, may_write: Callable[[], bool]) -> None:
        self._api = api
        self.may_write = may_write

    def list_objects(self, kind: Kind) -> AsyncIterator[Raw]:
        """Every object of `kind`, page by page."""
        return self._list(f"/apis/{GROUP}/{VERSION}/{kind.plural}", {})

    def list_secrets(self) -> AsyncIterator[Raw]:
        """Every Secret that an endpoint could mean, page by page."""
        return self._list("/api/v1/secrets", {"fieldSelector": SECRET_SELECTOR})

    async def _list(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Raw]:
        token = ""
        while True:
            paging = {"limit": str(PAGE), **({"continue": token} if token else {})}
            page = await self._request("GET", path, query={**query, **paging})
            if page is None:
                raise Transient(Reason.KUBERNETES_UNAVAILABLE, "the CRDs are not installed; apply crds/")
            for item in page["items"]:
                yield item
            token = page["metadata"].get("continue", "")
            if not token:
                return

    async def get(self, key: Key) -> Raw | None:
        """The object as it is now, or None."""
        found: Raw | None = await self._request("GET", _path(key))
        return found

    async def read(self, namespace: str, name: str) -> Secret | None:
        """A Secret as it is now, or None.

        Raises:
            Transient: the operator may not read it.
        """
        try:
            secret = await self._request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
        except _Forbidden:
            # Also what an API server says for a moment after its start; so it is not told at once.
            raise Transient(
                Reason.SECRET_FORBIDDEN,
                f"the operator may not read Secret {name!r} in namespace {namespace!r}; grant its ServiceAccount `get`",
            ) from None
        if secret is None:
            return None
        metadata = secret["metadata"]
        return Secret(metadata["uid"], metadata["resourceVersion"], decoded(secret.get("data") or {}))

    async def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """The data of a ConfigMap, or None."""
        found = await self._request("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}")
        return None if found is None else found.get("data") or {}

    async def patch_finalizers(self, key: Key, raw: Raw, finalizers: Sequence[str]) -> Raw | None:
        """Set the finalizers of exactly this version of the object; None if it is gone.

        Raises:
            Conflict: the object is another, or has changed.
        """
        change = {"op": "add", "path": "/metadata/finalizers", "value": list(finalizers)}
        return await self._write("PATCH", _path(key), [*_same_version(raw), change], _JSON_PATCH)

    async def patch_status(
        self, key: Key, raw: Raw, status: Raw, *, same_version: bool = False
    ) -> Raw | None:
        """Replace the status of this object, or with `same_version` of exactly this version of it; None if it is gone.

        Raises:
            Conflict: the object is another, or has changed.
        """
        tests = _same_version(raw) if same_version else _same_version(raw)[:1]
        change = {"op": "add", "path": "/status", "value": status}
        return await self._write("PATCH", f"{_path(key)}/status", [*tests, change], _JSON_PATCH)

    async def post_event(self, namespace: str, event: Raw) -> None:
        """Post an event; `event` is a whole core/v1 Event."""
        await self._write("POST", f"/api/v1/namespaces/{namespace}/events", event, _JSON)

    async def _write(self, method: str, path: str, body: Any, content_type: str) -> Raw | None:
        """Every write to Kubernetes passes here."""
        if not self.may_write():
            raise fenced()
        query = {"fieldManager": FIELD_MANAGER}
        written: Raw | None = await self._request(
            method, path, query=query, body=body, content_type=content_type
        )
        return written

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = _JSON,
    ) -> Any:
        """The parsed answer, or None if there is no such object."""
        try:
            request = await self._api.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": _JSON, "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
            )
            response = await self._api.call_api(*request, _request_timeout=_REQUEST_TIMEOUT)
            answer = json.loads(await response.read())  # type: ignore[no-untyped-call]  # the package leaves it without types
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise Transient(Reason.KUBERNETES_UNAVAILABLE, "the Kubernetes API does not answer") from None
        if response.status == 404:
            return None
        if response.status >= 400:
            raise _failure(response.status, answer)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()  # type: ignore[no-untyped-call]  # the same


def fenced() -> Transient:
    """The error of a write that this process may not make now."""
    return Transient(Reason.KUBERNETES_UNAVAILABLE, "this operator may not write now")


class _Forbidden(Transient):
    """The operator's ServiceAccount may not do this."""


def _failure(status: int, answer: Mapping[str, Any]) -> Transient:
    # A failed test of a JSON patch is a 422 without causes; with causes, the object is one that the schema refuses.
    causes = (answer.get("details") or {}).get("causes")
    if status == 409 or (status == 422 and not causes):
        return Conflict()
    if status == 403:
        text = "the operator's ServiceAccount may not do this; compare its rights with deploy/install.yaml"
        return _Forbidden(Reason.KUBERNETES_UNAVAILABLE, text)
    fields = ", ".join(str(c.get("field")) for c in causes or [])
    detail = f" (fields {fields})" if fields else ""
    return Transient(
        Reason.KUBERNETES_UNAVAILABLE, f"the Kubernetes API answers with status {status}{detail}"
    )


def _path(key: Key) -> str:
    return f"/apis/{GROUP}/{VERSION}/namespaces/{key.namespace}/{key.kind.plural}/{key.name}"


def _same_version(raw: Raw) -> list[dict[str, Any]]:
    metadata = raw["metadata"]
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
    ]


async def connect(may_write: Callable[[], bool]) -> Kube:
    """The API server that the pod's ServiceAccount, or else KUBECONFIG, leads to."""
    # Else aiohttp looks for proxies and ~/.netrc at every request, in a thread; a kubeconfig can name a proxy itself.
    configuration = client.Configuration(client_session_kwargs={"trust_env": False})
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the same
    except config.ConfigException:
        await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the same
    return Kube(client.ApiClient(configuration), may_write)

"""The operator's own Kubernetes calls: list, get, guarded patches, Secrets, events. Kopf does the watching."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import aiohttp
from kubernetes.aio import client, config
from kubernetes.aio.client.exceptions import ApiException

from inference_operator.api.schema import GROUP, VERSION
from inference_operator.errors import Reason, Transient, Waiting
from inference_operator.objects import Key, Kind, Raw, Secret, decoded

FIELD_MANAGER = "inference-operator"
PAGE = 100
"""Objects per page of a listing."""
SECRET_SELECTOR = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"  # noqa: S105 - a field selector
"""Leaves out the Secrets that no endpoint can mean: Helm's releases and service-account tokens."""
_JSON_PATCH = "application/json-patch+json"
_REQUEST_TIMEOUT = 15.0  # seconds
_FORBIDDEN_RETRY = 60.0  # seconds; no event tells of a granted right


class Conflict(Transient):
    """The object changed meanwhile; it must be read anew."""

    def __init__(self) -> None:
        super().__init__(Reason.CHANGED_MEANWHILE, "the resource changed while it was worked on")


class Kube:
    """The API server, as the operator's ServiceAccount sees it. Writes pass `may_write` first."""

    def __init__(self, api: client.ApiClient, may_write: Callable[[], bool]) -> None:
        self._api = api
        self._custom = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)
        self.may_write = may_write

    async def list_objects(self, kind: Kind) -> AsyncIterator[Raw]:
        """Every object of `kind`, page by page."""
        token: str | None = None
        while True:
            page: Any = await self._call(
                self._custom.list_cluster_custom_object(
                    GROUP,
                    VERSION,
                    kind.plural,
                    limit=PAGE,
                    _continue=token,
                    _request_timeout=_REQUEST_TIMEOUT,
                )
            )
            for item in page["items"]:
                yield item
            token = page["metadata"].get("continue")
            if not token:
                return

    async def list_secrets(self) -> AsyncIterator[Raw]:
        """Every Secret that an endpoint could mean, page by page."""
        token: str | None = None
        while True:
            page = await self._call(
                self._core.list_secret_for_all_namespaces(
                    limit=PAGE,
                    _continue=token,
                    field_selector=SECRET_SELECTOR,
                    _request_timeout=_REQUEST_TIMEOUT,
                )
            )
            for item in page.items:
                yield {
                    "metadata": {
                        "namespace": item.metadata.namespace,
                        "name": item.metadata.name,
                        "uid": item.metadata.uid,
                        "resourceVersion": item.metadata.resource_version,
                    },
                    "data": item.data or {},
                }
            token = page.metadata.var_continue
            if not token:
                return

    async def get(self, key: Key) -> Raw | None:
        """The object as it is now, or None."""
        found: Any = await self._found(
            self._custom.get_namespaced_custom_object(
                GROUP, VERSION, key.namespace, key.kind.plural, key.name, _request_timeout=_REQUEST_TIMEOUT
            )
        )
        return found if isinstance(found, Mapping) else None

    async def read(self, namespace: str, name: str) -> Secret | None:
        """A Secret as it is now, or None.

        Raises:
            Waiting: the operator may not read it.
        """
        try:
            secret = await self._found(
                self._core.read_namespaced_secret(name, namespace, _request_timeout=_REQUEST_TIMEOUT)
            )
        except _Forbidden:
            raise Waiting(
                Reason.SECRET_FORBIDDEN,
                f"the operator may not read Secret {name!r} in namespace {namespace!r}; grant its ServiceAccount `get`",
                retry_after=_FORBIDDEN_RETRY,
            ) from None
        if secret is None:
            return None
        return Secret(secret.metadata.uid, secret.metadata.resource_version, decoded(secret.data or {}))

    async def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """The data of a ConfigMap, or None."""
        found = await self._found(
            self._core.read_namespaced_config_map(name, namespace, _request_timeout=_REQUEST_TIMEOUT)
        )
        return None if found is None else found.data or {}

    async def patch_finalizers(self, key: Key, raw: Raw, finalizers: Sequence[str]) -> Raw | None:
        """Set the finalizers of exactly this version of the object; None if that made it vanish.

        Raises:
            Conflict: the object is another, or has changed.
        """
        operations = [
            *_same_version(raw),
            {"op": "add", "path": "/metadata/finalizers", "value": list(finalizers)},
        ]
        return await self._patch(self._custom.patch_namespaced_custom_object, key, operations)

    async def patch_status(
        self, key: Key, raw: Raw, status: Raw, *, same_version: bool = False
    ) -> Raw | None:
        """Replace the status of this object, or with `same_version` of exactly this version of it.

        Raises:
            Conflict: the object is another, or has changed.
        """
        tests = _same_version(raw) if same_version else _same_version(raw)[:1]
        operations = [*tests, {"op": "add", "path": "/status", "value": status}]
        return await self._patch(self._custom.patch_namespaced_custom_object_status, key, operations)

    async def _patch(
        self, call: Callable[..., Any], key: Key, operations: list[dict[str, Any]]
    ) -> Raw | None:
        self._fence()
        result: Any = await self._found(
            call(
                GROUP,
                VERSION,
                key.namespace,
                key.kind.plural,
                key.name,
                operations,
                field_manager=FIELD_MANAGER,
                _content_type=_JSON_PATCH,
                _request_timeout=_REQUEST_TIMEOUT,
            )
        )
        return result if isinstance(result, Mapping) else None

    async def post_event(self, namespace: str, event: Raw) -> None:
        """Post an event; `event` is a whole core/v1 Event."""
        self._fence()
        await self._call(
            self._core.create_namespaced_event(
                namespace,
                dict(event),  # type: ignore[arg-type]  # a plain object is sent as it is
                _request_timeout=_REQUEST_TIMEOUT,
            )
        )

    def _fence(self) -> None:
        if not self.may_write():
            raise fenced()

    async def _found(self, call: Any) -> Any:
        """The result of `call`, or None where there is no such object."""
        try:
            return await self._call(call)
        except _NotFound:
            return None

    async def _call(self, call: Any) -> Any:
        try:
            return await call
        except ApiException as error:
            raise _translated(error.status) from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Transient(Reason.KUBERNETES_UNAVAILABLE, "the Kubernetes API does not answer") from None

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()  # type: ignore[no-untyped-call]  # the package leaves it without types


def fenced() -> Transient:
    """The error of a write that this process may not make now."""
    return Transient(Reason.KUBERNETES_UNAVAILABLE, "this operator may not write now")


class _NotFound(Exception):
    pass


class _Forbidden(Transient):
    """The operator's ServiceAccount may not do this."""


def _translated(status: int | None) -> Exception:
    if status == 404:
        return _NotFound()
    if status in {409, 422}:
        return Conflict()
    if status == 403:
        text = "the operator's ServiceAccount may not do this; compare its rights with deploy/rbac"
        return _Forbidden(Reason.KUBERNETES_UNAVAILABLE, text)
    return Transient(Reason.KUBERNETES_UNAVAILABLE, f"the Kubernetes API answers with status {status}")


def _same_version(raw: Raw) -> list[dict[str, Any]]:
    metadata = raw["metadata"]
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
    ]


async def connect(may_write: Callable[[], bool]) -> Kube:
    """The API server that the pod's ServiceAccount, or else KUBECONFIG, leads to."""
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the same
    except config.ConfigException:
        await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the same
    return Kube(client.ApiClient(configuration), may_write)

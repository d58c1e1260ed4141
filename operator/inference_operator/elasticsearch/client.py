"""The inference API of one cluster, as the operator uses it: identify, get, create, update, delete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from inference_operator.capabilities import Capabilities, of, supported
from inference_operator.deployment import Start
from inference_operator.elasticsearch.answers import ROLE_HINT, Answer, failure, is_absent
from inference_operator.elasticsearch.deployments import start_failure, start_request, statistics
from inference_operator.elasticsearch.transport import Transport
from inference_operator.errors import Reason, ReconcileError, Stalled
from inference_operator.governor import Governor
from inference_operator.services import SILENT, Services, parse

GRACE = 10.0
"""Seconds that a call may take beyond the time that the server is given."""
_SHORT = 20.0  # seconds for calls in which no provider is involved
_ASIDE = 5.0  # seconds for what can be done without
_NEEDED = ("manage_inference", "monitor")
_TOO_MUCH = ("all", "manage_security")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which Elasticsearch it is."""

    cluster_name: str
    cluster_uuid: str
    version: str
    flavor: str
    services: Services | None = field(default=None, compare=False)
    """What it says about its services; None while that is not known."""

    @property
    def capabilities(self) -> Capabilities:
        """What this version can do."""
        return of(self.version, self.flavor)


@dataclass(frozen=True, slots=True)
class Uses:
    """Who uses an endpoint."""

    pipelines: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pipelines or self.indices)

    def __str__(self) -> str:
        kinds = (("indices", self.indices), ("pipelines", self.pipelines))
        return " and ".join(f"{kind} {', '.join(names)}" for kind, names in kinds if names)


async def identify(transport: Transport) -> Identity:
    """Which Elasticsearch answers; asked before any provider key is sent to it.

    Raises:
        ReconcileError: it is not Elasticsearch, is too old, or does not let us in.
    """
    body = _checked(await transport.send("GET", "/", deadline=_SHORT))
    version = body.get("version")
    if not isinstance(version, Mapping):
        raise _unexpected()
    identity = Identity(
        str(body.get("cluster_name", "")),
        str(body.get("cluster_uuid", "")),
        str(version.get("number", "")),
        "serverless" if version.get("build_flavor") == "serverless" else "default",
    )
    if identity.cluster_uuid in {"", "_na_"}:
        raise Stalled(Reason.NOT_ELASTICSEARCH, "the cluster has no UUID yet; is it formed?")
    if not supported(identity.version, identity.flavor):
        raise Stalled(
            Reason.UNSUPPORTED_VERSION, f"elasticsearch {identity.version} is older than 8.18; upgrade it"
        )
    return identity


async def list_services(transport: Transport) -> Services | None:
    """What the cluster says about its services; None if it should be asked again. No answer is a failure here.

    Serverless clusters do not tell (410), and credentials may not be allowed to ask.
    """
    try:
        answer = await transport.send("GET", "/_inference/_services", deadline=_ASIDE)
    except Stalled:
        return SILENT
    except ReconcileError:
        return None
    if answer.status == 200:
        return parse(answer.body)
    return None if answer.status in {408, 429} or answer.status >= 500 else SILENT


async def check_privileges(transport: Transport) -> list[str]:
    """The privileges that are far beyond what is needed.

    Raises:
        Stalled: a needed one is missing.
    """
    answer = await transport.send(
        "POST", "/_security/user/_has_privileges", body={"cluster": [*_NEEDED, *_TOO_MUCH]}, deadline=_SHORT
    )
    if answer.status in {400, 404, 405, 500} and "security" in str(answer.body).lower():
        return []  # security is switched off in the cluster: everybody may do everything
    granted = _checked(answer).get("cluster")
    if not isinstance(granted, Mapping):
        raise _unexpected()
    missing = [p for p in _NEEDED if not granted.get(p)]
    if missing:
        raise Stalled(
            Reason.INSUFFICIENT_PRIVILEGES,
            f"the credentials lack the cluster privileges {missing}; {ROLE_HINT}",
        )
    return [p for p in _TOO_MUCH if granted.get(p)]


def _checked(answer: Answer) -> Mapping[str, Any]:
    if answer.status != 200:
        raise failure(answer)
    if not isinstance(answer.body, Mapping):
        raise _unexpected()
    return answer.body


def _unexpected() -> Stalled:
    text = "what answers is not Elasticsearch: its JSON has another shape; correct spec.endpoint.url"
    return Stalled(Reason.NOT_ELASTICSEARCH, text, ambiguous=True)


def _endpoint(inference_id: str, item: Any) -> Mapping[str, Any]:
    """An endpoint as an answer describes it, if that is what it is."""
    if not isinstance(item, Mapping) or item.get("inference_id") != inference_id:
        raise _unexpected()
    if not all(isinstance(item.get(name), str) for name in ("task_type", "service")):
        raise _unexpected()
    return item


class Client:
    """The inference API of one identified cluster."""

    def __init__(self, transport: Transport, identity: Identity, governor: Governor) -> None:
        self.identity = identity
        self.transport = transport
        self._governor = governor

    async def get(self, inference_id: str) -> Mapping[str, Any] | None:
        """The endpoint, or None if there is none."""
        answer = await self._send("GET", f"/_inference/{inference_id}", _SHORT)
        if is_absent(answer):
            return None
        endpoints = _checked(answer).get("endpoints")
        if not isinstance(endpoints, list) or len(endpoints) != 1:
            raise _unexpected()
        return _endpoint(inference_id, endpoints[0])

    async def create(
        self, task_type: str, inference_id: str, body: Mapping[str, Any], timeout: int
    ) -> Mapping[str, Any]:
        """Create the endpoint; the server is given `timeout` seconds. An existing id is an error."""
        params = {"timeout": f"{timeout}s"} if self.identity.capabilities.put_timeout else None
        path = f"/_inference/{task_type}/{inference_id}"
        return _endpoint(inference_id, _checked(await self._send("PUT", path, timeout + GRACE, body, params)))

    async def update(
        self, task_type: str, inference_id: str, body: Mapping[str, Any], timeout: int
    ) -> Mapping[str, Any]:
        """Change the endpoint in place, and return what it is now; 200 does not mean that all was taken over."""
        path = f"/_inference/{task_type}/{inference_id}/_update"
        return _endpoint(inference_id, _checked(await self._send("PUT", path, timeout + GRACE, body)))

    async def delete(self, inference_id: str, *, force: bool = False) -> None:
        """Delete the endpoint, unless something uses it, or all the same; one that is gone already is no error."""
        params = {"force": "true"} if force else None
        answer = await self._send("DELETE", f"/_inference/{inference_id}", _SHORT + GRACE, params=params)
        if not is_absent(answer) and _checked(answer).get("acknowledged") is not True:
            raise _unexpected()

    async def uses(self, inference_id: str) -> Uses:
        """Who uses the endpoint: what a deletion would say."""
        answer = await self._send("DELETE", f"/_inference/{inference_id}", _SHORT, params={"dry_run": "true"})
        if is_absent(answer):
            return Uses()
        body = _checked(answer)
        pipelines, indices = body.get("pipelines"), body.get("indexes", [])
        if not isinstance(pipelines, list) or not isinstance(indices, list):
            raise _unexpected()
        return Uses(tuple(sorted(map(str, pipelines))), tuple(sorted(map(str, indices))))

    async def deployment(self, deployment_id: str) -> Mapping[str, Any] | None:
        """The statistics of a model deployment, or None if there is none."""
        path = f"/_ml/trained_models/{quote(deployment_id, safe='')}/_stats"
        return statistics(await self._send("GET", path, _SHORT), deployment_id)

    async def start_deployment(self, start: Start) -> None:
        """Start a model deployment, and do not wait until it runs."""
        path = f"/_ml/trained_models/{quote(start.model_id, safe='')}/deployment/_start"
        params, body = start_request(start)
        answer = await self._send("POST", path, _SHORT + GRACE, body, params)
        if answer.status != 200:
            raise start_failure(answer, start.model_id)

    async def _send(
        self,
        method: str,
        path: str,
        deadline: float,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        async with self._governor.slot():
            return await self.transport.send(method, path, deadline=deadline, body=body, params=params)

"""What outlives an operator in this process: Kubernetes in memory, the stand-in, time, and the user."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import trustme
from aiohttp import web

from crash.apiserver import ApiServer, Listener
from crash.outcome import Request, unmet_in_elasticsearch, unmet_in_kubernetes
from crash.steps import Wish
from testbed.builders import Manifest, Manifests, connection
from testbed.standin.profiles import PROFILES
from testbed.standin.security import Principal, Security
from testbed.standin.server import Server
from testbed.standin.state import Cluster

_ENDPOINTS = "inferenceendpoints"
_KEY_ID = "id"
_OPERATOR = Principal("elastic", {"manage_inference", "monitor"}, key_id=_KEY_ID, key_name="k", secret="s")


class _Hasty(Server):
    """A stand-in that keeps no connection, so that each request begins with one: a further await."""

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await super()._handle(request)
        answer.force_close()
        return answer


class Stage:
    """Both servers, each on a socket; what they hold is exchanged by `reset`."""

    def __init__(self, ca_file: Path, profile: str, *, hasty: bool) -> None:
        self.ca_file: Path | None = ca_file
        self.connection_spec: dict[str, str] = {}
        """Further fields of the connection that is there from the beginning."""
        self.url = self.kubernetes_url = ""
        self.api_key = _OPERATOR.encoded_key()
        self._profile = PROFILES[profile]
        self._hasty = hasty
        self._standin = (_Hasty if hasty else Server)(self._cluster())
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0)

    @classmethod
    @asynccontextmanager
    async def set_up(
        cls, directory: Path, profile: str = "9.4", *, hasty: bool = True
    ) -> AsyncIterator[Self]:
        """Open the sockets; `hasty`: for each request a new connection is made."""
        ca_file = directory / "ca.crt"  # nobody's; but loading the system's in each life would be slow
        trustme.CA().cert_pem.write_to_path(ca_file)
        stage = cls(ca_file, profile, hasty=hasty)
        try:
            await stage._standin.up()
            await stage._runner.setup()
            await web.TCPSite(stage._runner, "127.0.0.1", 0).start()
            stage.url = f"http://127.0.0.1:{stage._standin.port}"
            stage.kubernetes_url = f"http://127.0.0.1:{stage._runner.addresses[0][1]}"
            yield stage
        finally:
            await stage._standin.close()
            await stage._runner.cleanup()

    def reset(self) -> None:
        """Begin anew, with nothing but a connection."""
        self.now = datetime(2026, 1, 2, tzinfo=UTC)
        self.kubernetes = ApiServer(self._on_event)
        self.listener: Listener = lambda *_: None
        self.elasticsearch = self._standin.cluster = self._cluster()
        self._next: Wish | None = None  # what the user creates once its name is free
        self._apply(connection(self).with_spec(**self.connection_spec))

    def pass_time(self, seconds: float) -> None:
        """Let it be later."""
        self.now += timedelta(seconds=seconds)

    # What a user does

    def create(self, wish: Wish) -> None:
        """Make the resource and its Secret, as soon as the name is free."""
        self.rotate(wish)
        if self.kubernetes.get(_ENDPOINTS, wish.name):
            self._next = wish
        else:
            self._apply(wish.resource())

    def edit(self, wish: Wish) -> None:
        """Change the spec, also of what is yet to be created."""
        if self._next:
            self._next = wish
        else:
            self._apply(wish.resource())

    def rotate(self, wish: Wish) -> None:
        """Change the Secret."""
        self._apply(wish.secret())

    def delete(self, wish: Wish) -> None:
        """Delete the resource, and no longer want another one."""
        self._next = None
        self.kubernetes.delete(_ENDPOINTS, wish.name)

    # What is seen

    def unmet(self, wish: Wish) -> list[str]:
        """What is not as wanted."""
        resource = self.kubernetes.get(_ENDPOINTS, wish.name)
        found = self.elasticsearch.endpoints.get(wish.name)
        shown, key = (found.shown(), found.secrets["api_key"]) if found else (None, None)
        others = self.elasticsearch.endpoints.keys() - {wish.name}
        return [
            *unmet_in_kubernetes(wish, resource),
            *unmet_in_elasticsearch(wish, shown, key),
            *(f"{other} is left over" for other in others),
        ]

    def requests(self) -> list[Request]:
        """What the endpoints were asked for, oldest first."""
        seen = [o for o in self.elasticsearch.journal.requests if o.path.startswith("/_inference/")]
        return [Request(o.method, o.path, o.status, o.query.get("dry_run") == "true") for o in seen]

    def writes(self) -> list[str]:
        """All that the operator has written, events left out."""
        return [*self.kubernetes.writes, *(o.path for o in self.elasticsearch.journal.requests if o.writes)]

    def _on_event(self, plural: str, event: str, raw: Manifest) -> None:
        self.listener(plural, event, raw)
        if event == "DELETED" and plural == _ENDPOINTS and self._next:
            wish, self._next = self._next, None
            self._apply(wish.resource())

    def _apply(self, thing: Manifests) -> None:
        for manifest in thing.manifests():
            self.kubernetes.apply(manifest)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        answer = await self.kubernetes.handle(request)
        if self._hasty:
            answer.force_close()
        return answer

    def _cluster(self) -> Cluster:
        return Cluster(self._profile, Security(keys={_KEY_ID: _OPERATOR}))

"""The same world with sockets between the operator and what is around it, all in one virtual time."""

import asyncio
import json
from typing import cast

from aiohttp import web
from kubernetes.aio import client

from histories.life import MAIN, Life
from histories.world import World
from inference_operator.elasticsearch.answers import Answer
from inference_operator.kube import Kube
from testbed.standin.server import Server


class SocketWorld(World):
    """Both servers, each on a socket."""

    sockets = True

    def open(self) -> None:
        """Open the sockets."""
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self._standin = _Watched(self)
        self._runner = web.ServerRunner(web.Server(self._kubernetes, access_log=None), shutdown_timeout=0)
        await self._standin.up()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._standin.port}"
        port = cast("tuple[str, int]", self._runner.addresses[0])[1]
        self.kubernetes_url = f"http://127.0.0.1:{port}"

    def new_life(self) -> Life:
        """An operator that knows nothing but the addresses."""
        return SocketLife(self)

    def close(self) -> None:
        """Close everything."""
        if self.life:
            self.life.kill()
        self.loop.run_until_complete(self._close())
        super().close()

    async def _close(self) -> None:
        await asyncio.sleep(1)
        await self._standin.close()
        await self._runner.cleanup()

    def pass_by(self, request: web.BaseRequest) -> bool:
        """Whether the operator lives on after a request of its own went in or out."""
        if self.life:
            self.life.pass_by()
        alive = self.life is not None and self.life.alive
        if not alive and request.transport:
            request.transport.abort()
        return alive

    async def _kubernetes(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self.pass_by(request):
            return web.Response()
        answer = await self.objects.handle(request)
        self.pass_by(request)
        return answer


class _Watched(Server):
    """A stand-in with a witness."""

    def __init__(self, world: SocketWorld) -> None:
        super().__init__(world.cluster)
        self._world = world

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._world.pass_by(request):
            return web.Response()
        method, path = request.method, request.rel_url.path
        self._world.witness.sends(method, path, dict(request.rel_url.query))
        answer = await super()._handle(request)
        entry = next(
            o for o in reversed(self.cluster.journal.requests) if (o.method, o.path) == (method, path)
        )
        if self._world.pass_by(request) and entry.status and isinstance(answer, web.Response):
            self._tell(method, path, entry.body, answer)
        return answer

    def _tell(self, method: str, path: str, body: object, answer: web.Response) -> None:
        try:
            told = json.loads(cast("bytes", answer.body))
        except ValueError:
            return
        asked = body if isinstance(body, dict) else None
        self._world.witness.hears(method, path, asked, Answer(answer.status, told))


class SocketLife(Life):
    """An operator with its own clients for both servers."""

    def __init__(self, world: SocketWorld) -> None:
        self._url = world.kubernetes_url
        super().__init__(world.loop, world.objects, world.cluster, world.witness)
        self._loop = world.loop
        configuration = client.Configuration(host=self._url, ssl_ca_cert=str(world.ca_file))
        configuration.client_session_kwargs = {"trust_env": False}
        self._configuration = configuration

    def begin(self) -> None:
        """Connect, and go on as ever."""
        self._api = Kube(client.ApiClient(self._configuration), may_write=lambda: True)
        self.ctx = self.context(self._loop, self._api)
        super().begin()

    async def connect(self) -> None:
        """Check the connection, as after any start."""
        await self.turn(MAIN)

    def kill(self) -> None:
        """Do no more; its sockets are closed by the system."""
        was_alive = self.alive
        super().kill()
        if was_alive:
            self._closing = self._loop.create_task(self._close())

    async def _close(self) -> None:
        for session in self.ctx.sessions.values():
            if session.client:
                await session.client.transport.close()
        await self._api.close()

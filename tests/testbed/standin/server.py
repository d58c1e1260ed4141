"""The socket that is Elasticsearch: journal, latency, faults, credentials, then the handler."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from aiohttp import web

from testbed.standin.breaker import check_size
from testbed.standin.call import Call
from testbed.standin.faults import Work
from testbed.standin.journal import Operation
from testbed.standin.media import answer_media_type, check_media_types
from testbed.standin.refusal import NeverAnswered, Refusal
from testbed.standin.reply import Reply
from testbed.standin.routes import find
from testbed.standin.state import Cluster
from testbed.standin.surroundings import put_cluster_settings

Serve = Callable[..., Awaitable[Reply]]
"""Answers the request, or with a refusal what hinders whoever may ask it."""


class Server:
    """Serves a cluster; the cluster can be exchanged, and the socket closed and opened again on the same port."""

    def __init__(self, cluster: Cluster, tls: ssl.SSLContext | None = None, latency_ms: float = 0) -> None:
        self.cluster = cluster
        self.latency_ms = latency_ms
        self.port = 0
        self._tls = tls
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0)
        self._site: web.TCPSite | None = None

    async def up(self, port: int = 0) -> None:
        """Listens, on the port of the last time if there was one."""
        if self._runner.server is None:
            await self._runner.setup()
        if self._site is None:
            wanted = port or self.port
            site = web.TCPSite(self._runner, "127.0.0.1", wanted, ssl_context=self._tls, reuse_address=True)
            await site.start()
            self._site = site
            self.port = cast("tuple[str, int]", self._runner.addresses[0])[1]

    async def down(self) -> None:
        """Refuses connections and cuts the open ones, as when the cluster is gone."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        server = self._runner.server
        for connection in server.connections if server else []:
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Ends, without waiting for requests that hang."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        cluster, url = self.cluster, request.rel_url
        body = await request.content.read()
        entry = cluster.journal.begin(request.method, url.path, dict(url.query), body)
        await asyncio.sleep(self.latency_ms / 1000)
        reply = await self._reply(cluster, entry, partial(_serve, cluster, request, body, entry))
        cluster.journal.end(entry, reply.status if reply else None)
        if reply is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return _response(reply, request)

    @staticmethod
    async def _reply(cluster: Cluster, entry: Operation, work: Serve) -> Reply | None:
        try:
            return await _spoiled(cluster, entry, work)
        except NeverAnswered:
            await cluster.faults.over.wait()
            return None


async def _spoiled(cluster: Cluster, entry: Operation, work: Serve) -> Reply | None:
    fault = cluster.faults.match(entry.method, entry.path, entry.query)
    if fault is None:
        return await work()
    entry.fault = fault.id
    if fault.when == "granted":
        return await work(fault.refusal())
    spoiled_work = (lambda: _ignored(cluster, entry.path, work)) if fault.ignore else work
    return await fault.apply(spoiled_work, cluster.faults.over)


async def _ignored(cluster: Cluster, path: str, work: Work) -> Reply:
    """Answers as if, but changes nothing; an `_update` answers with the endpoint as it still is."""
    inference_id = path.removesuffix("/_update").rpartition("/")[2]
    before = cluster.endpoints.get(inference_id)
    reply = await work()
    if before is None:
        cluster.endpoints.pop(inference_id, None)
        return reply
    cluster.endpoints[inference_id] = before
    if path.endswith("/_update") and reply.status == 200:
        reply.json = before.shown()
    return reply


async def _serve(
    cluster: Cluster,
    request: web.BaseRequest,
    body: bytes,
    entry: Operation,
    hindrance: Refusal | None = None,
) -> Reply:
    try:
        principal = cluster.security.authenticate(request.headers.get("Authorization"), request.path_qs)
        entry.user = principal.key_name or principal.user
        handler, parts = find(request.method, request.rel_url.raw_path)
        check_media_types(request.headers, bool(body), cluster.profile)
        if handler is not put_cluster_settings:  # else nobody could mend it
            check_size(cluster, len(body))
    except Refusal as refusal:
        return refusal.reply()
    call = Call(cluster, principal, entry.path, parts, dict(entry.query), body, hindrance)
    try:
        reply = await handler(call)
    except Refusal as refusal:
        reply = refusal.reply()
    if call.warnings:
        server = f"299 Elasticsearch-{cluster.profile.number}-{cluster.profile.build_hash}"
        reply.headers["Warning"] = ", ".join(f'{server} "{text}"' for text in call.warnings)
    return reply


def _response(reply: Reply, request: web.BaseRequest) -> web.Response:
    headers = {"X-elastic-product": "Elasticsearch"} if reply.product else {}
    headers["content-type"] = answer_media_type(request.headers)
    return web.Response(status=reply.status, body=reply.content(), headers=headers | reply.headers)

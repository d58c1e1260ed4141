"""Reverse proxies over TLS, in a thread of the test: what passes is counted, and can be stopped at any point.

The requests about one thing, whichever server they go to, are one `Course`; the thing is the last name in the path.
All others, watches above all, pass as they come.
"""

import asyncio
import ssl
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import aiohttp
import trustme
from aiohttp import web
from yarl import URL

from testbed.loops import TidyLoop
from testbed.proxy_course import Course, Cut

_SUBRESOURCES = {"status", "_update"}
_HOP_BY_HOP = {"connection", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Front:
    """Where a server is reached through its proxy."""

    url: str
    ca_file: Path


@dataclass(frozen=True)
class Passed:
    """A request that was forwarded, and the status of its answer."""

    method: str
    path: str
    status: int


class Proxies:
    """The proxies of one test, and what they count."""

    def __init__(self, directory: Path) -> None:
        self.courses: dict[str, Course] = {}
        self.passed: dict[str, list[Passed]] = {}
        """What servers have answered, oldest first, by the thing that it was about."""
        self.ca_file = directory / "proxy-ca.crt"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self._tls)
        self._loop: TidyLoop
        self._ended = asyncio.Event()
        self._runners: list[web.ServerRunner] = []
        self._sessions: list[aiohttp.ClientSession] = []

    @classmethod
    @contextmanager
    def start(cls, directory: Path) -> Iterator[Self]:
        """A thread that serves; at the end all connections are cut."""
        proxies = cls(directory)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="proxies") as thread:
            loop: Future[TidyLoop] = Future()
            thread.submit(_run, proxies._live(loop))
            proxies._loop = loop.result()
            try:
                yield proxies
            finally:
                proxies._loop.call_soon_threadsafe(proxies._ended.set)

    def in_front_of(self, url: str, ca_file: Path | None) -> Front:
        """A new proxy for that server."""
        port = asyncio.run_coroutine_threadsafe(self._serve(url, ca_file), self._loop).result()
        return Front(f"https://127.0.0.1:{port}", self.ca_file)

    def watch(self, courses: Mapping[str, Course]) -> None:
        """Count these from now on, each under its name, and no others."""
        self.courses = dict(courses)

    def let_go(self, course: Course, *, forward: bool = False) -> None:
        """Cut what a course holds, or forward it after all, however late."""
        self._loop.call_soon_threadsafe(lambda: course.let_go(forward=forward))

    async def _serve(self, url: str, ca_file: Path | None) -> int:
        trust = ssl.create_default_context(cafile=ca_file) if ca_file else True
        connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        session = aiohttp.ClientSession(url, connector=connector, auto_decompress=False)
        self._sessions.append(session)
        server = web.Server(lambda request: self._handle(request, session), access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        return int(runner.addresses[0][1])

    async def _live(self, loop: "Future[TidyLoop]") -> None:
        loop.set_result(cast("TidyLoop", asyncio.get_running_loop()))
        await self._ended.wait()
        for course in self.courses.values():
            course.let_go(forward=False)
        for session in self._sessions:
            await session.close()
        for runner in self._runners:
            await runner.cleanup()
        await self._loop.cut()

    async def _handle(self, request: web.BaseRequest, session: aiohttp.ClientSession) -> web.StreamResponse:
        *_, name = (part for part in request.path.split("/") if part not in _SUBRESOURCES)
        course = self.courses.get(name)
        try:
            if course is None:
                return await self._stream(request, session, name)
            await request.read()  # now, as its sender may be dead later
            number = await course.begin(f"{request.method} {request.path}")
            answer = await self._ask(request, session, name)
            await course.end(number)
        except (Cut, aiohttp.ClientError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return answer

    async def _stream(
        self, request: web.BaseRequest, session: aiohttp.ClientSession, name: str
    ) -> web.StreamResponse:
        """Hand on each piece of the answer when it comes."""
        async with _forward(request, session, await request.read()) as answer:
            self._note(name, request, answer)
            response = web.StreamResponse(status=answer.status, headers=_end_to_end(answer.headers))
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
        return response

    async def _ask(self, request: web.BaseRequest, session: aiohttp.ClientSession, name: str) -> web.Response:
        """The whole answer."""
        async with _forward(request, session, await request.read()) as answer:
            self._note(name, request, answer)
            body = await answer.read()
        return web.Response(status=answer.status, body=body, headers=_end_to_end(answer.headers))

    def _note(self, name: str, request: web.BaseRequest, answer: aiohttp.ClientResponse) -> None:
        self.passed.setdefault(name, []).append(Passed(request.method, request.path, answer.status))


def _run(life: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=TidyLoop) as runner:
        runner.run(life)


def _forward(
    request: web.BaseRequest, session: aiohttp.ClientSession, body: bytes
) -> "aiohttp.client._RequestContextManager":
    return session.request(
        request.method,
        URL(request.raw_path, encoded=True),
        headers=_end_to_end(request.headers),
        data=body or None,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=None),
    )


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}

"""Many endpoints in one namespace, handled through a client that costs little: it must not be what is measured."""

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from testbed.builders import API_VERSION, Endpoint, Manifest
from testbed.controlplane import ControlPlane
from testbed.loops import TidyLoop
from testbed.world import ENDPOINTS

_AT_ONCE = 8
_FOREVER = aiohttp.ClientTimeout(total=None)


@dataclass(frozen=True)
class Seen:
    """What a watch told last about one endpoint."""

    synced: bool
    """Whether its newest generation is Ready and Synced."""
    secret_version: str
    """The version of the first Secret that is in force."""


class Fleet:
    """Creates, watches and deletes endpoints on an event loop of its own, while others look how far it is."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._trust = ssl.create_default_context(cafile=plane.ca_file)
        self._login = {"Authorization": str(plane.api.configuration.get_api_key_with_prefix("authorization"))}
        self._server = plane.server
        self._path = f"/apis/{API_VERSION}/namespaces/{namespace}/{ENDPOINTS}"
        self._seen: dict[str, Seen] = {}
        self._under_way: list[Future[Any]] = []
        self._loop = TidyLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fleet", daemon=True)

    @classmethod
    @contextmanager
    def watch(cls, plane: ControlPlane, namespace: str) -> Iterator[Self]:
        """The fleet of a namespace, watched from now on; in the end nothing is left of it."""
        fleet = cls(plane, namespace)
        fleet._thread.start()
        try:
            fleet._run(fleet._open())
            fleet._begin(fleet._watch())
            yield fleet
            fleet._run(fleet._scuttle())
        finally:
            fleet._run(fleet._close())
            fleet._loop.call_soon_threadsafe(fleet._loop.stop)
            fleet._thread.join()
            fleet._loop.close()

    def create(self, endpoints: list[Endpoint]) -> None:
        """Begin to create all of them."""
        manifests = [manifest for endpoint in endpoints for manifest in endpoint.manifests()]
        self._begin(self._each("POST", [(self._path, manifest) for manifest in manifests]))

    def delete(self) -> None:
        """Begin to delete all."""
        self._begin(self._each("DELETE", [(f"{self._path}/{name}", None) for name in self._seen]))

    def size(self) -> int:
        """How many there are."""
        return len(self._now())

    def synced(self) -> int:
        """How many are Ready and Synced."""
        return sum(seen.synced for seen in self._now())

    def with_secret(self, version: str) -> int:
        """How many say that this version of their Secret is in force."""
        return sum(seen.secret_version == version for seen in self._now())

    def _now(self) -> list[Seen]:
        for work in self._under_way:
            if work.done():
                work.result()
        return list(self._seen.values())

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        self._under_way.append(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> None:
        self._connector = aiohttp.TCPConnector(ssl=self._trust)
        self._session = aiohttp.ClientSession(
            self._server, connector=self._connector, headers=self._login, timeout=_FOREVER
        )

    async def _close(self) -> None:
        # Before the tasks: a cancelled request leaves its connection to a TLS farewell that nobody waits for.
        await self._connector.close(abort_ssl=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._session.close()
        await self._loop.cut()

    async def _scuttle(self) -> None:
        """Take all away without anybody's consent."""
        await self._request("DELETE", self._path)
        unhindered = {"metadata": {"finalizers": None}}
        await self._each("PATCH", [(f"{self._path}/{name}", unhindered) for name in self._seen])

    async def _each(self, method: str, requests: Sequence[tuple[str, Manifest | None]]) -> None:
        waiting = iter(requests)

        async def work() -> None:
            for path, body in waiting:
                await self._request(method, path, body)

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())

    async def _request(self, method: str, path: str, body: Manifest | None = None) -> Any:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        while True:
            async with self._session.request(
                method, path, data=body and json.dumps(body), headers={"Content-Type": kind}
            ) as answer:
                if answer.status < 400 or answer.status == 404:
                    return await answer.json()
                if answer.status != 429:
                    raise RuntimeError(f"{method} {path}: {await answer.text()}")
                await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def _watch(self) -> None:
        while True:  # the API server ends a watch when it has seen another version of the CRD
            listed = await self._request("GET", self._path)
            self._seen = {item["metadata"]["name"]: _seen(item) for item in listed["items"]}
            async for event in self._events(listed["metadata"]["resourceVersion"]):
                name = event["object"]["metadata"]["name"]
                if event["type"] == "DELETED":
                    self._seen.pop(name, None)
                else:
                    self._seen[name] = _seen(event["object"])

    async def _events(self, version: str) -> AsyncIterator[Any]:
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "86400"}
        async with self._session.get(self._path, params=query) as stream:
            async for chunk in _lines(stream.content):
                yield json.loads(chunk)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream, however long."""
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line


def _seen(raw: Manifest) -> Seen:
    status = raw.get("status") or {}
    conditions: list[Manifest] = status.get("conditions", [])
    ready = next((c for c in conditions if c["type"] == "Ready"), None)
    synced = (
        ready is not None
        and ready["reason"] == "Synced"
        and ready["observedGeneration"] == raw["metadata"]["generation"]
    )
    secrets: list[Manifest] = status.get("secrets", [])
    return Seen(synced, secrets[0]["resourceVersion"] if secrets else "")

"""Kopf ends when the API server answers in a way it does not expect; the watch must go on all the same."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from aiohttp import web

from inference_operator.api.schema import GROUP, VERSION
from inference_operator.context import Context
from inference_operator.elasticsearch.address import Guard
from inference_operator.governor import Governors
from inference_operator.handlers import Watch
from inference_operator.kube import Kube
from inference_operator.objects import CONNECTION, ENDPOINT, Key, Kind, Raw
from inference_operator.secret import Fingerprinter, Redactor
from inference_operator.settings import from_environment
from inference_operator.store import Store
from inference_operator.telemetry import Metrics
from inference_operator.workqueue import WorkQueue

RESOURCES = {
    "/api/v1": [("secrets", "Secret"), ("namespaces", "Namespace")],
    f"/apis/{GROUP}/{VERSION}": [
        ("inferenceendpoints", ENDPOINT.name),
        ("elasticsearchconnections", CONNECTION.name),
    ],
}


class HostileApiServer:
    """Lists one endpoint, newer each time, and ends every watch with an error that Kopf does not know."""

    def __init__(self) -> None:
        self.listings = 0

    async def discover(self, request: web.Request) -> web.Response:
        """What there is: groups, versions, resources."""
        version = {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
        if request.path == "/api":
            return web.json_response({"versions": ["v1"]})
        if request.path == "/apis":
            return web.json_response(
                {"groups": [{"name": GROUP, "versions": [version], "preferredVersion": version}]}
            )
        resources = [
            {
                "name": plural,
                "kind": kind,
                "namespaced": True,
                "verbs": ["get", "list", "watch"],
                "singularName": "",
            }
            for plural, kind in RESOURCES[request.path]
        ]
        return web.json_response({"resources": resources})

    async def resource(self, request: web.Request) -> web.StreamResponse:
        """A listing, or a watch that fails at once."""
        if "watch" in request.query:
            error = {"type": "ERROR", "object": {"kind": "Status", "code": 500, "message": "etcd is away"}}
            return web.Response(text=json.dumps(error) + "\n")
        items = []
        if request.path.endswith(ENDPOINT.plural):
            self.listings += 1
            items = [{"metadata": self._metadata(), "spec": {"connectionRef": {"name": "main"}}}]
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": items})

    def _metadata(self) -> dict[str, Any]:
        version = {"resourceVersion": str(self.listings), "generation": self.listings}
        return {
            "name": "docs",
            "namespace": "default",
            "uid": "u1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **version,
        }


@pytest.fixture
async def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HostileApiServer]:
    """The server, with KUBECONFIG leading to it."""
    server = HostileApiServer()
    app = web.Application()
    app.add_routes([web.get(path, server.discover) for path in ("/api", "/apis", *RESOURCES)])
    app.add_routes(
        [
            web.get(f"{root}/{plural}", server.resource)
            for root, kinds in RESOURCES.items()
            for plural, _ in kinds
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    yield server
    await runner.cleanup()


class SilentKube:
    """An API server that serves our kinds, as far as anybody asks before the watch begins."""

    async def list_objects(self, _: Kind) -> AsyncIterator[Raw]:
        """No objects."""
        none: list[Raw] = []
        for raw in none:
            yield raw


def context() -> Context:
    """A context whose store and queue are real; nothing is written in this test."""
    fingerprint = Fingerprinter()
    kube = cast("Kube", SilentKube())
    return Context(
        settings=from_environment({}),
        kube=kube,
        secrets=kube,
        store=Store(fingerprint),
        queue=WorkQueue(),
        guard=Guard(),
        governors=Governors(1),
        redactor=Redactor(),
        fingerprint=fingerprint,
        metrics=Metrics(),
    )


async def until(so: Callable[[], bool]) -> None:
    """Wait until it is so; the loop goes on meanwhile."""
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110 - nothing sends a signal here
            await asyncio.sleep(0.05)


async def test_watch_that_dies_is_started_again(hostile: HostileApiServer) -> None:
    """Each time Kopf ends it is run again, the store keeps what it knows and learns what is new."""
    ctx = context()
    watch = Watch(ctx)
    try:
        await until(lambda: hostile.listings >= 3)
    finally:
        watch.stop()
    known = ctx.store.get(Key(ENDPOINT, "default", "docs"))
    assert known is not None
    assert int(known["metadata"]["generation"]) >= 2
    assert watch.running
    assert ctx.metrics.watch_restarts._value.get() >= 2
    await until(lambda: not watch.running)

"""/livez, /readyz and /metrics. A probe tells whether there is progress, not merely whether the process exists."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from inference_operator.conditions import Type
from inference_operator.context import Context
from inference_operator.objects import ENDPOINT, Raw

LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class Health:
    """What the probes look at."""

    ctx: Context
    watching: Callable[[], bool] = lambda: True
    """Whether the watch goes on."""
    synced: bool = False
    """Whether everything has been listed, so that the workers may run."""
    last_pulse: float = field(default=0.0)
    """When the event loop last ran its pulse, in its own time (seconds)."""

    def alive(self, now: float) -> str | None:
        """What is stuck, if anything."""
        limit = self.ctx.settings.event_loop_limit
        if now - self.last_pulse > limit:
            return "the pulse has stopped"
        if not self.watching():
            return "the watch has ended"
        if self.ctx.queue.longest_running() > 600 + 2 * limit:  # the longest spec.timeout, and room
            return "a reconcile does not end"
        return None


def application(health: Health) -> web.Application:
    """The web application of the probes."""

    async def livez(_: web.Request) -> web.Response:
        problem = health.alive(asyncio.get_running_loop().time())
        return web.Response(status=200 if problem is None else 503, text=problem or "ok")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(status=200 if health.synced else 503, text="ok" if health.synced else "listing")

    async def metrics(_: web.Request) -> web.Response:
        refresh_gauges(health.ctx)
        body = generate_latest(health.ctx.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


def refresh_gauges(ctx: Context) -> None:
    """Set the gauges to what is so now."""
    ctx.metrics.queue_depth.set(ctx.queue.depth())
    ctx.metrics.endpoints.clear()
    found: Counter[tuple[str, str]] = Counter()
    for key in ctx.store.keys(ENDPOINT):
        found[_readiness(ctx.store.get(key) or {})] += 1
    for labels, count in found.items():
        ctx.metrics.endpoints.labels(*labels).set(count)


def _readiness(raw: Raw) -> tuple[str, str]:
    """Status and reason of Ready, read from the object as it is: to parse thousands would hold up everything else."""
    status = raw.get("status")
    listed = status.get("conditions") if isinstance(status, dict) else None
    for condition in listed if isinstance(listed, list) else []:
        if isinstance(condition, dict) and condition.get("type") == Type.READY:
            return str(condition.get("status")), str(condition.get("reason"))
    return "Unknown", ""


async def serve(health: Health) -> web.AppRunner:
    """Serve the probes; clean the result up to stop."""
    settings = health.ctx.settings
    runner = web.AppRunner(application(health), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.http_host, settings.http_port).start()
    LOGGER.info("the probes are served", extra={"address": str(runner.addresses[0])})
    return runner

"""The composition root: settings, logging, context; then the workers, the watch and the probes until SIGTERM."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys

from aiohttp import web

from inference_operator import __version__, handlers, kube
from inference_operator.connection import reconcile_connection
from inference_operator.context import Context
from inference_operator.elasticsearch.address import Guard
from inference_operator.errors import ReconcileError
from inference_operator.governor import Governors
from inference_operator.kube import ENDPOINT, Key
from inference_operator.probes import Health, application
from inference_operator.reconcile import reconcile_endpoint
from inference_operator.secret import Fingerprinter, Redactor
from inference_operator.settings import Settings, SettingsError, from_environment
from inference_operator.store import Store
from inference_operator.telemetry import Metrics, configure_logging
from inference_operator.workqueue import WorkQueue

LOGGER = logging.getLogger(__name__)
_DEEPEST = (
    25_000  # the API server lets objects pass that are nested 10,000 deep; parsing them must not end us
)
_GRACE = 20.0  # seconds that reconciles under way are given at the end
_PULSE = 1.0  # seconds
_LIST_RETRY = 2.0  # seconds


def main() -> None:
    """The command `inference-operator`."""
    parser = argparse.ArgumentParser(
        prog="inference-operator", description="Elasticsearch inference endpoints, declared."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("run", help="run the operator; INFERENCE_OPERATOR_... variables configure it")
    parser.parse_args()
    sys.setrecursionlimit(_DEEPEST)
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"inference-operator: {error}")
    asyncio.run(run(settings))


async def run(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT; what is under way is finished within a grace time."""
    redactor = Redactor()
    configure_logging(redactor, settings.log_level, settings.log_format)
    stop = _stop_on_signals()
    ctx = await _context(settings, redactor)
    health = Health(ctx)
    server = await _serve(health)
    watch = asyncio.create_task(_watch(health, stop))
    pulse = asyncio.create_task(_pulse(health))
    await stop.wait()
    LOGGER.info("stopping")
    ctx.queue.shut_down()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(watch, _GRACE)
    pulse.cancel()
    await server.cleanup()
    await _close(ctx)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _context(settings: Settings, redactor: Redactor) -> Context:
    # Leadership is checked here once there can be several replicas; until then there is one, and it may write.
    api = await kube.connect(may_write=lambda: True)
    fingerprint = Fingerprinter()
    forbidden = [host] if (host := os.environ.get("KUBERNETES_SERVICE_HOST")) else []
    return Context(
        settings=settings,
        kube=api,
        secrets=api,
        store=Store(fingerprint),
        queue=WorkQueue(base=settings.backoff_base, cap=settings.backoff_cap),
        guard=Guard(settings.allowed_hosts, forbidden),
        governors=Governors(settings.max_concurrency),
        redactor=redactor,
        fingerprint=fingerprint,
        metrics=Metrics(),
    )


async def _serve(health: Health) -> web.AppRunner:
    settings = health.ctx.settings
    runner = web.AppRunner(application(health), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, settings.http_host, settings.http_port)
    await site.start()
    LOGGER.info(
        "inference-operator %s serves its probes", __version__, extra={"address": str(runner.addresses[0])}
    )
    return runner


async def _watch(health: Health, stop: asyncio.Event) -> None:
    """Watch, list, and only then work: a worker must not decide who owns an id before it knows all who ask for it."""
    ctx = health.ctx
    async with asyncio.TaskGroup() as group:
        group.create_task(handlers.watch_forever(ctx, stop))
        await _first_listing(ctx, stop)
        health.synced = not stop.is_set()
        for _ in range(ctx.settings.workers):
            group.create_task(ctx.queue.work(lambda key: _reconcile(ctx, key)))
        await _relist_now_and_then(ctx, stop)


async def _first_listing(ctx: Context, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await handlers.relist(ctx)
        except ReconcileError as error:
            LOGGER.warning("the first listing failed and is tried again: %s", error)
            await _sleep(stop, _LIST_RETRY)
        else:
            LOGGER.info("all resources are listed; work begins", extra={"waiting": ctx.queue.depth()})
            return


async def _relist_now_and_then(ctx: Context, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await _sleep(stop, ctx.settings.relist_interval)
        try:
            if not stop.is_set():
                await handlers.relist(ctx)
        except ReconcileError as error:
            LOGGER.warning("a listing failed: %s", error)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _reconcile(ctx: Context, key: Key) -> None:
    """One turn of a worker; nothing that goes wrong in it ends the worker."""
    reconcile = reconcile_endpoint if key.kind is ENDPOINT else reconcile_connection
    with ctx.metrics.seconds.labels(key.kind.name).time():
        try:
            delay = await reconcile(key, ctx)
        except Exception as error:
            if not isinstance(error, ReconcileError):
                LOGGER.exception("a reconcile failed", extra=key.as_extra())
            ctx.queue.fail(key)
            delay = ctx.queue.backoff(key)
    if delay is not None:
        ctx.queue.add_after(key, delay)


async def _pulse(health: Health) -> None:
    """Proof that the event loop turns."""
    while True:
        health.last_pulse = asyncio.get_running_loop().time()
        await asyncio.sleep(_PULSE)


async def _close(ctx: Context) -> None:
    clients = [s.client for s in ctx.sessions.values() if s.client]
    await asyncio.gather(
        *(client.transport.close() for client in clients), *ctx.background, return_exceptions=True
    )
    await ctx.kube.close()


if __name__ == "__main__":
    main()

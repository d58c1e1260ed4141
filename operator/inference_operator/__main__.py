"""The composition root: settings, logging, context; then the workers, the watch and the probes until SIGTERM."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys

from inference_operator import __version__, handlers, kube, reflector
from inference_operator.connection import reconcile_connection
from inference_operator.context import Context
from inference_operator.elasticsearch.address import Guard
from inference_operator.errors import ReconcileError
from inference_operator.governor import Governors
from inference_operator.objects import ENDPOINT, Key
from inference_operator.probes import Health, serve
from inference_operator.reconcile import reconcile_endpoint
from inference_operator.secret import Fingerprinter, Redactor
from inference_operator.settings import Settings, SettingsError, from_environment
from inference_operator.store import Store
from inference_operator.telemetry import Metrics, configure_logging
from inference_operator.workqueue import WorkQueue

LOGGER = logging.getLogger(__name__)
# The API server lets objects pass that are nested 10,000 deep; parsing them must not end us.
_DEEPEST = 25_000
_GRACE = 20.0  # seconds that reconciles under way are given at the end
_CLOSE = 5.0  # seconds
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
    server = await serve(health)
    watch = handlers.Watch(ctx)
    health.watching = lambda: watch.running
    pulse = asyncio.create_task(_pulse(health))
    work = asyncio.create_task(_work(health))
    await stop.wait()
    LOGGER.info("stopping")
    watch.stop()
    pulse.cancel()
    await _finish(health, work)
    await server.cleanup()
    await ctx.kube.close()


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


async def _work(health: Health) -> None:
    """List, and only then work: a worker must not decide who owns an id before it knows all who ask for it."""
    ctx = health.ctx
    await _first_listing(ctx)
    health.synced = True
    async with asyncio.TaskGroup() as group:
        for _ in range(ctx.settings.workers):
            group.create_task(ctx.queue.work(lambda key: _reconcile(ctx, key)))
        relisting = group.create_task(_relist_now_and_then(ctx))
        await ctx.queue.closed.wait()
        relisting.cancel()


async def _first_listing(ctx: Context) -> None:
    while True:
        try:
            await reflector.relist(ctx)
        except ReconcileError as error:
            LOGGER.warning("the first listing failed and is tried again: %s", error)
            await asyncio.sleep(_LIST_RETRY)
        else:
            LOGGER.info("all resources are listed; work begins", extra={"waiting": ctx.queue.depth()})
            return


async def _relist_now_and_then(ctx: Context) -> None:
    while True:
        await asyncio.sleep(ctx.settings.relist_interval)
        try:
            await reflector.relist(ctx)
        except ReconcileError as error:
            LOGGER.warning("a listing failed: %s", error)


async def _finish(health: Health, work: asyncio.Task[None]) -> None:
    """Let what is under way come to its end, for a while, and close the connections."""
    ctx = health.ctx
    ctx.queue.shut_down()
    await asyncio.wait([work], timeout=_GRACE if health.synced else 0)
    work.cancel()
    closing = [s.client.transport.close() for s in ctx.sessions.values() if s.client]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*closing, *ctx.background, return_exceptions=True), _CLOSE)


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


if __name__ == "__main__":
    main()

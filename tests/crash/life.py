"""One life of the operator in this process: a Context from its start to its end, which may be a kill."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kubernetes.aio import client

from crash.apiserver import NAMESPACE, Listener
from crash.stage import Stage
from crash.steps import Wish
from inference_operator.connection import reconcile_connection
from inference_operator.context import Context
from inference_operator.elasticsearch.address import Guard
from inference_operator.governor import Governors
from inference_operator.kube import Kube
from inference_operator.objects import CONNECTION, ENDPOINT, Key
from inference_operator.reconcile import reconcile_endpoint
from inference_operator.reflector import KINDS, observe, observe_secret, relist
from inference_operator.secret import Fingerprinter, Redactor
from inference_operator.settings import PREFIX, from_environment
from inference_operator.store import Store
from inference_operator.telemetry import Metrics
from inference_operator.workqueue import WorkQueue
from testbed.builders import Manifest

ROUNDS = 8
"""Reconciles within which all must be as it is wanted."""


@asynccontextmanager
async def life(stage: Stage, queue: WorkQueue[Key] | None = None) -> AsyncIterator[Context]:
    """An operator that has listed everything and checked the connection; it hears of all that changes."""
    ctx = _context(stage, queue or WorkQueue())
    await relist(ctx)
    await reconcile_connection(Key(CONNECTION, NAMESPACE, "main"), ctx)
    stage.listener = _listener(ctx)
    try:
        yield ctx
    finally:
        die(ctx)
        for session in ctx.sessions.values():
            if session.client:
                await session.client.transport.close()
        await ctx.kube.close()


def die(ctx: Context) -> None:
    """Do no more; what was sent is not taken back, and its connections may linger."""
    for task in ctx.background:
        task.cancel()


async def strive(ctx: Context, stage: Stage, wish: Wish) -> None:
    """Reconcile the endpoint until it is as wanted; what the operator would wait for passes in no time."""
    key = Key(ENDPOINT, NAMESPACE, wish.name)
    for _ in range(ROUNDS):
        delay = await reconcile_endpoint(key, ctx)
        if not stage.unmet(wish):
            return
        stage.pass_time(delay or 0.0)


def _context(stage: Stage, queue: WorkQueue[Key]) -> Context:
    configuration = client.Configuration(host=stage.kubernetes_url, ssl_ca_cert=str(stage.ca_file))
    configuration.client_session_kwargs = {"trust_env": False}  # asking it takes a thread, and its own time
    kube = Kube(client.ApiClient(configuration), may_write=lambda: True)
    fingerprint = Fingerprinter()
    return Context(
        settings=from_environment({f"{PREFIX}ALLOW_HTTP": "true"}),
        kube=kube,
        secrets=kube,
        store=Store(fingerprint),
        queue=queue,
        guard=Guard(["127.0.0.1"]),
        governors=Governors(1),
        redactor=Redactor(),
        fingerprint=fingerprint,
        metrics=Metrics(),
        now=lambda: stage.now,
        started_at=stage.now,
    )


def _listener(ctx: Context) -> Listener:
    kinds = {kind.plural: kind for kind in KINDS}

    def listen(plural: str, event: str, raw: Manifest) -> None:
        if plural == "secrets":
            observe_secret(ctx, event, raw)
        elif plural in kinds:
            observe(ctx, kinds[plural], event, raw)

    return listen

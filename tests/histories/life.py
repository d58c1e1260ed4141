"""One life of the operator under virtual time: its workers, from the first listing to a kill."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from crash.apiserver import NAMESPACE
from histories.elastic import answer_of, encoded, serve
from histories.objects import MemoryKube, Objects
from histories.virtual import VirtualLoop
from histories.witness import Witness
from inference_operator.api.connection import ElasticsearchConnectionSpec
from inference_operator.connection import reconcile_connection
from inference_operator.context import Context
from inference_operator.credentials import target_of
from inference_operator.elasticsearch.address import Guard
from inference_operator.elasticsearch.answers import Answer
from inference_operator.elasticsearch.client import Client, Identity
from inference_operator.elasticsearch.transport import Transport
from inference_operator.errors import Reason, ReconcileError, Transient, Waiting
from inference_operator.governor import Governors
from inference_operator.kube import Kube
from inference_operator.objects import CONNECTION, ENDPOINT, Key, Kind
from inference_operator.reconcile import reconcile_endpoint
from inference_operator.reflector import KINDS, observe, observe_secret, relist
from inference_operator.secret import Fingerprinter, Redactor
from inference_operator.session import Session
from inference_operator.settings import PREFIX, from_environment
from inference_operator.store import SecretId, Store
from inference_operator.telemetry import Metrics
from inference_operator.workqueue import WorkQueue
from testbed.builders import Manifest
from testbed.standin.state import Cluster

T = TypeVar("T")
MAIN = Key(CONNECTION, NAMESPACE, "main")
WORKERS = 2
_LATENCY = 0.005
"""Seconds that each request takes on its way out, and each answer on its way back."""
_SETTINGS = from_environment({f"{PREFIX}ALLOW_HTTP": "true"})
_METRICS = Metrics()


class Rest(WorkQueue[Key]):
    """A work queue that tells whose last turn went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[Key] = set()

    def fail(self, key: Key) -> int:
        """One more failure."""
        self.failing.add(key)
        return super().fail(key)

    def forget(self, key: Key) -> None:
        """It went well, or there is something new to try."""
        self.failing.discard(key)
        super().forget(key)


class _InOrder(Store):
    """A store whose sets have one order in every run of Python."""

    def users_of_secret(self, secret: SecretId) -> frozenset[Key]:
        """In the order of their names."""
        return _Ordered(super().users_of_secret(secret))

    def users_of_connection(self, connection: Key) -> frozenset[Key]:
        """In the order of their names."""
        return _Ordered(super().users_of_connection(connection))


class _Ordered(frozenset[Key]):
    def __iter__(self) -> Any:
        return iter(sorted(super().__iter__(), key=str))


class Life:
    """An operator, which may be doomed to die at one of its next passages to the world outside."""

    def __init__(self, loop: VirtualLoop, objects: Objects, cluster: Cluster, witness: Witness) -> None:
        self.alive = True
        self.kube = MemoryKube(objects, self.passage)
        self.wire = _Wire(self, cluster, witness)
        self._doom = 0
        self._witness = witness
        self._tasks: list[asyncio.Task[None]] = []
        self._busy: set[Key] = set()
        self.queue = Rest()
        self.ctx = self.context(loop, cast("Kube", self.kube))

    def context(self, loop: VirtualLoop, kube: Kube) -> Context:
        """What an operator works with."""
        fingerprint = Fingerprinter()
        return Context(
            settings=_SETTINGS,
            kube=kube,
            secrets=kube,
            store=_InOrder(fingerprint),
            queue=self.queue,
            guard=Guard(["127.0.0.1"]),
            governors=Governors(2),
            redactor=Redactor(),
            fingerprint=fingerprint,
            metrics=_METRICS,
            now=loop.date,
            started_at=loop.date(),
        )

    def begin(self) -> None:
        """List, check the connection, and work."""
        if self.alive:
            self._tasks = [asyncio.create_task(self._begin())]

    async def _begin(self) -> None:
        await relist(self.ctx)
        await self.connect()
        self._tasks += [asyncio.create_task(self.queue.work(self.turn)) for _ in range(WORKERS)]

    async def connect(self) -> None:
        """The way to Elasticsearch that a connection keeps while its target stays the same is ours from the start."""
        raw = self.ctx.store.get(MAIN)
        assert raw
        target = await target_of(self.ctx, NAMESPACE, ElasticsearchConnectionSpec.model_validate(raw["spec"]))
        unknown = Identity("", "", "8.18.0", "default")
        client = Client(cast("Transport", self.wire), unknown, self.ctx.governors.of(""))
        problem = Waiting(Reason.CONNECTION_NOT_READY, "not checked yet")
        self.ctx.sessions[MAIN] = Session(client, target, problem)
        await self.turn(MAIN)

    async def turn(self, key: Key) -> None:
        """What a worker of the operator does with a key."""
        self._witness.turn(key)
        self._busy.add(key)
        try:
            delay = await (reconcile_endpoint if key.kind is ENDPOINT else reconcile_connection)(
                key, self.ctx
            )
        except ReconcileError:
            self.queue.fail(key)
            delay = self.queue.backoff(key)
        self._busy.discard(key)
        if delay is not None:
            self.queue.add_after(key, delay)

    def is_at(self, name: str) -> bool:
        """Whether an endpoint is being worked on, or its last turn went wrong."""
        return Key(ENDPOINT, NAMESPACE, name) in self._busy | self.queue.failing

    def hear(self, plural: str, event: str, raw: Manifest) -> None:
        """The watch."""
        kinds: dict[str, Kind] = {kind.plural: kind for kind in KINDS}
        if not self.alive:
            return
        if plural == "secrets":
            observe_secret(self.ctx, event, raw)
        elif plural in kinds:
            observe(self.ctx, kinds[plural], event, raw)

    async def passage(self, work: Callable[[], Awaitable[T]]) -> T:
        """A call to the world outside, before or after which the operator may die."""
        await self._go(_LATENCY)
        result = await work()
        await self._go(_LATENCY)
        return result

    async def _go(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.pass_by()
        if not self.alive:
            await asyncio.get_running_loop().create_future()

    def pass_by(self) -> None:
        """Something of this operator passes, in or out; it may be the last."""
        self._doom -= 1
        if self._doom == 0:
            self.kill()

    def doom(self, passages: int) -> None:
        """Die after so many passages more."""
        self._doom = passages

    def kill(self) -> None:
        """Do no more; what was sent is not taken back."""
        self.alive = False
        self.queue.shut_down()
        for task in [*self._tasks, *self.ctx.background]:
            task.cancel()


class _Wire:
    """The transport of a life, which ends at the stand-in."""

    def __init__(self, life: Life, cluster: Cluster, witness: Witness) -> None:
        self._life = life
        self._cluster = cluster
        self._witness = witness

    async def send(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request, within `deadline` seconds."""
        path, _, rest = path.partition("?")
        query = {**dict(p.split("=") for p in rest.split("&") if p), **(params or {})}

        async def work() -> Answer:
            self._witness.sends(method, path, query)
            return answer_of(await serve(self._cluster, method, path, query, encoded(body)))

        try:
            async with asyncio.timeout(deadline):
                answer = await self._life.passage(work)
        except TimeoutError:
            raise Transient(Reason.TIMED_OUT, "no answer in time", ambiguous=True) from None
        self._witness.hears(method, path, body, answer)
        return answer

    async def close(self) -> None:
        """Nothing is open."""

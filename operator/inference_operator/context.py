"""Everything a reconcile needs from outside, built once in `__main__`, and what it remembers between two runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from inference_operator.api.v1alpha1 import LiveSecret
from inference_operator.elasticsearch.address import Guard
from inference_operator.governor import Governors
from inference_operator.kube import Kube, fenced
from inference_operator.objects import ENDPOINT, Key, Raw, SecretReader, is_deleting
from inference_operator.secret import Fingerprinter, Redactor
from inference_operator.session import Session
from inference_operator.settings import Settings
from inference_operator.store import Store, connection_of, wanted_id
from inference_operator.struggle import Struggle
from inference_operator.telemetry import Metrics
from inference_operator.workqueue import WorkQueue


@dataclass(slots=True)
class Memory:
    """What this process knows of one endpoint beyond its status."""

    uid: str
    """Which object it is about; another one of the same name starts anew."""
    live: Mapping[str, bytes] | None = None
    """Fingerprints, by path, of the secret values that are in force in Elasticsearch."""
    unresolved_until: datetime | None = None
    """Until when a create request sent by this process may still take effect; in the past once it is answered."""
    unreported: Sequence[LiveSecret] | None = None
    """The versions of Secrets that were applied and that the status does not name yet."""
    offered: tuple[Mapping[str, bytes], Sequence[LiveSecret]] | None = None
    """The secrets that went with a create without outcome, as `live` and `unreported` will have them if it succeeded."""
    secrets_due: datetime | None = None
    """When the secrets are to be sent again, though they have not changed."""
    struggle: Struggle = field(default_factory=Struggle)
    """What was put back, and how often."""


class Locks:
    """One lock per pair of names, such as cluster and inference id; there only while it is held or awaited."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def __call__(self, scope: str, name: str) -> AsyncIterator[None]:
        """Hold the lock of one name in one scope."""
        key = (scope, name)
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)


@dataclass(slots=True)
class Context:
    """The operator's seams: API server, Elasticsearch, clock, memory."""

    settings: Settings
    kube: Kube
    secrets: SecretReader
    store: Store
    queue: WorkQueue[Key]
    guard: Guard
    governors: Governors
    redactor: Redactor
    fingerprint: Fingerprinter
    metrics: Metrics
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sessions: dict[Key, Session] = field(default_factory=dict)
    memory: dict[Key, Memory] = field(default_factory=dict)
    locks: Locks = field(default_factory=Locks)
    background: set[asyncio.Task[Any]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let `work` go on beside the reconcile; it must handle its own errors."""
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def recall(self, key: Key, raw: Raw) -> Memory:
        """What is remembered of an endpoint."""
        uid = str(raw["metadata"]["uid"])
        known = self.memory.get(key)
        if known is None or known.uid != uid:
            known = self.memory[key] = Memory(uid)
        return known

    def fence(self) -> None:
        """Every write to Elasticsearch passes here first, as every write to Kubernetes passes Kube's fence.

        Raises:
            Transient: this process may not write now.
        """
        if not self.kube.may_write():
            raise fenced()

    def wake_others(self, gone: Key, raw: Raw) -> None:
        """An endpoint goes: its id is free for others that ask for it, and its connection may have waited to go too."""
        if gone.kind is not ENDPOINT:
            return
        for key in self.store.namesakes(wanted_id(gone, raw)) - {gone}:
            self.queue.add(key)
        connection = connection_of(gone, raw)
        waiting = self.store.get(connection)
        if waiting is not None and is_deleting(waiting):
            self.queue.add(connection)

    def forget(self, key: Key) -> None:
        """Drop all that is remembered of an object that is gone."""
        self.memory.pop(key, None)
        self.queue.discard(key)

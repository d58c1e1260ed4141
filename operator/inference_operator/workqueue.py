"""A keyed work queue with the semantics of client-go's.

A key is worked on by one worker at a time; a key added meanwhile is worked on once more afterwards; a key
added many times is worked on once. `add_after` keeps the earliest time. A key's failures are counted, for backoff.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """The keys to be worked on, now or later."""

    def __init__(self, *, base: float = 1.0, cap: float = 300.0) -> None:
        self._base = base
        self._cap = cap
        self._ready: asyncio.Queue[K | None] = asyncio.Queue()  # None tells the workers to stop
        self._dirty: set[K] = set()
        self._processing: dict[K, float] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self.closed = asyncio.Event()

    def add(self, key: K) -> None:
        """Work on `key` as soon as a worker is free."""
        self._cancel_timer(key)
        if self.closed.is_set() or key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._ready.put_nowait(key)

    def add_after(self, key: K, delay: float) -> None:
        """Work on `key` in `delay` seconds, or earlier if that was asked for already."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if self.closed.is_set() or (timer is not None and timer.when() <= loop.time() + delay):
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(max(delay, 0.0), self.add, key)

    def fail(self, key: K) -> int:
        """Count one more failure of `key` in a row; the number of them."""
        self._failures[key] = self._failures.get(key, 0) + 1
        return self._failures[key]

    def backoff(self, key: K) -> float:
        """Seconds to wait after the failures of `key` so far: doubled each time, capped, ±20 % jitter."""
        exponent = min(self._failures.get(key, 1) - 1, 30)
        return float(min(self._base * 2**exponent, self._cap) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    def forget(self, key: K) -> None:
        """Reset the failures of `key`: it succeeded, or is gone."""
        self._failures.pop(key, None)

    def discard(self, key: K) -> None:
        """Forget all about a key that no longer exists."""
        self.forget(key)
        self._cancel_timer(key)

    async def work(self, handle: Callable[[K], Awaitable[None]]) -> None:
        """One worker: handle keys until the queue is shut down."""
        while (key := await self._get()) is not None:
            try:
                await handle(key)
            finally:
                self._done(key)

    async def _get(self) -> K | None:
        key = await self._ready.get()
        if key is None or self.closed.is_set():
            self._ready.put_nowait(None)  # for the next worker
            return None
        self._dirty.discard(key)
        self._processing[key] = asyncio.get_running_loop().time()
        return key

    def _done(self, key: K) -> None:
        del self._processing[key]
        if key in self._dirty:
            self._ready.put_nowait(key)

    def shut_down(self) -> None:
        """Hand out no more keys; what is being worked on is finished."""
        self.closed.set()
        for key in list(self._timers):
            self._cancel_timer(key)
        self._ready.put_nowait(None)

    def depth(self) -> int:
        """How many keys wait for a worker now."""
        return self._ready.qsize()

    def longest_running(self) -> float:
        """For how many seconds the oldest key in work has been worked on."""
        if not self._processing:
            return 0.0
        return asyncio.get_running_loop().time() - min(self._processing.values())

    def _cancel_timer(self, key: K) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()

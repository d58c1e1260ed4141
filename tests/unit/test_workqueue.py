"""The work queue: one worker per key, nothing lost, nothing done twice for nothing.

Time is asyncio's own, but moved by hand: the loop jumps to the next timer instead of sleeping.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from inference_operator.workqueue import WorkQueue

Queue = WorkQueue[str]
Handle = Callable[[str], Awaitable[None]]


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time passes only where nothing else is left to do."""

    _now = 1000.0

    def time(self) -> float:
        """The time, in seconds."""
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined] # the loop's own lists
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]
"""

"""Time that can be skipped: while nothing in this process has anything to do, the loop goes on to its next timer.

Both servers and the operator live in one process, so what hangs for a minute costs milliseconds.
"""

import asyncio
import selectors
from collections.abc import Callable

_IDLE = 0.01
"""Seconds without any work after which nothing is left but to wait; what is sent here arrives in microseconds."""


class _Impatient(selectors.DefaultSelector):
    """Waits for no timer longer than `_IDLE`."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; if nothing is, it is as late as it was to become."""
        if timeout is None or timeout <= _IDLE:
            return super().select(timeout)
        ready = super().select(_IDLE)
        if not ready:
            self._skip(timeout)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    def __init__(self) -> None:
        self._skipped = 0.0
        self.on_skip: Callable[[float], None] = lambda _: None
        """Told by how many seconds the clock was put forward."""
        super().__init__(_Impatient(self.skip))

    def time(self) -> float:
        """The seconds that have passed, those skipped included."""
        return super().time() + self._skipped

    def skip(self, seconds: float) -> None:
        """Let it be later."""
        self._skipped += seconds
        self.on_skip(seconds)

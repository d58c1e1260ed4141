"""Time that passes only while everything waits: hours of an operator's life take milliseconds."""

import asyncio
import selectors
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


class _Leap(selectors.SelectSelector):
    """Waits for nobody: the clock is put forward by what there is to wait."""

    now = 0.0
    listens = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What has come already; what is sent to oneself arrives at once."""
        if self.listens and (events := super().select(0)):
            return events
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock leaps to whatever is to be done next; its sockets, if any, lead to itself."""

    def __init__(self, *, sockets: bool = False) -> None:
        self._leap = _Leap()
        self._leap.listens = sockets
        super().__init__(self._leap)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._leap.now

    def date(self) -> datetime:
        """The same as a date."""
        return BEGIN + timedelta(seconds=self._leap.now)

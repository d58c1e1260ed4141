"""Requests about one thing, counted, and the point at which they are stopped."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum


class Moment(StrEnum):
    """When, in the course of one request, everything is stopped."""

    BEFORE = "before"
    """It has been sent and does not arrive."""
    LOST = "lost"
    """It has taken effect, and its answer does not arrive."""
    AFTER = "after"
    """It is answered, and the next one does not arrive."""


@dataclass(frozen=True)
class Point:
    """A moment of request number `number`; the first is 1."""

    number: int
    moment: Moment


class Cut(Exception):
    """The request is to be ended without an answer."""


@dataclass
class Course:
    """What is asked about one thing, up to a point if one is given."""

    point: Point | None = None
    requests: list[str] = field(default_factory=list)
    reached: bool = False
    """Whether it has come to the point; from then on nothing passes."""
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _passes: bool = False

    async def begin(self, request: str) -> int:
        """A request arrives; its number, once it may be forwarded.

        Raises:
            Cut: it must not be forwarded any more.
        """
        self.requests.append(request)
        number = len(self.requests)
        if self.reached or self.point == Point(number, Moment.BEFORE):
            await self._stop()
        return number

    async def end(self, number: int) -> None:
        """That request has taken effect; returns once it may be answered.

        Raises:
            Cut: it must not be answered any more.
        """
        if self.point == Point(number, Moment.LOST):
            await self._stop()
        self.reached |= self.point == Point(number, Moment.AFTER)

    def let_go(self, *, forward: bool) -> None:
        """Let what is held go on, for whoever asked it, or cut it; called in the event loop of the proxies."""
        self._passes = forward
        self._freed.set()

    async def _stop(self) -> None:
        self.reached = True
        await self._freed.wait()
        if not self._passes:
            raise Cut

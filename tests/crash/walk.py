"""Taking a coroutine as far as one of its suspensions: how far it has come when its process ends."""

import asyncio
import inspect
import types
from collections.abc import Coroutine, Generator
from contextlib import suppress
from typing import Any

Walker = Coroutine[Any, Any, object]


async def walk(walker: Walker, limit: int = 0) -> int:
    """Go on to the end, or to suspension number `limit`, where all is left as it stands; suspensions taken.

    In a task of its own, as the time limits that the walker has set cancel the task that they were set in.
    """
    return await asyncio.create_task(_walk(walker, limit))


async def cancel(walker: Walker) -> None:
    """Go on with one that was left, as asyncio does when its task is cancelled: it cleans up behind itself."""
    if not has_ended(walker):
        with suppress(asyncio.CancelledError):
            await asyncio.create_task(_walk(walker, error=asyncio.CancelledError()))


def has_ended(walker: Walker) -> bool:
    """Whether it has come to its end."""
    return inspect.getcoroutinestate(walker) == inspect.CORO_CLOSED


async def _walk(walker: Walker, limit: int = 0, error: BaseException | None = None) -> int:
    return await _steps(walker, limit, error)


@types.coroutine
def _steps(walker: Walker, limit: int, error: BaseException | None) -> Generator[Any, None, int]:
    taken = 0
    while True:
        try:
            awaited = walker.send(None) if error is None else walker.throw(error)
        except StopIteration:
            return taken
        taken += 1
        if taken == limit:
            return taken
        error = None
        try:
            yield awaited
        except BaseException as thrown:  # noqa: BLE001 - it is the walker's, whatever it is
            error = thrown

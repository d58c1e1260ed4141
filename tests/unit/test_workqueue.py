"""The work queue: one worker per key, nothing lost, and nothing done twice for nothing."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from inference_operator.workqueue import WorkQueue

LONG = 3600.0
"""Seconds that no test waits for."""


class Workers:
    """Handles keys when the test lets it, and remembers what it did."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.go = asyncio.Semaphore(0)
        self.done: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def handle(self, key: str) -> None:
        """Work on a key until the test says that it is done."""
        self.begun.append(key)
        await self.go.acquire()
        self.ended.append(key)
        self.done[key].set()

    def finish(self, number: int = 1) -> None:
        """Let so many keys come to their end."""
        for _ in range(number):
            self.go.release()


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def working(queue: WorkQueue[str], number: int = 1) -> AsyncIterator[Workers]:
    """So many workers; at the end they must stop when the queue is shut down."""
    workers = Workers()
    tasks = [asyncio.create_task(queue.work(workers.handle)) for _ in range(number)]
    yield workers
    queue.shut_down()
    workers.finish(100)
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)


async def test_keys_are_handled_in_order() -> None:
    """First come, first served."""
    queue = WorkQueue[str]()
    async with working(queue) as workers:
        workers.finish(3)
        for key in ("a", "b", "c"):
            queue.add(key)
        await settle()
        assert workers.ended == ["a", "b", "c"]


async def test_key_added_many_times_is_handled_once() -> None:
    """As long as it waits, one more add says nothing new."""
    queue = WorkQueue[str]()
    for key in ("a", "b", "a", "a", "b"):
        queue.add(key)
    assert queue.depth() == 2
    async with working(queue) as workers:
        workers.finish(5)
        await settle()
        assert workers.ended == ["a", "b"]
    assert queue.depth() <= 1  # the word to stop


async def test_key_is_handled_by_one_worker_at_a_time() -> None:
    """Other workers take other keys, and leave alone what is in work."""
    queue = WorkQueue[str]()
    async with working(queue, number=3) as workers:
        queue.add("a")
        await settle()
        queue.add("a")
        queue.add("b")
        await settle()
        assert workers.begun == ["a", "b"]
        workers.finish(3)
        await settle()
        assert sorted(workers.ended) == ["a", "a", "b"]


async def test_key_added_while_in_work_is_handled_once_more() -> None:
    """What happened meanwhile may not have been seen; three events are still one more look."""
    queue = WorkQueue[str]()
    async with working(queue) as workers:
        queue.add("a")
        await settle()
        for _ in range(3):
            queue.add("a")
        assert queue.depth() == 0
        workers.finish(5)
        await settle()
        assert workers.ended == ["a", "a"]


async def test_key_whose_handler_fails_can_be_handled_again() -> None:
    """A handler that raises ends its worker, but leaves no key locked for ever."""
    queue = WorkQueue[str]()

    async def fail(key: str) -> None:
        raise ValueError(key)

    queue.add("a")
    with pytest.raises(ValueError, match="a"):
        await queue.work(fail)
    async with working(queue) as workers:
        workers.finish()
        queue.add("a")
        await settle()
        assert workers.ended == ["a"]


@pytest.mark.parametrize(
    "delays",
    [(0.01,), (0.01, LONG), (LONG, 0.01), (LONG, 0.01, LONG), (0.0,), (-5.0,)],
    ids=str,
)
async def test_earliest_time_counts(delays: tuple[float, ...]) -> None:
    """However often a key is asked for later: the earliest time is kept, and the key is handled once."""
    queue = WorkQueue[str]()
    begin = asyncio.get_running_loop().time()
    async with working(queue) as workers, asyncio.timeout(10):
        for delay in delays:
            queue.add_after("a", delay)
        assert queue.depth() == 0
        workers.finish()
        await workers.done["a"].wait()
        assert asyncio.get_running_loop().time() - begin >= min(delays)
        assert workers.begun == ["a"]


async def test_add_makes_a_later_time_needless() -> None:
    """What is handled now need not be handled again later for the same reason."""
    queue = WorkQueue[str]()
    async with working(queue) as workers, asyncio.timeout(10):
        queue.add_after("a", 0.01)
        queue.add("a")
        queue.add_after("b", 0.02)
        workers.finish(5)
        await workers.done["b"].wait()
        assert workers.ended == ["a", "b"]


async def test_discarded_key_does_not_come_back() -> None:
    """An object that is gone is not looked at later, and its failures are forgotten."""
    queue = WorkQueue[str]()
    async with working(queue) as workers, asyncio.timeout(10):
        queue.add_after("a", 0.01)
        queue.fail("a")
        queue.discard("a")
        queue.add_after("b", 0.02)
        workers.finish(5)
        await workers.done["b"].wait()
        assert workers.ended == ["b"]
        assert queue.fail("a") == 1


def test_backoff_doubles_up_to_a_cap() -> None:
    """One, two, four, … seconds, each 20 % up or down, and never far beyond the cap."""
    queue = WorkQueue[str](base=1.0, cap=5.0)
    for number, seconds in enumerate((1.0, 2.0, 4.0, 5.0, 5.0), start=1):
        assert queue.fail("a") == number
        assert seconds * 0.8 <= queue.backoff("a") <= seconds * 1.2


def test_backoff_survives_many_failures() -> None:
    """A thing that fails for months overflows nothing."""
    queue = WorkQueue[str](base=0.001, cap=300.0)
    for _ in range(5000):
        queue.fail("a")
    assert 240.0 <= queue.backoff("a") <= 360.0


def test_backoff_is_scattered() -> None:
    """A thousand keys that failed together do not come back together."""
    queue = WorkQueue[str]()
    queue.fail("a")
    assert len({queue.backoff("a") for _ in range(100)}) > 50


def test_success_resets_the_backoff() -> None:
    """After a success the next failure is the first, and other keys keep their count."""
    queue = WorkQueue[str](base=1.0)
    for _ in range(5):
        queue.fail("a")
        queue.fail("b")
    queue.forget("a")
    assert queue.backoff("a") <= 1.2
    assert queue.fail("a") == 1
    assert queue.fail("b") == 6


async def test_shut_down_finishes_what_is_in_work_and_nothing_else() -> None:
    """A key in work comes to its end; those that wait, now or for a time, are not handed out."""
    queue = WorkQueue[str]()
    workers = Workers()
    tasks = [asyncio.create_task(queue.work(workers.handle)) for _ in range(3)]
    queue.add("a")
    await settle()
    queue.add("a")
    queue.add_after("c", 0.0)
    queue.shut_down()
    queue.add("b")
    queue.add_after("b", 0.0)
    workers.finish(5)
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)
    await settle()
    assert workers.ended == ["a"]
    assert queue.closed.is_set()


async def test_shut_down_stops_workers_that_have_not_begun() -> None:
    """However many workers there are, and however much waits: all of them stop."""
    queue = WorkQueue[str]()
    for number in range(100):
        queue.add(str(number))
    queue.shut_down()
    workers = Workers()
    async with asyncio.timeout(10):
        await asyncio.gather(*(queue.work(workers.handle) for _ in range(16)))
    assert workers.begun == []


async def test_age_of_the_oldest_key_in_work() -> None:
    """A handler that hangs is seen by its age; with nothing in work there is none."""
    queue = WorkQueue[str]()
    assert queue.longest_running() == 0.0
    async with working(queue, number=2) as workers:
        queue.add("a")
        await settle()
        first = queue.longest_running()
        await asyncio.sleep(0.002)
        queue.add("b")
        await settle()
        assert queue.longest_running() > first
        workers.finish(2)
        await settle()
        assert queue.longest_running() == 0.0

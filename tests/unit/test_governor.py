"""One cluster is never asked more at once than was agreed."""

import asyncio

import pytest

from inference_operator.governor import Governor, Governors


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)


class Requests:
    """Requests that end when the test lets them."""

    def __init__(self, governor: Governor, number: int) -> None:
        self._governor = governor
        self.sent = 0
        self.end = asyncio.Semaphore(0)
        self.tasks = [asyncio.create_task(self._send()) for _ in range(number)]

    async def _send(self) -> None:
        async with self._governor.slot():
            self.sent += 1
            await self.end.acquire()

    async def finish(self, number: int = 1) -> None:
        """Let so many requests end."""
        for _ in range(number):
            self.end.release()
        await settle()

    async def finish_all(self) -> None:
        """Let all requests end, and wait until they have."""
        await self.finish(len(self.tasks))
        async with asyncio.timeout(10):
            await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_no_more_requests_than_places() -> None:
    """Whoever finds no place waits, and each place that becomes free is taken at once."""
    governor = Governor(3)
    requests = Requests(governor, 10)
    await settle()
    assert (requests.sent, governor.in_flight) == (3, 3)
    await requests.finish(2)
    assert (requests.sent, governor.in_flight) == (5, 3)
    await requests.finish_all()
    assert (requests.sent, governor.in_flight, governor.peak) == (10, 0, 3)


async def test_failed_request_gives_its_place_back() -> None:
    """Whatever ends a request, its place is free again."""
    governor = Governor(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            async with governor.slot():
                raise ValueError("broken")
    assert governor.in_flight == 0


async def test_cancelled_request_gives_its_place_back() -> None:
    """A request that is given up in flight frees its place for the next."""
    governor = Governor(1)
    requests = Requests(governor, 2)
    await settle()
    requests.tasks[0].cancel()
    await settle()
    assert (requests.sent, governor.in_flight) == (2, 1)
    await requests.finish_all()


async def test_request_that_is_given_up_while_it_waits_takes_no_place() -> None:
    """Who waited in vain leaves nothing behind."""
    governor = Governor(1)
    requests = Requests(governor, 3)
    await settle()
    requests.tasks[1].cancel()
    await settle()
    await requests.finish()
    assert (requests.sent, governor.in_flight) == (2, 1)
    await requests.finish_all()
    assert governor.in_flight == 0


async def test_place_is_not_lost_with_the_one_it_was_promised_to() -> None:
    """The waiter that is told of a free place and cancelled at the same moment passes it on."""
    governor = Governor(1)
    requests = Requests(governor, 3)
    await settle()
    requests.end.release()
    for _ in range(20):
        if governor.in_flight == 0:
            break
        await asyncio.sleep(0)
    requests.tasks[1].cancel()
    await settle()
    assert requests.sent == 2
    await requests.finish_all()


async def test_limit_may_grow_and_shrink() -> None:
    """A new limit holds for those who wait, too."""
    governor = Governor(2)
    requests = Requests(governor, 6)
    await settle()
    governor.limit = 1
    await requests.finish()
    assert governor.in_flight == 1
    governor.limit = 3
    await requests.finish()
    assert governor.in_flight >= 1
    await requests.finish_all()
    assert requests.sent == 6
    assert governor.peak <= 3


def test_cluster_has_one_governor() -> None:
    """All connections to one cluster share its places, and other clusters have their own."""
    governors = Governors(16)
    one = governors.of("u1")
    assert governors.of("u1") is one
    assert governors.of("u2") is not one


def test_limit_is_what_the_connection_asks_for() -> None:
    """Where nothing is asked for, the default holds."""
    governors = Governors(16)
    assert governors.of("u1").limit == 16
    assert governors.of("u1", 4).limit == 4
    assert governors.of("u1").limit == 16

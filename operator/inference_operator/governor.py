"""Traffic to one cluster, shared by all its endpoints: today a cap on the requests in flight.

Every request passes `slot`, so that a token bucket, a circuit breaker and fairness can be added here alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Governor:
    """Lets at most `limit` requests be in flight."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.peak = 0
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the places while the request is under way."""
        async with self._free:
            try:
                await self._free.wait_for(lambda: self.in_flight < self.limit)
            except asyncio.CancelledError:
                self._free.notify()  # the place may have been promised to us: the next one takes it
                raise
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
        try:
            yield
        finally:
            async with self._free:
                self.in_flight -= 1
                self._free.notify()


class Governors:
    """The governor of each cluster, by its UUID."""

    def __init__(self, default_limit: int) -> None:
        self._default = default_limit
        self._by_cluster: dict[str, Governor] = {}

    def of(self, cluster_uuid: str, limit: int | None = None) -> Governor:
        """The governor of a cluster, with the limit that its connection asks for."""
        governor = self._by_cluster.setdefault(cluster_uuid, Governor(self._default))
        governor.limit = limit or self._default
        return governor

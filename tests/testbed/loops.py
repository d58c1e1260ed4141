"""An event loop for a thread of the test bed, which leaves no connection to the garbage collector.

One that lingers, say in a TLS farewell that its peer does not answer, would be found there in the middle of another test.
"""

import asyncio
from typing import Any
from weakref import WeakSet


class TidyLoop(asyncio.SelectorEventLoop):
    """Remembers the connections that are made in it."""

    def __init__(self) -> None:
        super().__init__()
        self._made: WeakSet[asyncio.WriteTransport] = WeakSet()

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """As usual."""
        transport, protocol = await super().create_connection(*args, **kwargs)
        self._made.add(transport)
        return transport, protocol

    async def cut(self) -> None:
        """Cut all that are left."""
        for transport in list(self._made):
            transport.abort()
        await asyncio.sleep(0)  # in which their ends are told

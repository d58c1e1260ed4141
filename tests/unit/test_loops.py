"""A loop of the test bed leaves no connection behind, also not one in a farewell that its peer does not answer."""

import asyncio
import gc
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import create_server

import pytest
import trustme

from testbed.loops import TidyLoop

AUTHORITY = trustme.CA()


@contextmanager
def silent() -> Iterator[int]:
    """A server that greets over TLS, and then neither reads nor speaks; its port."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(tls)
    over = threading.Event()
    with create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with tls.wrap_socket(listener.accept()[0], server_side=True):
                over.wait()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


async def take_leave(port: int) -> None:
    """Connect, and say farewell."""
    trust = ssl.create_default_context()
    AUTHORITY.configure_trust(trust)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port, ssl=trust)
    transport.close()
    if isinstance(loop, TidyLoop):
        await loop.cut()


@pytest.mark.parametrize(
    ("kind", "tidy"),
    [(TidyLoop, True), (asyncio.SelectorEventLoop, False)],
    ids=["a tidy loop leaves nothing", "another one leaves it to the garbage collector"],
)
def test_farewell_that_nobody_answers(kind: Callable[[], asyncio.AbstractEventLoop], tidy: bool) -> None:
    """What is left would be found in the middle of another test, which then fails."""
    with silent() as port, warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        with asyncio.Runner(loop_factory=kind) as runner:
            runner.run(take_leave(port))
        del runner
        gc.collect()
    assert bool(left) is not tidy

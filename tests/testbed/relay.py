"""A TCP port that leads to another one, and can forget its connections as a firewall does: without telling anybody."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Self
from urllib.parse import urlsplit

_CHUNK = 65_536


class Relay(ThreadingTCPServer):
    """Passes on what it is sent, on each connection until that is silenced."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        there = urlsplit(url)
        self.target = str(there.hostname), int(there.port or 443)
        self.url = f"{there.scheme}://127.0.0.1:{self.server_address[1]}"
        self.open: set[_Connection] = set()

    @classmethod
    @contextmanager
    def start(cls, url: str) -> Iterator[Self]:
        """A relay to the server at `url`."""
        with cls(url) as relay:
            thread = threading.Thread(target=relay.serve_forever, name="relay", daemon=True)
            thread.start()
            yield relay
            relay.shutdown()
            thread.join()

    def silence(self) -> int:
        """Pass on nothing more on the connections that are open now; how many those are."""
        for connection in (connections := list(self.open)):
            connection.silent.set()
        return len(connections)


class _Connection(BaseRequestHandler):
    server: Relay

    def setup(self) -> None:
        self.silent = threading.Event()
        self.server.open.add(self)

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as there, contextlib.suppress(OSError):
            back = threading.Thread(target=self._pass_on, args=(there, self.request), daemon=True)
            back.start()
            self._pass_on(self.request, there)
            back.join()

    def finish(self) -> None:
        self.server.open.discard(self)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        """Until one of them ends, which the other is told unless the connection is silent."""
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if not self.silent.is_set():
                    sink.sendall(data)
        for end in (source,) if self.silent.is_set() else (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

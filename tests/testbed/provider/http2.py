"""HTTP/2 before the stub: the AWS SDK calls Amazon Bedrock over nothing else, and aiohttp does not speak it."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import aiohttp
from aiohttp import web
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

PROTOCOLS = ["h2", "http/1.1"]


class Negotiated(asyncio.Protocol):
    """A TLS connection that turns into one of HTTP/2 or HTTP/1.1, as the client has chosen."""

    def __init__(self, runner: web.AppRunner, origin: str) -> None:
        self._runner = runner
        self._origin = origin

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is over."""
        protocol = self._chosen(transport.get_extra_info("ssl_object").selected_alpn_protocol())
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _chosen(self, name: str | None) -> asyncio.BaseProtocol:
        if name == "h2":
            return Http2(self._origin)
        assert self._runner.server is not None, "the runner is set up"
        return self._runner.server()


@dataclass
class _Request:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Http2(asyncio.Protocol):
    """One connection, whose requests are passed on to the `origin` over HTTP/1.1."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._http2 = H2Connection(H2Configuration(client_side=False))
        self._requests: dict[int, _Request] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        self._transport = cast("asyncio.Transport", transport)
        self._http2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Collect the requests, and answer each that is whole."""
        for event in self._http2.receive_data(data):
            self._take(event)
        self._flush()

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._requests[event.stream_id] = _Request(
                    {name.decode(): value.decode() for name, value in event.headers}
                )
            case DataReceived():
                self._requests[event.stream_id].body += event.data
                self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                task = asyncio.ensure_future(self._answer(event.stream_id))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream_id: int) -> None:
        """Pass the request on; break the connection where that one breaks or the client has given up."""
        request = self._requests.pop(stream_id)
        method, path, host = (request.headers[name] for name in (":method", ":path", ":authority"))
        headers = {name: value for name, value in request.headers.items() if not name.startswith(":")}
        headers["host"] = host
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.request(method, self._origin + path, headers=headers, data=request.body) as answer,
            ):
                body = await answer.read()
            said = [(":status", str(answer.status)), ("content-type", answer.content_type)]
            self._http2.send_headers(stream_id, said)
            self._http2.send_data(stream_id, body, end_stream=True)
        except (aiohttp.ClientError, ProtocolError):
            self._transport.abort()
        else:
            self._flush()

    def _flush(self) -> None:
        self._transport.write(self._http2.data_to_send())

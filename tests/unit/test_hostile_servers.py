"""The transport against servers that are broken or mean harm: real sockets on loopback, nothing else."""

import asyncio
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from inference_operator.elasticsearch.address import Guard
from inference_operator.elasticsearch.transport import LARGEST_ANSWER, Target, Transport
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from inference_operator.secret import SecretValue

KEY = "ApiKey the-key-of-the-operator"
ELASTIC = b"X-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *headers: str, status: str = "200 OK", product: bytes = ELASTIC) -> bytes:
    """A whole HTTP answer."""
    lines = "".join(f"{line}\r\n" for line in headers).encode()
    return b"HTTP/1.1 %s\r\n%s%sContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        product,
        lines,
        len(body),
        body,
    )


class Server:
    """Answers every connection with the same bytes, and notes what it was sent."""

    def __init__(self, reply: bytes, *, then_hang: bool = False) -> None:
        self.reply = reply
        self.received: list[bytes] = []
        self.connections = 0
        self._then_hang = then_hang

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            self.received.append(await reader.read(65536))
            writer.write(self.reply)
            await writer.drain()
            if self._then_hang:
                await reader.read()
        except OSError:
            pass  # the client has had enough
        finally:
            writer.close()

    @asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """Listen; the URL."""
        listener = await asyncio.start_server(self.handle, "127.0.0.1", 0, ssl=tls)
        port = listener.sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        listener.close()


async def ask(
    url: str, *, ca: str | None = None, deadline: float = 5.0, allowed: tuple[str, ...] = ("127.0.0.1",)
) -> ReconcileError:
    """The error with which a request to `url` ends."""
    transport = Transport(Target(url, SecretValue(KEY), ca, allow_http=True), Guard(allowed))
    try:
        with pytest.raises(ReconcileError) as caught:
            await transport.send("PUT", "/_inference/x", deadline=deadline, body={"api_key": "the-key"})
    finally:
        await transport.close()
    assert "the-key" not in str(caught.value)
    return caught.value


NO_ELASTICSEARCH = {
    "a web page": answer(b"<html>", product=b""),
    "JSON without the product header": answer(b'{"version":{}}', product=b""),
    "a web page with the product header": answer(b"<html>"),
    "half a JSON document": answer(b'{"version":'),
    "a gzip answer": answer(gzip.compress(b"{}" * 1000), "Content-Encoding: gzip"),
    "an answer in an unknown encoding": answer(b"{}", "Content-Encoding: zstd"),
    "JSON nested too deeply to read": answer(b"[" * 100_000),
    "a number of a million digits": answer(b"1" * 1_000_000),
    "an answer that is too long": answer(b" " * (LARGEST_ANSWER + 1)),
    "a page for which one must log in": answer(b"<html>", status="404 Not Found", product=b""),
}


@pytest.mark.parametrize("reply", NO_ELASTICSEARCH.values(), ids=NO_ELASTICSEARCH.keys())
async def test_what_is_not_elasticsearch_is_called_so(reply: bytes) -> None:
    """Nobody retries this; a person must correct the URL."""
    async with Server(reply).serve() as url:
        error = await ask(url)
    assert (type(error), error.reason) == (Stalled, Reason.NOT_ELASTICSEARCH)
    assert "spec.endpoint.url" in error.message


async def test_gzip_bomb_is_not_inflated() -> None:
    """Half a gigabyte of nothing is refused by its header, before its first byte is read."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    begin = time.monotonic()
    async with Server(answer(bomb, "Content-Encoding: gzip")).serve() as url:
        error = await ask(url)
    assert error.reason is Reason.NOT_ELASTICSEARCH
    assert time.monotonic() - begin < 1.0


async def test_answer_without_an_end_is_cut() -> None:
    """Only the first megabyte is read, whatever the header promises."""
    endless = b"HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n" % ELASTIC
    chunk = b"10000\r\n%s\r\n" % (b" " * 0x10000)
    async with Server(endless + chunk * 40, then_hang=True).serve() as url:
        error = await ask(url)
    assert error.reason is Reason.NOT_ELASTICSEARCH


TROUBLE = {
    "silence": (b"", True),
    "half an answer and then nothing": (answer(b"{}")[:40], True),
    "half a body and then nothing": (answer(b"{}" * 50)[:-60], True),
    "half an answer and then the end": (answer(b"{}")[:40], False),
    "half a body and then the end": (answer(b"{}" * 50)[:-60], False),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n", False),
    "a hundred thousand headers": (answer(b"{}", *["A: b"] * 100_000), False),
}


@pytest.mark.parametrize(("reply", "hangs"), TROUBLE.values(), ids=TROUBLE.keys())
async def test_broken_answer_leaves_open_what_happened(reply: bytes, hangs: bool) -> None:
    """The request may have taken effect; the deadline holds, and the connection is tried again."""
    begin = time.monotonic()
    async with Server(reply, then_hang=hangs).serve() as url:
        error = await ask(url, deadline=0.5)
    assert isinstance(error, Transient)
    assert error.ambiguous
    assert error.reason in {Reason.TIMED_OUT, Reason.UNREACHABLE}
    assert time.monotonic() - begin < 2.0


@pytest.mark.parametrize(
    "status",
    ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent"],
)
async def test_redirect_is_not_followed(status: str) -> None:
    """It would carry the provider's key to wherever the answer says."""
    victim = Server(answer(b"{}"))
    async with victim.serve() as elsewhere:
        redirect = answer(b"", f"Location: {elsewhere}/", status=status, product=b"")
        async with Server(redirect).serve() as url:
            error = await ask(url)
        assert (type(error), error.reason) == (Stalled, Reason.NOT_ELASTICSEARCH)
    assert victim.connections == 0


async def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would see every key."""
    proxy = Server(answer(b"{}"))
    async with proxy.serve() as address, Server(answer(b"<html>")).serve() as url:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, address)
        await ask(url)
    assert proxy.connections == 0


async def test_cookies_are_neither_kept_nor_sent() -> None:
    """Nor is a compressed answer asked for."""
    server = Server(answer(b"{}", "Set-Cookie: session=1; Path=/", "Connection: close"))
    async with server.serve() as url:
        transport = Transport(Target(url, SecretValue(KEY), allow_http=True), Guard(["127.0.0.1"]))
        for _ in range(2):
            sent = await transport.send("GET", "/", deadline=5)
            assert (sent.status, sent.body) == (200, {})
        await transport.close()
    assert len(server.received) == 2
    for request in map(bytes.lower, server.received):
        assert b"cookie" not in request
        assert b"accept-encoding: identity" in request


def certificate(authority: trustme.CA, host: str, *, age: timedelta = timedelta()) -> ssl.SSLContext:
    """A server's side of TLS for `host`, by a certificate that ended `age` ago."""
    ends = datetime.now(UTC) - age if age else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=ends).configure_cert(context)
    return context


OURS, THEIRS = trustme.CA(), trustme.CA()
TLS = {
    "an authority that is not trusted": certificate(THEIRS, "127.0.0.1"),
    "another host": certificate(OURS, "es.example.com"),
    "the past": certificate(OURS, "127.0.0.1", age=timedelta(days=1)),
}


@pytest.mark.parametrize("server", TLS.values(), ids=[f"certificate of {what}" for what in TLS])
async def test_certificate_is_verified(server: ssl.SSLContext) -> None:
    """Nothing is sent to a server that cannot prove who it is."""
    listener = Server(answer(b"{}"))
    async with listener.serve(server) as url:
        error = await ask(url, ca=OURS.cert_pem.bytes().decode())
    assert (type(error), error.reason) == (Stalled, Reason.TLS_VERIFICATION_FAILED)
    assert "spec.tls" in error.message
    assert listener.received == []


async def test_old_tls_is_refused() -> None:
    """TLS 1.1 and older are broken; no request is sent."""
    context = certificate(OURS, "127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    listener = Server(answer(b"{}"))
    async with listener.serve(context) as url:
        await ask(url, ca=OURS.cert_pem.bytes().decode())
    assert listener.received == []


async def test_server_without_tls_is_told_from_a_wrong_certificate() -> None:
    """The message asks whether the port speaks https at all."""
    async with Server(answer(b"{}")).serve() as url:
        error = await ask(url.replace("http:", "https:"))
    assert error.reason is Reason.TLS_VERIFICATION_FAILED
    assert "https" in error.message


async def test_closed_port_is_certain_to_have_changed_nothing() -> None:
    """A create that was never sent may be sent again at once."""
    async with Server(b"").serve() as url:
        pass
    error = await ask(url)
    assert isinstance(error, Transient)
    assert (error.reason, error.ambiguous) == (Reason.UNREACHABLE, False)

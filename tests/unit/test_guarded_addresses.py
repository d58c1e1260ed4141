"""Where a connection may not lead, however its URL spells it."""

import socket
from typing import Any

import pytest

from inference_operator.elasticsearch.address import Guard
from inference_operator.elasticsearch.transport import Target, Transport
from inference_operator.errors import Reason, ReconcileError, Stalled
from inference_operator.secret import SecretValue

API_SERVER = "10.96.0.1"
LOOPBACK = (
    "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433",
    "017700000001", "localhost", "LOCALHOST", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2002:7f00:1::1]", "0", "0.0.0.0", "[::]",
)  # fmt: skip
METADATA = (
    "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518",
    "[fe80::1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192",
)  # fmt: skip
OTHERS = (
    "224.0.0.1",
    "[ff02::1]",
    "240.0.0.1",
    "255.255.255.255",
    API_SERVER,
    f"[::ffff:{API_SERVER}]",
    "0xa600001",
)


async def ask(host: str, port: int, guard: Guard) -> ReconcileError | None:
    """How a request to `host` fails before its deadline; None if it got through."""
    target = Target(f"http://{host}:{port}", SecretValue("ApiKey key"), allow_http=True)
    try:
        transport = Transport(target, guard)
    except ReconcileError as error:
        return error
    try:
        await transport.send("GET", "/", deadline=0.5)
    except ReconcileError as error:
        return error
    finally:
        await transport.close()
    return None


class Victim:
    """Listens on all of loopback, and knows whether anybody came."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    @property
    def visited(self) -> bool:
        """Whether somebody connected."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


@pytest.fixture
def victim() -> Any:
    """A service that the operator can reach and a tenant may not."""
    listening = Victim()
    yield listening
    listening.close()


@pytest.mark.parametrize("host", [*LOOPBACK, *METADATA, *OTHERS])
async def test_guarded_address_is_refused_and_not_visited(host: str, victim: Victim) -> None:
    """The error tells a person what to do; no packet is sent."""
    error = await ask(host, victim.port, Guard(forbidden=[API_SERVER]))
    assert isinstance(error, Stalled)
    assert error.reason is Reason.ADDRESS_NOT_ALLOWED
    assert "administrator" in error.message
    assert not victim.visited


async def test_name_with_one_guarded_address_among_good_ones_is_refused(
    victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a tenant's DNS server could offer both, and the client take the bad one."""
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*stream, (address, victim.port)) for address in ("192.0.2.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    error = await ask("es.example.com", victim.port, Guard())
    assert error is not None
    assert error.reason is Reason.ADDRESS_NOT_ALLOWED
    assert not victim.visited


@pytest.mark.parametrize("allowed", ["127.0.0.1", "localhost"])
async def test_administrator_may_exempt_a_host(allowed: str, victim: Victim) -> None:
    """The exemption holds for the host as it is spelt, and for no other."""
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[allowed]
    refused = await ask(other, victim.port, Guard([allowed]))
    assert refused is not None
    assert refused.reason is Reason.ADDRESS_NOT_ALLOWED
    assert not victim.visited
    await ask(allowed, victim.port, Guard([allowed]))
    assert victim.visited


@pytest.mark.parametrize(
    "host", ["es..example.com", "no-such-host.invalid", "a" * 64 + ".example.com", "xn--0.invalid"]
)
async def test_host_that_is_none_is_unknown(host: str) -> None:
    """It may be a slip, or DNS may be late: tried again."""
    error = await ask(host, 9200, Guard())
    assert error is not None
    assert error.reason is Reason.HOST_UNKNOWN

"""No spelling of an address leads a connection to where it must not go."""

import ipaddress
import socket

import pytest

from inference_operator.elasticsearch.address import (
    AddressNotAllowed,
    Guard,
    GuardedResolver,
    embedded,
    not_allowed,
)
from inference_operator.errors import Reason, Stalled

API_SERVER = ("10.96.0.1", "fd00::1")

GUARDED = {
    "loopback": "127.0.0.1",
    "loopback, another of its addresses": "127.255.255.254",
    "loopback, short": "127.1",
    "loopback, shorter by one": "127.0.1",
    "loopback, decimal": "2130706433",
    "loopback, hexadecimal": "0x7f000001",
    "loopback, hexadecimal in parts": "0x7f.0x0.0x0.0x1",
    "loopback, hexadecimal in capitals": "0X7F.1",
    "loopback, octal": "017700000001",
    "loopback, octal in parts": "0177.0.0.1",
    "loopback, octal with many zeros": "00000177.0.0.01",
    "loopback, mixed": "0x7f.0.01",
    "loopback, IPv6": "::1",
    "loopback, IPv6 in full": "0000:0000:0000:0000:0000:0000:0000:0001",
    "loopback, mapped": "::ffff:127.0.0.1",
    "loopback, mapped in hexadecimal": "::ffff:7f00:1",
    "loopback, mapped in full": "0:0:0:0:0:ffff:7f00:0001",
    "loopback, IPv4-compatible": "::127.0.0.1",
    "loopback, NAT64": "64:ff9b::127.0.0.1",
    "loopback, NAT64 in hexadecimal": "64:ff9b::7f00:1",
    "loopback, local NAT64": "64:ff9b:1::7f00:1",
    "loopback, 6to4": "2002:7f00:1::",
    "loopback, 6to4 with a host": "2002:7f00:0001::dead:beef",
    "loopback, Teredo": "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "unspecified": "0.0.0.0",
    "unspecified, short": "0",
    "unspecified, IPv6": "::",
    "unspecified, mapped": "::ffff:0.0.0.0",
    "metadata": "169.254.169.254",
    "metadata, decimal": "2852039166",
    "metadata, hexadecimal": "0xa9fea9fe",
    "metadata, octal": "0251.0376.0251.0376",
    "metadata, short": "169.254.43518",
    "metadata, mapped": "::ffff:169.254.169.254",
    "metadata, mapped in hexadecimal": "::ffff:a9fe:a9fe",
    "metadata, NAT64": "64:ff9b::a9fe:a9fe",
    "metadata, 6to4": "2002:a9fe:a9fe::1",
    "metadata of AWS, IPv6": "fd00:ec2::254",
    "metadata of AWS, IPv6 in full": "FD00:0EC2:0:0:0:0:0:0254",
    "metadata of Google, IPv6": "fd20:ce::254",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Azure": "168.63.129.16",
    "metadata of Azure, mapped": "::ffff:168.63.129.16",
    "metadata of Oracle": "192.0.0.192",
    "link-local": "169.254.0.1",
    "link-local, IPv6": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "link-local with a number as zone": "fe80::1%1",
    "loopback with a zone": "::1%lo",
    "multicast": "224.0.0.1",
    "multicast, IPv6": "ff02::1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "the API server": "10.96.0.1",
    "the API server, decimal": "174063617",
    "the API server, mapped": "::ffff:10.96.0.1",
    "the API server, NAT64": "64:ff9b::10.96.0.1",
    "the API server, 6to4": "2002:a60:1::",
    "the API server, IPv6": "fd00::1",
    "the API server, IPv6 in capitals and full": "FD00:0:0:0:0:0:0:0001",
}

REACHABLE = {
    "a public address": "93.184.215.14",
    "a private address": "10.0.0.7",
    "another private address": "192.168.1.1",
    "a private address, decimal": "167772167",
    "a public address, IPv6": "2a02:2e0:3fe:1001:302::",
    "a private address, IPv6": "fd12:3456::7",
    "a private address, mapped": "::ffff:10.0.0.7",
    "a private address, NAT64": "64:ff9b::10.0.0.7",
    "a neighbour of the API server": "10.96.0.10",
}

NAMES = {
    "a name": "es.example.com",
    "a name that looks like an address": "127.0.0.1.example.com",
    "a name with a trailing dot": "es.example.com.",
    "an address with a trailing dot, which no client reads as one": "127.0.0.1.",
    "a name of digits and letters": "0x7f-es",
    "too many parts": "127.0.0.1.1",
    "a part that is too large": "127.0.0.256",
    "nothing": "",
}


@pytest.fixture
def guard() -> Guard:
    """A guard that exempts nobody and knows the API server."""
    return Guard(forbidden=API_SERVER)


@pytest.mark.parametrize("host", GUARDED.values(), ids=GUARDED)
def test_guarded_address_is_refused(guard: Guard, host: str) -> None:
    """However it is spelt, an address of the machine, its network or its cloud is not reached."""
    with pytest.raises(Stalled) as error:
        guard.check_url_host(host)
    assert error.value.reason is Reason.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize("host", REACHABLE.values(), ids=REACHABLE)
def test_other_address_may_be_reached(guard: Guard, host: str) -> None:
    """Elasticsearch may well run in a private network."""
    guard.check_url_host(host)


@pytest.mark.parametrize("host", NAMES.values(), ids=NAMES)
def test_name_is_judged_when_it_is_resolved(guard: Guard, host: str) -> None:
    """What is no address is left to the resolver."""
    guard.check_url_host(host)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1%2", "::ffff:169.254.169.254", "10.96.0.1"])
def test_name_that_leads_to_a_guarded_address_is_refused(guard: Guard, address: str) -> None:
    """The name does not matter, only where it leads."""
    with pytest.raises(AddressNotAllowed):
        guard.check_address("es.example.com", address)


@pytest.mark.parametrize("address", ["10.0.0.7", "93.184.215.14", "fd12:3456::7"])
def test_name_that_leads_elsewhere_is_followed(guard: Guard, address: str) -> None:
    """Any other address will do."""
    guard.check_address("es.example.com", address)


@pytest.mark.parametrize("host", ["es.internal", "ES.Internal", "es.internal."])
def test_exempted_name_may_lead_anywhere(host: str) -> None:
    """The administrator's list goes by the name as it is written in the URL, in any case and with a trailing dot."""
    Guard(allowed=["Es.Internal"]).check_address(host, "127.0.0.1")


def test_exempted_address_may_be_reached() -> None:
    """An address on the list may be given as it is written there."""
    guard = Guard(allowed=["127.0.0.1", "::1"])
    guard.check_url_host("127.0.0.1")
    guard.check_url_host("::1")


@pytest.mark.parametrize("host", ["2130706433", "127.0.0.2", "::ffff:127.0.0.1", "localhost.evil.example"])
def test_exemption_covers_nothing_else(host: str) -> None:
    """Neither another spelling nor a neighbour of an exempted host is exempted."""
    with pytest.raises(AddressNotAllowed):
        Guard(allowed=["127.0.0.1", "localhost"]).check_address(host, "127.0.0.1")


def test_refusal_tells_whom_to_ask() -> None:
    """The message names the host and the administrator."""
    message = not_allowed("127.1").message
    assert "'127.1'" in message
    assert "administrator" in message


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("64:ff9b:1::192.0.2.1", "192.0.2.1"),
        ("2002:c000:201::", "192.0.2.1"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdfe", "192.0.2.1"),
    ],
    ids=["IPv4", "IPv6", "mapped", "NAT64", "local NAT64", "6to4", "Teredo"],
)
def test_address_within_an_address(outer: str, inner: str) -> None:
    """Forms of IPv6 that carry an IPv4 address lead to it."""
    assert embedded(ipaddress.ip_address(outer)) == ipaddress.ip_address(inner)


async def test_resolver_refuses_names_of_this_machine() -> None:
    """A real look-up of localhost ends in a refusal, unless it is exempted."""
    resolver = GuardedResolver(Guard())
    with pytest.raises(AddressNotAllowed):
        await resolver.resolve("localhost", 9200)
    await resolver.close()
    exempted = GuardedResolver(Guard(allowed=["localhost"]))
    assert {r["host"] for r in await exempted.resolve("localhost", 9200)} == {"127.0.0.1"}
    await exempted.close()


@pytest.mark.parametrize("host", ["es..example", ".", "a" * 64 + ".example"])
async def test_resolver_takes_what_is_no_name_for_an_unknown_host(host: str) -> None:
    """A name that cannot be looked up at all fails like one that nobody knows."""
    resolver = GuardedResolver(Guard())
    with pytest.raises(socket.gaierror):
        await resolver.resolve(host, 9200)
    await resolver.close()

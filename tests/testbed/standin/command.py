"""`python -m testbed standin`: runs one stand-in, and tells where it is in a file of its directory."""

import argparse
import asyncio
import json
import secrets
import signal
import ssl
import sys
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import trustme
from aiohttp import web

from testbed.standin.address import READY_FILE, Address
from testbed.standin.control import Control, application
from testbed.standin.profiles import PROFILES
from testbed.standin.security import Principal, Security
from testbed.standin.server import Server
from testbed.standin.state import Cluster


@dataclass(frozen=True)
class Options:
    """How a stand-in is started."""

    directory: Path
    profile: str = "9.4"
    tls: bool = True
    latency_ms: float = 0
    port: int = 0


def main(arguments: list[str]) -> None:
    """Run until SIGTERM or SIGINT."""
    sys.setrecursionlimit(10_000)  # for bodies that are nested as deeply as the real server reads them
    parser = argparse.ArgumentParser("python -m testbed standin", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, required=True, help="gets the certificate and the ready file"
    )
    parser.add_argument("--profile", choices=sorted(PROFILES), default="9.4", help="version of Elasticsearch")
    parser.add_argument("--no-tls", dest="tls", action="store_false", help="plain HTTP")
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every request")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    options = Options(**vars(parser.parse_args(arguments)))
    options.directory.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(options))


async def _serve(options: Options) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    first = _FirstCredentials()
    uuid = secrets.token_urlsafe(16)

    def fresh(profile: str | None = None) -> Cluster:
        return _cluster(profile or options.profile, first, uuid, tokens=options.tls)

    server = Server(fresh(), _tls(options), options.latency_ms)
    control = web.AppRunner(
        application(Control(server, fresh, first.key_id)), access_log=None, shutdown_timeout=0
    )
    try:
        await server.up(options.port)
        await control.setup()
        await web.TCPSite(control, "127.0.0.1", 0).start()
        _announce(options, server, control, first)
        await ended.wait()
    finally:
        await server.close()
        await control.cleanup()


@dataclass(frozen=True)
class _FirstCredentials:
    """An API key with the privileges the operator needs, and the password of the superuser."""

    key_id: str = field(default_factory=partial(secrets.token_urlsafe, 15))
    key: str = field(default_factory=partial(secrets.token_urlsafe, 16))
    password: str = field(default_factory=partial(secrets.token_urlsafe, 12))

    def api_key(self) -> Principal:
        """A new principal each time, for tests change its privileges."""
        privileges = {"manage_inference", "monitor"}
        return Principal("elastic", privileges, key_id=self.key_id, key_name="operator", secret=self.key)


def _cluster(profile: str, first: _FirstCredentials, uuid: str, *, tokens: bool) -> Cluster:
    security = Security(roles={"superuser": {"all"}}, keys={first.key_id: first.api_key()}, tokens=tokens)
    security.create_user("elastic", first.password, ["superuser"])
    return Cluster(PROFILES[profile], security, uuid=uuid)


def _tls(options: Options) -> ssl.SSLContext | None:
    if not options.tls:
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(options.directory / "ca.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


def _announce(options: Options, server: Server, control: web.AppRunner, first: _FirstCredentials) -> None:
    address = Address(
        url=f"{'https' if options.tls else 'http'}://127.0.0.1:{server.port}",
        ca_file=str(options.directory / "ca.crt") if options.tls else None,
        api_key=first.api_key().encoded_key(),
        user="elastic",
        password=first.password,
        control=f"http://127.0.0.1:{control.addresses[0][1]}/_control",
    )
    unfinished = options.directory / f"{READY_FILE}.new"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(address)))
    unfinished.rename(options.directory / READY_FILE)
    version = f"{options.profile} (assumed)" if PROFILES[options.profile].assumed else options.profile
    print(f"{version} at {address.url} (credentials: {options.directory / READY_FILE})", flush=True)

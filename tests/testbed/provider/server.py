"""The process behind `python -m testbed provider`: a stand-in for the vendors that Elasticsearch calls.

One listener speaks plain HTTP on loopback, for services whose URL is a setting, and takes the tests'
orders under `/_control/`. The other, optional one has a certificate for the vendors' names and their port.
"""

import asyncio
import json
import random
import socket
import ssl
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

from aiohttp import web

from testbed.provider import answers
from testbed.provider.call import Call
from testbed.provider.credentials import key_of
from testbed.provider.http2 import PROTOCOLS, Negotiated
from testbed.provider.state import Fault, ProviderRequest, State
from testbed.provider.streams import stream

STATE = web.AppKey("state", State)
HTTPS = 443


async def serve(port: int, vendor_certificate: Path | None) -> None:
    """Answer until cancelled; the first line on the standard output says where."""
    runner = web.AppRunner(application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        plain = socket.create_server(("127.0.0.1", port))
        await web.SockSite(runner, plain).start()
        url = f"http://127.0.0.1:{plain.getsockname()[1]}"
        address = await _serve_vendors(runner, url, vendor_certificate) if vendor_certificate else None
        print(json.dumps({"url": url, "vendor_address": address}), flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def application() -> web.Application:
    """The stub without its listeners."""
    app = web.Application()
    app[STATE] = State()
    app.router.add_post("/_control/keys", _set_keys)
    app.router.add_post("/_control/fault", _add_fault)
    app.router.add_post("/_control/reset", _reset)
    app.router.add_get("/_control/requests", _list_requests)
    app.router.add_route("*", "/{path:.*}", _provide)
    return app


async def _serve_vendors(runner: web.AppRunner, url: str, certificate: Path) -> str | None:
    """Answer at the vendors' port as well; return the address."""
    listener = _vendor_listener()
    if listener is None:
        return None
    negotiated = partial(Negotiated, runner, url)
    await asyncio.get_running_loop().create_server(negotiated, sock=listener, ssl=_tls(certificate))
    return str(listener.getsockname()[0])


def _vendor_listener() -> socket.socket | None:
    """Listen on the port of HTTPS, or nowhere where that needs more rights than we have.

    On Linux all of 127/8 is loopback, so that two test runs at once need not share one address.
    """
    elsewhere = [f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"]
    for address in [*(elsewhere if sys.platform == "linux" else []), "127.0.0.1"]:
        try:
            return socket.create_server((address, HTTPS))
        except OSError:
            continue
    return None


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(PROTOCOLS)
    return context


async def _set_keys(request: web.Request) -> web.Response:
    request.app[STATE].accepted = dict((await request.json())["accepted"])
    return web.json_response({})


async def _add_fault(request: web.Request) -> web.Response:
    request.app[STATE].faults.append(Fault(**await request.json()))
    return web.json_response({})


async def _reset(request: web.Request) -> web.Response:
    request.app[STATE].reset()
    return web.json_response({})


async def _list_requests(request: web.Request) -> web.Response:
    return web.json_response([asdict(seen) for seen in request.app[STATE].seen])


async def _provide(request: web.Request) -> web.Response:
    state = request.app[STATE]
    body = await _body(request)
    call = Call(request.url.host or "", request.path, body, key_of(request.headers, request.query, body))
    label = state.accepted.get(call.key)
    fault = state.next_fault(label) or Fault()
    response = _response(call, known=label is not None or answers.public(call), fault=fault)
    status = 0 if fault.close else response.status
    state.seen.append(ProviderRequest(label, call.path, call.host, call.model, status, time.time()))
    await asyncio.sleep(fault.delay)
    if fault.close and request.transport:
        request.transport.abort()
    return response


def _response(call: Call, known: bool, fault: Fault) -> web.Response:
    if fault.status:
        return _faulty(call, fault)
    if not known:
        return web.json_response(answers.refusal(call, "the api key is not valid"), status=401)
    if streamed := stream(call):
        return web.Response(body=streamed.body, content_type=streamed.content_type)
    return web.json_response(answers.answer(call))


def _faulty(call: Call, fault: Fault) -> web.Response:
    """The ordered status with the ordered body: text as it is, or the vendor's own form of an error."""
    status = fault.status or 500
    if isinstance(fault.body, str):
        return web.Response(text=fault.body, status=status)
    body = answers.refusal(call, f"provider fault {status}") if fault.body is None else fault.body
    return web.json_response(body, status=status)


async def _body(request: web.Request) -> dict[str, object]:
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}

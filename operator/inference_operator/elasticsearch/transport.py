"""One HTTP client per connection, which trusts nothing.

No redirects, proxies or cookies, no compression, guarded addresses, a cap on the answer, and a deadline for
the whole call.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from inference_operator import __version__
from inference_operator.elasticsearch.address import AddressNotAllowed, Guard, GuardedResolver, not_allowed
from inference_operator.elasticsearch.answers import Answer, is_refusal, retry_after
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from inference_operator.secret import SecretValue

CONNECT_TIMEOUT = 5.0
"""Seconds for name, TCP and TLS together."""
LARGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read; the list of services has some 35 KB."""


@dataclass(frozen=True)
class Target:
    """Where the cluster answers, and who the operator is to it."""

    url: str
    authorization: SecretValue
    ca: str | None = None
    allow_http: bool = False


class Transport:
    """Sends one request at a time to where `target` says, and returns what was answered."""

    def __init__(
        self, target: Target, guard: Guard, observe: Callable[[str, int | None], None] = lambda *_: None
    ) -> None:
        self._target = target
        self._observe = observe
        host = urlsplit(target.url).hostname or ""
        if target.url.startswith("http://") and not target.allow_http:
            raise Stalled(
                Reason.ADDRESS_NOT_ALLOWED,
                "plain http:// is not allowed by this operator, as keys would travel in the clear; use https://",
            )
        guard.check_url_host(host)
        self._host = host
        self._place = urlsplit(target.url).netloc
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        tls = _tls(target.ca)
        connector = aiohttp.TCPConnector(
            limit=0, resolver=GuardedResolver(guard), ssl=tls, use_dns_cache=False
        )
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(
                verify=tls,  # not used, but it would load a bundle of CAs otherwise
                client=lambda: _session(connector),
            ),
            base_url=target.url.rstrip("/"),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"inference-operator/{__version__}",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request, within `deadline` seconds.

        Raises:
            ReconcileError: there was no answer, or not one of Elasticsearch.
        """
        self._in_flight += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(deadline):
                return await self._send(method, path, body, params)
        except TimeoutError:
            self._observe(method, None)
            raise Transient(
                Reason.TIMED_OUT,
                f"elasticsearch did not answer {method} within {deadline:.0f} s",
                ambiguous=True,
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, UnicodeError) as error:
            self._observe(method, None)
            raise self._failure(error) from None
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, params: Mapping[str, str] | None
    ) -> Answer:
        request = self._client.build_request(
            method,
            path,
            params=params,
            json=body,
            headers={"Authorization": self._target.authorization.reveal()},
        )
        response = await self._client.send(request, stream=True)
        self._observe(method, response.status_code)
        try:
            return await _read(response)
        finally:
            await response.aclose()

    def _failure(self, error: Exception) -> ReconcileError:
        """Why there was no answer; the library's own text is not used, as it may quote what was sent."""
        causes = list(_causes(error))
        if any(isinstance(c, AddressNotAllowed) for c in causes):
            return not_allowed(self._host)
        if any(
            isinstance(c, (aiohttp.ClientConnectorDNSError, httpx.InvalidURL, UnicodeError)) for c in causes
        ):
            return Transient(
                Reason.HOST_UNKNOWN,
                f"the host {self._host!r} is unknown; correct spec.endpoint.url, or look at DNS",
            )
        for cause in causes:
            # aiohttp's own error of this kind is one too, but has no message: the real one stands behind it
            if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
                return Stalled(
                    Reason.TLS_VERIFICATION_FAILED,
                    f"the certificate of {self._host!r} is not trusted: {cause.verify_message}; give its CA under spec.tls",
                )
        if any(isinstance(c, (ssl.SSLError, aiohttp.ClientSSLError)) for c in causes):
            return Stalled(
                Reason.TLS_VERIFICATION_FAILED, f"no TLS connection to {self._host!r}; does it speak https?"
            )
        refused = any(isinstance(c, aiohttp.ClientConnectorError) for c in causes)
        return Transient(
            Reason.UNREACHABLE,
            f"{'nothing answers' if refused else 'the connection broke'} at {self._place!r}; "
            "is the cluster up, and is spec.endpoint.url right?",
            ambiguous=not refused,
        )

    async def close(self) -> None:
        """Close all sockets, once the requests under way are done: they finish with the key they began with."""
        await self._idle.wait()
        await self._client.aclose()


def _tls(ca: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError):
        raise Stalled(
            Reason.TLS_VERIFICATION_FAILED, "the CA under spec.tls holds no PEM certificate; correct it"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
    )
    # aiohttp sends a PUT or DELETE again by itself when a kept connection breaks, although the first may have taken
    # effect; it has no public option against that. tests/faults counts the requests.
    session._retry_connection = False  # noqa: SLF001
    return session


async def _read(response: httpx.Response) -> Answer:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _not_elasticsearch(response.status_code)
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > LARGEST_ANSWER:
            raise Stalled(
                Reason.NOT_ELASTICSEARCH,
                f"an answer has more than {LARGEST_ANSWER} bytes; correct spec.endpoint.url",
                ambiguous=True,
            )
    try:
        body = json.loads(bytes(data)) if data else None
    except (ValueError, RecursionError):
        raise _not_elasticsearch(response.status_code) from None
    answer = Answer(response.status_code, body, retry_after(response.headers.get("Retry-After")))
    if "X-Elastic-Product" not in response.headers and not is_refusal(answer):
        raise _not_elasticsearch(response.status_code)
    return answer


def _not_elasticsearch(status: int) -> ReconcileError:
    text = f"what answers is not Elasticsearch (status {status})"
    if status in {429, 502, 503, 504}:  # a proxy whose backend is away
        return Transient(Reason.UNREACHABLE, f"{text}; a proxy says that the cluster is away", ambiguous=True)
    # Whatever answered may have stood in front of an Elasticsearch that did what it was asked.
    return Stalled(Reason.NOT_ELASTICSEARCH, f"{text}; correct spec.endpoint.url", ambiguous=True)


def _causes(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            yield error.certificate_error
        elif isinstance(error, aiohttp.ClientConnectorError):
            yield error.os_error
        error = error.__cause__ or error.__context__

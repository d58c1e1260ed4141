"""The model provider behind every external service: no network, it does what a test told it to do."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from testbed.standin.journal import Journal
from testbed.standin.profiles import Profile
from testbed.standin.refusal import Refusal, bad_request, illegal_argument

_WRAPPER = "Could not complete inference endpoint creation as validation call to service"
_SHORTEST = 0.002  # no call is faster than this
_DIMENSIONS = 8  # of an embedding, unless it is asked for others
REFUSED = "the api key is not valid"
_MEANINGS = {
    400: "Received a bad request status code",
    401: "Received an authentication error status code",
    422: "Received an input validation error response",
    413: "Received a content too large status code",
    429: "Received a rate limit status code",
    500: "Received a server error status code",
    503: "Received a server busy error status code",
}
_LIMITS = ". Token limit [unknown], remaining tokens [unknown]. Request limit [unknown], remaining requests [unknown]"
_GARBAGE = (
    "Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, Object or token "
    "'null', 'true' or 'false')\n at [Source: (byte[])\"<html>not json</html>\"; line: 1, column: 1]"
)
_NOUNS = {"text_embedding": "embeddings", "completion": "completions", "chat_completion": "chat completions"}


@dataclass(frozen=True)
class Subject:
    """The endpoint that is being tried out."""

    service: str
    title: str
    task_type: str
    inference_id: str
    secrets: dict[str, Any]
    url: str
    dimensions: int | None = None
    """The size of embedding that it is asked for."""
    tells_missing_paths: bool = True
    """Whether the server has words of its own for the provider's 404."""
    fails_with: Refusal | None = None
    """What the server itself fails with before it reaches any provider."""


@dataclass
class Script:
    """How the provider behaves; `failure` is one of timeout, close, refused, garbage, unknown_host, null."""

    status: int | None = None
    message: str | None = None
    failure: str | None = None
    delay: float = 0
    dimensions: int | None = None
    times: int | None = None


@dataclass
class Provider:
    """Accepts every key until a test says otherwise."""

    journal: Journal
    profile: Profile
    accepted: set[str] | None = None
    refused: dict[str, str] = field(default_factory=dict)
    scripts: dict[str | None, Script] = field(default_factory=dict)
    """By key or inference id; None: for all others."""

    async def probe(self, subject: Subject, timeout: tuple[str, float]) -> int:
        """Tries the endpoint as the server does on PUT; returns the size of an embedding, or raises the wrapped cause."""
        script = self._script(subject)
        try:
            await self._wait(script, timeout, subject.inference_id)
            self._answer(subject, script)
        except Refusal as cause:
            self._note(subject, cause.reason)
            if script.failure == "null":
                raise bad_request(f"{_WRAPPER} returned null response.") from cause
            raise Refusal(400, "status_exception", f"{_WRAPPER} threw an exception.", cause=cause) from cause
        self._note(subject, "ok")
        return script.dimensions or subject.dimensions or _DIMENSIONS

    async def infer(self, subject: Subject, timeout: tuple[str, float]) -> int:
        """The same call as POST makes it: the cause itself is the answer."""
        script = self._script(subject)
        try:
            await self._wait(script, timeout, subject.inference_id)
            self._answer(subject, script)
        except Refusal as cause:
            self._note(subject, cause.reason)
            if cause.status == HTTPStatus.REQUEST_TIMEOUT:
                cause.status = self.profile.infer_timeout_status
            raise
        self._note(subject, "ok")
        return script.dimensions or subject.dimensions or _DIMENSIONS

    def _script(self, subject: Subject) -> Script:
        for name in (*_texts(subject.secrets), subject.inference_id, None):
            script = self.scripts.get(name)
            if script is None or script.times == 0:
                continue
            if script.times is not None:
                script.times -= 1
            return script
        return Script()

    async def _wait(self, script: Script, timeout: tuple[str, float], inference_id: str) -> None:
        text, seconds = timeout
        needed = max(script.delay, _SHORTEST)
        if script.failure != "timeout":
            await asyncio.sleep(min(script.delay, seconds))
            if needed < seconds:
                return
        reason = f"Request timed out after [{text}]"
        if not self.profile.timeout_names_endpoint:
            raise Refusal(408, "status_exception", reason)
        reason = f"{reason} for inference id [{inference_id}]"
        raise Refusal(408, "timeout_exception", reason, details={"timed_out": True})

    def _answer(self, subject: Subject, script: Script) -> None:
        if script.failure is not None:
            raise _broken(script.failure, subject, self.profile)
        self._check_url(subject)
        if subject.fails_with is not None:
            raise subject.fails_with
        if script.status is not None:
            message = f"the provider says {script.status}" if script.message is None else script.message
            raise _status(script.status, message, subject)
        for key in _texts(subject.secrets):
            if key in self.refused or (self.accepted is not None and key not in self.accepted):
                raise _status(401, self.refused.get(key, REFUSED), subject)

    def _check_url(self, subject: Subject) -> None:
        scheme, host, *_ = urlsplit(subject.url)
        if not host:
            raise self._no_host(subject)
        if scheme not in ("http", "https"):
            raise _broken(f"{scheme} protocol is not supported", subject, self.profile)
        if host.endswith(":1"):  # a port where nobody listens
            raise _broken("refused", subject, self.profile)

    def _no_host(self, subject: Subject) -> Refusal:
        cause = illegal_argument("HTTP host may not be null")
        if self.profile.blames_its_client:
            text = f"Http client failed to send request from inference entity id [{subject.inference_id}]"
            return Refusal(400, "exception", text, cause=cause)
        return Refusal(
            400, "status_exception", f"{_failed_to_send(subject)}. Cause: {cause.reason}", cause=cause
        )

    def _note(self, subject: Subject, outcome: str) -> None:
        self.journal.probe(subject.service, subject.task_type, subject.inference_id, subject.secrets, outcome)


def _texts(secrets: dict[str, Any]) -> list[str]:
    nested = [value.values() if isinstance(value, dict) else [value] for value in secrets.values()]
    return [str(text) for values in nested for text in values]


def _status(status: int, message: str, subject: Subject) -> Refusal:
    meaning = _MEANINGS.get(status, "Received an unsuccessful status code")
    if status == 404 and subject.tells_missing_paths:
        meaning = f"Resource not found at [{subject.url}]"
    if status == 429 and subject.service == "openai":
        meaning += _LIMITS
    reason = f"{meaning} for request from inference entity id [{subject.inference_id}] status [{status}]"
    reason += f". Error message: [{message}]" if message else ""
    known = status < 500 and status in set(HTTPStatus) - {HTTPStatus.IM_A_TEAPOT}
    return Refusal(status if known else 400, _kind(subject), reason)


def _kind(subject: Subject) -> str:
    return (
        "unified_chat_completion_exception" if subject.task_type == "chat_completion" else "status_exception"
    )


def _broken(failure: str, subject: Subject, profile: Profile) -> Refusal:
    if failure == "null":
        return bad_request("null")
    if failure == "unknown_host":
        host = subject.url.split("/")[2]
        cause = Refusal(400, "unknown_host_exception", f"{host}: Name or service not known")
        reason = f"Invalid host [{subject.url}], please check that the URL is correct."
        return Refusal(400, "status_exception", reason, cause=cause)
    cause = _causes(failure)
    status = 500 if failure != "garbage" else profile.infer_garbage_status
    return Refusal(
        status, "status_exception", f"{_failed_to_send(subject)}. Cause: {cause.reason}", cause=cause
    )


def _causes(failure: str) -> Refusal:
    match failure:
        case "close":
            return Refusal(400, "connection_closed_exception", "Connection is closed")
        case "refused":
            return Refusal(400, "connect_exception", "Connection refused")
        case "garbage":
            inner = Refusal(400, "json_parse_exception", _GARBAGE)
            return Refusal(400, "x_content_parse_exception", f"[1:1] {_GARBAGE}", cause=inner)
    return Refusal(400, "http_exception", failure)


def _failed_to_send(subject: Subject) -> str:
    if subject.service in ("openai", "cohere"):
        return f"Failed to send {subject.title} {_NOUNS.get(subject.task_type, subject.task_type)} request"
    where = f"from inference entity id [{subject.inference_id}]"
    return f"Failed to send {subject.title} {subject.task_type} request {where}"

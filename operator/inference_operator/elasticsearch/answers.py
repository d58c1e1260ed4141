"""What an answer of Elasticsearch means: pure, and the only place that knows its statuses and texts.

A failure of the provider always arrives as 400, with the provider's own status inside the text; so types and
texts are read, not only the status. Recorded from 8.19.8 and 9.4.3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting

ROLE_HINT = 'give its API key or user the cluster privileges ["manage_inference", "monitor"]'
_VALIDATION_FAILED = "Could not complete inference endpoint creation"
_PROVIDER_STATUS = re.compile(r"status \[(\d{3})\]")
_USES = re.compile(r"(pipelines|indexes): \[([^\]]*)\]")
_KEY_REFUSED = frozenset({401, 403})
_OVERLOADED = frozenset({408, 425, 429})
_LONGEST_WISH = 300.0  # seconds; a longer Retry-After is not believed


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status, the headers that matter, and the parsed body."""

    status: int
    body: Any
    retry_after: float | None = None

    @property
    def error(self) -> Mapping[str, Any]:
        """The error object; some errors (405, 406) are a mere text."""
        error = self.body.get("error") if isinstance(self.body, Mapping) else None
        return error if isinstance(error, Mapping) else {"type": "", "reason": str(error or "")}

    @property
    def type(self) -> str:
        """The type of the error."""
        return str(self.error.get("type", ""))

    @property
    def types(self) -> list[str]:
        """The types of the error and of its causes, from the outside in."""
        found, error = [], self.error
        while isinstance(error, Mapping):
            found.append(str(error.get("type", "")))
            error = error.get("caused_by", None)
        return found

    @property
    def reason(self) -> str:
        """The text of the error, with that of its innermost cause, where the provider's words are."""
        own = str(self.error.get("reason", ""))
        cause = self.error.get("caused_by")
        inner = str(cause.get("reason", "")) if isinstance(cause, Mapping) else ""
        return f"{own} {inner}".strip().rstrip(";")


def retry_after(header: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, within reason; dates and nonsense count as nothing."""
    if header is None or not re.fullmatch(r"[0-9]+", header.strip()):
        return None
    return min(max(float(header), 1.0), _LONGEST_WISH)


def is_absent(answer: Answer) -> bool:
    """Whether the answer says that the endpoint does not exist; a 404 of another kind does not."""
    return answer.status == 404 and answer.type == "resource_not_found_exception"


def is_refusal(answer: Answer) -> bool:
    """Whether it is Elasticsearch's own 401 or 403, the only answers that lack its X-Elastic-Product header."""
    own = answer.type in {"security_exception", "cluster_block_exception"}
    return answer.status in {401, 403} and own and answer.body.get("status") == answer.status


def failure(answer: Answer) -> ReconcileError:
    """The error that an answer other than 200 is."""
    if answer.status < 400:
        return Stalled(
            Reason.NOT_ELASTICSEARCH,
            f"the URL answers with status {answer.status}, which Elasticsearch never does; correct spec.endpoint.url",
        )
    by_status = {400: _bad_request, 401: _unauthorized, 403: _forbidden, 409: _conflict, 429: _overloaded}
    return by_status.get(answer.status, _server_error)(answer)


def _unauthorized(answer: Answer) -> ReconcileError:
    return Stalled(
        Reason.UNAUTHORIZED,
        f"elasticsearch does not accept the credentials: {answer.reason}; put valid ones into the Secret that spec.auth names",
    )


def _forbidden(answer: Answer) -> ReconcileError:
    if answer.type == "cluster_block_exception":
        return Transient(Reason.SERVER_ERROR, f"the cluster is blocked for writing: {answer.reason}")
    if "license" in answer.reason:
        return Stalled(
            Reason.LICENSE_NON_COMPLIANT,
            f"{answer.reason}; install a licence that includes inference, or start a trial",
        )
    return Stalled(Reason.INSUFFICIENT_PRIVILEGES, f"{answer.reason}; {ROLE_HINT}")


def _conflict(answer: Answer) -> ReconcileError:
    if _USES.search(answer.reason):
        return Waiting(Reason.IN_USE, answer.reason)
    return Transient(Reason.CHANGED_MEANWHILE, answer.reason)


def references(reason: str) -> tuple[list[str], list[str]]:
    """Pipelines and indices that an endpoint in use names."""
    found = {
        kind: [n.strip() for n in names.split(",") if n.strip()] for kind, names in _USES.findall(reason)
    }
    return found.get("pipelines", []), found.get("indexes", [])


def _overloaded(answer: Answer) -> ReconcileError:
    return Transient(
        Reason.RATE_LIMITED, f"elasticsearch is overloaded: {answer.reason}", retry_after=answer.retry_after
    )


def _server_error(answer: Answer) -> ReconcileError:
    if answer.type == "class_cast_exception":
        return Stalled(
            Reason.INVALID_SETTINGS,
            f"a setting has the wrong JSON type: {answer.reason}; correct it in the spec",
        )
    if answer.status == 408:
        return Transient(Reason.TIMED_OUT, answer.reason or "elasticsearch ran out of time", ambiguous=True)
    if answer.status == 404 and answer.type == "status_exception":
        return Transient(Reason.CHANGED_MEANWHILE, answer.reason)
    if answer.status < 500:
        return Stalled(
            Reason.NOT_ELASTICSEARCH,
            f"the URL answers with status {answer.status}: {answer.reason or 'no reason given'}; correct spec.endpoint.url",
        )
    return Transient(
        Reason.SERVER_ERROR,
        f"elasticsearch answers with status {answer.status}: {answer.reason or 'no reason given'}",
        retry_after=answer.retry_after,
        ambiguous=True,
    )


def _bad_request(answer: Answer) -> ReconcileError:
    reason = answer.reason
    if answer.type == "resource_already_exists_exception":
        return Transient(Reason.CHANGED_MEANWHILE, reason)
    if _VALIDATION_FAILED in reason:
        return _provider_failure(answer)
    if "not aware of the service" in reason or "not supported by all nodes" in reason:
        return Transient(Reason.SERVER_ERROR, reason)
    for text, kind, advice in _MISTAKES:
        if text in reason:
            return Stalled(kind, f"elasticsearch refuses: {reason}; {advice}")
    return Stalled(
        Reason.INVALID_SETTINGS, f"elasticsearch refuses the settings: {reason}; correct them in the spec"
    )


_MISTAKES = (
    ("Unknown service", Reason.UNKNOWN_SERVICE, "correct spec.service, or upgrade Elasticsearch"),
    ("does not support task type", Reason.UNSUPPORTED_TASK_TYPE, "correct spec.taskType or spec.service"),
    ("Unknown task_type", Reason.UNSUPPORTED_TASK_TYPE, "correct spec.taskType"),
    ("IDs must be unique", Reason.INFERENCE_ID_TAKEN, "choose another spec.inferenceId"),
    ("Invalid inference_id", Reason.INVALID_SPEC, "choose another spec.inferenceId"),
)


def _provider_failure(answer: Answer) -> ReconcileError:
    """The trial request to the provider failed; its status stands in the text, if it answered at all."""
    cause = answer.reason.split("threw an exception.", 1)[-1].strip() or answer.reason
    match = _PROVIDER_STATUS.search(cause)
    status = int(match[1]) if match else None
    if "null_pointer_exception" in answer.types:
        return Stalled(
            Reason.PROVIDER_REJECTED,
            f"elasticsearch stumbles over the settings ({cause}); one may be missing, such as model_id",
        )
    if status in _KEY_REFUSED:
        return Stalled(
            Reason.PROVIDER_REFUSED_KEY,
            f"the provider refuses the key: {cause}; put a valid key into the Secret",
        )
    if status is None or status >= 500 or status in _OVERLOADED:
        return Transient(Reason.PROVIDER_UNAVAILABLE, f"the provider cannot be used now: {cause}")
    return Stalled(
        Reason.PROVIDER_REJECTED,
        f"the provider rejects the trial request: {cause}; correct model, url or other settings",
    )

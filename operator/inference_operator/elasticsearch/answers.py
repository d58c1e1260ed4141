"""From an answer of Elasticsearch to the error that it is: pure; the tables are in `meanings`.

A failure of the provider always arrives as 400, with the provider's own status inside the text; so types and
texts are read, not only the status.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.elasticsearch.meanings import Meaning, meaning, provider_failure
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient

ROLE_HINT = 'give its API key or user the cluster privileges ["manage_inference", "monitor"]'
_VALIDATION_FAILED = "Could not complete inference endpoint creation"
_PROVIDER_STATUS = re.compile(r"status \[(\d{3})\]")
# No brackets within brackets: a text of a million opening ones must not take time.
_USES = re.compile(r"(pipelines|indexes): \[([^\[\]]*)\]")
_UNKNOWN_FIELD = re.compile(r"unknown field \[([^\[\]]+)\]")
_FIELD_OF_IT = re.compile(r"failed to parse field \[([^\[\]]+)\]")
_NOT_ALLOWED = re.compile(r"does not allow the setting \[([^\[\]]+)\]")
_REFUSED_MAPS = (
    ("settings [{", "}] unknown to the ["),
    ("cannot be updated, remove these fields and try again [{", "}]"),
)
_KEY = re.compile(r"([^\s=,{}\[\]]+)=")
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
        own = str(self.error.get("reason") or "")
        cause = self.error.get("caused_by")
        inner = str(cause.get("reason") or "") if isinstance(cause, Mapping) else ""
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
    heard = " ".join([*answer.types, answer.reason])
    if answer.status == 400 and _VALIDATION_FAILED in heard:
        said = answer.reason.split("threw an exception.", 1)[-1].strip() or answer.reason
        match = _PROVIDER_STATUS.search(said)
        return _error(answer, provider_failure(int(match[1]) if match else None, heard), said)
    error = _error(answer, meaning(answer.status, heard), answer.reason)
    error.settings = refused_settings(answer)
    return error


def _error(answer: Answer, means: Meaning, said: str) -> ReconcileError:
    said = said.rstrip(".; ") or "no reason given"
    message = means.message.format(said=said, status=answer.status, role=ROLE_HINT)
    error = means.kind(means.reason, message, ambiguous=means.ambiguous)
    if isinstance(error, Transient):
        error.retry_after = answer.retry_after
    return error


def refused_settings(answer: Answer | str) -> tuple[str, ...]:
    """The names of the settings that an answer, or its text, refuses by name, relative to their section.

    Of a setting within another one, it is the outer one's. As values are printed without quotes, a name may be read
    out of a value; so compare them with what was asked for.
    """
    if isinstance(answer, Answer):
        return refused_settings(answer.reason) if answer.status == 400 else ()
    unknown = _UNKNOWN_FIELD.findall(answer)
    found = [*_NOT_ALLOWED.findall(answer), *((_FIELD_OF_IT.findall(answer) or unknown) if unknown else [])]
    for begin, end in _REFUSED_MAPS:
        found += _keys(answer.partition(begin)[2].rpartition(end)[0])
    return tuple(dict.fromkeys(found))


def _keys(printed: str) -> Iterator[str]:
    """The outermost keys of a map as Java prints it, without its braces."""
    depth, begins = 0, True
    for position, letter in enumerate(printed):
        if depth == 0 and begins and (key := _KEY.match(printed, position)):
            yield key[1]
        depth += (letter in "{[") - (letter in "}]")
        begins = printed[position - 1 : position + 1] == ", "


def references(reason: str) -> tuple[list[str], list[str]]:
    """Pipelines and indices that an endpoint in use names."""
    found = {
        kind: [n.strip() for n in names.split(",") if n.strip()] for kind, names in _USES.findall(reason)
    }
    return found.get("pipelines", []), found.get("indexes", [])

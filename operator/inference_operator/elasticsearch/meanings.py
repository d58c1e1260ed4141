"""What Elasticsearch's refusals mean, as tables: the only place that knows its texts.

Recorded from 8.19.8 and 9.4.3, or read in Elasticsearch's sources where no real server could be brought to them.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting


class Meaning(NamedTuple):
    """What an answer means if its types or its text hold `words`, a regular expression; the empty one holds always."""

    words: str
    kind: type[ReconcileError]
    reason: Reason
    message: str = "{said}"
    """What the person is told; `{said}` is the server's own text, `{status}` its status, `{role}` what it takes."""
    ambiguous: bool = False


def meaning(status: int, heard: str) -> Meaning:
    """The meaning of the answer with that status, in whose types and text `heard` is."""
    return _first(_BY_STATUS.get(status, _SERVER_ERROR if status >= 500 else _OTHERS), heard)


def provider_failure(status: int | None, heard: str) -> Meaning:
    """The meaning of a failed trial request to the provider, which answered with that status, or not at all."""
    return _first(_PROVIDER, f"[{status}] {heard}")


def _first(rows: Sequence[Meaning], heard: str) -> Meaning:
    return next(row for row in rows if re.search(row.words, heard))


def _mistake(words: str, reason: Reason, advice: str) -> Meaning:
    return Meaning(words, Stalled, reason, f"elasticsearch refuses: {{said}}; {advice}")


def _passes(words: str, reason: Reason, message: str = "{said}") -> Meaning:
    return Meaning(words, Transient, reason, message)


def _unreadable(words: str) -> Meaning:
    text = "elasticsearch cannot read the endpoint, and does not delete it without force: {said}"
    advice = "upgrade all its nodes, or use deletionPolicy: ForceDelete"
    return Meaning(words, Waiting, Reason.ENDPOINT_UNREADABLE, f"{text}; {advice}")


def _no_room(words: str) -> Meaning:
    advice = "add a machine learning node, or ask for fewer allocations"
    return _passes(words, Reason.NO_CAPACITY, f"{{said}}; {advice}")


_NO_ROOM = _no_room("Could not start deployment|[Nn]o ML nodes|no suitable nodes|not enough|exhausted")
_BAD_REQUEST = (
    # Something changed between two requests
    _passes("resource_already_exists_exception", Reason.CHANGED_MEANWHILE),
    _passes("Task type must match|Requested task type", Reason.CHANGED_MEANWHILE),
    # It passes by itself
    _passes(
        "nodes in the cluster are not aware of|not supported by all nodes|contains unrecognized parameter",
        Reason.SERVER_ERROR,
        "{said}; if the cluster has nodes of different versions, wait until it has been upgraded",
    ),
    _no_room("not enough memory on node"),
    # The id
    _mistake(
        "IDs must be unique",
        Reason.INFERENCE_ID_TAKEN,
        "choose another spec.inferenceId, or stop that deployment if nobody needs it",
    ),
    _mistake("Invalid inference_id", Reason.INVALID_SPEC, "choose another spec.inferenceId"),
    _mistake(
        "is a reserved inference|Default endpoint",
        Reason.INVALID_SPEC,
        "it is the server's own; choose another spec.inferenceId",
    ),
    _mistake(
        "mappings with incompatible settings for indices",
        Reason.INVALID_SETTINGS,
        "or give the endpoint the task type, dimensions and similarity that those mappings have recorded",
    ),
    # Service and task type
    _mistake("Unknown service", Reason.UNKNOWN_SERVICE, "correct spec.service, or upgrade Elasticsearch"),
    _mistake(
        "does not support task type", Reason.UNSUPPORTED_TASK_TYPE, "correct spec.taskType or spec.service"
    ),
    _mistake(
        r"Unknown task_type|task_type \[any\]|required setting \[task_type\]|conflicting task_type",
        Reason.UNSUPPORTED_TASK_TYPE,
        "correct spec.taskType",
    ),
    # The settings
    _mistake(
        "fields which cannot be updated",
        Reason.INVALID_SETTINGS,
        "this version cannot change them in place: undo the change, or create the resource anew",
    ),
    _mistake(
        r"unknown field|unknown to the \[|can not have the following settings|does not allow the setting",
        Reason.INVALID_SETTINGS,
        "correct the name in the spec, or take the setting out",
    ),
    _mistake(
        r"\[secret_settings\] does not contain",
        Reason.INVALID_SETTINGS,
        "name the Secret that has it under spec.secretSettings",
    ),
    _mistake(
        "does not contain|Missing required field|must be provided|Failed to parse .num_allocations",
        Reason.INVALID_SETTINGS,
        "add it to the spec",
    ),
    _mistake(
        "cannot be set if adaptive allocations",
        Reason.INVALID_SETTINGS,
        "take num_allocations or adaptive_allocations out of the spec",
    ),
    _mistake("does not match any models", Reason.INVALID_SETTINGS, "or correct model_id in the spec"),
    _mistake(
        "no handler found for uri", Reason.UNSUPPORTED_VERSION, "it has no such API; use one with inference"
    ),
    _mistake("", Reason.INVALID_SETTINGS, "correct the settings in the spec"),
)
_UNAUTHORIZED = (
    Meaning(
        "",
        Stalled,
        Reason.UNAUTHORIZED,
        "elasticsearch does not accept the credentials: {said}; put valid ones into the Secret that spec.auth names",
    ),
)
_FORBIDDEN = (
    _passes(
        "cluster_block_exception",
        Reason.SERVER_ERROR,
        "the cluster is blocked for writing: {said}; remove that block",
    ),
    _mistake(
        "license is non-compliant",
        Reason.LICENSE_NON_COMPLIANT,
        "install a licence that includes inference, or start a trial",
    ),
    _mistake("", Reason.INSUFFICIENT_PRIVILEGES, "{role}"),
)
_OTHERS = (
    Meaning(
        "",
        Stalled,
        Reason.NOT_ELASTICSEARCH,
        "the URL answers with status {status}: {said}; correct spec.endpoint.url",
    ),
)
_NOT_FOUND = (
    _unreadable("No service found for this inference endpoint"),
    _mistake(
        "Cannot find deployment",
        Reason.DEPLOYMENT_MISSING,
        "start that deployment, or correct deployment_id in the spec",
    ),
    _passes("No known model deployment", Reason.DEPLOYMENT_MISSING),
    _passes("status_exception", Reason.CHANGED_MEANWHILE),
    *_OTHERS,
)
_CONFLICT = (
    Meaning(r"(pipelines|indexes): \[", Waiting, Reason.IN_USE),
    _NO_ROOM,
    _mistake(
        "Cannot update inference endpoint",
        Reason.INVALID_SETTINGS,
        "change the allocations at that deployment, and take them out of the spec",
    ),
    _passes("", Reason.CHANGED_MEANWHILE),
)
_TIMED_OUT = (
    Meaning("", Transient, Reason.TIMED_OUT, "elasticsearch ran out of time: {said}", ambiguous=True),
)
_GONE = (
    _mistake(
        "api_not_available_exception", Reason.UNSUPPORTED_VERSION, "a serverless cluster has no such API"
    ),
    *_OTHERS,
)
_OVERLOADED = (_NO_ROOM, _passes("", Reason.RATE_LIMITED, "elasticsearch is overloaded: {said}"))
_SERVER_ERROR = (
    Meaning(
        "class_cast_exception",
        Stalled,
        Reason.INVALID_SETTINGS,
        "a setting has the wrong JSON type: {said}; correct it in the spec",
    ),
    _mistake("is too long, must be no longer", Reason.INVALID_SPEC, "choose a shorter spec.inferenceId"),
    _unreadable(
        r"Failed to parse (model configuration|stored model)|Unknown service \[[^\[\]]*\] for inference endpoint"
        "|Failed to stop inference endpoint|ml/trained_models/deployment/stop"
    ),
    _passes(
        "is in an invalid state",
        Reason.SERVER_ERROR,
        "{said}; if it stays so, delete the endpoint, and it is created anew",
    ),
    Meaning(
        "",
        Transient,
        Reason.SERVER_ERROR,
        "elasticsearch answers with status {status}: {said}",
        ambiguous=True,
    ),
)
_BY_STATUS = {
    400: _BAD_REQUEST,
    401: _UNAUTHORIZED,
    403: _FORBIDDEN,
    404: _NOT_FOUND,
    408: _TIMED_OUT,
    409: _CONFLICT,
    410: _GONE,
    429: _OVERLOADED,
}

_PROVIDER = (
    Meaning(
        "null_pointer_exception",
        Stalled,
        Reason.PROVIDER_REJECTED,
        "elasticsearch stumbles over the settings ({said}); one may be missing, such as model_id",
    ),
    Meaning(
        r"^\[(401|403)\]",
        Stalled,
        Reason.PROVIDER_REFUSED_KEY,
        "the provider refuses the key: {said}; put a valid key into the Secret",
    ),
    Meaning(
        r"^\[(None|408|425|429|5\d\d)\]",
        Transient,
        Reason.PROVIDER_UNAVAILABLE,
        "the provider cannot be used now: {said}",
    ),
    Meaning(
        "",
        Stalled,
        Reason.PROVIDER_REJECTED,
        "the provider rejects the trial request: {said}; correct model, url or other settings",
    ),
)

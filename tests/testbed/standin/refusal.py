"""Answers that refuse a request, in Elasticsearch's error envelope; the handlers raise them."""

from collections.abc import Mapping
from typing import Any

from testbed.standin.reply import Reply

# Of the types used here as causes these are exceptions of Elasticsearch itself: `root_cause` names the innermost of them.
_ELASTIC = {
    "status_exception",
    "timeout_exception",
    "parsing_exception",
    "exception",
    "unified_chat_completion_exception",
}


class Refusal(Exception):
    """An error answer; `details` are further fields of the error, `cause` becomes `caused_by`."""

    def __init__(
        self,
        status: int,
        kind: str,
        reason: str,
        *,
        details: Mapping[str, Any] | None = None,
        cause: "Refusal | None" = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.details = dict(details or {})
        self.cause = cause
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, Any]:
        """The body of the answer."""
        error = {"root_cause": [self._root()._summary()], **self._chain()}
        return {"error": error, "status": self.status}

    def reply(self) -> Reply:
        """The answer; the real server's 401 and 403 lack the product header, too."""
        product = self.status not in (401, 403)
        return Reply(self.status, self.envelope(), headers=dict(self.headers), product=product)

    def _summary(self) -> dict[str, Any]:
        return {"type": self.kind, "reason": self.reason or None, **self.details}

    def _chain(self) -> dict[str, Any]:
        if self.cause is None:
            return self._summary()
        return {**self._summary(), "caused_by": self.cause._chain()}

    def _root(self) -> "Refusal":
        if self.cause is not None and self.kind in _ELASTIC and self.cause.kind in _ELASTIC:
            return self.cause._root()
        return self


class PlainRefusal(Refusal):
    """A refusal before any handler was found: its `error` is a string, not an object."""

    def __init__(
        self, status: int, reason: str, headers: Mapping[str, str] | None = None, *, tells_status: bool = True
    ) -> None:
        super().__init__(status, "", reason, headers=headers)
        self.tells_status = tells_status

    def envelope(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": self.reason, "status": self.status} if self.tells_status else {"error": self.reason}


class NeverAnswered(Exception):
    """The request is taken and forgotten; whoever sent it waits in vain."""


def bad_request(reason: str) -> Refusal:
    """The usual 400."""
    return Refusal(400, "status_exception", reason)


def not_found(inference_id: str) -> Refusal:
    """The 404 of an inference endpoint that does not exist."""
    return Refusal(404, "resource_not_found_exception", f"Inference endpoint not found [{inference_id}]")


def already_exists(inference_id: str) -> Refusal:
    """The 400 of a PUT on an id that is taken."""
    return Refusal(
        400, "resource_already_exists_exception", f"Inference endpoint [{inference_id}] already exists"
    )


def illegal_argument(reason: str, cause: Refusal | None = None) -> Refusal:
    """The 400 of a value that Java refused."""
    return Refusal(400, "illegal_argument_exception", reason, cause=cause)


def invalid(problems: list[str], kind: str = "validation_exception") -> Refusal:
    """The 400 that numbers all problems of one section of the body."""
    numbered = "".join(f"{number}: {problem};" for number, problem in enumerate(problems, 1))
    return Refusal(400, kind, f"Validation Failed: {numbered}")


def class_cast(value: object, wanted: str) -> Refusal:
    """The 500 of a JSON type that the server casts unchecked."""
    names = [java_class(value), wanted]
    reason = (
        f"class {names[0]} cannot be cast to class {names[1]} "
        f"({names[0]} and {names[1]} are in module java.base of loader 'bootstrap')"
    )
    return Refusal(500, "class_cast_exception", reason)


def java_class(value: object) -> str:
    """The Java class that holds a JSON value."""
    return _JAVA_CLASSES.get(type(value), "java.lang.Object")


_JAVA_CLASSES: dict[type, str] = {
    bool: "java.lang.Boolean",
    int: "java.lang.Integer",
    float: "java.lang.Double",
    str: "java.lang.String",
    list: "java.util.ArrayList",
    dict: "java.util.HashMap",
}

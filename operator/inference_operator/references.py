"""What connections and endpoints share when they follow a reference: specs, Secrets, and the errors for what is missing."""

import logging
from typing import TypeVar

from pydantic import ValidationError

from inference_operator.api.schema import Model
from inference_operator.context import Context
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting
from inference_operator.objects import Key, Raw, Secret
from inference_operator.secret import SecretValue
from inference_operator.store import SecretId

LOGGER = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)


def parse_spec(model: type[M], raw: Raw) -> M:
    """The spec as a model.

    Raises:
        Stalled: the API server let something through that the model does not.
    """
    try:
        return model.model_validate(raw.get("spec") or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in ("spec", *first["loc"]))
        raise Stalled(Reason.INVALID_SPEC, f"{where}: {first['msg']}") from None
    except RecursionError:
        raise Stalled(Reason.INVALID_SPEC, "the spec is nested too deeply") from None


def parse_status(model: type[M], raw: Raw) -> M:
    """The status as a model; one that somebody has garbled counts as none."""
    try:
        return model.model_validate(raw.get("status") or {})
    except (ValidationError, RecursionError):
        return model()


def as_problem(error: Exception, key: Key) -> ReconcileError:
    """What a person is told about an error, whatever it is."""
    if isinstance(error, ReconcileError):
        return error
    if isinstance(error, RecursionError):
        return Stalled(Reason.INVALID_SPEC, "the spec is nested too deeply")
    LOGGER.error("a reconcile failed unexpectedly", exc_info=error, extra=key.as_extra())
    return Transient(Reason.INTERNAL_ERROR, "a fault of the operator; see its log")


async def existing_secret(ctx: Context, namespace: str, name: str) -> Secret:
    """A Secret, read now.

    Raises:
        Waiting: there is none.
    """
    secret = await ctx.secrets.read(namespace, name)
    if secret is None:
        raise secret_missing(namespace, name)
    return secret


async def secret_value(ctx: Context, namespace: str, name: str, key: str) -> SecretValue:
    """One value of one Secret, read now.

    Raises:
        Waiting: the Secret or the key is missing.
        Stalled: the value cannot be used.
    """
    return value_in(ctx, await existing_secret(ctx, namespace, name), SecretId(namespace, name), key)


def value_in(ctx: Context, secret: Secret, where: SecretId, key: str) -> SecretValue:
    """One value of a Secret that has been read.

    Raises:
        Waiting: the key is missing.
        Stalled: the value cannot be used.
    """
    if key not in secret.data:
        raise key_missing(*where, key)
    return usable(ctx, secret.data[key], f"{where.name}/{key}")


def secret_missing(namespace: str, name: str) -> Waiting:
    """The error for a Secret that is not there."""
    return Waiting(
        Reason.SECRET_NOT_FOUND, f"there is no Secret {name!r} in namespace {namespace!r}; create it"
    )


def key_missing(namespace: str, name: str, key: str) -> Waiting:
    """The error for a Secret that lacks a key."""
    return Waiting(
        Reason.SECRET_KEY_NOT_FOUND,
        f"the Secret {name!r} in namespace {namespace!r} has no key {key!r}; add it, or correct the reference",
    )


def usable(ctx: Context, raw: bytes, where: str) -> SecretValue:
    """A value as text, made known to the redactor; a newline at its end, a common slip, is dropped.

    Raises:
        Stalled: it is empty, not UTF-8, or holds a NUL.
    """
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or "\x00" in text:
        raise Stalled(
            Reason.SECRET_VALUE_INVALID,
            f"the value of Secret {where} is empty, not UTF-8, or holds a NUL character; write it anew",
        )
    value = SecretValue(text)
    ctx.redactor.learn(value)
    return value

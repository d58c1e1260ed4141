"""What people are told: the status, written once and only if it says something new, and events on transitions."""

import logging
from collections.abc import Sequence
from typing import Any

from inference_operator.api.schema import GROUP, VERSION, Model
from inference_operator.conditions import Type, Verdict, find, merge, timestamp
from inference_operator.context import Context
from inference_operator.errors import Reason, ReconcileError, Transient
from inference_operator.kube import FIELD_MANAGER, Conflict
from inference_operator.objects import About, Key, Raw, is_deleting

LOGGER = logging.getLogger(__name__)
PATIENCE = 3
"""Failed attempts for which what was ready stays so: trouble that passes by itself is not told."""
SOON = 0.2
"""Seconds until an object that changed meanwhile is looked at again."""
_MAX_EVENT = 1024  # characters that the API server takes for a message


def conditions_after(
    ctx: Context, status: Any, verdicts: Sequence[Verdict], generation: int, problem: ReconcileError | None
) -> list[Any]:
    """The verdicts as conditions, their texts redacted; passing trouble that goes on is not told anew in other words."""
    safe = [Verdict(v.type, v.status, v.reason, ctx.redactor.sanitise(v.message)) for v in verdicts]
    keep = isinstance(problem, Transient)
    return merge(status.conditions, safe, generation, ctx.now(), keep_messages=keep)


def dump(status: Model) -> dict[str, Any]:
    """A status as it is stored: only what is set."""
    return {
        "observedGeneration": -1,
        **status.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True, mode="json"),
    }


async def write_status(
    ctx: Context, about: About, before: Model, after: Model, *, same_version: bool = False
) -> Raw:
    """Write the status if it says something new; the object as it is then.

    Raises:
        Conflict: the object is gone, is another, or (with `same_version`) has changed.
    """
    key, raw = about
    old, new = dump(before), dump(after)
    safe = new if new == old else ctx.redactor.redact_all(new)  # a server may show a secret anywhere
    if safe == old:
        return raw
    written = await ctx.kube.patch_status(key, raw, safe, same_version=same_version)
    if written is None:
        raise Conflict
    if ctx.store.put(key.kind, written):
        ctx.queue.add(key)  # somebody changed the object meanwhile, and our write came with that change
    return written


async def refresh(ctx: Context, key: Key) -> None:
    """Read the object anew, as what is remembered of it is not what it is."""
    fresh = await ctx.kube.get(key)
    if fresh is not None:
        ctx.store.put(key.kind, fresh)
    elif (stale := ctx.store.get(key)) is not None and ctx.store.remove(key.kind, stale):
        ctx.wake_others(key, stale)  # the watch will tell it too, but to a store that knows it already


async def write_finalizers(ctx: Context, about: About, finalizers: Sequence[str]) -> Raw:
    """Set the finalizers of exactly this version of the object; the object as it is then.

    Raises:
        Conflict: the object is gone, is another, or has changed.
    """
    key, raw = about
    written = await ctx.kube.patch_finalizers(key, raw, finalizers)
    if written is None:
        raise Conflict
    if not finalizers and is_deleting(written):
        ctx.store.remove(key.kind, written)  # that was the last one, so the object is gone
    else:
        ctx.store.put(key.kind, written)
    return written


def tell_transition(ctx: Context, about: About, before: Any, after: Any, *, recovery: bool = True) -> None:
    """An event where `Ready` got another reason; `recovery`: also where that is a good one."""
    old, new = find(before.conditions, Type.READY), find(after.conditions, Type.READY)
    blocked = find(after.conditions, Type.DELETION_BLOCKED)
    was_blocked = find(before.conditions, Type.DELETION_BLOCKED)
    if blocked and (was_blocked is None or was_blocked.reason != blocked.reason):
        tell(ctx, about, Reason(blocked.reason), blocked.message, warning=True)
    elif new and not blocked and (old is None or old.reason != new.reason):
        good = new.reason in {Reason.SYNCED, Reason.CONNECTED, Reason.PROGRESSING}
        if good and (old is None or not recovery):
            return  # the event of the action itself tells it
        tell(ctx, about, Reason(new.reason), new.message or "all is well again", warning=not good)


def tell(ctx: Context, about: About, reason: Reason, message: str, *, warning: bool = False) -> None:
    """One event and one log line; the log line is the record, a lost event does no harm."""
    text = ctx.redactor.sanitise(message)
    kind = "Warning" if warning else "Normal"
    LOGGER.log(
        logging.WARNING if warning else logging.INFO,
        text,
        extra={"reason": reason.value, **about.key.as_extra()},
    )
    said = {"type": kind, "reason": reason.value, "message": text[:_MAX_EVENT]}
    ctx.spawn(_post(ctx, about.key, {**_event(about, timestamp(ctx.now())), **said}))


async def _post(ctx: Context, key: Key, event: Raw) -> None:
    try:
        await ctx.kube.post_event(key.namespace, event)
    except Exception as error:  # noqa: BLE001 - whatever it is, the reconcile must not suffer from it
        LOGGER.debug("an event could not be posted: %s", type(error).__name__)


def _event(about: About, now: str) -> dict[str, Any]:
    """The part of an event that says whom it is about, and when."""
    key, metadata = about.key, about.raw["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{key.name[:200]}.", "namespace": key.namespace},
        "involvedObject": {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": key.kind.name,
            "namespace": key.namespace,
            "name": key.name,
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
        "source": {"component": FIELD_MANAGER},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }

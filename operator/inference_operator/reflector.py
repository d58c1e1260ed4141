"""Keeps the store like the cluster, and wakes whom a change concerns.

Fed by the watch, event by event, and by listings of our own, which also find what the watch has missed.
"""

from inference_operator.context import Context
from inference_operator.objects import CONNECTION, ENDPOINT, Key, Kind, Raw
from inference_operator.store import SecretId, key_of

KINDS = (CONNECTION, ENDPOINT)
"""Connections first: their endpoints wait for them."""


def observe(ctx: Context, kind: Kind, event: str | None, raw: Raw) -> None:
    """Take in one event about one of our objects."""
    key = key_of(kind, raw)
    if event == "DELETED":
        if ctx.store.remove(kind, raw):
            ctx.queue.add(key)
            ctx.wake_others(key, raw)
        return
    if ctx.store.put(kind, raw):
        ctx.queue.forget(key)
        ctx.queue.add(key)


def observe_secret(ctx: Context, event: str | None, raw: Raw) -> None:
    """Take in one event about a Secret; who names it is woken if a value is new."""
    secret = SecretId(raw["metadata"]["namespace"], raw["metadata"]["name"])
    changed = ctx.store.remove_secret(secret) if event == "DELETED" else ctx.store.put_secret(raw)
    if changed:
        for key in ctx.store.users_of_secret(secret):
            ctx.queue.forget(key)
            ctx.queue.add(key)


async def check_served(ctx: Context) -> None:
    """Whether the API server serves our kinds; a watch that begins without them would never notice that they come.

    Raises:
        Transient: it does not.
    """
    for kind in KINDS:
        async for _ in ctx.kube.list_objects(kind):
            break


async def relist(ctx: Context) -> None:
    """List everything ourselves: before the workers start, and now and then, as a watch may miss deletions."""
    for kind in KINDS:
        seen = set()
        known = set(ctx.store.keys(kind))
        async for raw in ctx.kube.list_objects(kind):
            seen.add(key_of(kind, raw))
            observe(ctx, kind, None, raw)
        for key in known - seen:
            await _confirm_gone(ctx, key)
    await _relist_secrets(ctx)


async def _confirm_gone(ctx: Context, key: Key) -> None:
    """An object that a listing lacks was deleted, or was made while the listing went on: ask for it."""
    stale = ctx.store.get(key)
    if stale is None:
        return
    fresh = await ctx.kube.get(key)
    if fresh is None:
        observe(ctx, key.kind, "DELETED", stale)
    else:
        observe(ctx, key.kind, None, fresh)


async def _relist_secrets(ctx: Context) -> None:
    known, seen = set(ctx.store.secrets()), set()
    async for raw in ctx.kube.list_secrets():
        seen.add(SecretId(raw["metadata"]["namespace"], raw["metadata"]["name"]))
        observe_secret(ctx, None, raw)
    for secret in known - seen:
        if await ctx.secrets.read(*secret) is None:
            observe_secret(ctx, "DELETED", {"metadata": secret._asdict()})

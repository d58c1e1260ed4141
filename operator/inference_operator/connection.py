"""The reconcile of a connection: who is asked, as whom, and is it still the same cluster?

Its result is a `Session`, through which the endpoints reach the cluster. Nothing is sent through a session
before this check has passed, so no provider key reaches what has not proven to be the pinned Elasticsearch.
"""

import random
from dataclasses import dataclass, replace

from inference_operator import conditions
from inference_operator.api.connection import (
    CONNECTION_FINALIZER,
    ElasticsearchConnectionSpec,
    ElasticsearchConnectionStatus,
)
from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import FINALIZER
from inference_operator.conditions import Type, Verdict
from inference_operator.context import Context
from inference_operator.credentials import target_of
from inference_operator.elasticsearch.client import (
    Client,
    Identity,
    check_privileges,
    identify,
    list_services,
)
from inference_operator.elasticsearch.transport import Transport
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting
from inference_operator.kube import Conflict
from inference_operator.objects import About, Key, finalizers_of, is_deleting
from inference_operator.references import as_problem, parse_spec, parse_status
from inference_operator.report import (
    PATIENCE,
    SOON,
    conditions_after,
    refresh,
    tell,
    tell_transition,
    write_finalizers,
    write_status,
)
from inference_operator.services import Services
from inference_operator.session import Session

_SPREAD = 0.01  # seconds per endpoint over which the endpoints of a connection are woken
_LONGEST_SPREAD = 30.0
_LONGEST_BACKOFF = 60.0  # seconds; one check a minute is no burden, and recovery is seen soon


async def reconcile_connection(key: Key, ctx: Context) -> float | None:
    """Check one connection, report, and wake its endpoints where that matters; seconds until the next check."""
    raw = ctx.store.get(key)
    if raw is None:
        _forget(ctx, key)
        return None
    try:
        return await _Check(ctx, About(key, raw), parse_status(ElasticsearchConnectionStatus, raw)).run()
    except Conflict:
        await refresh(ctx, key)
        return SOON


@dataclass(frozen=True, slots=True)
class _Found:
    """What a check found: the way to the cluster, or the problem."""

    session: Session
    too_much: tuple[str, ...] = ()
    """Privileges far beyond what is needed."""


@dataclass(slots=True)
class _Check:
    ctx: Context
    about: About
    status: ElasticsearchConnectionStatus

    @property
    def key(self) -> Key:
        return self.about.key

    @property
    def deleting(self) -> bool:
        return is_deleting(self.about.raw)

    async def run(self) -> float:
        before = self.ctx.sessions.get(self.key)
        found = await self._attempt(before)
        problem = found.session.problem
        reason = problem.reason if problem else Reason.CONNECTED
        self.ctx.metrics.reconciles.labels(self.key.kind.name, reason.value).inc()
        if isinstance(problem, Transient):
            failures = self.ctx.queue.fail(self.key)
            if failures < PATIENCE and before is not None and before.problem is None:
                return self._next_check(problem)
        else:
            self.ctx.queue.forget(self.key)
        if problem:  # its endpoints must stop writing before anybody is told
            self._replace_session(before, found.session)
            await self._report(found)
        else:  # the pin must be written before anything is written through the session
            await self._report(found)
            self._replace_session(before, found.session)
        await self._let_go()
        if self.ctx.store.get(self.key) is None:
            return 0.0  # it has gone; the next look closes its session and tells its endpoints
        return self._next_check(problem)

    async def _attempt(self, before: Session | None) -> _Found:
        try:
            spec = parse_spec(ElasticsearchConnectionSpec, self.about.raw)
            return await self._connect(spec, before)
        except Conflict:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
            problem = as_problem(error, self.key)
            kept = before or Session(None)
            return _Found(Session(kept.client, kept.target, problem))

    async def _connect(self, spec: ElasticsearchConnectionSpec, before: Session | None) -> _Found:
        ctx = self.ctx
        target = await target_of(ctx, self.key.namespace, spec)
        known = before.client if before and before.target == target else None
        transport = known.transport if known else Transport(target, ctx.guard, ctx.metrics.observe_request)
        try:
            identity = await identify(transport)
            _check_pin(identity, spec.cluster_uuid or self.status.cluster_uuid)
            too_much = await check_privileges(transport)
            identity = replace(identity, services=await self._services(transport, identity, known))
        except BaseException:
            if known is None:
                await transport.close()
            raise
        governor = ctx.governors.of(
            identity.cluster_uuid, spec.limits.max_concurrency if spec.limits else None
        )
        return _Found(Session(Client(transport, identity, governor), target), tuple(too_much))

    async def _services(
        self, transport: Transport, identity: Identity, known: Client | None
    ) -> Services | None:
        """What the cluster says about its services; asked once for each version of it."""
        if known and known.identity == identity and known.identity.services is not None:
            return known.identity.services
        services = await list_services(transport)
        # Most clusters list the same. They are compared, not looked up by UUID: a server could claim that of any other.
        others = (s.client.identity.services for s in self.ctx.sessions.values() if s.client)
        return next((other for other in others if other == services), services)

    def _replace_session(self, before: Session | None, session: Session) -> None:
        """Make the outcome known to the endpoints, and wake them if it differs from what they knew."""
        old = before.client if before else None
        if old and session.client and old.transport is not session.client.transport:
            self.ctx.spawn(old.transport.close())
        self.ctx.sessions[self.key] = session
        if before is None:  # the first look of this process: workers and governor bound what follows
            _wake_endpoints(self.key, self.ctx, spread=0.0)
        elif _outcome(before) != _outcome(session):
            _wake_endpoints(self.key, self.ctx)

    async def _report(self, found: _Found) -> None:
        """Write the status if it says something new."""
        generation = int(self.about.raw["metadata"].get("generation", 0))
        problem = found.session.problem
        conds = conditions_after(self.ctx, self.status, self._verdicts(found), generation, problem)
        update: dict[str, object] = {"observed_generation": generation, "conditions": conds}
        if problem is None and found.session.client:
            update |= _facts(found.session.client.identity)
        after = self.status.model_copy(update=update)
        written = await write_status(self.ctx, self.about, self.status, after)
        tell_transition(self.ctx, self.about, self.status, after)
        self._warn_of_privileges(found, after)
        self.about, self.status = About(self.key, written), after

    def _warn_of_privileges(self, found: _Found, after: ElasticsearchConnectionStatus) -> None:
        """An event when the credentials are first seen to be far too mighty."""
        old, new = (conditions.find(s.conditions, Type.READY) for s in (self.status, after))
        if found.too_much and new and (old is None or old.message != new.message):
            tell(self.ctx, self.about, Reason.OVER_PRIVILEGED, new.message, warning=True)

    def _verdicts(self, found: _Found) -> list[Verdict]:
        verdicts = conditions.of_connection(found.session.problem, ready=_summary(found))
        waiting = sorted(k.name for k in self._dependents()) if self.deleting else []
        if not waiting:
            return verdicts
        text = f"{len(waiting)} endpoints must be deleted or released first: {', '.join(waiting[:5])}"
        settled = [v for v in verdicts if v.type not in {Type.STALLED, Type.RECONCILING}]
        return [*settled, Verdict(Type.DELETION_BLOCKED, True, Reason.STILL_REFERENCED, text)]

    def _dependents(self) -> list[Key]:
        """The endpoints whose deletion will need this connection."""
        users = self.ctx.store.users_of_connection(self.key)
        return [k for k in users if FINALIZER in finalizers_of(self.ctx.store.get(k))]

    async def _let_go(self) -> None:
        """Let the connection go once no endpoint needs it for its deletion; the first of them made it wait."""
        finalizers = finalizers_of(self.about.raw)
        if self.deleting and CONNECTION_FINALIZER in finalizers and not self._dependents():
            others = [f for f in finalizers if f != CONNECTION_FINALIZER]
            await write_finalizers(self.ctx, self.about, others)

    def _next_check(self, problem: ReconcileError | None) -> float:
        if isinstance(problem, Transient):
            return max(min(self.ctx.queue.backoff(self.key), _LONGEST_BACKOFF), problem.retry_after or 0.0)
        if isinstance(problem, Waiting) and problem.retry_after:
            return problem.retry_after
        try:
            interval = seconds(parse_spec(ElasticsearchConnectionSpec, self.about.raw).interval)
        except ReconcileError:
            interval = 300
        return interval * self.ctx.settings.interval_scale * random.uniform(0.9, 1.1)  # noqa: S311 - jitter


def _check_pin(identity: Identity, pinned: str | None) -> None:
    if pinned and identity.cluster_uuid != pinned:
        raise Stalled(
            Reason.CLUSTER_CHANGED,
            f"the URL leads to cluster {identity.cluster_uuid!r} and not to {pinned!r}, so nothing is written there; "
            "correct the URL, or set spec.clusterUUID if the change is meant",
        )


def _outcome(session: Session) -> tuple[Identity | None, str | None]:
    """What of a session matters to the endpoints; another version may take over what the old one did not."""
    identity = session.client.identity if session.client else None
    return identity, session.problem.reason if session.problem else None


def _wake_endpoints(key: Key, ctx: Context, spread: float = _SPREAD) -> None:
    """Wake the endpoints spread out, so that a cluster that comes or goes causes no stampede."""
    users = ctx.store.users_of_connection(key)
    longest = min(spread * len(users), _LONGEST_SPREAD)
    for user in users:
        ctx.queue.add_after(user, random.uniform(0, longest))  # noqa: S311 - jitter


def _facts(identity: Identity) -> dict[str, object]:
    return {
        "cluster_name": identity.cluster_name,
        "cluster_uuid": identity.cluster_uuid,
        "version": identity.version,
        "flavor": identity.flavor,
        "capabilities": identity.capabilities.names(),
    }


def _summary(found: _Found) -> str:
    if found.session.client is None:
        return ""
    identity = found.session.client.identity
    text = f"Elasticsearch {identity.version}, cluster {identity.cluster_name!r}"
    if not found.too_much:
        return text
    return (
        f"{text}; the credentials may do more than needed ({', '.join(found.too_much)}): "
        "use an API key with manage_inference and monitor"
    )


def _forget(ctx: Context, key: Key) -> None:
    """The connection is gone, and its endpoints must know."""
    session = ctx.sessions.pop(key, None)
    if session and session.client:
        ctx.spawn(session.client.transport.close())
    _wake_endpoints(key, ctx)
    ctx.forget(key)

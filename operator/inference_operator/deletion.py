"""The deletion of an endpoint: it ends, or says in words what it waits for. It never gives up in silence."""

from dataclasses import dataclass

from inference_operator import conditions
from inference_operator.api.v1alpha1 import FINALIZER, RELEASE, InferenceEndpointSpec, References
from inference_operator.context import Context, Memory
from inference_operator.elasticsearch.answers import references
from inference_operator.elasticsearch.client import Client, Uses
from inference_operator.errors import (
    ABOUT_CONNECTION,
    ABOUT_SECRETS,
    Reason,
    ReconcileError,
    Waiting,
)
from inference_operator.kube import Conflict
from inference_operator.objects import About
from inference_operator.plan import Delete, plan
from inference_operator.references import parse_spec
from inference_operator.replacement import settle
from inference_operator.report import (
    conditions_after,
    tell,
    tell_transition,
    write_finalizers,
    write_status,
)
from inference_operator.resolve import Subject, desired_of, session_for
from inference_operator.status import claimed_cluster, past_of
from inference_operator.store import connection_of
from inference_operator.work import Work, timed

_SLOWLY = 5.0
"""How much longer than usual an endpoint in use waits between two attempts."""
_RELEASE_HINT = f'or set the annotation {RELEASE}: "true" to let this resource go and leave the endpoint'


async def delete(ctx: Context, subject: Subject, memory: Memory) -> float | None:
    """Delete the endpoint, or release it, and let the resource go; seconds until the next attempt if it must wait."""
    if not subject.has_finalizer:
        return None
    try:
        message = await _Deletion(ctx, subject, memory).run()
    except Conflict:
        raise
    except ReconcileError as problem:
        return await _report_blocked(ctx, subject, problem)
    reason = Reason.DELETED if message is None else Reason.RELEASED
    text = message or f"inference endpoint {subject.status.inference_id!r} was deleted"
    finalizers = [f for f in subject.finalizers if f != FINALIZER]
    await write_finalizers(ctx, subject.about, finalizers)
    tell(ctx, subject.about, reason, text)
    ctx.wake_others(subject.key, subject.raw)
    ctx.forget(subject.key)
    return None


@dataclass(slots=True)
class _Deletion:
    ctx: Context
    subject: Subject
    memory: Memory

    async def run(self) -> str | None:
        """None once the endpoint is gone, or why it is left where it is."""
        if self.subject.annotations.get(RELEASE) == "true":
            return "released by annotation; the endpoint stays in Elasticsearch"
        home = claimed_cluster(self.subject.status)
        if home is None:
            return "nothing was made in Elasticsearch"
        spec = parse_spec(InferenceEndpointSpec, self.subject.raw)
        if spec.deletion_policy == "Retain":
            return "deletionPolicy is Retain; the endpoint stays in Elasticsearch"
        if spec.management_policy == "Observe":
            return "managementPolicy is Observe; the endpoint stays in Elasticsearch"
        desired = desired_of(self.subject, spec)
        work = Work(self.ctx, self.subject, self.memory, spec, self._client(home), desired)
        async with self.ctx.locks(home, desired.inference_id):
            return await self._delete(work)

    def _client(self, home: str) -> Client:
        """The way to the cluster. The credentials that were in use will do, even if their Secret is gone."""
        try:
            session = session_for(self.ctx, self.subject)
        except Waiting as missing:
            raise Waiting(missing.reason, f"{missing.message}, {_RELEASE_HINT}") from None
        problem = session.problem
        if problem is not None and problem.reason in ABOUT_SECRETS and session.client is None:
            raise Waiting(
                Reason.CREDENTIALS_GONE,
                f"the credentials are gone: {problem.message}; restore them, {_RELEASE_HINT}",
            )
        if session.client is None or (problem is not None and problem.reason not in ABOUT_SECRETS):
            raise Waiting(
                Reason.CONNECTION_NOT_READY,
                f"the connection is not ready: {problem.message if problem else 'not checked yet'}; {_RELEASE_HINT}",
            )
        if session.cluster_uuid != home:
            raise Waiting(
                Reason.CLUSTER_CHANGED,
                f"the endpoint was made in cluster {home!r} and the connection leads to {session.cluster_uuid!r}; "
                f"lead it back, {_RELEASE_HINT}",
            )
        return session.client

    async def _delete(self, work: Work) -> str | None:
        await settle(work)
        client, identity = work.client, work.client.identity
        until, now = work.may_appear_until(), self.ctx.now()
        past = past_of(work.subject.status, unresolved=until > now)
        force = work.spec.deletion_policy == "ForceDelete"
        try:
            item = await client.get(work.desired.inference_id)
        except Waiting as unreadable:
            if unreadable.reason is not Reason.ENDPOINT_UNREADABLE or not force or past.applied is None:
                raise
            item = {}
        observed = work.see(item) if item is not None else None
        chosen = plan(None, observed, past, identity.capabilities, identity.version)
        if chosen.problem:
            raise timed(chosen.problem, until, now)
        if isinstance(chosen.action, Delete):
            self.ctx.fence()
            await client.delete(work.desired.inference_id, force=force)
            return None
        return None if observed is None else "the endpoint of this id was made by somebody else and stays"


async def _report_blocked(ctx: Context, subject: Subject, problem: ReconcileError) -> float:
    """Say what the deletion waits for, if that is news; seconds until the next attempt."""
    if problem.reason in ABOUT_CONNECTION:
        ctx.queue.add(connection_of(*subject.about))
    known = subject.status
    ctx.queue.fail(subject.key)
    in_use = None
    if problem.reason is Reason.IN_USE:
        pipelines, indices = references(problem.message)
        in_use = References(pipelines=pipelines, indices=indices)
        problem = _in_use(in_use)
    verdicts = conditions.blocked_deletion(known.conditions, problem)
    conds = conditions_after(ctx, known, verdicts, subject.generation, problem)
    after = known.model_copy(update={"conditions": conds, "references": in_use})
    written = await write_status(ctx, subject.about, known, after)
    tell_transition(ctx, About(subject.key, written), known, after)
    return _wait(ctx, subject, problem)


def _in_use(uses: References) -> Waiting:
    named = Uses(tuple(uses.pipelines), tuple(uses.indices))
    return Waiting(
        Reason.IN_USE,
        f"elasticsearch does not delete the endpoint while {named} use it; change those, {_RELEASE_HINT}",
    )


def _wait(ctx: Context, subject: Subject, problem: ReconcileError) -> float:
    if isinstance(problem, Waiting) and problem.retry_after is not None:
        return problem.retry_after
    delay = ctx.queue.backoff(subject.key)
    if problem.reason is Reason.IN_USE:
        return delay * _SLOWLY
    return max(delay, problem.retry_after or 0.0)

"""One reconcile of one endpoint, top to bottom: resolve, observe, plan, execute, report.

Level-triggered: whatever woke it, it looks at what is and does what is missing.
"""

import random
from dataclasses import dataclass
from datetime import datetime

from inference_operator import conditions, status
from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import ClusterInfo, InferenceEndpointSpec, InferenceEndpointStatus
from inference_operator.context import Context, Memory
from inference_operator.deletion import delete
from inference_operator.elasticsearch.client import Client
from inference_operator.endpoint import definition_of
from inference_operator.errors import ABOUT_CONNECTION, Reason, ReconcileError, Stalled, Transient, Waiting
from inference_operator.execute import Done, Work, execute, timed, unresolved_until
from inference_operator.kube import Conflict
from inference_operator.objects import About, Key
from inference_operator.plan import (
    Desired,
    Ignored,
    Past,
    Plan,
    Update,
    plan,
)
from inference_operator.references import as_problem, parse_spec
from inference_operator.report import (
    PATIENCE,
    SOON,
    conditions_after,
    dump,
    refresh,
    tell,
    tell_transition,
    write_status,
)
from inference_operator.resolve import (
    NotYet,
    SecretState,
    Subject,
    check_settings,
    fingerprints,
    owner,
    secret_states,
    secrets_changed,
    session_for,
    subject_of,
)
from inference_operator.store import connection_of
from inference_operator.verification import Verified, verify
from inference_operator.wording import lost_chunking, reason_of, story, synced_message, unanswered_create

_UNTIL_CHECKED = 5.0  # seconds; the first check of the connection wakes its endpoints earlier


async def reconcile_endpoint(key: Key, ctx: Context) -> float | None:
    """Bring one endpoint a step nearer to its spec, and report; seconds until it should be looked at again."""
    raw = ctx.store.get(key)
    if raw is None:
        ctx.forget(key)
        return None
    attempt = Attempt(ctx, subject_of(key, raw), ctx.recall(key, raw))
    try:
        return await (
            delete(ctx, attempt.subject, attempt.memory) if attempt.subject.deleting else attempt.run()
        )
    except NotYet:
        return _UNTIL_CHECKED
    except Conflict:
        await refresh(ctx, key)
        return SOON
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported, and the worker lives on
        return await attempt.report_problem(as_problem(error, key))


@dataclass(slots=True)
class Attempt:
    """One reconcile of an endpoint that should exist."""

    ctx: Context
    subject: Subject
    memory: Memory
    work: Work | None = None

    async def run(self) -> float | None:
        """Resolve, then do the rest under the lock of the id."""
        ctx, subject = self.ctx, self.subject
        spec = parse_spec(InferenceEndpointSpec, subject.raw)
        if spec.suspend:
            return None
        check_settings(spec)
        client = self._client(spec)
        states = await secret_states(ctx, subject.key.namespace, spec)
        desired = Desired(spec.inference_id or subject.key.name, definition_of(spec), bool(states))
        self.work = work = Work(ctx, subject, self.memory, spec, client, desired)
        async with ctx.locks(client.identity.cluster_uuid, desired.inference_id):
            self._check_ownership(work)
            await self._converge(work, states)
        ctx.queue.forget(subject.key)
        return jittered(ctx, spec)

    def _client(self, spec: InferenceEndpointSpec) -> Client:
        session = session_for(self.ctx, self.subject)
        if session.client is None or session.problem is not None:
            why = f": {session.problem.message}" if session.problem else ""
            raise Waiting(
                Reason.CONNECTION_NOT_READY,
                f"the ElasticsearchConnection {spec.connection_ref.name!r} is not ready{why}",
            )
        return session.client

    def _check_ownership(self, work: Work) -> None:
        cluster = work.client.identity.cluster_uuid
        if (home := status.claimed_cluster(self.subject.status)) and home != cluster:
            raise Stalled(
                Reason.CLUSTER_CHANGED,
                f"the endpoint was made in cluster {home!r} and the connection leads to {cluster!r}, so nothing is "
                "written; lead the connection back, or delete this resource and create it again",
            )
        rivals = self.ctx.store.namesakes(work.desired.inference_id) - {self.subject.key}
        who = owner(self.ctx, work.desired.inference_id, cluster) if rivals else None
        if who is not None and who != self.subject.key:
            raise Stalled(
                Reason.OWNERSHIP_CONFLICT,
                f"the InferenceEndpoint {who.namespace}/{who.name} owns the id {work.desired.inference_id!r} in this "
                "cluster; choose another inferenceId",
            )

    async def _converge(self, work: Work, states: list[SecretState]) -> None:
        """Observe, plan, execute, verify, report."""
        identity = work.client.identity
        item = await work.client.get(work.desired.inference_id)
        observed = work.see(item) if item is not None else None
        past = self._past(states)
        chosen = plan(work.desired, observed, past, identity.capabilities, identity.version)
        if chosen.problem:
            until = unresolved_until(self.memory, self.subject.status)
            hint = unanswered_create(work.desired.definition, identity.capabilities)
            raise timed(chosen.problem, until, self.ctx.now(), hint)
        done = await execute(work, chosen.action, observed)
        if not past.secrets_changed:
            self.memory.live = fingerprints(states)
        verified = verify(work.desired, done.observed, past, identity.capabilities, identity.version)
        await self._report(work, chosen, done, verified, past)
        lost = lost_chunking(chosen.action, observed, done.observed)
        if lost and verified.problem is None:  # the spec leaves them to the server, so this is no problem
            tell(self.ctx, work.subject.about, Reason.CHUNKING_RESET, lost)

    def _past(self, states: list[SecretState]) -> Past:
        known = self.subject.status
        return Past(
            applied=status.applied_definition(known),
            claimed=status.claimed_definition(known),
            unresolved=unresolved_until(self.memory, known) > self.ctx.now(),
            ignored=[Ignored(n.path, n.desired, n.server_version) for n in known.not_applied],
            secrets_changed=secrets_changed(states, self.memory.live, known),
        )

    async def _report(self, work: Work, chosen: Plan, done: Done, verified: Verified, past: Past) -> None:
        subject, ctx = work.subject, self.ctx
        identity = work.client.identity
        seen = status.Seen(
            generation=subject.generation,
            cluster=ClusterInfo(
                cluster_name=identity.cluster_name,
                cluster_uuid=identity.cluster_uuid,
                version=identity.version,
            ),
            desired=work.desired.definition,
            observed=done.observed,
            claimed=past.claimed,
            complete=verified.problem is None,
            asked=chosen.action.asked() if isinstance(chosen.action, Update) else frozenset(),
            ignored=verified.ignored,
            drift=chosen.drift if verified.problem else (),
            live=self.memory.unreported,
            written_at=done.written_at,
        )
        verdicts = conditions.of_endpoint(
            verified.problem,
            synced=synced_message(done.observed, subject.status.secrets if seen.live is None else seen.live),
            drift=[d.path for d in seen.drift],
        )
        ctx.metrics.reconciles.labels(subject.key.kind.name, verdicts[0].reason.value).inc()
        conds = conditions_after(ctx, subject.status, verdicts, subject.generation, verified.problem)
        after = status.after(subject.status, conds, work.desired.inference_id, seen)
        written = await write_status(ctx, subject.about, subject.status, after)
        self.memory.unreported = None
        why = reason_of(chosen.action, past)
        ignored = verified.problem is not None and verified.problem.reason is Reason.UPDATE_NOT_APPLIED
        if why and not ignored:
            tell(ctx, About(subject.key, written), Reason(why), story(why, work.desired.inference_id))
        tell_transition(ctx, About(subject.key, written), self.subject.status, after, recovery=not why)

    async def report_problem(self, problem: ReconcileError) -> float:
        """Say in the status what is wrong, if that is news; seconds until the next attempt."""
        ctx = self.ctx
        subject = self.work.subject if self.work else self.subject
        if self.work and problem.reason in ABOUT_CONNECTION:
            ctx.queue.add(connection_of(*subject.about))
        ctx.metrics.reconciles.labels(subject.key.kind.name, problem.reason.value).inc()
        failures = ctx.queue.fail(subject.key)
        was_ready = conditions.is_ready(subject.status.conditions, subject.generation)
        if isinstance(problem, Transient) and was_ready and failures < PATIENCE:
            return next_attempt(ctx, subject, problem)
        after = self._status_of_problem(subject, problem, was_ready=was_ready)
        try:
            written = await write_status(ctx, subject.about, subject.status, after)
            tell_transition(ctx, About(subject.key, written), self.subject.status, after)
        except Conflict:
            await refresh(ctx, subject.key)
            return SOON
        return next_attempt(ctx, subject, problem)

    def _status_of_problem(
        self, subject: Subject, problem: ReconcileError, *, was_ready: bool
    ) -> InferenceEndpointStatus:
        known = subject.status
        keeps_serving = bool(self.work and self.work.only_rotation and known.applied) and was_ready
        if keeps_serving:
            problem = type(problem)(problem.reason, f"the previous key stays in force: {problem.message}")
        verdicts = conditions.of_endpoint(problem, keeps_serving=keeps_serving)
        conds = conditions_after(self.ctx, known, verdicts, subject.generation, problem)
        update: dict[str, object] = {"observed_generation": subject.generation, "conditions": conds}
        if self.work and known.inference_id is None:
            update["inference_id"] = self.work.desired.inference_id
        after = known.model_copy(update=update)
        if known.operation and dump(after) != dump(known):
            until = max(
                unresolved_until(self.memory, known), datetime.fromisoformat(known.operation.started_at)
            )
            operation = known.operation.model_copy(update={"deadline": conditions.timestamp(until)})
            after = after.model_copy(update={"operation": operation})
        return after


def jittered(ctx: Context, spec: InferenceEndpointSpec) -> float:
    """Seconds until the next resync."""
    return seconds(spec.interval) * ctx.settings.interval_scale * random.uniform(0.9, 1.1)  # noqa: S311 - jitter


def next_attempt(ctx: Context, subject: Subject, problem: ReconcileError) -> float:
    """The one place that turns an error into a delay (seconds)."""
    if isinstance(problem, Transient):
        return max(ctx.queue.backoff(subject.key), problem.retry_after or 0.0)
    ctx.queue.forget(subject.key)
    if isinstance(problem, Waiting) and problem.retry_after is not None:
        return problem.retry_after
    try:
        return jittered(ctx, parse_spec(InferenceEndpointSpec, subject.raw))
    except ReconcileError:
        return 600.0 * ctx.settings.interval_scale

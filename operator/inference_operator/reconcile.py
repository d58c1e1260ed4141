"""One reconcile of one endpoint, top to bottom: resolve, observe, plan, execute, report.

Level-triggered: whatever woke it, it looks at what is and does what is missing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inference_operator import conditions, status
from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import InferenceEndpointSpec, InferenceEndpointStatus, LiveSecret
from inference_operator.availability import Availability, look_after_model
from inference_operator.context import Context, Memory
from inference_operator.convergence import Step, converge
from inference_operator.deletion import delete
from inference_operator.elasticsearch.client import Client
from inference_operator.errors import ABOUT_CONNECTION, Reason, ReconcileError, Transient, Waiting
from inference_operator.execute import care_for_finalizer
from inference_operator.findings import DriftPolicy
from inference_operator.kube import Conflict
from inference_operator.objects import About, Key
from inference_operator.observation import observe
from inference_operator.ownership import check_ownership
from inference_operator.plan import Update
from inference_operator.references import as_problem, parse_spec
from inference_operator.replacement import settle
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
    desired_of,
    secret_states,
    session_for,
    subject_of,
)
from inference_operator.store import connection_of
from inference_operator.suggestion import advised
from inference_operator.wording import lost_chunking, reason_of, story, synced_message
from inference_operator.work import Work, check_secrecy, unresolved_until

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
        desired = desired_of(subject, spec)
        self.work = work = Work(ctx, subject, self.memory, spec, self._client(spec), desired)
        check_secrecy(work)
        if spec.management_policy == "Observe":
            return await self._observe(work)
        states = await secret_states(ctx, subject.key.namespace, spec)
        async with ctx.locks(work.client.identity.cluster_uuid, desired.inference_id):
            check_ownership(work)
            step = await self._converge(work, states)
            model = await self._look_after_model(work, step)
            problem = self._advised(step.problem) or (model.problem if model else None)
            await self._report(work, step, model, problem)
        if isinstance(problem, Transient):
            ctx.queue.fail(subject.key)
        if problem is not None and problem.reason in ABOUT_CONNECTION:
            ctx.queue.add(connection_of(*subject.about))
        if problem is not None:
            delay = next_attempt(ctx, work.subject, problem)
            return SOON if step.may_go_on(desired.replacement) else delay
        ctx.queue.forget(subject.key)
        return step.undecided.retry_after if step.undecided else jittered(ctx, spec)

    async def _observe(self, work: Work) -> float:
        await settle(work)
        await care_for_finalizer(work)
        await observe(work)
        self.memory.live = None
        self.ctx.queue.forget(work.subject.key)
        return jittered(self.ctx, work.spec)

    def _client(self, spec: InferenceEndpointSpec) -> Client:
        session = session_for(self.ctx, self.subject)
        if session.client is None or session.problem is not None:
            why = f": {session.problem.message}" if session.problem else ""
            raise Waiting(
                Reason.CONNECTION_NOT_READY,
                f"the ElasticsearchConnection {spec.connection_ref.name!r} is not ready{why}",
            )
        return session.client

    async def _converge(self, work: Work, states: list[SecretState]) -> Step:
        """One step; an update that fails because its model is gone is told, and mended, as that."""
        try:
            return await converge(work, states)
        except Transient as error:
            gone = error.reason in {Reason.CHANGED_MEANWHILE, Reason.DEPLOYMENT_MISSING}
            if not work.in_cluster or not gone or work.found is None:
                raise
            model = await look_after_model(work, work.found)
            if model.event:
                tell(self.ctx, work.subject.about, Reason.DEPLOYMENT_STARTED, model.event)
            raise model.problem or error from None

    async def _look_after_model(self, work: Work, step: Step) -> Availability | None:
        if not work.in_cluster or step.problem:
            return None
        return await look_after_model(work, step.done.observed, just_failed=work.start_failure)

    async def _report(
        self, work: Work, step: Step, model: Availability | None, problem: ReconcileError | None
    ) -> None:
        """Say in the status what is, and in an event what was done."""
        subject, ctx, done = work.subject, self.ctx, step.done
        seen = _seen(work, step, self.memory.unreported)
        secrets = subject.status.secrets if seen.live is None else seen.live
        verdicts = conditions.of_endpoint(
            problem,
            synced=synced_message(
                secrets,
                given=not work.desired.has_secrets or bool(secrets),
                deployed=model is None or model.verdict.status is not None,
            ),
            drift=[d.path for d in seen.drift],
            available=model.verdict if model else None,
        )
        ctx.metrics.reconciles.labels(subject.key.kind.name, verdicts[0].reason.value).inc()
        conds = conditions_after(ctx, subject.status, verdicts, subject.generation, problem)
        after = status.after(subject.status, conds, work.desired.inference_id, seen)
        written = await write_status(ctx, subject.about, subject.status, after)
        self.memory.unreported = None
        about = About(subject.key, written)
        why = reason_of(step.action, step.past)
        in_vain = problem is not None and problem.reason is Reason.UPDATE_NOT_APPLIED and not done.created
        if why and not in_vain:
            tell(ctx, about, Reason(why), story(why, work.desired.inference_id))
        if model and model.event:
            tell(ctx, about, Reason.DEPLOYMENT_STARTED, model.event)
        tell_transition(ctx, about, self.subject.status, after, recovery=not why)
        lost = lost_chunking(step.action, work.found, done.observed)
        if lost and problem is None:  # the spec leaves them to the server, so this is no problem
            tell(ctx, about, Reason.CHUNKING_RESET, lost)

    async def report_problem(self, problem: ReconcileError) -> float:
        """Say in the status what is wrong, if that is news; seconds until the next attempt."""
        ctx = self.ctx
        subject = self.work.subject if self.work else self.subject
        self._advised(problem)
        if self.work and problem.reason in ABOUT_CONNECTION:
            ctx.queue.add(connection_of(*subject.about))
        ctx.metrics.reconciles.labels(subject.key.kind.name, problem.reason.value).inc()
        failures = ctx.queue.fail(subject.key)
        was_ready = conditions.is_ready(subject.status.conditions, subject.generation)
        if isinstance(problem, Transient) and was_ready and failures < PATIENCE:
            return next_attempt(ctx, subject, problem)
        if problem.ambiguous and self._is_told(subject):
            return next_attempt(ctx, subject, problem)
        after = self._status_of_problem(subject, problem, was_ready=was_ready)
        try:
            written = await write_status(ctx, subject.about, subject.status, after)
            tell_transition(ctx, About(subject.key, written), self.subject.status, after)
        except Conflict:
            await refresh(ctx, subject.key)
            return SOON
        return next_attempt(ctx, subject, problem)

    @staticmethod
    def _is_told(subject: Subject) -> bool:
        """Whether the status says already that a create has no outcome; with a further one that is no news."""
        ready = conditions.find(subject.status.conditions, conditions.Type.READY)
        told = ready is not None and ready.reason == Reason.CREATE_UNRESOLVED
        return told and ready is not None and ready.observed_generation == subject.generation

    def _advised(self, problem: ReconcileError | None) -> ReconcileError | None:
        """The problem with what may have been meant, where a name is not known."""
        if problem is not None and self.work is not None:
            services = self.work.client.identity.services
            problem.message += advised(problem, self.work.desired.definition, services)
        return problem

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


def _seen(work: Work, step: Step, live: Sequence[LiveSecret] | None) -> status.Seen:
    verified, action = step.verified, step.action
    edited = step.chosen.drift if verified.problem else ()
    return status.Seen(
        generation=work.subject.generation,
        cluster=work.cluster,
        desired=work.desired.definition,
        observed=step.done.observed,
        claimed=step.past.claimed,
        created=step.done.created,
        complete=verified.problem is None,
        asked=action.asked() if isinstance(action, Update) else frozenset(),
        ignored=verified.ignored,
        drift=edited if work.desired.drift is DriftPolicy.CORRECT else verified.left,
        references=work.references,
        operation=step.operation(work),
        live=live,
        written_at=step.done.written_at,
    )


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

"""Carries out what was planned, in the order that makes a crash at any point harmless.

First the finalizer, then the record of the operation, then the request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.api.connection import CONNECTION_FINALIZER
from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import (
    FINALIZER,
    InferenceEndpointSpec,
    InferenceEndpointStatus,
    Operation,
)
from inference_operator.conditions import Type, Verdict, timestamp
from inference_operator.context import Context, Memory
from inference_operator.elasticsearch.client import GRACE, Client
from inference_operator.endpoint import Definition, definition_from_answer, segments, without
from inference_operator.errors import Reason, ReconcileError, Stalled
from inference_operator.kube import Conflict
from inference_operator.objects import About, finalizers_of
from inference_operator.plan import Action, Create, Desired, Update
from inference_operator.report import conditions_after, refresh, write_finalizers, write_status
from inference_operator.resolve import LoadedSecrets, Subject, load_secrets, subject_of
from inference_operator.secret import SecretValue
from inference_operator.status import asked_of
from inference_operator.store import connection_of
from inference_operator.wording import unanswered_create

SLACK = 10.0
"""Seconds after our own deadline within which a request without an answer may still take effect."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Work:
    """One reconcile of one endpoint: what it is about, and what has been resolved so far."""

    ctx: Context
    subject: Subject
    memory: Memory
    spec: InferenceEndpointSpec
    client: Client
    desired: Desired
    only_rotation: bool = False
    """Nothing but secrets is being sent, so a refusal leaves the endpoint as it should be, with the old key."""

    @property
    def timeout(self) -> int:
        """Seconds that Elasticsearch is given for a request in which the provider is asked."""
        return seconds(self.spec.timeout)

    @property
    def secret_paths(self) -> frozenset[str]:
        """Where the secrets are in the settings."""
        return frozenset(s.path for s in self.spec.secret_settings)

    def see(self, item: Mapping[str, Any]) -> Definition:
        """An endpoint as Elasticsearch describes it, without whatever is at the place of a secret."""
        return without(definition_from_answer(item), self.secret_paths)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and the endpoint as the last answer showed it."""

    observed: Definition
    written_at: str | None = None


async def execute(work: Work, action: Action, observed: Definition | None) -> Done:
    """Carry out `action` on an endpoint that should exist.

    Raises:
        ReconcileError: it could not be done, or its outcome is not known.
    """
    await care_for_finalizer(work)
    if isinstance(action, Create):
        return await _create(work)
    assert observed is not None  # noqa: S101 - the plan for an absent endpoint is to create it
    if isinstance(action, Update):
        return await _update(work, action, observed)
    return Done(observed)


async def care_for_finalizer(work: Work) -> None:
    """Hold the resource where its deletion has work to do, and only there."""
    subject = work.subject
    wanted = work.spec.deletion_policy != "Retain"
    if wanted == subject.has_finalizer:
        return
    if wanted:
        await _hold_connection(work)
    others = [f for f in subject.finalizers if f != FINALIZER]
    finalizers = [*others, FINALIZER] if wanted else others
    raw = await write_finalizers(work.ctx, subject.about, finalizers)
    work.subject = subject_of(subject.key, raw)


async def _hold_connection(work: Work) -> None:
    """The connection must not vanish before the endpoints whose deletion needs it."""
    ctx = work.ctx
    key = connection_of(*work.subject.about)
    async with ctx.locks(key.namespace, key.name):
        raw = ctx.store.get(key)
        if raw is None or CONNECTION_FINALIZER in finalizers_of(raw):
            return
        try:
            await write_finalizers(ctx, About(key, raw), [*finalizers_of(raw), CONNECTION_FINALIZER])
        except Conflict:
            await refresh(ctx, key)
            raise


async def _create(work: Work) -> Done:
    secrets = await load_secrets(work.ctx, work.subject.key.namespace, work.spec)
    await _claim(work)
    definition = work.desired.definition
    body = {"service": definition.service} | {
        name: value
        for name, value in (
            ("service_settings", _filled(definition.service_settings, "serviceSettings", secrets.values)),
            ("task_settings", _filled(definition.task_settings, "taskSettings", secrets.values)),
            ("chunking_settings", dict(definition.chunking_settings)),
        )
        if value or name == "service_settings"
    }
    item = await _send_create(work, body)
    return _done(work, item, secrets, checked=True)


async def _claim(work: Work) -> None:
    """Write down that a create begins, before its request; a series of attempts needs one record only."""
    status, client = work.subject.status, work.client
    now = work.ctx.now()
    operation = Operation(
        type="Create",
        cluster_uuid=client.identity.cluster_uuid,
        inference_id=work.desired.inference_id,
        asked=asked_of(work.desired.definition),
        started_at=timestamp(now),
        deadline=timestamp(now + effect(work.spec)),
    )
    same = ("cluster_uuid", "inference_id", "asked")
    if status.operation and all(getattr(status.operation, f) == getattr(operation, f) for f in same):
        return
    begun = [
        Verdict(Type.READY, None, Reason.PROGRESSING, "the endpoint is being created"),
        Verdict(Type.RECONCILING, True, Reason.PROGRESSING, "the endpoint is being created"),
    ]
    conditions = conditions_after(work.ctx, status, begun, work.subject.generation, None)
    after = status.model_copy(
        update={
            "operation": operation,
            "inference_id": work.desired.inference_id,
            "observed_generation": work.subject.generation,
            "conditions": conditions,
        }
    )
    raw = await write_status(work.ctx, work.subject.about, status, after, same_version=True)
    work.subject = subject_of(work.subject.key, raw)


def effect(spec: InferenceEndpointSpec) -> timedelta:
    """How long after its start a create request may still take effect."""
    return timedelta(seconds=seconds(spec.timeout) + GRACE + SLACK)


async def _send_create(work: Work, body: Mapping[str, Any]) -> Mapping[str, Any]:
    work.ctx.fence()
    work.memory.unresolved_until = work.ctx.now() + effect(work.spec)
    try:
        item = await work.client.create(
            work.desired.definition.task_type, work.desired.inference_id, body, work.timeout
        )
    except ReconcileError as error:
        if not error.ambiguous:
            work.memory.unresolved_until = LONG_AGO
        if error.reason is Reason.TIMED_OUT:
            error.message += unanswered_create(work.desired.definition, work.client.identity.capabilities)
        raise
    work.memory.unresolved_until = LONG_AGO
    return item


async def _update(work: Work, action: Update, observed: Definition) -> Done:
    settings_need_secrets = (
        bool(action.service_settings) and not work.client.identity.capabilities.update_keeps_secrets
    )
    send = action.secrets or (settings_need_secrets and work.desired.has_secrets)
    secrets = await load_secrets(work.ctx, work.subject.key.namespace, work.spec) if send else None
    values = secrets.values if secrets else {}
    work.only_rotation = not (action.service_settings or action.task_settings or action.chunking_settings)
    body = {
        "service_settings": _filled(action.service_settings, "serviceSettings", values),
        "task_settings": _filled(action.task_settings, "taskSettings", values),
        "chunking_settings": dict(action.chunking_settings),
    }
    work.ctx.fence()
    item = await work.client.update(
        observed.task_type, work.desired.inference_id, {k: v for k, v in body.items() if v}, work.timeout
    )
    return _done(work, item, secrets, checked=work.client.identity.capabilities.update_validates)


def _done(work: Work, item: Mapping[str, Any], secrets: LoadedSecrets | None, *, checked: bool) -> Done:
    now = timestamp(work.ctx.now())
    if secrets is None:
        return Done(work.see(item), now)
    work.memory.live = secrets.fingerprints()
    work.memory.unreported = secrets.live(now, checked=checked)
    return Done(work.see(item), now)


def _filled(settings: Mapping[str, Any], section: str, secrets: Mapping[str, SecretValue]) -> dict[str, Any]:
    """The settings of one section with the secret values at their paths."""
    result = dict(settings)
    for path, value in secrets.items():
        where, *keys = segments(path)
        if where == section:
            result = _put(result, keys, value.reveal())
    return result


def unresolved_until(memory: Memory, known: InferenceEndpointStatus) -> datetime:
    """Until when a create request that got no answer may still take effect; what this process knows goes first."""
    if memory.unresolved_until is not None:
        return memory.unresolved_until
    return datetime.fromisoformat(known.operation.deadline) if known.operation else LONG_AGO


def timed(problem: ReconcileError, until: datetime, now: datetime, hint: str = "") -> ReconcileError:
    """The problem of a plan; one that waits for the end of a create is looked at again right after it.

    `hint` is what may help if that create was not answered in time.
    """
    if problem.reason is Reason.CREATE_UNRESOLVED:
        problem.retry_after = max((until - now).total_seconds(), 0.0) + 1.0
        problem.message += hint
    return problem


def _put(settings: Mapping[str, Any], keys: Sequence[str], value: str) -> dict[str, Any]:
    key, *rest = keys
    if not rest:
        return {**settings, key: value}
    inner = settings.get(key, {})
    if not isinstance(inner, Mapping):
        raise Stalled(
            Reason.INVALID_SPEC, f"secretSettings: the path leads through {key!r}, which is not an object"
        )
    return {**settings, key: _put(inner, rest, value)}

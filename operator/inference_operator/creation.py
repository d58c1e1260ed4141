"""Creates an endpoint: first the record of it, which is the claim on the id, then the request."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from inference_operator.api.v1alpha1 import Operation
from inference_operator.conditions import Type, Verdict, timestamp
from inference_operator.endpoint import segments
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from inference_operator.report import conditions_after, write_status
from inference_operator.resolve import LoadedSecrets, load_secrets, subject_of
from inference_operator.secret import SecretValue
from inference_operator.status import asked_of
from inference_operator.wording import unanswered_create
from inference_operator.work import LONG_AGO, Done, Work, effect


@dataclass(frozen=True, slots=True)
class Trial:
    """A create request that is to be recorded: under which id, and as part of what."""

    inference_id: str
    type: Literal["Create", "Replace", "Preflight"]


async def create(work: Work, trial: Trial, *, before: Callable[[], Awaitable[None]] | None = None) -> Done:
    """Record what begins, do what must come `before`, and create the endpoint.

    Raises:
        ReconcileError: it could not be done, or its outcome is not known.
    """
    secrets = await load_secrets(work.ctx, work.subject.key.namespace, work.spec)
    await _claim(work, trial)
    if before is not None:
        await before()
    definition = work.desired.definition
    body = {"service": definition.service} | {
        name: value
        for name, value in (
            ("service_settings", filled(definition.service_settings, "serviceSettings", secrets.values)),
            ("task_settings", filled(definition.task_settings, "taskSettings", secrets.values)),
            ("chunking_settings", dict(definition.chunking_settings)),
        )
        if value or name == "service_settings"
    }
    if trial.type != "Preflight":
        work.memory.offered = secrets.fingerprints(), secrets.live(timestamp(work.ctx.now()), checked=True)
    item = await _send_create(work, trial, body)
    if trial.type == "Preflight":
        return Done(work.see(item), created=True)
    return replace(sent(work, item, secrets, checked=True), created=True)


async def _claim(work: Work, trial: Trial) -> None:
    """Write down that a create begins, before its request; a series of attempts needs one record only."""
    status, client = work.subject.status, work.client
    now = work.ctx.now()
    operation = Operation(
        type=trial.type,
        cluster_uuid=client.identity.cluster_uuid,
        inference_id=trial.inference_id,
        asked=asked_of(work.desired.definition),
        started_at=timestamp(now),
        deadline=timestamp(now + effect(work.spec)),
    )
    same = ("type", "cluster_uuid", "inference_id", "asked")
    if status.operation and all(getattr(status.operation, f) == getattr(operation, f) for f in same):
        return
    what = _BEGUN[trial.type]
    begun = [
        Verdict(Type.READY, None, Reason.PROGRESSING, what),
        Verdict(Type.RECONCILING, True, Reason.PROGRESSING, what),
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


_BEGUN = {
    "Create": "the endpoint is being created",
    "Replace": "the endpoint is being replaced",
    "Preflight": "the endpoint must be replaced, which is being tried under a temporary id",
}


async def _send_create(work: Work, trial: Trial, body: Mapping[str, Any]) -> Mapping[str, Any]:
    work.ctx.fence()
    work.memory.unresolved_until = work.ctx.now() + effect(work.spec)
    try:
        item = await work.client.create(
            work.desired.definition.task_type, trial.inference_id, body, work.timeout
        )
    except ReconcileError as error:
        if not error.ambiguous:
            work.memory.unresolved_until, work.memory.offered = LONG_AGO, None
        if error.reason is Reason.TIMED_OUT:
            error.message += unanswered_create(work.desired.definition, work.client.identity.capabilities)
        return await _found_all_the_same(work, trial, error)
    work.memory.unresolved_until = LONG_AGO
    return item


async def _found_all_the_same(work: Work, trial: Trial, error: ReconcileError) -> Mapping[str, Any]:
    """The endpoint that a failed create has left, or the failure.

    An endpoint in the cluster is stored before its model is started, so it is there whatever became of that. That an
    id is taken may be said of an endpoint that another create has just made.
    """
    if not (work.in_cluster or error.reason is Reason.INFERENCE_ID_TAKEN):
        raise error
    item = await work.client.get(trial.inference_id)
    if item is None:
        raise error
    if not work.in_cluster:
        raise Transient(Reason.CHANGED_MEANWHILE, error.message) from error
    work.memory.unresolved_until = LONG_AGO
    work.start_failure = error
    return item


def sent(work: Work, item: Mapping[str, Any], secrets: LoadedSecrets | None, *, checked: bool) -> Done:
    """The endpoint as the answer shows it; the secrets that went with the request are in force, `checked` or not."""
    now = timestamp(work.ctx.now())
    if secrets is None:
        return Done(work.see(item), now)
    work.memory.live = secrets.fingerprints()
    work.put_off_secrets()
    work.memory.unreported = secrets.live(now, checked=checked)
    return Done(work.see(item), now)


def filled(settings: Mapping[str, Any], section: str, secrets: Mapping[str, SecretValue]) -> dict[str, Any]:
    """The settings of one section with the secret values at their paths."""
    result = dict(settings)
    for path, value in secrets.items():
        where, *keys = segments(path)
        if where == section:
            result = _put(result, keys, value.reveal())
    return result


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

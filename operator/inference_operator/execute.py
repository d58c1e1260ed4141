"""Carries out what was planned, in the order that makes a crash at any point harmless.

First the finalizer, then the record of the operation, then the request.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from inference_operator.api.connection import CONNECTION_FINALIZER
from inference_operator.api.v1alpha1 import FINALIZER
from inference_operator.creation import Trial, create, filled, sent
from inference_operator.endpoint import Definition, segments
from inference_operator.errors import Stalled
from inference_operator.findings import Ignored
from inference_operator.kube import Conflict
from inference_operator.objects import About, finalizers_of
from inference_operator.plan import Action, Create, Reassure, Update
from inference_operator.report import refresh, write_finalizers
from inference_operator.resolve import load_secrets, subject_of
from inference_operator.store import connection_of
from inference_operator.suggestion import is_unknown
from inference_operator.verification import refused
from inference_operator.work import Done, Work


class PartlyRefused(Exception):
    """An update was refused for some settings that it named; without those the rest can be asked for."""

    def __init__(self, settings: Sequence[Ignored]) -> None:
        super().__init__()
        self.settings = settings


async def execute(work: Work, action: Action, observed: Definition | None) -> Done:
    """Carry out `action` on an endpoint that should exist.

    Raises:
        ReconcileError: it could not be done, or its outcome is not known.
    """
    if isinstance(action, Create):
        known = work.subject.status.operation
        replacing = known is not None and known.type == "Replace"
        return await create(work, Trial(work.desired.inference_id, "Replace" if replacing else "Create"))
    assert observed is not None  # noqa: S101 - the plan for an absent endpoint is to create it
    if isinstance(action, Update):
        return await _update(work, action, observed)
    if isinstance(action, Reassure):
        return await _reassure(work, observed)
    return Done(observed)


async def care_for_finalizer(work: Work) -> None:
    """Hold the resource where its deletion has work to do, and only there."""
    subject = work.subject
    wanted = work.spec.management_policy == "Manage" and work.spec.deletion_policy != "Retain"
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


async def _update(work: Work, action: Update, observed: Definition) -> Done:
    send = action.secrets or _needs_secrets(work, action)
    secrets = await load_secrets(work.ctx, work.subject.key.namespace, work.spec) if send else None
    values = secrets.values if secrets else {}
    work.only_rotation = not (action.service_settings or action.task_settings or action.chunking_settings)
    body = {
        "service_settings": filled(action.service_settings, "serviceSettings", values),
        "task_settings": filled(action.task_settings, "taskSettings", values),
        "chunking_settings": dict(action.chunking_settings),
    }
    try:
        item = await _send_update(work, observed, body)
    except Stalled as error:
        in_vain = refused(action, error.settings, work.client.identity.version)
        services = work.client.identity.services
        # A setting that nobody knows is a slip, and no reason to replace anything.
        slip = any(is_unknown(i.path, work.desired.definition, services) for i in in_vain)
        if in_vain and not slip:
            raise PartlyRefused(in_vain) from error
        raise
    return sent(work, item, secrets, checked=work.client.identity.capabilities.update_validates)


def _needs_secrets(work: Work, action: Update) -> bool:
    """Whether the settings cannot go without the secrets: this version wants them, or they lie inside what is sent."""
    if not work.client.identity.capabilities.update_keeps_secrets:
        return bool(action.service_settings) and work.desired.has_secrets
    sent_ = {"serviceSettings": action.service_settings, "taskSettings": action.task_settings}
    places = (segments(path) for path in work.secret_paths)
    return any(first in sent_[section] for section, first, *_ in places)


async def _reassure(work: Work, observed: Definition) -> Done:
    """Send the secrets once more; there is nothing to tell of it, as nothing changes where they are in force."""
    secrets = await load_secrets(work.ctx, work.subject.key.namespace, work.spec)
    body = {
        "service_settings": filled({}, "serviceSettings", secrets.values),
        "task_settings": filled({}, "taskSettings", secrets.values),
    }
    work.only_rotation = True
    item = await _send_update(work, observed, body)
    work.put_off_secrets()
    return Done(work.see(item))


async def _send_update(work: Work, observed: Definition, body: Mapping[str, Any]) -> Mapping[str, Any]:
    work.ctx.fence()
    return await work.client.update(
        observed.task_type, work.desired.inference_id, {k: v for k, v in body.items() if v}, work.timeout
    )

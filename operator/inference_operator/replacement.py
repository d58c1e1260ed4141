"""Replaces an endpoint that cannot be changed in place, once it is known that the new one will work.

Look who uses it, try the new one under a temporary id, record what begins, delete, create. After a crash at any
point the record in the status tells how far it came.
"""

from inference_operator.api.v1alpha1 import References
from inference_operator.capabilities import Capabilities
from inference_operator.creation import Trial, create
from inference_operator.elasticsearch.client import Uses
from inference_operator.endpoint import ABSENT, Definition, same_kind, value_at
from inference_operator.errors import Reason, ReconcileError, Stalled, Waiting
from inference_operator.findings import Desired, ReplacePolicy
from inference_operator.status import asked_of
from inference_operator.verification import verify_created
from inference_operator.work import LONG_AGO, Done, Work, effect

_DIMENSIONS = "/serviceSettings/dimensions"


async def prepare(work: Work, observed: Definition) -> Uses:
    """Who uses the endpoint, once nothing speaks against replacing it.

    Raises:
        ReconcileError: the policy or the new endpoint forbids it; the old one is untouched.
    """
    _wait_for_outcome(work)
    uses = await work.client.uses(work.desired.inference_id)
    problem = forbidden(work.desired, observed, uses, work.client.identity.capabilities)
    if problem is None and not work.in_cluster and not _was_tried(work):
        tried = await _try(work)
        problem = _lacking(work, tried) or _other_dimensions(observed, tried, uses)
    if problem:
        work.references = (
            References(pipelines=list(uses.pipelines), indices=list(uses.indices)) if uses else None
        )
        raise problem
    return uses


async def replace_endpoint(work: Work, uses: Uses) -> Done:
    """Delete the endpoint and create it anew."""

    async def delete() -> None:
        work.ctx.fence()
        work.memory.unresolved_until = work.ctx.now() + effect(work.spec)
        try:
            await work.client.delete(work.desired.inference_id, force=bool(uses))
        except ReconcileError as error:
            if not error.ambiguous:
                work.memory.unresolved_until = LONG_AGO
            raise

    return await create(work, Trial(work.desired.inference_id, "Replace"), before=delete)


def _wait_for_outcome(work: Work) -> None:
    """A deletion without answer may still be carried out, and must not hit what is created after it."""
    if _was_tried(work):
        _wait_out(work, "the deletion for a replace")


def _wait_out(work: Work, what: str) -> None:
    """Raises Waiting while what got no answer may still take effect."""
    until, now = work.may_appear_until(), work.ctx.now()
    if until > now:
        raise Waiting(
            Reason.CREATE_UNRESOLVED,
            f"{what} got no answer and may still take effect; gone on after its deadline",
            retry_after=(until - now).total_seconds() + 1.0,
        )


def forbidden(
    desired: Desired, observed: Definition, uses: Uses, capabilities: Capabilities
) -> Stalled | None:
    """What forbids to replace an endpoint that something uses."""
    if not uses:
        return None
    if desired.replacement is not ReplacePolicy.FORCE:
        return _blocked(
            f"{uses} use the endpoint", "change those, set replacePolicy: Force, or undo the change"
        )
    return _forbidden_by_mappings(desired.definition, observed, uses, capabilities) if uses.indices else None


def _forbidden_by_mappings(
    desired: Definition, observed: Definition, uses: Uses, capabilities: Capabilities
) -> Stalled | None:
    wanted = value_at(desired, _DIMENSIONS)
    if not same_kind(desired, observed):
        return _blocked(
            f"{uses} would not work with another service or task type", "change those, or undo the change"
        )
    if wanted is not ABSENT and wanted != value_at(observed, _DIMENSIONS):
        return _blocked(f"{uses} hold vectors of other dimensions", "change those, or undo the change")
    given = {"dimensions", "similarity"} <= desired.service_settings.keys()
    if observed.task_type == "text_embedding" and not capabilities.create_answers_mapped and not given:
        return _blocked(
            f"this version of elasticsearch may not answer a create while {uses} use the id",
            "give dimensions and similarity in serviceSettings too",
        )
    return None


def _blocked(why: str, advice: str) -> Stalled:
    return Stalled(
        Reason.REPLACE_BLOCKED,
        f"the change needs the endpoint to be replaced, and {why}; the old one serves on: {advice}",
    )


def _was_tried(work: Work) -> bool:
    """Whether the replace has begun already, so that its trial went well."""
    begun = work.subject.status.operation
    return begun is not None and begun.type == "Replace" and begun.asked == asked_of(work.desired.definition)


async def _try(work: Work) -> Definition:
    """The endpoint as a create under a temporary id makes it; it is removed again."""
    uid = str(work.subject.raw["metadata"]["uid"])
    temporary = f"{work.desired.inference_id[:200]}-preflight-{uid[:8]}"
    try:
        done = await create(work, Trial(temporary, "Preflight"))
    except ReconcileError as error:
        error.message = (
            f"the change needs a replace, whose trial failed, so the old endpoint serves on: {error.message}"
        )
        raise
    work.ctx.fence()
    await work.client.delete(temporary)
    return done.observed


def _lacking(work: Work, tried: Definition) -> Stalled | None:
    """A replace is no use where the new endpoint would not be what is desired either."""
    verified = verify_created(work.desired, tried, work.client.identity.version)
    work.lacking = verified.ignored
    return verified.problem


def _other_dimensions(observed: Definition, tried: Definition, uses: Uses) -> Stalled | None:
    if not uses.indices or value_at(observed, _DIMENSIONS) == value_at(tried, _DIMENSIONS):
        return None
    return _blocked(f"{uses} hold vectors of other dimensions", "change those, or undo the change")


async def settle(work: Work) -> None:
    """Remove what an earlier trial has left.

    Raises:
        Waiting: it got no answer and may still take effect.
    """
    begun = work.subject.status.operation
    if begun is None or begun.type != "Preflight":
        return
    if (
        await work.client.get(begun.inference_id) is not None
    ):  # its id holds our uid, so it is ours whatever it is
        work.ctx.fence()
        await work.client.delete(begun.inference_id)
        work.memory.unresolved_until = LONG_AGO
        return
    _wait_out(work, "the trial of a replacement")

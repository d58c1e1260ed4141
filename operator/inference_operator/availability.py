"""Whether the model behind an in-cluster endpoint is deployed; a deployment that vanished is started again.

Elasticsearch stores such an endpoint before it starts the model, and keeps it when the model goes.
"""

from dataclasses import dataclass

from inference_operator.conditions import Type, Verdict
from inference_operator.deployment import (
    Judgement,
    after_failed_create,
    attached_to,
    deployment_from_answer,
    judge,
    start_of,
)
from inference_operator.endpoint import Definition
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from inference_operator.work import Work


@dataclass(frozen=True, slots=True)
class Availability:
    """What became of looking after a model."""

    verdict: Verdict
    problem: ReconcileError | None = None
    event: str | None = None
    """The sentence of the event DeploymentStarted, where that happened."""


async def look_after_model(
    work: Work, observed: Definition, *, just_failed: ReconcileError | None = None
) -> Availability:
    """Ask for the deployment of an endpoint that exists, and start it again if it is gone and may be started.

    `just_failed` is what a create failed with although it stored the endpoint: the server knows what it lacks, so
    nothing is started at once.
    """
    owner = attached_to(observed)
    try:
        found = await work.client.deployment(owner or work.desired.inference_id)
    except ReconcileError as error:
        return _unknown(error, just_failed)
    if found is not None:
        return _judged(judge(deployment_from_answer(found)))
    if just_failed is not None:
        return _missing(after_failed_create(just_failed))
    if (forbidden := _why_not(work, owner)) is not None:
        return _missing(Stalled(Reason.DEPLOYMENT_MISSING, forbidden))
    return await _start(work, observed)


def _unknown(error: ReconcileError, just_failed: ReconcileError | None) -> Availability:
    """Not to know is no problem where the cluster or the credentials are such; where asking or creating failed, it is."""
    if error.reason is Reason.DEPLOYMENT_MISSING:
        return _missing(error)
    expected = error.reason is Reason.AVAILABILITY_UNKNOWN
    create = f"; the create had failed: {just_failed.message}" if just_failed else ""
    verdict = Verdict(Type.AVAILABLE, None, Reason.AVAILABILITY_UNKNOWN, error.message + create)
    return Availability(verdict, just_failed if expected else error)


def _judged(judgement: Judgement) -> Availability:
    verdict = Verdict(Type.AVAILABLE, judgement.available, judgement.reason, judgement.message)
    return Availability(verdict, judgement.problem)


def _missing(problem: ReconcileError) -> Availability:
    return Availability(Verdict(Type.AVAILABLE, False, problem.reason, problem.message), problem)


def _why_not(work: Work, owner: str | None) -> str | None:
    """Why the operator may not start the deployment, and what to do then."""
    if owner is not None:
        return f"the deployment {owner!r}, which serviceSettings name and others own, is gone; start it again"
    gone, spec = "the deployment of the model is gone, and", work.spec
    if spec.management_policy != "Manage":
        return f"{gone} under managementPolicy {spec.management_policy} it is not started; start it"
    if spec.drift_policy != "Correct":
        return (
            f"{gone} under driftPolicy {spec.drift_policy} it is not started again; start it, or change that"
        )
    return None


async def _start(work: Work, observed: Definition) -> Availability:
    start = start_of(work.desired.inference_id, work.desired.definition, observed)
    if start is None:
        text = "the deployment of the model is gone, and the endpoint does not say of which model it was"
        return _missing(Stalled(Reason.DEPLOYMENT_MISSING, text))
    try:
        work.ctx.fence()
        await work.client.start_deployment(start)
    except ReconcileError as error:
        return _missing(error)
    text = f"the deployment of the model {start.model_id!r} was gone and is started again"
    problem = Transient(Reason.MODEL_STARTING, text)  # and seen to run, or not, by the next look
    return Availability(Verdict(Type.AVAILABLE, False, problem.reason, text), problem, text)

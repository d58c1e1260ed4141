"""An endpoint that is only looked at: compared with the spec, and never written to."""

from inference_operator import conditions, status
from inference_operator.endpoint import differences, same_kind
from inference_operator.errors import ReconcileError
from inference_operator.findings import kind_differences
from inference_operator.objects import About
from inference_operator.plan import missing
from inference_operator.report import conditions_after, tell_transition, write_status
from inference_operator.work import Work


async def observe(work: Work) -> ReconcileError | None:
    """Look, compare and report; the problem, if the endpoint is not there."""
    item = await work.client.get(work.desired.inference_id)
    observed = work.see(item) if item is not None else None
    desired, ctx, subject = work.desired.definition, work.ctx, work.subject
    if observed is None:
        problem, drift = missing(work.desired.inference_id, "managementPolicy is Observe"), []
    else:
        compare = differences if same_kind(desired, observed) else kind_differences
        problem, drift = None, compare(desired, observed)
    verdicts = conditions.of_observation(problem, drift=[d.path for d in drift])
    conds = conditions_after(ctx, subject.status, verdicts, subject.generation, problem)
    look = status.Look(subject.generation, work.cluster, observed, drift)
    after = status.after_look(subject.status, conds, work.desired.inference_id, look)
    ctx.metrics.reconciles.labels(subject.key.kind.name, verdicts[0].reason.value).inc()
    written = await write_status(ctx, subject.about, subject.status, after)
    tell_transition(ctx, About(subject.key, written), subject.status, after)
    return problem

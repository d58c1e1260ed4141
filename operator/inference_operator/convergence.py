"""One step of an endpoint towards its spec: observe, plan, execute, verify."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

from inference_operator import catalogue
from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import RECONCILE_REQUESTED_AT, Operation
from inference_operator.endpoint import Definition
from inference_operator.errors import ReconcileError, Waiting
from inference_operator.execute import PartlyRefused, care_for_finalizer, execute
from inference_operator.findings import Past, ReplacePolicy, differs
from inference_operator.plan import Action, Plan, Replace, Update, plan
from inference_operator.replacement import prepare, replace_endpoint, settle
from inference_operator.resolve import SecretState, fingerprints, secrets_changed, secrets_unsent
from inference_operator.status import claimed_definition, past_of
from inference_operator.verification import Verified, verify, verify_created
from inference_operator.wording import unanswered_create
from inference_operator.work import Done, Work, timed, unresolved_until


@dataclass(frozen=True, slots=True)
class Step:
    """What was found, decided and done, and what is still wrong."""

    past: Past
    chosen: Plan
    action: Action
    """What was done; less than what was chosen, if that was refused."""
    done: Done
    verified: Verified
    refusal: ReconcileError | None = None
    """Why the endpoint was not replaced."""
    undecided: Waiting | None = None
    """The trial of a replacement may still take effect."""

    @property
    def problem(self) -> ReconcileError | None:
        """What is wrong with the endpoint after all."""
        return self.refusal or self.verified.problem

    def operation(self, work: Work) -> Operation | None:
        """The record that must stay: of a trial that may have left something, or that will be tried again."""
        begun = work.subject.status.operation
        kept = begun is not None and begun.type == "Preflight" and bool(self.refusal or self.undecided)
        return begun if kept else None

    def may_go_on(self, policy: ReplacePolicy) -> bool:
        """Whether a replace can bring what this step turned out not to."""
        asked = isinstance(self.action, Update) and self.refusal is None
        in_vain = any(not i.by_create for i in self.verified.ignored)
        return asked and in_vain and policy is not ReplacePolicy.NEVER


async def converge(work: Work, states: list[SecretState]) -> Step:
    """Take one step.

    Raises:
        ReconcileError: nothing could be done, or its outcome is not known.
    """
    undecided = await _settle(work)
    item = await work.client.get(work.desired.inference_id)
    work.found = observed = work.see(item) if item is not None else None
    _take_over_offer(work, observed)
    past, chosen, action, done, refusal = await _act(work, observed, _past(work, states), undecided)
    if not past.secrets_changed or past.secrets_unsent:
        work.memory.live = fingerprints(states)
    interval = timedelta(seconds=seconds(work.spec.interval) * work.ctx.settings.interval_scale)
    if action == chosen.action:
        work.memory.struggle.note(chosen.corrects, work.ctx.now(), interval)
    identity = work.client.identity
    if done.created:
        verified = verify_created(work.desired, done.observed, identity.version)
    else:
        past = replace(past, ignored=[*past.ignored, *work.lacking])
        verified = verify(work.desired, done.observed, past, identity.capabilities, identity.version)
    return Step(past, chosen, action, done, verified, refusal, undecided)


async def _settle(work: Work) -> Waiting | None:
    """Clean up after the trial of a replacement; what is returned if it may still take effect."""
    try:
        await settle(work)
    except Waiting as undecided:
        return undecided
    return None


def _take_over_offer(work: Work, observed: Definition | None) -> None:
    """A create without answer that has taken effect has brought its secrets too."""
    claimed, memory = claimed_definition(work.subject.status), work.memory
    if memory.offered and claimed and observed and not differs(claimed, observed):
        memory.live, memory.unreported = memory.offered
        memory.offered = None


def _past(work: Work, states: list[SecretState]) -> Past:
    known, memory, now = work.subject.status, work.memory, work.ctx.now()
    wish = work.subject.generation, work.subject.annotations.get(RECONCILE_REQUESTED_AT)
    if memory.secrets_due is None:  # after a start, spread over the day
        work.put_off_secrets(random.uniform(0.5, 1.0))  # noqa: S311 - jitter
    unsent = secrets_unsent(memory.live, known, work.subject.generation)
    service = catalogue.load().services.get(work.desired.definition.service)
    optional = service is not None and service.may_lack_secrets(work.desired.definition.task_type)
    made_without = known.applied is not None and not known.secrets and not memory.live and not unsent
    return replace(
        past_of(known, unresolved=unresolved_until(memory, known) > now),
        secrets=frozenset(s.path for s in known.secrets) if optional else frozenset(),
        secretless=optional and made_without,
        secrets_changed=secrets_changed(states, memory.live, known),
        secrets_unsent=unsent,
        secrets_due=memory.secrets_due is not None and memory.secrets_due <= now,
        disputed=memory.struggle.disputed(wish),
    )


async def _act(
    work: Work, observed: Definition | None, past: Past, undecided: Waiting | None
) -> tuple[Past, Plan, Action, Done, ReconcileError | None]:
    """Plan and execute; what an update is refused for by name is left out, and the rest asked for again."""
    identity = work.client.identity
    while True:
        chosen = plan(work.desired, observed, past, identity.capabilities, identity.version)
        if chosen.problem:
            hint = unanswered_create(work.desired.definition, identity.capabilities)
            raise timed(
                chosen.problem, unresolved_until(work.memory, work.subject.status), work.ctx.now(), hint
            )
        try:
            return past, chosen, *await _carry_out(work, chosen.action, observed, undecided)
        except PartlyRefused as answer:
            past = replace(past, ignored=[*past.ignored, *answer.settings])


async def _carry_out(
    work: Work, action: Action, observed: Definition | None, undecided: Waiting | None
) -> tuple[Action, Done, ReconcileError | None]:
    """Do it; where the endpoint cannot be replaced, do what can be done in place, and say why."""
    await care_for_finalizer(work)
    if not isinstance(action, Replace):
        return action, await execute(work, action, observed), None
    assert observed is not None  # noqa: S101 - what is absent needs no replacing
    try:
        if undecided:
            raise undecided
        uses = await prepare(work, observed)
    except ReconcileError as refusal:
        return action.in_place, await execute(work, action.in_place, observed), refusal
    return action, await replace_endpoint(work, uses), None

"""Whatever happens, in whatever order: the operator comes to rest, and says Ready only where all is as asked.

The pure parts (plan, verify, status) are driven against a model of the server, in the order of `reconcile`; what
happens between two reconciles is chance, and Hypothesis shortens what goes wrong to a few lines.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inference_operator import conditions
from inference_operator.api.v1alpha1 import InferenceEndpointStatus, LiveSecret
from inference_operator.capabilities import of
from inference_operator.endpoint import Definition, differences, equal, same_kind, value_at
from inference_operator.errors import Reason, ReconcileError, Stalled
from inference_operator.findings import Desired, Ignored, Past, differs
from inference_operator.plan import Create, Delete, Nothing, Plan, Update, plan
from inference_operator.status import Seen, after, applied_definition
from inference_operator.verification import verify
from unit.model_server import BAD_KEY, ModelServer, Refused, settings_of
from unit.samples import CLUSTER, NOW

LIMITS = [{}, {"rate_limit": {"requests_per_minute": 5}}, {"rate_limit": {"requests_per_minute": 7}}]
TASKS = [
    {},
    {"top_n": 1},
    {"top_n": 2},
    {"top_n": 2, "truncate": "NONE"},
    {"truncate": "END"},
    {"top_n": None},
]
WORD = {"strategy": "word", "max_chunk_size": 50, "overlap": 5}
DEFINITIONS = st.builds(
    lambda service, model, limit, task, chunking: Definition(
        "text_embedding", service, {"model_id": model, **limit}, task, chunking
    ),
    st.sampled_from(["cohere", "cohere", "cohere", "jinaai"]),
    st.sampled_from(["m1", "m1", "m2"]),
    st.sampled_from([*LIMITS, {"rate_limit": None}, {"rate_limit": {}}]),
    st.sampled_from(TASKS),
    st.sampled_from([{}, {}, WORD, {**WORD, "overlap": 7}]),
)


class History(RuleBasedStateMachine):
    """One resource, its endpoint, and all that can happen to them."""

    version = "9.4.3"

    def __init__(self) -> None:
        super().__init__()
        self.server = ModelServer(self.version)
        self.capabilities = of(self.version, "default")
        self.key = 1
        self.renew(Definition("text_embedding", "cohere", {"model_id": "m1"}))

    def renew(self, definition: Definition) -> None:
        """A new resource, about which nothing is known."""
        self.desired = Desired("docs", definition, secrets=frozenset({"/a"}))
        self.generation = 1
        self.status = InferenceEndpointStatus.model_validate({})
        self.asked: Definition | None = None  # what a create without outcome asked for
        self.unresolved = False  # whether it may still take effect
        self.pending: tuple[Definition, int] | None = None  # that create, while it has not
        self.live: int | None = None  # the key that this process knows to be in force
        self.lose_answer = False
        self.stores_late = False
        self.made: dict[str, Any] = {}  # what this resource has set, and nobody else has changed since
        self.knows_key = True  # whether the key in the server is the one that this resource gave it

    # What can happen

    @rule(definition=DEFINITIONS)
    def edit_spec(self, definition: Definition) -> None:
        self.desired = Desired("docs", definition, secrets=frozenset({"/a"}))
        self.generation += 1

    @rule(bad=st.sampled_from([False, False, True]))
    def rotate(self, bad: bool) -> None:
        self.key = BAD_KEY if bad else max(self.key, 1) + 1

    @rule()
    def restart(self) -> None:
        self.live = None

    @rule(stores_late=st.booleans())
    def lose_the_next_answer(self, stores_late: bool) -> None:
        self.lose_answer, self.stores_late = True, stores_late

    @precondition(lambda self: self.unresolved)
    @rule(lands=st.booleans())
    def lost_create_ends(self, lands: bool) -> None:
        """Its deadline passes, or it takes effect after all."""
        if lands and self.pending and self.server.endpoint is None:
            asked, key = self.pending
            self.server.create(asked, key)
            self.made, self.knows_key = settings_of(asked), True
        self.unresolved, self.pending = False, None

    @precondition(lambda self: self.server.endpoint)
    @rule(limit=st.sampled_from(LIMITS), task=st.sampled_from(TASKS))
    def somebody_edits(self, limit: dict[str, Any], task: dict[str, Any]) -> None:
        if not limit and not task:
            return
        before = self.server.endpoint
        assert before
        now = self.server.update(limit, task, {}, self.server.key if limit else None)
        was = settings_of(before)
        self.made = {p: v for p, v in self.made.items() if was.get(p) == settings_of(now).get(p)}

    @precondition(lambda self: self.server.endpoint)
    @rule()
    def somebody_deletes(self) -> None:
        self.server.delete()
        self.made = {}

    @precondition(lambda self: self.server.endpoint is None)
    @rule(definition=DEFINITIONS)
    def somebody_creates(self, definition: Definition) -> None:
        self.server.create(definition, 0)
        self.made, self.knows_key = {}, False

    @rule(definition=DEFINITIONS)
    def delete_resource(self, definition: Definition) -> None:
        """The resource goes, with what it made, and another one of its name comes."""
        self.lost_create_ends(lands=True)  # a deletion waits for that
        ours, mine = self.status.applied is not None, self.server.endpoint
        chosen = plan(None, mine, self.past(), self.capabilities, self.version)
        assert chosen.problem is None
        if isinstance(chosen.action, Delete):
            assert self.may_touch(mine)
            self.server.delete()
        assert not (ours and self.server.endpoint), "what the resource made was left behind"
        self.renew(definition)

    # What the operator does then

    def past(self) -> Past:
        """What is known of before, as `reconcile` puts it together."""
        recorded = [s.resource_version for s in self.status.secrets]
        return Past(
            applied=applied_definition(self.status),
            claimed=self.asked,
            unresolved=self.unresolved,
            ignored=[Ignored(n.path, n.desired, n.server_version) for n in self.status.not_applied],
            secrets_changed=self.live != self.key if self.live is not None else recorded != [str(self.key)],
        )

    def reconcile(self) -> ReconcileError | None:
        """Observe, plan, execute, verify, report; what is wrong, if anything is."""
        past, observed = self.past(), self.server.endpoint
        chosen = plan(self.desired, observed, past, self.capabilities, self.version)
        if chosen.problem:
            return chosen.problem
        assert observed is None or self.may_touch(observed)
        try:
            seen = self.execute(chosen, observed)
        except Refused as error:
            return Stalled(Reason.INVALID_SETTINGS, str(error))
        if seen is None:
            return Stalled(Reason.TIMED_OUT, "the answer was lost")
        verified = verify(self.desired, seen, past, self.capabilities, self.version)
        found = Seen(
            generation=self.generation,
            cluster=CLUSTER,
            desired=self.desired.definition,
            observed=seen,
            claimed=past.claimed,
            complete=verified.problem is None,
            asked=chosen.action.asked() if isinstance(chosen.action, Update) else frozenset(),
            ignored=verified.ignored,
            drift=chosen.drift if verified.problem else (),
            live=None if self.live is None else [self.record()],
        )
        said = conditions.merge(
            self.status.conditions, conditions.of_endpoint(verified.problem), self.generation, NOW
        )
        self.status, self.asked = after(self.status, said, "docs", found), None
        return verified.problem

    def may_touch(self, observed: Definition | None) -> bool:
        """Whether the endpoint is ours, or equals what we want or began to make."""
        wishes = [self.desired.definition, *([self.asked] if self.asked else [])]
        is_wish = observed is not None and not all(differs(wish, observed) for wish in wishes)
        return self.status.applied is not None or is_wish

    def execute(self, chosen: Plan, observed: Definition | None) -> Definition | None:
        """Carry out the plan; None if the answer is lost on its way back."""
        match chosen.action:
            case Create():
                return self.create(self.desired.definition)
            case Update() as update:
                return self.update(update)
            case Nothing():
                if self.live is None:
                    self.live = self.key if not self.past().secrets_changed else None
                return observed
        raise AssertionError(chosen)

    def create(self, definition: Definition) -> Definition | None:
        """Send the create; if its answer is lost, it may have taken effect, or do so later."""
        assert not self.unresolved, "a second create while the first may still take effect"
        self.asked = definition
        if self.lose_answer and self.stores_late and self.key != BAD_KEY:
            self.pending, self.unresolved, self.lose_answer = (definition, self.key), True, False
            return None
        answer = self.server.create(definition, self.key)
        self.unresolved = self.lose_answer
        self.made, self.knows_key = settings_of(definition), True
        return self.answered(answer, sent=True)

    def update(self, update: Update) -> Definition | None:
        """Send the update, with the secrets where the version wants them."""
        needed = bool(update.service_settings) and not self.capabilities.update_keeps_secrets
        send = update.secrets or needed
        sections = update.service_settings, update.task_settings, update.chunking_settings
        answer = self.server.update(*sections, self.key if send else None)
        self.knows_key |= send
        if not self.lose_answer:  # what a lost update has set is not known to be ours
            took = {p: value_at(self.desired.definition, p) for p in update.asked()}
            self.made |= {p: v for p, v in took.items() if equal(p, v, value_at(answer, p))}
        return self.answered(answer, sent=send)

    def answered(self, answer: Definition, *, sent: bool) -> Definition | None:
        """The answer, unless it is to be lost."""
        lost, self.lose_answer = self.lose_answer, False
        if not lost and sent:
            self.live = self.key
        return None if lost else answer

    def record(self) -> LiveSecret:
        """The record of the key in force."""
        version = str(self.live)
        return LiveSecret(
            path="/a", name="keys", key="k", resource_version=version, applied_at="t", checked=True
        )

    # What must be so at any time

    @invariant()
    def comes_to_rest(self) -> None:
        """After a few reconciles nothing is left to do: one more writes nothing, neither here nor there."""
        for _ in range(4):
            before = self.server.writes, self.status
            problem = self.reconcile()
            lost = problem is not None and problem.reason is Reason.TIMED_OUT
            if (self.server.writes, self.status) == before and not lost:
                break
        else:
            raise AssertionError("no rest after four reconciles")
        if problem is None:
            self.is_as_asked()
        else:
            self.has_a_reason(problem)

    def is_as_asked(self) -> None:
        """Ready means: every setting, the key, and nothing left of what was asked for before."""
        there, wanted = self.server.endpoint, self.desired.definition
        assert there
        assert same_kind(wanted, there)
        assert differences(wanted, there) == []
        assert self.server.key == self.key or not self.knows_key
        asked = {p for p, v in settings_of(wanted).items() if v is not None}
        left = [
            p for p, v in self.made.items() if v is not None and value_at(there, p) == v and p not in asked
        ]
        assert left == [], "removed from the spec and still there"

    def has_a_reason(self, problem: ReconcileError) -> None:
        """What is not Ready has something wrong with it, and is told as what it is."""
        there, wanted = self.server.endpoint, self.desired.definition
        match problem.reason:
            case Reason.CREATE_UNRESOLVED:
                assert self.unresolved
            case Reason.OWNERSHIP_CONFLICT:
                assert self.status.applied is None
            case Reason.INVALID_SETTINGS:
                assert self.key == BAD_KEY or self.server.is_strict
            case _:
                assert there
                assert differences(wanted, there) or not same_kind(wanted, there) or self.status.applied


class OldHistory(History):
    """The same with a server that does not check keys, and resets the chunking settings, at every update."""

    version = "8.19.8"


class StrictHistory(History):
    """The same with a server that refuses what 9.4 ignores."""

    version = "9.5.0"


History.TestCase.settings = settings(max_examples=50, stateful_step_count=10)
OldHistory.TestCase.settings = StrictHistory.TestCase.settings = History.TestCase.settings
HistoryTest = History.TestCase
OldHistoryTest = OldHistory.TestCase
StrictHistoryTest = StrictHistory.TestCase

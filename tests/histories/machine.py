"""Random histories, told as rules that Hypothesis plays in any order and shortens when something is wrong."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from histories.faults import FAULTS
from histories.wishes import WIDER, WORD, Wish
from histories.world import World

NAMES = st.sampled_from(["a", "a", "b", "c"])
IDS = st.sampled_from(["a", "a", "b"])
SECRETS = st.sampled_from(["s1", "s1", "s2"])
PAUSES = st.sampled_from([0.0, 0.007, 0.023, 2.0, 2.0, 60.0])
_KINDS = [
    ("cohere", "text_embedding"),
    ("cohere", "text_embedding"),
    ("cohere", "rerank"),
    ("openai", "text_embedding"),
]
_TASKS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("cohere", "text_embedding"): [{}, {"truncate": "NONE"}, {"truncate": "END"}],
    ("cohere", "rerank"): [{}, {"top_n": 1}, {"top_n": 2, "return_documents": True}],
    ("openai", "text_embedding"): [{}, {"user": "u1"}, {"user": "u2"}],
}
_CHUNKINGS: list[dict[str, Any]] = [{}, {}, WORD, WIDER]
_LIMITS = [None, None, 5, 7]
POLICIES: list[dict[str, Any]] = [
    {},
    {},
    {"replacePolicy": "WhenUnused"},
    {"replacePolicy": "WhenUnused"},
    {"replacePolicy": "Force", "deletionPolicy": "ForceDelete"},
    {"adoptionPolicy": "Overwrite", "replacePolicy": "WhenUnused"},
    {"adoptionPolicy": "Never"},
    {"driftPolicy": "Warn"},
    {"driftPolicy": "Ignore"},
    {"deletionPolicy": "Retain"},
    {"managementPolicy": "Observe"},
    {"suspend": True},
]


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Any wish; most differ in one thing."""
    kind = draw(st.sampled_from(_KINDS))
    embeds = kind[1] == "text_embedding"
    return Wish(
        *kind,
        model=draw(st.sampled_from(["m1", "m1", "m1", "m2"])),
        limit=draw(st.sampled_from(_LIMITS)),
        task=draw(st.sampled_from(_TASKS[kind])),
        chunking=draw(st.sampled_from(_CHUNKINGS)) if embeds else {},
        secret=draw(SECRETS),
        policies=draw(st.sampled_from(POLICIES)),
    )


EDITS: list[dict[str, Any]] = [
    {"service_settings": {"rate_limit": {"requests_per_minute": 9}}},
    {"task_settings": {"truncate": "START"}},
    {"task_settings": {"top_n": 3}},
    {"task_settings": {"user": "somebody"}},
]


class History(RuleBasedStateMachine):
    """One connection, up to three resources, and all that can happen to them."""

    profile = "9.4"
    upgrades: tuple[str, ...] = ()
    begins: Callable[[str], World] = World

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).begins(self.profile)
        self.next = list(self.upgrades)

    def teardown(self) -> None:
        """Whatever has happened: in the end all is well, and all can go."""
        try:
            self.world.rest()
            self.world.end()
        finally:
            self.world.close()

    def then(self, pause: float) -> None:
        """Let some time pass, and see whether all is as it is told."""
        if pause:
            self.world.go(pause)
        self.world.check()

    @initialize(a=wishes(), b=wishes(), pause=PAUSES)
    def begin(self, a: Wish, b: Wish, pause: float) -> None:
        """There is something from the start."""
        self.world.create("a", a)
        self.world.create("b", b)
        self.then(pause)

    @rule(name=NAMES, wish=wishes(), pause=PAUSES)
    def edit(self, name: str, wish: Wish, pause: float) -> None:
        """Change a resource, or make one; the third wants the id of the first."""
        if self.world.exists(name):
            self.world.edit(name, wish)
        else:
            self.world.create(name, wish.with_id("a" if name == "c" else None))
        self.then(pause)

    @rule(name=NAMES, wish=st.none() | wishes(), pause=PAUSES)
    def delete(self, name: str, wish: Wish | None, pause: float) -> None:
        """Delete a resource; another one may take its place."""
        self.world.delete(name)
        if wish:
            self.world.create(name, wish)
        self.then(pause)

    @rule(name=SECRETS, how=st.sampled_from(["good", "good", "bad", "gone"]), pause=PAUSES)
    def rotate(self, name: str, how: str, pause: float) -> None:
        """Another key, or none."""
        if how == "gone":
            self.world.remove_secret(name)
        else:
            self.world.rotate(name, bad=how == "bad")
        self.then(pause)

    @rule(inference_id=IDS, body=st.sampled_from(EDITS), pause=PAUSES)
    def update_outside(self, inference_id: str, body: dict[str, Any], pause: float) -> None:
        """Somebody changes an endpoint."""
        self.world.update_outside(inference_id, body)
        self.then(pause)

    @rule(inference_id=IDS, wish=st.none() | wishes(), pause=PAUSES)
    def delete_outside(self, inference_id: str, wish: Wish | None, pause: float) -> None:
        """Somebody deletes an endpoint, or makes another one in its place."""
        self.world.delete_outside(inference_id)
        if wish:
            self.world.create_outside(inference_id, wish)
        self.then(pause)

    @rule(inference_id=IDS)
    def refer(self, inference_id: str) -> None:
        """A mapping begins to use an endpoint, or no longer does."""
        self.world.refer(inference_id)

    @rule(kind=st.sampled_from(sorted(FAULTS)), times=st.sampled_from([1, 1, 2, 5]))
    def fault(self, kind: str, times: int) -> None:
        """The next requests meet with something."""
        self.world.fault(kind, times)

    @rule(passages=st.none() | st.integers(1, 12), pause=PAUSES)
    def die(self, passages: int | None, pause: float) -> None:
        """The operator dies, at once or soon; if it is dead, it lives again."""
        self.world.die(passages)
        self.then(pause)

    @rule(seconds=st.sampled_from([60.0, 700.0]), name=NAMES)
    def wait(self, seconds: float, name: str) -> None:
        """Somebody asks for a reconcile, and time passes."""
        self.world.ask(name)
        self.then(seconds)

    @precondition(lambda self: self.next)
    @rule(pause=PAUSES)
    def upgrade(self, pause: float) -> None:
        """The server becomes a newer one."""
        self.world.upgrade(self.next.pop(0))
        self.then(pause)

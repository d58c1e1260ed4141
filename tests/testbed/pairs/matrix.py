"""Plays all phases with all pairs at once on one server, and keeps what became of each."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from testbed.builders import Manifest, Secret
from testbed.pairs.expectation import Expected, Life, Write
from testbed.pairs.judgement import Seen, left_alone, mistakes
from testbed.pairs.phases import Phase
from testbed.pairs.stage import Stage
from testbed.pairs.trial import NOT_HERE, REFUSED, Trial
from testbed.processes import wait_for
from testbed.target import KEY, NEXT_KEY

_AT_ONCE = 8
_CACHED = 20.0
"""Seconds after which no server uses an old key any more."""
_COSTS_OF_CREATE = 3
"""Writes to Kubernetes: the finalizer, the record of the operation, the outcome."""
_ABOUT_REFUSED = (Phase.CREATE, Phase.RESYNC, Phase.DELETE)
"""The phases in which a pair that the version does not have is judged."""


@dataclass
class Row:
    """One pair: what it should become, what became of it so far."""

    trial: Trial
    life: Life
    letters: str = ""
    faults: list[str] = field(default_factory=list)
    stored: dict[Phase, Manifest | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the resource and of the endpoint."""
        return self.trial.endpoint.name

    @property
    def lives(self) -> bool:
        """Whether the version has it, and all was well so far."""
        return self.trial.outcome not in {REFUSED, NOT_HERE} and not self.faults

    def judge(self, phase: Phase, seen: Seen) -> list[str]:
        """What is wrong after a phase."""
        if self.trial.outcome == REFUSED:
            return self._judge_refused(phase, seen) if phase in _ABOUT_REFUSED else []
        if phase is Phase.CREATE:
            created = Expected(seen.stored, (Write("PUT"),), _COSTS_OF_CREATE)
            found = self.trial.mistakes(seen.resource or {}, seen.stored, KEY)
            return found or mistakes(created, seen)
        return mistakes(self.life.expected(phase, self.stored), seen)

    def note(self, phase: Phase, seen: Seen, faults: Sequence[str]) -> None:
        """Keep how the phase ended."""
        self.letters += "!" if faults else self._letter(phase)
        self.faults += [f"{self.trial.pair.name}: {phase.name.lower()}: {fault}" for fault in faults]
        self.stored[phase] = seen.stored

    def skip(self) -> None:
        """A phase that is not judged any more."""
        self.letters += "?"

    def _letter(self, phase: Phase) -> str:
        if self.trial.outcome != REFUSED:
            return self.life.letter(phase)
        if phase is Phase.CREATE:
            return "c"
        return str(phase) if phase in _ABOUT_REFUSED else "-"

    def _judge_refused(self, phase: Phase, seen: Seen) -> list[str]:
        if phase is Phase.DELETE:
            return ["the resource is still there"] if seen.resource else left_alone(seen, asked=False)
        wrong = self.trial.mistakes(seen.resource or {}, seen.stored, KEY)
        return wrong or left_alone(seen, asked=phase is Phase.RESYNC)


@dataclass
class Matrix:
    """All rows on one stage."""

    stage: Stage
    rows: Sequence[Row]
    secrets: tuple[Secret, Secret]
    """The Secret, and what it is rotated to."""
    patience: float

    def play(self) -> None:
        """All phases, one after the other."""
        self.stage.world.apply(self.secrets[0])
        for phase in Phase:
            self.stage.begin()
            self._act(phase)
            self._await(phase)
            self.stage.settle()
            self._note(phase)

    def _act(self, phase: Phase) -> None:
        world, new = self.stage.world, self.secrets[1]
        match phase:
            case Phase.CREATE:
                world.apply(*(row.life.spec(phase) for row in self.rows))
            case Phase.ROTATE:
                world.change_secret(new.name, **new.values)
            case Phase.RESYNC | Phase.AGAIN:
                self._each(self.rows, lambda row: world.resync(row.name))
            case Phase.DRIFT:
                self._each(self._living(), self._meddle)
            case Phase.DELETE:
                self._each(self.rows, lambda row: world.delete(row.name))
            case _:
                self._each(self._living(), lambda row: world.change(row.name, **row.life.spec_changes(phase)))

    def _meddle(self, row: Row) -> None:
        """What somebody else does, and the wish that it be looked at."""
        admin, path = self.stage.target.admin, f"/_inference/{row.trial.pair.task_type}/{row.name}"
        if row.life.edit is None:
            admin.delete(path).raise_for_status()
        else:
            admin.put(f"{path}/_update", json=row.life.foreign_edit()).raise_for_status()
        self.stage.world.resync(row.name)

    @staticmethod
    def _each(rows: Iterable[Row], act: Callable[[Row], object]) -> None:
        """Many at once, as an operator sees it when a whole set of manifests is applied."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(act, rows))

    def _living(self) -> list[Row]:
        return [row for row in self.rows if row.lives]

    def _names(self) -> list[str]:
        return [row.name for row in self.rows]

    def _await(self, phase: Phase) -> None:
        """Wait until nothing is wrong any more; what still is after that is told later."""
        waiting = self.rows

        def right() -> bool:
            nonlocal waiting
            seen = self.stage.see(self._names())
            waiting = [row for row in waiting if not row.faults and row.judge(phase, seen[row.name])]
            return not waiting

        with contextlib.suppress(TimeoutError):
            wait_for(right, what=f"{phase.name} has come to its end", timeout=self.patience)

    def _note(self, phase: Phase) -> None:
        seen = self.stage.see(self._names())
        for row in self.rows:
            if row.faults:
                row.skip()
            else:
                faults = row.judge(phase, seen[row.name]) or self._use(phase, row)
                row.note(phase, seen[row.name], faults)

    def _use(self, phase: Phase, row: Row) -> list[str]:
        """Where no log tells what was sent, the provider tells which key is in force."""
        if (
            phase is not Phase.ROTATE
            or self.stage.log.tells_bodies
            or not (row.lives and row.life.has_secrets)
        ):
            return []
        sent: set[str | None] = set()

        def is_new() -> bool:  # for a moment after a change the server may use what it has in its cache
            nonlocal sent
            sent = self.stage.keys_sent(row.trial.pair, row.name)
            return sent == {NEXT_KEY}

        with contextlib.suppress(TimeoutError):
            wait_for(is_new, what="the new key is in force", timeout=_CACHED)
        return [] if sent == {NEXT_KEY} else [f"the provider was asked with {sent}"]

"""An operator that lives through one scenario after another, in each of which something goes wrong."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crash.apiserver import NAMESPACE
from crash.life import life
from crash.stage import Stage
from crash.steps import CREATE, DELETE, Wish, perform
from faults.campaign.agenda import Agenda
from faults.campaign.calls import Call
from faults.campaign.clock import SkippingLoop
from faults.campaign.scenarios import Scenario
from faults.campaign.troubles import Spoiled, Trouble
from faults.campaign.witness import Witness
from inference_operator.connection import reconcile_connection
from inference_operator.context import Context
from inference_operator.errors import ReconcileError
from inference_operator.objects import CONNECTION, ENDPOINT, Key
from inference_operator.reconcile import reconcile_endpoint
from testbed.standin.journal import Operation

LOOKS = 3
"""Looks at the endpoint that suffice where nothing goes wrong, and that each thing which does may cost."""
_MAIN = Key(CONNECTION, NAMESPACE, "main")


@dataclass(frozen=True)
class Case:
    """A scenario, and what goes wrong in it, at which request, how often."""

    scenario: Scenario
    call: Call | None = None
    trouble: Trouble | None = None
    times: int = 0

    @property
    def title(self) -> str:
        """As messages name it."""
        if self.call is None or self.trouble is None:
            return f"{self.scenario.name}, undisturbed"
        return f"{self.scenario.name}, {self.trouble.name} at {self.call.title}, {self.times} times"


class Run:
    """One life of the operator in front of its agenda."""

    def __init__(self, stage: Stage, loop: SkippingLoop, ctx: Context, agenda: Agenda) -> None:
        self.stage = stage
        self._wish = Wish("docs")
        self.requests: list[Operation] = []
        """What Elasticsearch was asked in the last scenario."""
        self._loop = loop
        self._ctx = ctx
        self._agenda = agenda
        self._witness = Witness(stage, ctx)
        self._spoiled: Spoiled | None = None
        self._wrong: list[str] = []
        self._unseen = False  # whether something took effect since the last look at the endpoint

    @property
    def _key(self) -> Key:
        return Key(ENDPOINT, NAMESPACE, self._wish.name)

    async def play(self, case: Case) -> list[str]:
        """What is wrong in the end."""
        await self._begin(case.scenario)
        self._spoil(case)
        self._wish = perform(self.stage, self._wish, case.scenario.steps)
        self._agenda.add(self._key)
        if case.scenario.checked:
            self._agenda.add(_MAIN)
        await self._strive(LOOKS * (case.times + 1), checked=case.scenario.checked)
        self.requests = [*self.stage.elasticsearch.journal.requests]
        return [*self._wrong, *self._unmet(), *await self._restless(case.scenario)]

    async def _begin(self, scenario: Scenario) -> None:
        """Bring about what is there before, and forget how."""
        self._spoiled, self._wrong, self._unseen = None, [], False
        self._wish = replace(self._wish, more=scenario.spec)
        self.stage.elasticsearch.faults.reset()
        if self._wish.exists != scenario.exists:
            self._wish = perform(self.stage, self._wish, [CREATE if scenario.exists else DELETE])
            await self._strive(LOOKS)
        if scenario.foreign:
            self.stage.kubernetes.lose("inferenceendpoints", self._wish.name)
        self.stage.elasticsearch.pipelines = {"search": {self._wish.name}} if scenario.used else {}
        assert self._wrong == []
        self.stage.elasticsearch.journal.clear()
        self.stage.kubernetes.writes.clear()
        self.stage.kubernetes.events.clear()

    def _spoil(self, case: Case) -> None:
        if case.call and case.trouble:
            cluster = self.stage.elasticsearch
            self._spoiled = case.trouble.fault(case.call, cluster, case.times, self._wish.key)
            cluster.faults.rules.append(self._spoiled)

    async def _strive(self, most: int, *, checked: bool = False) -> None:
        """Work until all is as wanted, looking at the endpoint at most so often."""
        turns: Counter[Key] = Counter()
        key = self._key
        seen = {key, _MAIN} if checked else {key}
        while self._agenda.holds(key) and turns[key] < most and (seen - turns.keys() or self._unmet()):
            turns[await self._turn()] += 1
        await self._let_come()

    async def _let_come(self) -> None:
        """Let the rest take effect, also after the resource is gone; what it has changed is seen at the next look."""
        for due, _ in self._coming():
            await self._pass_until(self.stage.now + timedelta(seconds=due - self._loop.time()))
        while self._unseen and self._agenda.holds(self._key):
            await self._turn()

    async def _turn(self) -> Key:
        """Do what is due next, once it is due."""
        key, then = self._agenda.take()
        await self._pass_until(then)
        delay = await self._reconcile(key)
        if delay is not None:
            self._agenda.add_after(key, delay)
        await asyncio.gather(*self._ctx.background)
        self._unseen = self._unseen and key != self._key
        self._wrong += self._witness.complaints(self._wish)
        return key

    async def _reconcile(self, key: Key) -> float | None:
        """What a worker of the operator does with a key."""
        reconcile = reconcile_endpoint if key.kind is ENDPOINT else reconcile_connection
        try:
            return await reconcile(key, self._ctx)
        except ReconcileError:
            self._agenda.fail(key)
            return self._agenda.backoff(key)

    async def _pass_until(self, then: datetime) -> None:
        """Let it be later; what takes effect meanwhile does so in time."""
        left = max((then - self.stage.now).total_seconds(), 0.0)
        for due, effect in self._coming():
            wait = max(due - self._loop.time(), 0.0)
            if wait <= left:
                self._loop.skip(wait)
                left -= wait
                await effect
                self._unseen = True
        self._loop.skip(left)

    def _coming(self) -> list[tuple[float, "asyncio.Task[object]"]]:
        coming = self._spoiled.coming if self._spoiled else []
        return [(due, effect) for due, effect in coming if not effect.done()]

    def _unmet(self) -> list[str]:
        """What is not as wanted yet."""
        coming = ["something has yet to take effect" for _ in self._coming()]
        unseen = self._unseen and self._agenda.holds(self._key)
        coming += ["what took effect has not been looked at"] if unseen else []
        failing = ["the last attempt failed"] if self._key in self._agenda.failing else []
        return [*self.stage.unmet(self._wish), *coming, *failing, *self._unconnected()]

    def _unconnected(self) -> list[str]:
        session = self._ctx.sessions[_MAIN]
        return [f"not connected: {session.problem}"] if session.problem else []

    async def _restless(self, scenario: Scenario) -> list[str]:
        """What is written when nothing is to be done."""
        done = Counter(self.stage.writes())
        for key in (_MAIN, self._key) if scenario.checked else (self._key,):
            self._agenda.add(key)
            await self._turn()
        return [f"one more write: {write}" for write in (Counter(self.stage.writes()) - done).elements()]


@asynccontextmanager
async def running(stage: Stage, loop: SkippingLoop) -> AsyncIterator[Run]:
    """A new operator in a new world."""
    stage.connection_spec = {"interval": "10m"}
    stage.reset()
    loop.on_skip = stage.pass_time
    agenda = Agenda(lambda: stage.now)
    async with life(stage, agenda) as ctx:
        agenda.discard(_MAIN)
        try:
            yield Run(stage, loop, ctx, agenda)
        finally:
            stage.elasticsearch.faults.reset()  # what hangs ends, or the server would wait for it

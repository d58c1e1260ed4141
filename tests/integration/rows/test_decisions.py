"""Both tables of section 9: from what is desired and observed to the calls, and from the reply to what happens next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference_operator.conditions import Type
from integration.rows import rows_others, rows_present, rows_replace, rows_reply_create, rows_reply_later
from integration.rows.scene import ABNORMAL, Case, Scene, do, sent, told
from testbed.pairs.servers import SERVERS
from testbed.standin.journal import Operation
from testbed.tables import note

USUAL = frozenset({"8.19", "9.4", "9.5"})
"""The others are like one of these in nearly all."""
_TITLES = {server.name: server.title for server in SERVERS}
TABLES = {
    "9 decision": (*rows_present.CASES, *rows_replace.CASES, *rows_others.CASES),
    "9 reply": (*rows_reply_create.CASES, *rows_reply_later.CASES),
}


def _played() -> Iterator[Any]:
    for table, cases in TABLES.items():
        for case in cases:
            for profile in case.profiles:
                usual = profile in USUAL or not USUAL & set(case.profiles)
                marks = [] if usual else [pytest.mark.soak]
                yield pytest.param(
                    table, case, profile, id=f"{table}: {case.name}, on {profile}", marks=marks
                )


async def _asked(scene: Scene, turns: int) -> list[Operation]:
    requests = []
    for number in range(turns):
        if number:
            scene.stage.pass_time(scene.delay or 0.0)
        requests += await scene.turn()
    return requests


def _wrong(scene: Scene, case: Case, requests: list[Operation]) -> Iterator[str]:
    if (asked := tuple(told(r) for r in requests)) != case.asks:
        yield f"asked {asked}, not {case.asks}"
    updates = [set(sent(r)) for r in requests if told(r) == "UPDATE"]
    if case.sends is not None and updates[-1:] != [set(case.sends)]:
        yield f"the updates sent {updates}"
    if (scene.resource is None) != (case.says is None):
        yield f"the resource is {scene.resource}"
    if case.says is not None:
        yield from _wrong_words(scene, case)


def _wrong_words(scene: Scene, case: Case) -> Iterator[str]:
    if scene.ready != case.says:
        yield f"it says {scene.conditions.get(Type.READY)}"
    abnormal = {kind for kind in ABNORMAL if scene.conditions.get(kind, {}).get("status") == "True"}
    if abnormal != case.abnormal:
        yield f"it shows {sorted(abnormal)}"
    speaks = Type.DELETION_BLOCKED if Type.DELETION_BLOCKED in case.abnormal else Type.READY
    if case.words not in scene.conditions.get(speaks, {}).get("message", ""):
        yield f"it says {scene.conditions.get(speaks)}"


async def _play(scene: Scene, case: Case) -> str:
    """What is wrong at the end of the turns; what must hold besides is asserted."""
    for step in case.given:
        await do(step, scene)
    requests = await _asked(scene, case.turns)
    if wrong := "\n".join(_wrong(scene, case, requests)):
        return wrong
    for step in case.and_then:
        await do(step, scene)
    return ""


@pytest.mark.parametrize(("table", "case", "profile"), list(_played()))
async def test_operator_does_what_the_row_says(
    table: str, case: Case, profile: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """These requests and no others, and these conditions."""
    wrong = "it was not played to the end"
    try:
        async with Scene.open(tmp_path, profile) as scene:
            wrong = await _play(scene, case)
    finally:
        note(request, "rows", [table, case.name, _TITLES[profile], not wrong])
    assert not wrong, wrong

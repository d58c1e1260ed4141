"""What real servers were seen to do is what they and their stand-in do, row by row of the table."""

import json
from collections.abc import Iterator

import pytest

from contract.comparison import Answer
from contract.proofs import NEW, OLD, POINTS, Proof, Row
from contract.rows import ROWS
from contract.scenarios import LONG, SCENARIOS
from contract.sides import Sides
from contract.steps import needs_vendors
from testbed.provider import Provider

_PROVEN = [row for row in ROWS if row.proofs]
_OWN = {"basic licence", "node restart"}
"""Points that need a server of their own: see test_own_server."""


def text(answer: Answer) -> str:
    """The body of an answer as a row quotes it."""
    return answer.body if isinstance(answer.body, str) else json.dumps(answer.body)


def objections(proof: Proof, answer: Answer) -> Iterator[str]:
    """What an answer is not, that it should be."""
    said = text(answer)
    if answer.status != proof.status:
        yield f"status {answer.status}, not {proof.status}"
    yield from (f"does not say {words}" for words in proof.says if words not in said)
    yield from (f"says {words}" for words in proof.lacks if words in said)
    if proof.length is not None and len(answer.body) != proof.length:
        yield f"{len(answer.body)} things, not {proof.length}"


@pytest.mark.parametrize("row", _PROVEN, ids=[row.sentence for row in _PROVEN])
def test_what_was_seen_live(provider: Provider, sides: Sides, row: Row) -> None:
    """The real server of the version does it, and so does the stand-in for it."""
    proofs = [proof for proof in row.proofs if sides.version in proof.versions]
    if any(needs_vendors(SCENARIOS[one.scenario]) for one in proofs) and not provider.vendor_hosts:
        pytest.skip("only root may listen on the port of the vendors' hosts")
    found = [
        f"{side}, {proof.scenario}, request {proof.place}: {objection}\n{text(answers[proof.place - 1])}"
        for proof in proofs
        for side, answers in zip(("real", "stand-in"), sides.play(proof.scenario), strict=True)
        for objection in objections(proof, answers[proof.place - 1])
    ]
    assert found == []


def test_every_point_of_the_table_has_its_test() -> None:
    """For each version of which it tells something, and in the ordinary run."""
    assert len(set(POINTS)) == 30
    assert {row.point for row in ROWS if not row.proofs} == _OWN
    assert len({row.sentence for row in ROWS}) == len(POINTS)
    for row in _PROVEN:
        assert {version for proof in row.proofs for version in proof.versions} == {OLD, NEW}, row.point
        assert not {proof.scenario for proof in row.proofs} & LONG.keys(), row.point


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        pytest.param(Proof("", 1, 400), 1, id="another status"),
        pytest.param(Proof("", 1, 200, says=["absent"]), 1, id="words that are not there"),
        pytest.param(Proof("", 1, 200, lacks=["present"]), 1, id="words that should not be there"),
        pytest.param(Proof("", 1, 200, length=3), 1, id="more things than it lists"),
        pytest.param(Proof("", 1, 200, says=["present"], lacks=["absent"], length=1), 0, id="what is so"),
    ],
)
def test_proof_can_fail(proof: Proof, found: int) -> None:
    """An answer that is not as the row says is found."""
    assert len(list(objections(proof, Answer(200, {}, {"a": "present"})))) == found

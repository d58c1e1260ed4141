"""What forbids to replace an endpoint that something uses."""

from dataclasses import replace

import pytest

from inference_operator.capabilities import of
from inference_operator.elasticsearch.client import Uses
from inference_operator.endpoint import Definition
from inference_operator.errors import Reason
from inference_operator.findings import ReplacePolicy
from inference_operator.replacement import forbidden
from unit.wishes import V94, V819, rerank, wish

OLD = Definition("text_embedding", "openai", {"model_id": "m1", "dimensions": 8, "similarity": "cosine"})
NEW = Definition("text_embedding", "openai", {"model_id": "m2"})
FULL = Definition("text_embedding", "openai", {"model_id": "m2", "dimensions": 8, "similarity": "cosine"})
OTHER = Definition("text_embedding", "openai", {"model_id": "m2", "dimensions": 16})
INDEX, PIPELINE, NOBODY = Uses(indices=("docs",)), Uses(pipelines=("ingest",)), Uses()
FORCE, UNUSED = ReplacePolicy.FORCE, ReplacePolicy.WHEN_UNUSED

CASES: dict[str, tuple[Definition, Uses, ReplacePolicy, str, str | None]] = {
    "nobody uses it": (NEW, NOBODY, UNUSED, V94, None),
    "an index uses it": (NEW, INDEX, UNUSED, V94, "indices docs use the endpoint"),
    "a pipeline uses it": (NEW, PIPELINE, UNUSED, V94, "pipelines ingest use the endpoint"),
    "an index uses it, and force is allowed": (NEW, INDEX, FORCE, V94, None),
    "a pipeline uses it, and force is allowed": (NEW, PIPELINE, FORCE, V819, None),
    "the index holds vectors of other dimensions": (OTHER, INDEX, FORCE, V94, "other dimensions"),
    "no index holds such vectors": (OTHER, PIPELINE, FORCE, V94, None),
    "the index could not use another task type": (
        rerank(),
        INDEX,
        FORCE,
        V94,
        "another service or task type",
    ),
    "this version may not answer": (NEW, INDEX, FORCE, V819, "give dimensions and similarity"),
    "this version answers if it is told enough": (FULL, INDEX, FORCE, V819, None),
}


@pytest.mark.parametrize(("desired", "uses", "policy", "version", "why"), CASES.values(), ids=CASES)
def test_replace_is_forbidden_where(
    desired: Definition, uses: Uses, policy: ReplacePolicy, version: str, why: str | None
) -> None:
    """The message says why, and what to do."""
    wanted = replace(wish(desired), replacement=policy)
    problem = forbidden(wanted, OLD, uses, of(version, "default"))
    assert (problem is None) == (why is None)
    if problem and why:
        assert problem.reason is Reason.REPLACE_BLOCKED
        assert why in problem.message


def test_users_are_named_in_one_phrase() -> None:
    """Indices first."""
    assert str(Uses(("p",), ("a", "b"))) == "indices a, b and pipelines p"
    assert not Uses()

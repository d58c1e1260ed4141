"""What counts as proof that a plan was carried out, and what is told where it was not."""

import pytest

from inference_operator.capabilities import of
from inference_operator.endpoint import Definition
from inference_operator.errors import Reason, Stalled
from inference_operator.findings import AFTER_RESET, Ignored, Past
from inference_operator.verification import Verified, verify
from unit.wishes import SENTENCE, V94, V95, V819, WORD, embedding, rerank, synced, wish

M2 = Ignored("/serviceSettings/model_id", '"m2"', V94)
RESET = [
    Ignored("/chunkingSettings/max_chunk_size", "50", V819),
    Ignored("/chunkingSettings/overlap", "5", V819),
]


def check(desired: Definition, observed: Definition, past: Past, version: str = V94) -> Verified:
    """What is still wrong in a cluster of this version."""
    return verify(wish(desired), observed, past, of(version, "default"), version)


VERDICTS: dict[str, tuple[Definition, Definition, Past, str, Reason | None, list[Ignored]]] = {
    "what is there equals the spec": (rerank(), rerank(extra=1), Past(), V94, None, []),
    "the service is another": (
        rerank(),
        embedding(WORD),
        synced(embedding(WORD)),
        V95,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "an answer of 200 that took nothing over": (
        rerank(model="m2"),
        rerank(model="m1"),
        synced(rerank(model="m1")),
        V94,
        Reason.UPDATE_NOT_APPLIED,
        [M2],
    ),
    "a create that answered 200 and dropped a setting": (
        rerank(model="m2"),
        rerank(model="m1"),
        Past(),
        V94,
        Reason.UPDATE_NOT_APPLIED,
        [M2],
    ),
    "chunking that this version cannot change": (
        embedding(WORD),
        embedding({**WORD, "overlap": 7}),
        synced(embedding(WORD)),
        V94,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "chunking that a version that could did not change": (
        embedding(WORD),
        embedding({**WORD, "overlap": 7}),
        synced(embedding(WORD)),
        V95,
        Reason.UPDATE_NOT_APPLIED,
        [Ignored("/chunkingSettings/overlap", "5", V95)],
    ),
    "a setting that this version cannot clear": (
        Definition("rerank", "cohere", {"model_id": "m1"}),
        rerank(),
        synced(rerank()),
        V94,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "a cleared setting shows its default": (
        Definition("rerank", "cohere", {"model_id": "m1"}),
        rerank(),
        synced(rerank()),
        V95,
        None,
        [],
    ),
    "a replace that is needed goes before what was ignored": (
        Definition("rerank", "cohere", {"model_id": "m2"}),
        rerank(model="m1"),
        synced(rerank(model="m1")),
        V94,
        Reason.REPLACE_REQUIRED,
        [M2],
    ),
    "chunking that is asked for no longer": (
        embedding({}),
        embedding(WORD),
        synced(embedding(WORD)),
        V95,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "chunking that an update has reset": (
        embedding(WORD),
        embedding(AFTER_RESET),
        synced(embedding(WORD)),
        V819,
        Reason.CHUNKING_RESET,
        RESET,
    ),
    "chunking that the adoption has reset": (
        embedding(WORD),
        embedding(AFTER_RESET),
        Past(),
        V819,
        Reason.CHUNKING_RESET,
        RESET,
    ),
    "chunking like after a reset where the version keeps it": (
        embedding(WORD),
        embedding(AFTER_RESET),
        synced(embedding(WORD)),
        V94,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "other chunking than what a reset leaves": (
        embedding(WORD),
        embedding(SENTENCE),
        synced(embedding(WORD)),
        V819,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "a spec that asks for other chunking than the default that it had": (
        embedding(WORD),
        embedding(AFTER_RESET),
        synced(embedding(AFTER_RESET)),
        V819,
        Reason.REPLACE_REQUIRED,
        [],
    ),
    "a reset beside a change that needs a replace": (
        Definition("text_embedding", "openai", {}, {}, WORD),
        embedding(AFTER_RESET),
        synced(embedding(WORD)),
        V819,
        Reason.REPLACE_REQUIRED,
        RESET,
    ),
}


@pytest.mark.parametrize(
    ("desired", "observed", "past", "version", "problem", "ignored"), VERDICTS.values(), ids=VERDICTS
)
def test_answer_is_compared_with_the_wish(
    desired: Definition,
    observed: Definition,
    past: Past,
    version: str,
    problem: Reason | None,
    ignored: list[Ignored],
) -> None:
    """That the answer was 200 is no proof: what is still wrong is named, and what was ignored remembered."""
    verified = check(desired, observed, past, version)
    assert (verified.problem.reason if verified.problem else None) == problem
    assert verified.problem is None or isinstance(verified.problem, Stalled)
    assert list(verified.ignored) == ignored


def test_problem_names_path_and_values() -> None:
    """A person reads which setting it is, what was asked for and what is there."""
    problem = check(rerank(model="m2"), rerank(model="m1"), synced(rerank(model="m1"))).problem
    assert problem
    assert '/serviceSettings/model_id (asked for "m2", found "m1")' in problem.message

"""Settings of all types: what is taken, and what is stored of it; each example is created, which takes its time."""

from typing import Any

from contract.steps import (
    WRONG,
    Scenarios,
    Step,
    cohere,
    delete,
    each_created,
    get,
    hugging_face,
    openai,
    put,
)

_A = "text_embedding/a"
_RERANK = "rerank/a"


def _setting(name: str, *values: Any) -> list[Step]:
    return each_created(_A, *(openai(**{name: value}) for value in values))


def _section(name: str, *values: Any) -> list[Step]:
    return each_created(_A, *(openai() | {name: value} for value in values))


SCENARIOS: Scenarios = {
    "sections of the wrong type": [
        *_section("service_settings", *WRONG),
        *_section("task_settings", *WRONG),
        *_section("chunking_settings", *WRONG),
    ],
    "a model of the wrong type": _setting("model_id", *WRONG),
    "a URL of the wrong type or form": _setting("url", *WRONG, "not a url", "ftp://x/", "http://", "/path"),
    "dimensions of the wrong type or size": _setting("dimensions", *WRONG, 0, 4096, 2**31, 10**20),
    "a similarity that is none": _setting("similarity", *WRONG),
    "a rate limit of the wrong form": _setting(
        "rate_limit",
        *WRONG,
        *({"requests_per_minute": value} for value in (*WRONG, 0, 2**31, 10**20)),
        {"requests_per_minute": 5, "x": 1},
        {"requests_per_hour": 5},
    ),
    "what the server adds is what GET shows": [
        *(
            step
            for body in (
                openai(dimensions=16),
                openai(similarity="cosine", max_input_tokens=100),
                openai(similarity="COSINE", organization_id="o"),
                openai(rate_limit={"requests_per_minute": 7}),
                openai(rate_limit={"requests_per_minute": "7"}),
                openai(rate_limit={}),
                openai(rate_limit=None),
                openai(dimensions=None, similarity=None),
                openai() | {"task_settings": {"user": "u", "headers": {"a": "b"}}},
                openai() | {"task_settings": {}},
                openai() | {"task_settings": None},
                hugging_face(similarity="l2_norm"),
            )
            for step in (put(_A, body), get("a"), delete("a"))
        )
    ],
    "task settings of the wrong type": [
        *each_created(_A, *(openai() | {"task_settings": {"user": value}} for value in WRONG)),
        *each_created(_A, *(openai() | {"task_settings": {"headers": value}} for value in WRONG)),
        *each_created(
            _RERANK, *(cohere() | {"task_settings": {"top_n": value}} for value in (*WRONG, 0, 2**31))
        ),
        *each_created(
            _RERANK,
            *(
                cohere() | {"task_settings": {"return_documents": value}}
                for value in (*WRONG, "true", "TRUE")
            ),
        ),
    ],
    "chunking settings": each_created(
        _A,
        *(
            openai() | {"chunking_settings": one}
            for one in (
                {"strategy": "sentence", "max_chunk_size": 20},
                {"strategy": "sentence", "max_chunk_size": 300, "sentence_overlap": 0},
                {"strategy": "word", "max_chunk_size": 100, "overlap": 10},
                {"strategy": "word", "max_chunk_size": 100},
                {"strategy": "recursive", "max_chunk_size": 100},
                {"strategy": "recursive", "max_chunk_size": 100, "separator_group": "markdown"},
                {"strategy": "recursive", "max_chunk_size": 100, "separator_group": "plaintext"},
                {"strategy": "recursive", "max_chunk_size": 100, "separators": ["a", "b"]},
            )
        ),
    ),
}

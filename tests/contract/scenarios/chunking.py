"""Chunking settings: what is taken, what is added, what is refused."""

from typing import Any

from contract.steps import Scenarios, Step, cohere, each_created, openai, put

_A = "text_embedding/a"


def _chunked(*settings: Any) -> list[Step]:
    return each_created(_A, *(openai() | {"chunking_settings": one} for one in settings))


SCENARIOS: Scenarios = {
    "chunking settings that are taken": _chunked(
        {},
        {"strategy": "none"},
        {"strategy": "SENTENCE", "max_chunk_size": 100},
        {"strategy": "word", "max_chunk_size": 100, "overlap": 10},
        {"strategy": "recursive", "max_chunk_size": 100, "separator_group": "markdown"},
    ),
    "chunking settings that are refused": _chunked(
        {"max_chunk_size": 100},
        {"strategy": "no-such"},
        {"strategy": None},
        {"strategy": 5},
        {"strategy": "none", "max_chunk_size": 100},
        {"strategy": "sentence"},
        {"strategy": "sentence", "max_chunk_size": 19},
        {"strategy": "sentence", "max_chunk_size": 301},
        {"strategy": "sentence", "max_chunk_size": 0},
        {"strategy": "sentence", "max_chunk_size": "100"},
        {"strategy": "sentence", "max_chunk_size": 1.5},
        {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 2},
        {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": "x"},
        {"strategy": "sentence", "max_chunk_size": 100, "overlap": 1},
        {"strategy": "word", "max_chunk_size": 100, "overlap": 60},
        {"strategy": "word", "max_chunk_size": 5, "overlap": 1},
        {"strategy": "word", "max_chunk_size": 100, "overlap": -1},
        {"strategy": "word", "max_chunk_size": 100, "sentence_overlap": 1},
        {"strategy": "recursive"},
        {"strategy": "recursive", "max_chunk_size": 100, "separator_group": "no-such"},
        {"strategy": "recursive", "max_chunk_size": 100, "separators": "a"},
        {"strategy": "recursive", "max_chunk_size": 100, "separators": []},
        {"strategy": "recursive", "max_chunk_size": 100, "separators": ["a"], "separator_group": "markdown"},
        {"strategy": "sentence", "max_chunk_size": 100, "bogus": 1},
    ),
    "chunking settings where nothing is chunked": [
        put("rerank/a", cohere() | {"chunking_settings": {"strategy": "none"}}),
        put("rerank/a", cohere() | {"chunking_settings": {}}),
        put("rerank/a", cohere() | {"chunking_settings": None}),
    ],
}

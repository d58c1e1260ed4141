"""Answers of real servers, recorded from Elasticsearch 9.4.3 and 8.19.8: those of the stand-in, as tests need them.

Where they come from stands in `testbed/standin/recorded/README.md`.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from inference_operator.elasticsearch.answers import Answer

_RECORDED = Path(__file__).parents[1] / "testbed" / "standin" / "recorded"


class Created(NamedTuple):
    """A create request that succeeded, and its answer, which tells the endpoint in other words."""

    note: str
    task_type: str
    asked: Mapping[str, Any]
    answer: Mapping[str, Any]


@cache
def _exchanges(name: str, version: str) -> list[dict[str, Any]]:
    path = _RECORDED / version / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def refusal(name: str, note: str, version: str = "9.4.3") -> Answer:
    """The answer to the request of this note, the one with an error if there are several."""
    (found,) = (x for x in _exchanges(name, version) if x["note"] == note and x["status"] != 200)
    return Answer(found["status"], found["answer"])


def envelope(status: int, kind: str, text: str, **more: Any) -> Answer:
    """An answer that was not recorded, with an error as Elasticsearch writes it."""
    return Answer(status, {"error": {"type": kind, "reason": text, **more}, "status": status})


def created() -> Iterator[Created]:
    """Every create request that succeeded; requests that are equal, once."""
    seen = []
    for name in ("basic", "chunk_update", "validation", "services", "semantics"):
        for number, exchange in enumerate(_exchanges(name, "9.4.3"), start=1):
            asked, answer = exchange.get("body"), exchange["answer"]
            is_create = exchange["method"] == "PUT" and "/_update" not in exchange["path"]
            if not is_create or exchange["status"] != 200 or not isinstance(asked, dict) or asked in seen:
                continue
            if "inference_id" in answer:  # and not some other thing that was put
                seen.append(asked)
                yield Created(
                    f"{name}.jsonl line {number}: {exchange['note']}", answer["task_type"], asked, answer
                )

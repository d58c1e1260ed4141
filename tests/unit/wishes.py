"""Endpoints that are desired, observed or were applied, for the tests of all that compares them."""

from collections.abc import Mapping
from typing import Any

from inference_operator.endpoint import Definition
from inference_operator.findings import Desired, Past

V819, V94, V95 = "8.19.8", "9.4.3", "9.5.0"
WORD = {"strategy": "word", "max_chunk_size": 50, "overlap": 5}
SENTENCE = {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1}


def rerank(top: int = 3, *, model: str = "m1", **more: Any) -> Definition:
    """A rerank endpoint: `top` can be updated, `model` cannot."""
    return Definition("rerank", "cohere", {"model_id": model, **more}, {"top_n": top})


def embedding(chunking: Mapping[str, Any]) -> Definition:
    """An embedding endpoint that cuts its texts in this way."""
    return Definition("text_embedding", "openai", {"model_id": "m1"}, {}, chunking)


def wish(definition: Definition, *, secrets: bool = True) -> Desired:
    """The wish for this endpoint."""
    return Desired("docs", definition, frozenset({"/serviceSettings/api_key"} if secrets else ()))


def synced(applied: Definition, **more: Any) -> Past:
    """A past in which `applied` was made true, with the secrets of today."""
    return Past(applied=applied, secrets_changed=False, **more)

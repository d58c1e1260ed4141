"""Bodies that create endpoints, and what is in an answer."""

from typing import Any

import httpx

PATH = "/_inference/text_embedding/one"


def openai(key: str = "a-key", **settings: Any) -> dict[str, Any]:
    """The body that creates an OpenAI endpoint."""
    return {"service": "openai", "service_settings": {"api_key": key, "model_id": "m", **settings}}


def cohere(key: str = "a-key", **tasks: Any) -> dict[str, Any]:
    """The body that creates a Cohere rerank endpoint."""
    return {
        "service": "cohere",
        "service_settings": {"api_key": key, "model_id": "m"},
        "task_settings": tasks,
    }


def error(response: httpx.Response) -> dict[str, Any]:
    """The error of an answer."""
    found: dict[str, Any] = response.json()["error"]
    return found

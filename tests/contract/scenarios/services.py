"""Each service that the provider can answer for: what it adds, shows, ignores, requires and lets update."""

from typing import Any

from contract.steps import KEY, NEW_KEY, PROVIDER, Scenarios, Step, delete, get, put, update
from testbed.provider import AZURE_RESOURCE

_MODEL = {"model_id": "m"}
_AZURE = {"resource_name": AZURE_RESOURCE, "deployment_id": "d", "api_version": "2024-02-01"}
_STUDIO = {"target": f"{PROVIDER}/v1", "provider": "openai", "endpoint_type": "token"}
_MINIMAL: dict[str, dict[str, Any]] = {
    "ai21 completion": _MODEL,
    "ai21 chat_completion": _MODEL,
    "anthropic completion": _MODEL,
    "azureaistudio completion": _STUDIO,
    "azureaistudio text_embedding": _STUDIO,
    "azureopenai completion": _AZURE,
    "azureopenai text_embedding": _AZURE,
    "cohere completion": _MODEL,
    "cohere rerank": _MODEL,
    "cohere text_embedding": _MODEL,
    "contextualai rerank": _MODEL,
    "deepseek chat_completion": _MODEL,
    "deepseek completion": _MODEL,
    "fireworksai text_embedding": _MODEL,
    "fireworksai completion": _MODEL,
    "googleaistudio completion": _MODEL,
    "googleaistudio text_embedding": _MODEL,
    "groq chat_completion": _MODEL,
    "hugging_face chat_completion": {"url": f"{PROVIDER}/v1/chat"},
    "hugging_face completion": {"url": f"{PROVIDER}/v1/chat"},
    "hugging_face rerank": {"url": f"{PROVIDER}/rerank"},
    "hugging_face sparse_embedding": {"url": f"{PROVIDER}/sparse"},
    "hugging_face text_embedding": {"url": f"{PROVIDER}/embed"},
    "jinaai rerank": _MODEL,
    "jinaai text_embedding": _MODEL,
    "llama chat_completion": _MODEL | {"url": f"{PROVIDER}/v1/chat"},
    "llama completion": _MODEL | {"url": f"{PROVIDER}/v1/chat"},
    "llama text_embedding": _MODEL | {"url": f"{PROVIDER}/v1/embeddings"},
    "mistral chat_completion": {"model": "m"},
    "mistral completion": {"model": "m"},
    "mistral text_embedding": {"model": "m"},
    "nvidia chat_completion": _MODEL,
    "nvidia completion": _MODEL,
    "nvidia rerank": _MODEL,
    "nvidia text_embedding": _MODEL,
    "openai chat_completion": _MODEL,
    "openai completion": _MODEL,
    "openai text_embedding": _MODEL,
    "openshift_ai completion": _MODEL | {"url": f"{PROVIDER}/v1/chat"},
    "openshift_ai rerank": {"url": f"{PROVIDER}/rerank"},
    "openshift_ai text_embedding": {"url": f"{PROVIDER}/v1/embeddings"},
    "voyageai rerank": _MODEL,
    "voyageai text_embedding": _MODEL,
}
_TASKS: dict[str, dict[str, Any]] = {
    "anthropic completion": {"max_tokens": 100},
    "azureaistudio completion": {"temperature": 0.5, "max_new_tokens": 5},
    "azureaistudio text_embedding": {"user": "u"},
    "azureopenai completion": {"user": "u"},
    "azureopenai text_embedding": {"user": "u"},
    "cohere rerank": {"top_n": 10, "return_documents": True},
    "cohere text_embedding": {"input_type": "search", "truncate": "NONE"},
    "hugging_face rerank": {"top_n": 3, "return_documents": True},
    "jinaai rerank": {"top_n": 3, "return_documents": True},
    "jinaai text_embedding": {"input_type": "search"},
    "openai completion": {"user": "u"},
    "openai text_embedding": {"user": "u"},
    "openshift_ai rerank": {"top_n": 3, "return_documents": True},
    "voyageai rerank": {"top_k": 3, "return_documents": True, "truncation": True},
    "voyageai text_embedding": {"input_type": "search", "truncation": True},
}
_CHANGED = {"max_tokens": 7, "top_n": 7, "top_k": 7, "user": "v", "input_type": "ingest", "temperature": 0.7}


def _story(pair: str) -> list[Step]:
    """Create, read, rotate, change and delete; then with a task setting, and each thing missing."""
    service, task = pair.split()
    path, settings, tasks = f"{task}/a", {"api_key": KEY} | _MINIMAL[pair], _TASKS.get(pair, {})
    body = {"service": service, "service_settings": settings, "task_settings": tasks}
    changes = {name: value for name, value in _CHANGED.items() if name in tasks} or {"bogus": 1}
    limit = {"rate_limit": {"requests_per_minute": 42}}
    return [
        put(path, body),
        get("a"),
        update(path, {"service_settings": {"api_key": NEW_KEY}}),
        update(path, {"service_settings": {"api_key": KEY} | limit}),
        update(path, {"task_settings": changes}),
        get("a"),
        delete("a"),
        put(path, {"service": service, "service_settings": settings | limit}),
        get("a"),
        delete("a"),
        put(path, {"service": service, "service_settings": {}}),
        put(path, body | {"service_settings": settings | {"bogus": 1}}),
        put(path, body | {"task_settings": tasks | {"bogus": 1}}),
        delete("a"),
        *(
            step
            for name in settings
            for step in (put(path, body | {"service_settings": _without(settings, name)}), delete("a"))
        ),
    ]


def smallest(pair: str) -> dict[str, Any]:
    """The body that creates an endpoint of this service and task type with nothing that could be left out."""
    body = {"service": pair.split(maxsplit=1)[0], "service_settings": {"api_key": KEY} | _MINIMAL[pair]}
    return body | ({"task_settings": _TASKS[pair]} if pair == "anthropic completion" else {})


def _without(settings: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in settings.items() if other != name}


SCENARIOS: Scenarios = {f"the life of {pair}": _story(pair) for pair in _MINIMAL}

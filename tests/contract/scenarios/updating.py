"""PUT …/_update: what is taken over, what is ignored, what is refused, and the rotation of a key."""

from typing import Any

from contract.steps import (
    DROPPED,
    KEY,
    NEW_KEY,
    PROVIDER,
    Provider,
    Scenarios,
    Step,
    cohere,
    delete,
    get,
    hugging_face,
    openai,
    post,
    put,
    update,
)

_A = "text_embedding/a"
_SENTENCE = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 1}
_PING = {"input": "ping"}
_NO_SECTION: tuple[Any, ...] = (5, "x", [], None, True)


def _settings(**settings: object) -> dict[str, object]:
    return {"service_settings": settings}


def _tasks(**settings: object) -> dict[str, object]:
    return {"task_settings": settings}


def _updated(path: str, *bodies: object) -> list[Step]:
    return [step for body in bodies for step in (update(path, body), get(path))]


SCENARIOS: Scenarios = {
    "a key is rotated": [
        put(_A, openai()),
        *_updated(_A, _settings(api_key=NEW_KEY)),
        post(_A, _PING),
        *_updated(_A, _settings(api_key=NEW_KEY), _settings(api_key=KEY)),
        post(_A, _PING),
    ],
    "a refused key": [
        put(_A, openai()),
        *_updated(_A, _settings(api_key="refused")),
        post(_A, _PING),
        *_updated(_A, _settings(api_key=NEW_KEY)),
        post(_A, _PING),
    ],
    "a refused key of every other kind of service": [
        put("text_embedding/b", hugging_face()),
        update("text_embedding/b", _settings(api_key="refused")),
        post("b", _PING),
        put("rerank/c", cohere()),
        update("rerank/c", _settings(api_key="refused")),
        post("c", {"query": "q", "input": ["x"]}),
    ],
    "the provider fails while an endpoint is updated": [
        put(_A, openai()),
        Provider(status=403),
        *_updated(_A, _settings(api_key=NEW_KEY), _tasks(user="u"), _tasks()),
        Provider(),
        *_updated(_A, _tasks(user="v")),
    ],
    "an endpoint that is not there": [
        update(_A, _settings(api_key=KEY)),
        update("a", _settings(api_key=KEY)),
        update("a", _settings(api_key=KEY) | {"task_type": "text_embedding"}),
        update("any/a", _settings(api_key=KEY)),
        update(_A, {"bogus": 1}),
        update("text_embedding/.a", _settings(api_key=KEY)),
        update("text_embedding/A", _settings(api_key=KEY)),
        update("text_embedding/_all", _settings(api_key=KEY)),
    ],
    "the task type must be that of the endpoint": [
        put(_A, openai()),
        update("a", _tasks(user="u")),
        update("a", _tasks(user="u") | {"task_type": "text_embedding"}),
        update("a", _tasks(user="v") | {"task_type": "rerank"}),
        update("rerank/a", _tasks(user="v")),
        update("rerank/a", _tasks(user="v") | {"task_type": "text_embedding"}),
        update("any/a", _tasks(user="w")),
        get("a"),
    ],
    "empty updates": [put(_A, openai()), *_updated(_A, {}, _settings(), _tasks(), _settings() | _tasks())],
    "sections that cannot be updated": [
        put(_A, openai()),
        *_updated(
            _A,
            {"service": "openai"},
            {"chunking_settings": _SENTENCE},
            {"inference_id": "a"},
            {"bogus": 1, "other": {"x": [1, "y", None, True]}},
            _settings(api_key=KEY) | {"service": "openai"},
        ),
    ],
    "sections of the wrong type": [
        put(_A, openai()),
        *_updated(_A, *({"service_settings": value} for value in _NO_SECTION)),
        *_updated(_A, *({"task_settings": value} for value in _NO_SECTION)),
        *_updated(_A, *({"task_type": value} for value in _NO_SECTION)),
    ],
    "service settings without the secret": [
        put(_A, openai()),
        *_updated(
            _A,
            _settings(model_id="m2"),
            _settings(rate_limit={"requests_per_minute": 5}),
            _settings(bogus=1),
            _settings(api_key=None),
            _settings(api_key=""),
            _settings(api_key=5),
        ),
    ],
    "service settings beside the secret": [
        put(_A, openai()),
        *_updated(
            _A,
            *(
                _settings(api_key=KEY, **settings)
                for settings in (
                    {"model_id": "m2"},
                    {"url": f"{PROVIDER}/v2"},
                    {"url": "not a url"},
                    {"dimensions": 4},
                    {"dimensions": "x"},
                    {"similarity": "cosine"},
                    {"organization_id": "o"},
                    {"max_input_tokens": 5},
                    {"rate_limit": {"requests_per_minute": 5}},
                    {"rate_limit": 5},
                    {"bogus": 1},
                )
            ),
        ),
    ],
    "a rate limit that the service lets update": [
        put("rerank/c", cohere()),
        *_updated(
            "rerank/c",
            *(
                _settings(api_key=KEY, rate_limit=limit)
                for limit in (
                    {"requests_per_minute": 5},
                    {"requests_per_minute": 0},
                    {"requests_per_minute": "x"},
                    {"x": 1},
                    {},
                    5,
                    None,
                )
            ),
            _settings(api_key=NEW_KEY),
        ),
    ],
    "task settings are merged": [
        put("rerank/c", cohere() | _tasks(top_n=10, return_documents=True)),
        *_updated(
            "rerank/c",
            _tasks(top_n=5),
            _tasks(return_documents=False),
            _tasks(top_n=None),
            _tasks(),
            _tasks(bogus=1),
            _tasks(top_n="x"),
            _tasks(top_n=0),
            _tasks(top_n=3, bogus=1),
        ),
        put(_A, openai() | _tasks(user="u")),
        *_updated(
            _A, _tasks(user="v"), _tasks(headers={"a": "b"}), _tasks(headers={"c": "d"}), _tasks(user=None)
        ),
        *_updated(_A, _tasks(user=5), _tasks(bogus=1), _tasks(user="")),
    ],
    "explicit chunking settings and an update": [
        put(_A, openai() | {"chunking_settings": _SENTENCE}),
        *_updated(_A, _settings(api_key=KEY), _settings(api_key=NEW_KEY)),
        put("text_embedding/b", openai() | {"chunking_settings": {"strategy": "none"}}),
        *_updated("text_embedding/b", _tasks(user="u")),
        put("text_embedding/c", openai()),
        *_updated("text_embedding/c", _settings(), _tasks(), _tasks(user="u")),
        put("rerank/d", cohere()),
        *_updated("rerank/d", _settings(api_key=NEW_KEY)),
    ],
    "secrets cannot be added later": [
        put(
            "completion/a",
            {"service": "llama", "service_settings": {"model_id": "m", "url": f"{PROVIDER}/v1/chat"}},
        ),
        *_updated("completion/a", _settings(api_key=KEY), _settings(), _settings(model_id="m2")),
    ],
    "an update of what has just been deleted": [
        put(_A, openai()),
        delete("a"),
        update(_A, _settings(api_key=NEW_KEY)),
        get("a"),
        put(_A, openai(api_key=DROPPED)),
    ],
}

"""PUT: what is taken, what is refused, and what is told first."""

from contract.steps import (
    DROPPED,
    INDICES,
    KEY,
    PROVIDER,
    Scenarios,
    cohere,
    delete,
    each_created,
    get,
    hugging_face,
    openai,
    put,
    semantic_text,
    update,
)

_A = "text_embedding/a"

SCENARIOS: Scenarios = {
    "an endpoint is created, shown, listed and deleted": [
        put(_A, openai()),
        *(get(path) for path in (_A, "a", "text_embedding/_all", "completion/_all", "", "_all", "*")),
        delete(_A),
        get("a"),
        get(""),
        delete("a"),
    ],
    "an id that is taken is refused, whatever else is asked": [
        put(_A, openai()),
        put(_A, openai()),
        put("a", openai() | {"task_type": "text_embedding"}),
        put("completion/a", openai(url=f"{PROVIDER}/v1/chat/completions")),
        put(_A, hugging_face()),
        put(_A, openai(api_key="refused")),
        put(_A, openai(model_id=DROPPED)),
        get("a"),
    ],
    "a deleted id may be used again, for another service and task type": [
        put(_A, openai()),
        delete("a"),
        put(_A, hugging_face()),
        delete("a"),
        put("completion/a", openai(url=f"{PROVIDER}/v1/chat/completions")),
        get("a"),
    ],
    "the task type may stand in the path, in the body or in both": [
        put("a", openai()),
        *each_created(
            "a", *(openai() | {"task_type": task} for task in ("text_embedding", "TEXT_EMBEDDING"))
        ),
        *each_created(_A, openai() | {"task_type": "text_embedding"}, openai() | {"task_type": "any"}),
        *each_created(_A, openai() | {"task_type": "completion"}, openai() | {"task_type": "no_such_task"}),
        *each_created("a", openai() | {"task_type": 5}, openai() | {"task_type": None}),
        *each_created("a", openai() | {"task_type": ""}, openai() | {"task_type": ["rerank"]}),
    ],
    "unknown task types are refused wherever they stand": [
        put("no_such_task/a", openai()),
        put("Text_Embedding/a", openai()),
        get("text_embedding/a"),
        put("any/b", openai()),
        get("no_such_task/a"),
        get("no_such_task/_all"),
        delete("no_such_task/a"),
        update("no_such_task/a", {"task_settings": {"user": "u"}}),
        get("_services/no_such_task"),
    ],
    "the syntax of ids": [
        step
        for name in (
            "a-b_c.d",
            "1",
            "A",
            "-a",
            "a-",
            "_a",
            "a_",
            ".a",
            "a.",
            "a:b",
            "ä",
            "a b",
            "a,b",
            "a*",
            "~a",
        )
        for step in (put(f"text_embedding/{name}", openai()), get(name), delete(name))
    ],
    "long ids": [
        step
        for name in ("x" * 65, "x" * 200)
        for step in (put(f"text_embedding/{name}", openai()), get(name), delete(name))
    ],
    "very long ids": [
        put(f"text_embedding/{'x' * 600}", openai()),
        get("x" * 600),
        delete("x" * 600),
    ],
    "words of the path are no ids": [
        *(
            put(f"text_embedding/{name}", openai())
            for name in ("_all", "_update", "_services", "_stream", "any")
        ),
        *(get(name) for name in ("any", "text_embedding", "rerank/any")),
        put("text_embedding", openai() | {"task_type": "text_embedding"}),
        get("text_embedding"),
        delete("text_embedding"),
        delete("any"),
    ],
    "reserved ids belong to the server": [
        get(".elser-2-elasticsearch"),
        get("sparse_embedding/.multilingual-e5-small-elasticsearch"),
        put("text_embedding/.multilingual-e5-small-elasticsearch", openai()),
        put("text_embedding/.mine", openai()),
        update("sparse_embedding/.elser-2-elasticsearch", {"task_settings": {"a": 1}}),
        update("sparse_embedding/.elser-2-elasticsearch", {"service_settings": {"num_allocations": 2}}),
        update("text_embedding/.elser-2-elasticsearch", {"service_settings": {"num_allocations": 2}}),
        delete(".elser-2-elasticsearch?dry_run=true"),
        delete("rerank/.elser-2-elasticsearch"),
        delete(".elser-2-elasticsearch"),
        delete(".no-such"),
    ],
    "the service must be known and must have the task type": [
        *each_created(
            _A,
            {},
            {"service": None},
            {"service": "openai"},
            {"service": ""},
            {"service": 5},
            {"service": ["openai"]},
            {"service": "OpenAI", "service_settings": {}},
            {"service": "no-such"},
            {"service": "no-such", "service_settings": {"api_key": KEY}},
            {"service_settings": {"api_key": KEY}},
        ),
        *(put(f"{task}/a", openai()) for task in ("rerank", "sparse_embedding", "embedding")),
        put("completion/a", cohere(model_id=DROPPED, api_key=DROPPED)),
        put("chat_completion/a", cohere()),
        put("sparse_embedding/a", cohere()),
        put("rerank/a", {"service": "rerank", "service_settings": {}}),
    ],
    "of several mistakes the first is told": [
        put("no_such/A?x=1", "not json", who="nobody"),
        put("no_such/A?x=1", "not json", who=("monitor",)),
        put("no_such/A?x=1", "not json"),
        put("text_embedding/A?x=1", "not json"),
        put("text_embedding/A", "not json"),
        put("text_embedding/A", "not json", who=("monitor",)),
        put(_A, "not json"),
        put(_A, {"service": "no-such", "bogus": 1}),
        put("rerank/a", openai(model_id=DROPPED, bogus=1) | {"bogus": 1}),
        put(_A, openai(model_id=DROPPED, api_key=DROPPED, dimensions=-1, bogus=1) | {"bogus": 1}),
        put(_A, openai(api_key=DROPPED, bogus=1) | {"task_settings": {"x": 1}, "bogus": 1}),
        put(_A, openai(bogus=1) | {"task_settings": {"x": 1}, "chunking_settings": {"strategy": "x"}}),
        put(_A, openai(bogus=1) | {"task_settings": {"x": 1}, "bogus": 1}),
        put(_A, openai(bogus=1, api_key="refused")),
        put(_A, openai(api_key="refused") | {"bogus": 1}),
        put(_A, openai(bogus=1, rate_limit={"requests_per_minute": 0})),
        put(_A, openai(rate_limit={"x": 1}, similarity="x", dimensions=0)),
    ],
    "what an index has recorded of an id binds the next endpoint": [
        put(_A, openai(dimensions=8)),
        put(f"/{INDICES[0]}", semantic_text("a")),
        put(
            f"/{INDICES[1]}",
            semantic_text(
                "b",
                model_settings={
                    "task_type": "text_embedding",
                    "dimensions": 8,
                    "similarity": "cosine",
                    "element_type": "float",
                },
            ),
        ),
        delete("a?force=true"),
        put(_A, openai(dimensions=16, similarity="cosine")),
        put("text_embedding/b", openai(dimensions=16, similarity="cosine")),
        put("text_embedding/b", openai(dimensions=8, similarity="dot_product")),
        put("completion/b", openai(url=f"{PROVIDER}/v1/chat/completions")),
        put("text_embedding/b", openai(dimensions=8, similarity="cosine")),
    ],
    "an id that an index names, without what the mapping is compared with": [
        put(f"/{INDICES[0]}", semantic_text("a")),
        put(_A, openai(dimensions=8), patience=3),  # 8.19.8 is silent for ever
        put("completion/a", openai(url=f"{PROVIDER}/v1/chat/completions")),
        get("a"),
    ],
}

"""GET and POST: the root, the services, what is listed, and what the endpoints answer."""

from contract.steps import (
    PROVIDER,
    Request,
    Scenarios,
    cohere,
    get,
    hugging_face,
    openai,
    post,
    put,
)

_A = "text_embedding/a"
_CHAT = f"{PROVIDER}/v1/chat/completions"
_MESSAGES = {"messages": [{"role": "user", "content": "ping"}]}

SCENARIOS: Scenarios = {
    "who the server is": [
        get("/"),
        get("/?pretty"),
        get("/?x=1"),
        Request("HEAD", "/"),
        Request("POST", "/"),
    ],
    "the services": [
        get("_services"),
        *(
            get(f"_services/{task}")
            for task in ("text_embedding", "rerank", "chat_completion", "any", "no_such")
        ),
        get("_services?x=1"),
        get("_services?pretty"),
    ],
    "unknown parameters": [
        put(f"{_A}?x=1", openai()),
        put(f"{_A}?x=1&y=2", openai()),
        put(f"{_A}?timeouts=1s", openai()),
        put(_A, openai()),
        get("a?x=1"),
        get("a?timeout=1s"),
        get("?x=1"),
        get("a?pretty&human&error_trace=false"),
        put(f"{_A}/_update?x=1", {"task_settings": {"user": "u"}}),
        put(f"{_A}/_update?timeout=30s", {"task_settings": {"user": "u"}}),
        post("a?x=1", {"input": "ping"}),
        post("a?timeout=30s", {"input": "ping"}),
    ],
    "what is listed, in order": [
        *(put(f"text_embedding/{name}", openai()) for name in ("b", "a", "a-1", "a.b", "a_b", "10", "9")),
        put("rerank/c", cohere()),
        put("completion/d", openai(url=_CHAT)),
        *(
            get(path)
            for path in ("", "_all", "rerank/_all", "text_embedding/_all", "any/_all", "text_embedding/*")
        ),
        *(get(path) for path in ("a*", "a,b", "rerank/a", "any/a", "text_embedding/no-such", "no-such")),
    ],
    "an embedding": [
        put(_A, openai()),
        *(
            post(path, {"input": "ping"})
            for path in (_A, "a", "any/a", "rerank/a", "completion/a", "no-such")
        ),
        post(_A, {"input": ["one", "two"]}),
        post(_A, {"input": "ping", "input_type": "search"}),
        post(f"{_A}/_stream", {"input": "ping"}),
        put("text_embedding/b", hugging_face()),
        post("b", {"input": ["one", "two"]}),
    ],
    "a ranking": [
        put("rerank/c", cohere()),
        post("c", {"query": "q", "input": ["one", "two", "three"]}),
        post("c", {"query": "q", "input": "one"}),
        post("c", {"query": "q", "input": ["one"], "return_documents": True}),
        post("c", {"query": "q", "input": ["one", "two"], "top_n": 1}),
        post("text_embedding/c", {"input": "ping"}),
    ],
    "a completion": [
        put("completion/d", openai(url=_CHAT)),
        post("d", {"input": "ping"}),
        post("d", {"input": ["ping"]}),
        post("completion/d/_stream", {"input": "ping"}),
        post("d", _MESSAGES),
    ],
    "a chat": [
        put("chat_completion/e", openai(url=_CHAT)),
        post("e", {"input": "ping"}),
        post("e", _MESSAGES),
        post("chat_completion/e", _MESSAGES),
        post("e/_stream", _MESSAGES),
        post("chat_completion/e/_stream", {"input": "ping"}),
        post("chat_completion/e/_stream", {}),
        post("chat_completion/e/_stream", {"messages": []}),
        post("chat_completion/no-such/_stream", _MESSAGES),
    ],
    "a streamed chat": [
        put("chat_completion/e", openai(url=_CHAT)),
        post("chat_completion/e/_stream", _MESSAGES),
    ],
}

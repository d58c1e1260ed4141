"""A provider that refuses, fails, answers nonsense, breaks the connection or takes too long."""

from contract.steps import (
    KEY,
    PROVIDER,
    Provider,
    Scenarios,
    Step,
    cohere,
    get,
    hugging_face,
    openai,
    post,
    put,
    update,
)

_A = "text_embedding/a"
_PING = {"input": "ping"}
_NEWS = {"task_settings": {"user": "u"}}


def _failing(provider: Provider) -> list[Step]:
    """Create, update and ask while the provider fails."""
    return [
        put("text_embedding/b", openai()),
        provider,
        put(_A, openai()),
        get("a"),
        update("text_embedding/b", _NEWS),
        get("b"),
        post("b", _PING),
    ]


SCENARIOS: Scenarios = {
    "the provider refuses the key": [
        put(_A, openai(api_key="refused")),
        get("a"),
        put(_A, hugging_face(api_key="refused")),
        put("rerank/a", cohere(api_key="refused")),
        put("completion/a", openai(api_key="refused", url=f"{PROVIDER}/v1/chat/completions")),
        get("a"),
        put(_A, openai()),
    ],
    **{
        f"the provider answers {status}": _failing(Provider(status=status))
        for status in (400, 401, 403, 404, 413, 418, 422, 429)
    },
    "the provider answers what makes the server ask again": [
        step
        for provider in (Provider(status=500), Provider(failure="garbage"))
        for step in (provider, put(_A, openai()), get("a"))
    ],
    "the provider answers a vendor's 401 and 404": [
        step
        for status in (401, 404)
        for step in (
            Provider(status=status),
            put("rerank/a", cohere()),
            put("completion/a", cohere()),
            put(_A, hugging_face()),
            put("chat_completion/a", openai(url=f"{PROVIDER}/v1/chat/completions")),
        )
    ],
    "the provider closes the connection": _failing(Provider(failure="close")),
    "the time for a create runs out": [
        Provider(delay=2),
        put(f"{_A}?timeout=200ms", openai()),
        get("a"),
        put(f"{_A}?timeout=1ms", openai()),
        Provider(),
        put(f"{_A}?timeout=30s", openai()),
    ],
    "the time for an update or an inference runs out": [
        put(_A, openai()),
        Provider(delay=2),
        put(f"{_A}/_update?timeout=200ms", _NEWS),
        get("a"),
        post(f"{_A}?timeout=200ms", _PING),
    ],
    "times of the wrong form": [
        *(
            put(f"{_A}?timeout={value}", openai(api_key="refused"))
            for value in ("x", "5", "5 s", "-1", "-5s", "0", "1.5s", "1w", "", "10m", "5S", "s")
        ),
        put(_A, openai(), who=("monitor",)),
        put(f"{_A}?timeout=x", openai(), who=("monitor",)),
    ],
    "nobody listens, or nobody has the name": [
        put(_A, openai(url="http://127.0.0.1:1/v1")),
        get("a"),
    ],
    "the provider contradicts the dimensions": [
        put(_A, hugging_face(dimensions=16)),
        get("a"),
        put("text_embedding/b", openai(api_key=KEY, dimensions=1)),
        get("b"),
    ],
}

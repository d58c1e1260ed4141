"""Bodies of the wrong form, type or size, and settings that nobody knows."""

from contract.steps import (
    KEY,
    PROVIDER,
    WRONG,
    Request,
    Scenarios,
    cohere,
    delete,
    each_created,
    get,
    hugging_face,
    openai,
    post,
    put,
    update,
)

_A = "text_embedding/a"
_RERANK = "rerank/a"
_TEXTS = (
    "",
    " ",
    "not json",
    "{",
    '{"service": "openai"',
    "[]",
    "null",
    "5",
    '"text"',
    '{"service": "openai"} trailing',
    '{"service": "no-such", "service": "openai"}',
    "{'service': 'openai'}",
    '{"service": "no-such",}',
    '{"service": 1e400}',
    '{"service": NaN}',
    '{"service": "no-such" /* comment */}',
    '{"service": "\\ud800"}',
    "\ufeff{}",
)


SCENARIOS: Scenarios = {
    "bodies that are no object, or no JSON": [put(_A, text) for text in _TEXTS],
    "updates that are no object, or no JSON": [
        put(_A, openai()),
        *(update(_A, text) for text in _TEXTS),
        get("a"),
    ],
    "inferences that are no object, or no JSON": [
        put(_A, openai()),
        *(post(_A, text) for text in ("", " ", "not json", "{", "[]", "null", "5", '"text"')),
    ],
    "requests without a body": [
        put(_A),
        put(_A, openai()),
        update(_A),
        post(_A),
        put("a"),
        update("a"),
        post("b"),
    ],
    "media types": [
        *(
            put(_A, '{"service": "no-such"}', headers={"Content-Type": kind})
            for kind in (
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/json; charset=utf-8",
                "APPLICATION/JSON",
                "application/yaml",
                "application/xml",
                "json",
                "application/vnd.elasticsearch+json;compatible-with=8",
                "application/vnd.elasticsearch+json;compatible-with=7",
                "application/x-ndjson",
            )
        ),
        *(
            get("no-such", headers={"Accept": kind})
            for kind in (
                "application/json",
                "text/plain",
                "application/vnd.elasticsearch+json;compatible-with=8",
                "application/vnd.elasticsearch+json;compatible-with=7",
                "application/vnd.elasticsearch+json;compatible-with=10",
            )
        ),
        *(
            put(_A, '{"service": "no-such"}', headers={"Accept": kind, "Content-Type": kind})
            for kind in (
                "application/vnd.elasticsearch+json;compatible-with=7",
                "application/vnd.elasticsearch+json;compatible-with=8",
                "application/vnd.elasticsearch+json; compatible-with=8",
            )
        ),
    ],
    "a key of the wrong type": each_created(_A, *(openai(api_key=value) for value in WRONG)),
    "settings that nobody knows": [
        *each_created(
            _A,
            *(openai(bogus=value) for value in WRONG),
            *(openai() | {"bogus": value} for value in WRONG),
            openai() | {"task_settings": {"bogus": 1}},
            openai() | {"task_settings": {"bogus": None}},
            openai() | {"task_settings": {"user": "u", "bogus": 1}},
            openai(bogus=1, other=2),
            openai() | {"bogus": 1, "other": 2},
            hugging_face(bogus=1),
            hugging_face() | {"task_settings": {"bogus": 1}},
            hugging_face(model_id="m"),
        ),
        *each_created(_RERANK, cohere(bogus=1), cohere() | {"task_settings": {"bogus": 1}}),
    ],
    "settings with dots, and empty names": [
        *each_created(
            _A,
            {"service": "openai", "service_settings.api_key": KEY},
            openai(**{"rate_limit.requests_per_minute": 5}),
            openai(**{"": 1}),
            openai() | {"": 1},
        )
    ],
    "large bodies are taken": [
        put(
            "completion/a",
            openai(url=f"{PROVIDER}/v1/chat/completions") | {"task_settings": {"user": "u" * 50_000}},
        ),
        delete("a"),
        put(_A, openai(**{f"bogus{number}": number for number in range(30)})),
    ],
    "inferences of the wrong form": [
        put(_A, openai()),
        *(
            post(_A, body)
            for body in (
                {},
                *({"input": value} for value in (*WRONG, [5], [None])),
                {"input": "x", "bogus": 1},
                {"query": "x"},
                {"input": "x", "query": "y"},
                *({"input": "x", "input_type": value} for value in ("ingest", "no-such", 5, None)),
                *(
                    {"input": "x", "task_settings": value}
                    for value in ({}, {"user": "u"}, {"bogus": 1}, 5, None)
                ),
            )
        ),
        put("rerank/b", cohere()),
        *(
            post("rerank/b", body)
            for body in (
                {"input": ["x"]},
                {"query": "q"},
                {"query": "q", "input": []},
                {"query": 5, "input": ["x"]},
                {"query": "q", "input": ["x"], "top_n": 0},
                {"query": "q", "input": ["x"], "top_n": "x"},
                {"query": "q", "input": ["x"], "return_documents": "x"},
            )
        ),
    ],
    "paths and methods that nobody serves": [
        Request(method, path)
        for method, path in (
            ("POST", "/_inference"),
            ("PUT", "/_inference"),
            ("DELETE", "/_inference"),
            ("PATCH", "/_inference/a"),
            ("HEAD", "/_inference/a"),
            ("HEAD", "/"),
            ("POST", "/_inference/_services"),
            ("POST", "/_inference/_all"),
            ("POST", "/_inference/a/_update"),
            ("GET", "/_inference/a/_update"),
            ("DELETE", "/_inference/a/_update"),
            ("PUT", "/_inference/a/b/c"),
            ("GET", "/_inference/a/b/_update"),
            ("GET", "/_inference/"),
            ("GET", "/_inference//a"),
            ("GET", "/_inference/%2e"),
            ("GET", "/_inference/a%2Fb"),
            ("GET", "/_inference/%zz"),
            ("POST", "/_nope/a"),
        )
    ],
}

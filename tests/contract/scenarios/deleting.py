"""DELETE: the endpoint in use, the dry run, the force, and what is not there."""

from contract.steps import (
    INDICES,
    Scenarios,
    cohere,
    delete,
    get,
    openai,
    put,
    semantic_text,
)

_A = "text_embedding/a"
_ONE, _TWO = (f"/{name}" for name in INDICES)

SCENARIOS: Scenarios = {
    "an endpoint in use by an index is kept": [
        put(_A, openai()),
        put(_ONE, semantic_text("a")),
        delete("a"),
        delete(_A),
        delete("a?dry_run=true"),
        get("a"),
        put(_TWO, semantic_text("b", search_inference_id="a")),
        delete("a"),
        delete("a?dry_run"),
        delete(_ONE),
        delete("a"),
        delete(_TWO),
        delete("a"),
        get("a"),
    ],
    "force deletes also what is in use": [
        put(_A, openai()),
        put(_ONE, semantic_text("a")),
        delete("a?force=true&dry_run=true"),
        get("a"),
        delete("a?force=true"),
        get("a"),
        delete("a?force=true"),
        put(_A, openai(dimensions=8, similarity="dot_product")),
        delete("a?force"),
    ],
    "a dry run changes nothing": [
        put(_A, openai()),
        delete("a?dry_run=true"),
        delete("rerank/a?dry_run=true"),
        get("a"),
        delete("a?dry_run=false"),
        delete("a?dry_run=true"),
    ],
    "flags of the wrong form, and parameters that nobody knows": [
        put(_A, openai()),
        *(
            delete(f"a?{query}")
            for query in ("force=yes", "dry_run=1", "force=TRUE", "x=1", "x=1&y=2", "timeout=1s")
        ),
        delete("a?pretty"),
    ],
    "the task type must be that of the endpoint": [
        put(_A, openai()),
        delete("rerank/a"),
        delete("rerank/a?force=true"),
        delete("any/a"),
        delete("rerank/a"),
    ],
    "what is not there": [
        *(
            delete(path)
            for path in ("a", _A, "*", "_all", "a,b", "a*", "A", ".a", "a?force=true", "text_embedding/*")
        ),
    ],
    "several indices are all named": [
        put("rerank/c", cohere()),
        put(_A, openai()),
        put(_ONE, semantic_text("a")),
        put(_TWO, semantic_text("a")),
        delete("a"),
        delete("a?dry_run=true"),
        delete("c"),
    ],
    "fields deep inside a mapping count as well": [
        put(_A, openai()),
        put(
            _ONE,
            {"mappings": {"properties": {"o": {"properties": semantic_text("a")["mappings"]["properties"]}}}},
        ),
        delete("a"),
    ],
    "an index may name an endpoint that is not there": [
        put(_ONE, semantic_text("no-such")),
        put(_TWO, {"mappings": {"properties": {"text": {"type": "semantic_text"}}}}),
        put(_ONE, semantic_text("no-such")),
        put("text_embedding/no-such", openai(dimensions=8, similarity="cosine")),
        delete("no-such"),
        delete(_ONE),
        delete(_ONE),
        delete("no-such"),
    ],
}

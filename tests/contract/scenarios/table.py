"""What is told of the real servers and shown by no other scenario, as single points."""

from base64 import b64encode
from typing import Any

from contract.scenarios.services import smallest
from contract.steps import (
    KEY,
    Meanwhile,
    Provider,
    Scenarios,
    Step,
    Together,
    delete,
    get,
    openai,
    post,
    put,
    update,
)

_A = "text_embedding/a"
_MARKDOWN = {"strategy": "recursive", "max_chunk_size": 100, "separator_group": "markdown"}
_RESTRICTED = {"names": [".inference"], "privileges": ["all"], "allow_restricted_indices": True}
_JANITOR = "Basic " + b64encode(b"janitor:a-password").decode()
"""Not even a superuser may delete an index of the system."""
_BREAKER = "network.breaker.inflight_requests.limit"


def _set(name: str, value: Any) -> Step:
    return put("/_cluster/settings", {"persistent": {name: value}})


def limits(*pairs: str) -> list[Step]:
    """Give an endpoint of each pair another rate limit."""
    steps: list[Step] = []
    for number, pair in enumerate(pairs):
        path = f"{pair.split()[1]}/a{number}"
        changes = {"api_key": KEY, "rate_limit": {"requests_per_minute": 42}}
        steps += [put(path, smallest(pair)), update(path, {"service_settings": changes})]
    return steps


SCENARIOS: Scenarios = {
    "settings that come back otherwise": [
        put("text_embedding/a", openai() | {"chunking_settings": _MARKDOWN}),
        put("text_embedding/b", smallest("cohere text_embedding") | {"task_settings": {"truncate": "NONE"}}),
        put("text_embedding/c", smallest("openshift_ai text_embedding")),
        put("text_embedding/d", smallest("jinaai text_embedding")),
    ],
    "the rate limit of some services": limits("cohere rerank", "openai completion", "jinaai rerank"),
    "values of another JSON type": [
        put(_A, openai(rate_limit=5)),
        put(_A, {"service": 5, "service_settings": {}}),
        put(_A, openai(dimensions="x")),
    ],
    "empty limits and empty task settings": [
        put("text_embedding/a", openai(rate_limit={})),
        put("text_embedding/b", openai() | {"task_settings": None}),
        put("text_embedding/c", openai() | {"task_settings": {}}),
    ],
    "a read-only cluster": [
        put(_A, openai()),
        _set("cluster.blocks.read_only", True),
        put("text_embedding/b", openai()),
        update(_A, {"task_settings": {"user": "u"}}),
        delete("a"),
        get("a"),
        _set("cluster.blocks.read_only", None),
        delete("a"),
    ],
    "a circuit breaker": [
        _set(_BREAKER, "64b"),
        put(_A, openai()),
        _set(_BREAKER, None),
        put(_A, openai()),
    ],
    "the index of the endpoints is removed": [
        put(_A, openai()),
        put("/_security/role/janitor", {"indices": [_RESTRICTED]}),
        put("/_security/user/janitor", {"password": "a-password", "roles": ["janitor"]}),
        delete("/.inference", who=_JANITOR),
        get("a"),
        put(_A, openai()),
        put(_A, openai()),
    ],
    "five creates at once": [Provider(delay=0.5), Together(put(_A, openai()), times=5), get("a")],
    "a slow create is outlived": [
        Provider(delay=1),
        Meanwhile(
            slow=put(_A, openai()),
            steps=[Provider(), get("a"), put(_A, openai()), delete("a"), get("a")],
        ),
        get("a"),
    ],
}
OTHER_LIMITS = (
    *("anthropic completion", "ai21 completion", "azureopenai completion", "azureaistudio completion"),
    *("mistral completion", "hugging_face rerank", "voyageai rerank", "googleaistudio completion"),
    *("groq chat_completion", "nvidia completion", "fireworksai completion", "contextualai rerank"),
    *("deepseek completion", "openshift_ai rerank"),
)
BASIC: list[Step] = [
    put(_A, openai()),
    post("/_license/start_basic?acknowledge=true"),
    put("text_embedding/b", openai()),
    update(_A, {"service_settings": {"api_key": KEY}}),
    post("a", {"input": "ping"}),
    get("a"),
    get("_services"),
    delete("a?dry_run=true"),
    delete("a"),
]
"""For a server of its own, which has no other licence afterwards."""
LONG: Scenarios = {"the rate limit of all other services": limits(*OTHER_LIMITS)}

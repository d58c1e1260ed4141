"""What a person is told: the culprit by name, what to do next, on one line, and never a key.

All mistakes are made at once, in one namespace, as each costs nothing but its own endpoint.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from inference_operator.errors import Reason
from testbed.builders import Connection, Endpoint, connection, endpoint, secret
from testbed.controlplane import ControlPlane
from testbed.planted import finds
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.world import CONNECTIONS, ENDPOINTS, World

pytestmark = pytest.mark.xdist_group("messages")

KEY = "sk-planted/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
IN_PLAIN = "sk-in-plain/00112233445566778899aabbccddeeff"
PLANTED = {"the key of the provider": KEY, "a key in plain text": IN_PLAIN}
URL = "https://provider.example/v1/embeddings"
LONGEST = 512
"""Characters that a message may have."""
ACME = {
    "service": "acme",
    "name": "Acme",
    "task_types": ["rerank"],
    "configurations": {
        "pass_phrase": {
            "type": "str",
            "required": True,
            "sensitive": True,
            "updatable": True,
            "supported_task_types": ["rerank"],
        }
    },
}
"""A service that no catalogue knows, with a secret of a new name."""


@dataclass(frozen=True)
class Mistake:
    """An endpoint with something wrong, and what is said about it, as regular expressions."""

    endpoint: Endpoint
    reason: Reason
    says: tuple[str, ...]
    provider: Mapping[str, Any] = field(default_factory=dict)
    """How the provider behaves to it."""


def openai(**settings: Any) -> Endpoint:
    """A good endpoint but for these settings; None takes one out. It gets its name later."""
    given = {"model_id": "embed-1", "url": URL, **settings}
    kept = {name: value for name, value in given.items() if value is not None}
    return endpoint("", service="openai", **kept).with_secret("provider")


def refused(made: Endpoint, *says: str) -> Mistake:
    """One whose settings Elasticsearch refuses."""
    return Mistake(made, Reason.INVALID_SETTINGS, says)


def disliked(reason: Reason, *says: str, **script: Any) -> Mistake:
    """A good one that the provider does not like."""
    return Mistake(openai(), reason, says, script)


MISTAKES = {
    "the service is misspelt": Mistake(
        openai().with_spec(service="openia"),
        Reason.UNKNOWN_SERVICE,
        (r"\[openia\]", r"correct spec\.service", 'did you mean "openai"'),
    ),
    "the service is like no other": Mistake(
        openai().with_spec(service="telepathy"),
        Reason.UNKNOWN_SERVICE,
        (r"\[telepathy\]", "this cluster lists ai21, .*, watsonxai"),
    ),
    "the task type is misspelt": Mistake(
        openai().with_spec(taskType="text_embeddings"),
        Reason.UNSUPPORTED_TASK_TYPE,
        ("text_embeddings", r"correct spec\.taskType", 'did you mean "text_embedding"'),
    ),
    "the task type is that of other services": Mistake(
        openai().with_spec(taskType="rerank"),
        Reason.UNSUPPORTED_TASK_TYPE,
        ("rerank", "openai offers text_embedding, completion, chat_completion"),
    ),
    "a setting is misspelt": refused(
        openai(model_id=None, modle_id="embed-1"), "model_id", 'did you mean "model_id" instead of "modle_id"'
    ),
    "a setting is given twice, once misspelt": refused(
        openai(modle_id="embed-1"), "modle_id", 'take "modle_id" out'
    ),
    "a setting is unknown": refused(openai(bogus=1), "bogus", "serviceSettings takes .*model_id"),
    "a setting is in the wrong place": refused(openai(user="me"), "user belongs under taskSettings"),
    "a setting has the wrong type": refused(openai(dimensions="many"), "dimensions must be an integer"),
    "a setting has a type over which the server stumbles": refused(
        openai(rate_limit="fast"), "wrong JSON type", "rate_limit must be an object"
    ),
    "a word is not among those allowed": refused(
        openai(similarity="near"), r"\[similarity\] must be one of \[cosine, dot_product, l2_norm\]"
    ),
    "a setting is missing": refused(openai(model_id=None), "model_id", "add it to the spec"),
    "the secret is missing": refused(
        openai().with_spec(secretSettings=[]), "api_key", r"spec\.secretSettings"
    ),
    "a chunking setting is misspelt": refused(
        openai().with_spec(chunkingSettings={"strategy": "word", "max_chunk_siz": 100, "overlap": 20}),
        'did you mean "max_chunk_size" instead of "max_chunk_siz"',
    ),
    "a secret of a new service is given in plain text": Mistake(
        endpoint("", service="acme", task_type="rerank", pass_phrase=IN_PLAIN).with_spec(
            connectionRef={"name": "newer"}
        ),
        Reason.INVALID_SPEC,
        ("/serviceSettings/pass_phrase", "secretSettings"),
    ),
    "the provider refuses the key, and repeats it": disliked(
        Reason.PROVIDER_REFUSED_KEY,
        "Incorrect API key provided: •••",
        "put a valid key into the Secret",
        status=401,
        message=f"Incorrect API key provided: {KEY}\r\n\x1b[31mSee our pages.\u2028\u202e",
    ),
    "the provider refuses the key, and talks and talks": disliked(
        Reason.PROVIDER_REFUSED_KEY, "put a valid key into the Secret", status=401, message="words " * 400
    ),
    "the provider does not know the model": disliked(
        Reason.PROVIDER_REJECTED,
        r"The model \W*embed-1\W* does not exist",
        "correct model",
        status=404,
        message="The model 'embed-1' does not exist",
    ),
    "the provider is overloaded": disliked(
        Reason.PROVIDER_UNAVAILABLE, "Slow down", "cannot be used now", status=429, message="Slow down"
    ),
}
for _gap in range(0, 36, 7):
    MISTAKES[f"the provider repeats the key near the ends of a long text, {_gap} characters on"] = disliked(
        Reason.PROVIDER_REFUSED_KEY,
        "put a valid key into the Secret",
        status=401,
        message=f"{'x' * (104 + _gap)} {KEY} {'z' * 500} {KEY} {'y' * (130 + _gap)}",
    )
NAMES = {title: f"mistake-{number}" for number, title in enumerate(MISTAKES)}

CONNECTION_MISTAKES = {
    "unknown-key": (Reason.UNAUTHORIZED, "put valid ones into the Secret"),
    "only-monitor": (Reason.INSUFFICIENT_PRIVILEGES, '"manage_inference", "monitor"'),
}


@pytest.fixture(scope="module")
def es(standin_process: Standin) -> Standin:
    """The stand-in as new, but with a provider that dislikes some endpoints."""
    standin_process.reset(profile="9.4")
    for title, mistake in MISTAKES.items():
        if mistake.provider:
            standin_process.provider(NAMES[title], **mistake.provider)
    return standin_process


@pytest.fixture(scope="module")
def mistaken(control_plane: ControlPlane, operator: RunningOperator, es: Standin) -> Iterator[World]:
    """A namespace in which every mistake has been made."""
    assert operator.running
    with World.create(control_plane) as world:
        world.apply(connection(es), secret("provider", api_key=KEY))
        world.wait_connected()
        es.fault("GET", "/_inference/_services", status=200, body=[ACME])
        world.apply(connection(es, "newer"))
        world.wait_connected("newer")
        world.apply(
            with_key(connection(es, "unknown-key"), "bm9ib2R5Om5vdGhpbmc="),
            with_key(connection(es, "only-monitor"), es.create_api_key(["monitor"])),
        )
        named = [Endpoint(NAMES[title], mistake.endpoint.spec) for title, mistake in MISTAKES.items()]
        world.apply(*named)
        yield world


def with_key(made: Connection, key: str) -> Connection:
    """The connection with another API key."""
    return replace(made, credentials=secret(made.credentials.name, api_key=key))


def check(world: World, name: str, plural: str = ENDPOINTS) -> None:
    """Every text about the object is short, on one line, without control characters and without a key."""
    events: Any = world.core.list_namespaced_event(
        world.namespace, field_selector=f"involvedObject.name={name}"
    )
    messages = [found.get("message", "") for found in world.status(name, plural)["conditions"]]
    for message in [*messages, *(event.message for event in events.items)]:
        assert message.isprintable()
        assert len(message) <= LONGEST
        assert list(finds(message, PLANTED)) == []
        assert half_of_a_key(message) is None


def half_of_a_key(message: str) -> str | None:
    """A piece of a key, as an unlucky cut would leave it."""
    pieces = (key[start : start + 10] for key in PLANTED.values() for start in range(len(key) - 9))
    return next((piece for piece in pieces if piece in message), None)


@pytest.mark.parametrize("title", MISTAKES)
def test_mistake_is_named_with_what_to_do(mistaken: World, title: str) -> None:
    """The reason is right, the message names the culprit and advises; nobody sees a key."""
    mistake = MISTAKES[title]
    message = mistaken.wait_reason(NAMES[title], mistake.reason)["message"]
    assert [text for text in mistake.says if not re.search(text, message)] == [], message
    check(mistaken, NAMES[title])


def test_secret_in_plain_text_is_not_sent(mistaken: World, es: Standin) -> None:
    """What Elasticsearch would keep as a secret is refused before it is asked."""
    name = NAMES["a secret of a new service is given in plain text"]
    mistaken.wait_reason(name, Reason.INVALID_SPEC)
    assert [seen.path for seen in es.operations() if name in seen.path] == []


@pytest.mark.parametrize("name", CONNECTION_MISTAKES)
def test_mistake_of_a_connection_is_named_with_what_to_do(mistaken: World, name: str) -> None:
    """The same for those who look after connections."""
    reason, says = CONNECTION_MISTAKES[name]
    message = mistaken.wait_reason(name, reason, CONNECTIONS)["message"]
    assert re.search(says, message), message
    check(mistaken, name, CONNECTIONS)

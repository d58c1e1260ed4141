"""What can be wrong with an endpoint: each case has its own reason and advice, costs little, and heals by itself."""

import json

import pytest

from inference_operator.errors import Reason
from testbed.trouble import NAME, Scene, Trouble, prove, trouble
from testbed.world import ENDPOINTS

pytestmark = pytest.mark.xdist_group("bad-endpoints")

URL = "https://provider.example/v1/embeddings"
BEYOND = 1200.0
"""Seconds that the provider takes to answer when it takes longer than anybody waits."""


def secret_at(path: str) -> dict[str, object]:
    """An endpoint whose only secret setting belongs there."""
    return {"secretSettings": [{"path": path, "secretKeyRef": {"name": "provider", "key": "api_key"}}]}


REFERENCES = {
    "the connection is missing": trouble(
        Reason.CONNECTION_NOT_FOUND, "'main'.*create it", stalled=False, connection=None
    ),
    "the Secret is missing": trouble(
        Reason.SECRET_NOT_FOUND, "'provider'.*create it", stalled=False, provider=None
    ),
    "the Secret lacks the key": trouble(
        Reason.SECRET_KEY_NOT_FOUND, "'api_key'; add it", stalled=False, provider={"another": "x"}
    ),
    "the key is not UTF-8": trouble(
        Reason.SECRET_VALUE_INVALID, "not UTF-8.*anew", provider={"api_key": b"\xff\xfek\0"}
    ),
}
SPECS = {
    "the service is unknown": trouble(
        Reason.UNKNOWN_SERVICE, r"\[no_service\].*correct spec\.service", endpoint={"service": "no_service"}
    ),
    "a setting is unknown": trouble(
        Reason.INVALID_SETTINGS,
        "modell_id.*correct the name in the spec",
        endpoint={"serviceSettings": {"model_id": "m", "modell_id": "m"}},
    ),
    "a required setting is missing": trouble(
        Reason.INVALID_SETTINGS,
        "model_id.*add it to the spec",
        endpoint={"serviceSettings": {"url": URL}},
    ),
    "a setting has the wrong type": trouble(
        Reason.INVALID_SETTINGS,
        "dimensions must be an integer",
        endpoint={"serviceSettings": {"model_id": "m", "dimensions": "many"}},
    ),
    "a setting has a type that the server stumbles over": trouble(
        Reason.INVALID_SETTINGS,
        "wrong JSON type.*correct it in the spec",
        endpoint={"serviceSettings": {"model_id": "m", "rate_limit": "fast"}},
    ),
    "the service lacks the task type": trouble(
        Reason.UNSUPPORTED_TASK_TYPE, r"correct spec\.taskType", endpoint={"taskType": "rerank"}
    ),
    "the task type is unknown": trouble(
        Reason.UNSUPPORTED_TASK_TYPE, r"correct spec\.taskType", endpoint={"taskType": "telepathy"}
    ),
    "a secret is given in the settings as well": trouble(
        Reason.INVALID_SPEC,
        "both in the settings and in secretSettings",
        endpoint=secret_at("/serviceSettings/model_id"),
    ),
    "a secret belongs inside a text": trouble(
        Reason.INVALID_SPEC, "not an object", endpoint=secret_at("/serviceSettings/model_id/key")
    ),
    "a secret belongs inside a list": trouble(
        Reason.INVALID_SPEC,
        "not an object",
        endpoint={"taskSettings": {"list": [{}]}, **secret_at("/taskSettings/list/0/key")},
    ),
}
CLUSTER = {
    "the provider refuses the key": trouble(
        Reason.PROVIDER_REFUSED_KEY,
        "put a valid key into the Secret",
        server=lambda es: es.provider(status=401),
    ),
    "the provider does not know the model": trouble(
        Reason.PROVIDER_REJECTED, "correct model, url", server=lambda es: es.provider(status=404)
    ),
    "the provider is overloaded": trouble(
        Reason.PROVIDER_UNAVAILABLE,
        "cannot be used now",
        stalled=False,
        server=lambda es: es.provider(status=429),
    ),
    "the provider is broken": trouble(
        Reason.PROVIDER_UNAVAILABLE,
        "cannot be used now",
        stalled=False,
        server=lambda es: es.provider(status=500),
    ),
    "the licence does not include inference": trouble(
        Reason.LICENSE_NON_COMPLIANT, "install a licence", server=lambda es: es.set_licensed(licensed=False)
    ),
}


def rows(cases: dict[str, Trouble]) -> pytest.MarkDecorator:
    """The table as parameters, with its sentences as ids."""
    return pytest.mark.parametrize("ill", cases.values(), ids=cases.keys())


@rows(REFERENCES | SPECS | CLUSTER)
def test_bad_endpoint_is_named_cheap_and_heals(scene: Scene, ill: Trouble) -> None:
    """The endpoint says why, nothing is written meanwhile, and it is Ready once the cause is gone."""
    prove(scene, ill, ENDPOINTS)


@pytest.mark.parametrize("standin", ["9.4", "8.19"], indirect=True)
def test_provider_that_answers_too_late_is_named_and_heals(scene: Scene) -> None:
    """The server gives up after spec.timeout, says so in time, and is asked again."""
    scene.es.provider(delay=BEYOND)
    scene.apply({"endpoint": {"timeout": "1s"}})
    verdict = scene.world.wait_reason(NAME, Reason.PROVIDER_UNAVAILABLE)
    assert "timed out after [1s]" in verdict["message"]
    scene.es.provider()
    scene.world.wait_ready(NAME)


def test_newline_after_the_key_is_not_sent(scene: Scene) -> None:
    """It is the most common slip of those who make Secrets from files."""
    scene.apply({"provider": {"api_key": b"the-key\r\n"}})
    scene.world.wait_ready(NAME)
    assert scene.es.secrets(NAME) == {"api_key": "the-key"}


def test_key_in_plain_text_is_refused_by_the_api_server(scene: Scene) -> None:
    """The refusal says where keys belong, and does not repeat the key."""
    docs = scene.objects(
        {"endpoint": {"serviceSettings": {"model_id": "m", "api_key": "a-key-in-plain-text"}}}
    )
    refusal = scene.world.kubectl("apply", "--filename=-", input=json.dumps(docs["endpoint"]), check=False)
    assert "give it by secretSettings, with path /serviceSettings/api_key" in refusal
    assert "a-key-in-plain-text" not in refusal
    assert scene.world.all() == []


def test_valid_key_in_the_secret_is_tried_at_once(scene: Scene) -> None:
    """What was refused is Stalled; a person who acts need not wait for the interval."""
    scene.es.accept_keys(["a-valid-key"])
    scene.apply({"endpoint": {"interval": "24h"}})
    scene.world.wait_reason(NAME, Reason.PROVIDER_REFUSED_KEY)
    scene.world.change_secret("provider", api_key="a-valid-key")
    scene.world.wait_ready(NAME)

"""The test bed's Elasticsearch is the real one, and its provider stub decides what it accepts."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from testbed.elasticsearch import Elasticsearch
from testbed.pairs import Pair, secret_values
from testbed.provider import AZURE_RESOURCE, Provider

pytestmark = [pytest.mark.real_es, pytest.mark.xdist_group("real-es"), pytest.mark.timeout(900)]

GOOD = "a-good-key"
WRAPPER = "Could not complete inference endpoint creation as validation call to service threw an exception."


@pytest.fixture(autouse=True)
def clean(provider: Provider, real_elasticsearch: Elasticsearch) -> Iterator[None]:
    """Each test starts with one accepted key and leaves no endpoint behind; others' endpoints stay."""
    provider.reset()
    provider.accept(GOOD, "good")
    yield
    for endpoint in real_elasticsearch.admin.get("/_inference").json()["endpoints"]:
        if endpoint["inference_id"].startswith("testbed-"):
            path = f"/_inference/{endpoint['task_type']}/{endpoint['inference_id']}"
            real_elasticsearch.admin.delete(path, params={"force": "true"})


@pytest.fixture
def own_elasticsearch(real_elasticsearch: Elasticsearch) -> Elasticsearch:
    """A server that belongs to this test run: it calls our vendors, and we may do everything."""
    if not real_elasticsearch.managed:
        pytest.skip("the server of ES_URL is not ours")
    return real_elasticsearch


@pytest.fixture
def vendors(provider: Provider, own_elasticsearch: Elasticsearch) -> Provider:  # noqa: ARG001 - it has to be ours
    """The provider, which the server reaches by the vendors' own host names."""
    if not provider.vendor_hosts:
        pytest.skip("listening on port 443 needs more rights here")
    return provider


@pytest.fixture
def operator_client(real_elasticsearch: Elasticsearch) -> Iterator[httpx.Client]:
    """A client with no more privileges than the operator's."""
    with real_elasticsearch.client(real_elasticsearch.api_key) as client:
        yield client


def openai(provider: Provider, key: str = GOOD, **settings: object) -> dict[str, Any]:
    """The body that creates an OpenAI embedding endpoint at the stub."""
    required = {"api_key": key, "model_id": "embed-1", "url": f"{provider.url}/v1/embeddings"}
    return {"service": "openai", "service_settings": {**required, **settings}}


def test_openai_embedding_is_created_and_reported_without_its_key(
    provider: Provider, operator_client: httpx.Client
) -> None:
    """A create calls the provider once; the server fills in what it learned and keeps the key to itself."""
    created = operator_client.put("/_inference/text_embedding/testbed-openai-1", json=openai(provider))
    assert created.status_code == 200, created.text
    assert created.json()["service_settings"] == {
        "model_id": "embed-1",
        "url": f"{provider.url}/v1/embeddings",
        "similarity": "dot_product",
        "dimensions": 8,
        "rate_limit": {"requests_per_minute": 3000},
    }
    seen = [(request.label, request.path, request.model, request.status) for request in provider.requests()]
    assert seen == [("good", "/v1/embeddings", "embed-1", 200)]


def test_dimensions_asked_for_are_the_ones_the_stub_returns(
    provider: Provider, operator_client: httpx.Client
) -> None:
    """The server compares the vector it gets with the dimensions of the endpoint."""
    body = openai(provider, dimensions=16)
    created = operator_client.put("/_inference/text_embedding/testbed-openai-16", json=body)
    assert created.json()["service_settings"]["dimensions"] == 16, created.text


def test_hugging_face_embedding_is_created(provider: Provider, operator_client: httpx.Client) -> None:
    """The stub knows a service by what it asks, not by its path."""
    settings = {"api_key": GOOD, "url": f"{provider.url}/embed"}
    body = {"service": "hugging_face", "service_settings": settings}
    created = operator_client.put("/_inference/text_embedding/testbed-hf", json=body)
    assert created.status_code == 200, created.text
    assert created.json()["service_settings"]["dimensions"] == 8


def test_cohere_rerank_of_the_api_page_works_end_to_end(
    vendors: Provider, operator_client: httpx.Client
) -> None:
    """The vendors' fixed host names lead to the stub, over TLS that the server verifies."""
    path = "/_inference/rerank/testbed-cohere"
    body = {
        "service": "cohere",
        "service_settings": {"api_key": GOOD, "model_id": "rerank-english-v3.0"},
        "task_settings": {"top_n": 10, "return_documents": True},
    }
    created = operator_client.put(path, json=body)
    assert created.status_code == 200, created.text
    ranked = operator_client.post(path, json={"query": "q", "input": ["a", "b"]}).json()
    assert sorted(document["text"] for document in ranked["rerank"]) == ["a", "b"]
    assert {request.host for request in vendors.requests()} <= {"api.cohere.ai", "api.cohere.com"}


@pytest.mark.parametrize(
    "pair",
    [
        Pair("amazonbedrock", "completion"),
        Pair("amazon_sagemaker", "rerank"),
        Pair("googlevertexai", "rerank"),
        Pair("watsonxai", "rerank"),
    ],
    ids=lambda pair: pair.name,
)
def test_key_that_does_not_travel_itself_is_checked(
    pair: Pair, vendors: Provider, operator_client: httpx.Client
) -> None:
    """Requests are signed with it, or a token is fetched for it first: the stub knows all the same whose they are."""
    path = f"/_inference/{pair.task_type}/testbed-{pair.name}"
    body = pair.body(secret_values("unused", GOOD, vendors.url), vendors.url)
    vendors.revoke(GOOD)
    refused = operator_client.put(path, json=body)
    assert refused.status_code == 400
    assert "401" in refused.text
    vendors.reset()
    vendors.accept(GOOD, "good")
    created = operator_client.put(path, json=body)
    assert created.status_code == 200, created.text
    assert {(request.label, request.status) for request in vendors.requests()} == {("good", 200)}


def test_azure_token_is_fetched_with_the_client_secret(
    vendors: Provider, operator_client: httpx.Client
) -> None:
    """The server asks Microsoft for the token, and calls the model with it."""
    application = dict.fromkeys(("client_id", "tenant_id"), "11111111-1111-1111-1111-111111111111")
    model = {"resource_name": AZURE_RESOURCE, "deployment_id": "d", "api_version": "2024-10-21"}
    scopes = ["https://cognitiveservices.azure.com/.default"]
    settings = {**application, **model, "scopes": scopes, "client_secret": GOOD}
    body = {"service": "azureopenai", "service_settings": settings}
    created = operator_client.put("/_inference/completion/testbed-azure", json=body)
    assert created.status_code == 200, created.text
    seen = [(request.host, request.label) for request in vendors.requests()][-2:]
    assert seen == [("login.microsoftonline.com", "good"), (f"{AZURE_RESOURCE}.openai.azure.com", "good")]


@pytest.mark.parametrize("service", ["amazonbedrock", "amazon_sagemaker"])
def test_chat_comes_in_the_frames_of_amazon(
    service: str, vendors: Provider, operator_client: httpx.Client
) -> None:
    """The server unpacks them into events of its own."""
    pair = Pair(service, "chat_completion")
    path = f"/_inference/{pair.task_type}/testbed-{pair.name}"
    body = pair.body(secret_values("unused", GOOD, vendors.url), vendors.url)
    operator_client.put(path, json=body).raise_for_status()
    chat = {"messages": [{"role": "user", "content": "ping"}]}
    assert "pong" in operator_client.post(f"{path}/_stream", json=chat).text


def test_refused_key_is_a_400_whose_cause_tells_the_401(
    provider: Provider, operator_client: httpx.Client
) -> None:
    """Every failure of the provider comes wrapped, and nothing is stored."""
    refused = operator_client.put(
        "/_inference/text_embedding/testbed-openai-2", json=openai(provider, key="unknown")
    )
    assert refused.status_code == 400
    assert refused.json()["error"]["reason"] == WRAPPER
    assert "status [401]" in refused.json()["error"]["caused_by"]["reason"]
    assert operator_client.get("/_inference/text_embedding/testbed-openai-2").status_code == 404


def test_fault_ordered_from_the_stub_reaches_the_caller(
    provider: Provider, operator_client: httpx.Client
) -> None:
    """A fault that lasts outlives the server's own retries; a single one it smooths over."""
    path = "/_inference/text_embedding/testbed-openai-3"
    provider.fail(status=429)
    limited = operator_client.put(path, json=openai(provider))
    assert "status [429]" in limited.json()["error"]["caused_by"]["reason"]
    provider.reset()
    provider.accept(GOOD, "good")
    provider.fail(status=429, times=1)
    assert operator_client.put(path, json=openai(provider)).status_code == 200
    assert [request.status for request in provider.requests()] == [429, 200]


def test_key_is_rotated_by_update(provider: Provider, operator_client: httpx.Client) -> None:
    """After `_update` the server calls the provider with the new key; a bad one it refuses to take."""
    path = "/_inference/text_embedding/testbed-openai-4"
    assert operator_client.put(path, json=openai(provider)).status_code == 200
    provider.accept("the-next-key", "next")
    rotated = operator_client.put(f"{path}/_update", json={"service_settings": {"api_key": "the-next-key"}})
    assert rotated.status_code == 200, rotated.text
    provider.revoke(GOOD)
    assert operator_client.post(path, json={"input": "ping"}).status_code == 200
    assert [request.label for request in provider.requests()] == ["good", "next", "next"]


def test_endpoint_used_by_a_mapping_is_not_deleted(
    provider: Provider, own_elasticsearch: Elasticsearch, operator_client: httpx.Client
) -> None:
    """The server names the index, and `force` overrides."""
    path = "/_inference/text_embedding/testbed-openai-5"
    operator_client.put(path, json=openai(provider)).raise_for_status()
    text = {"type": "semantic_text", "inference_id": "testbed-openai-5"}
    mappings = {"properties": {"text": text}}
    own_elasticsearch.admin.put("/testbed-documents", json={"mappings": mappings}).raise_for_status()
    refused = operator_client.delete(path)
    assert refused.status_code == 409
    assert "[testbed-documents]" in refused.json()["error"]["reason"]
    assert operator_client.delete(path, params={"force": "true"}).status_code == 200
    own_elasticsearch.admin.delete("/testbed-documents").raise_for_status()


def test_key_with_monitor_alone_may_not_create(provider: Provider, own_elasticsearch: Elasticsearch) -> None:
    """Privileges are checked before the provider is called."""
    key = own_elasticsearch.create_api_key(["monitor"])
    with own_elasticsearch.client(key) as client:
        refused = client.put("/_inference/text_embedding/testbed-openai-6", json=openai(provider))
    assert refused.status_code == 403
    assert refused.json()["error"]["type"] == "security_exception"
    assert provider.requests() == []


def test_restart_keeps_what_is_stored(
    provider: Provider, own_elasticsearch: Elasticsearch, operator_client: httpx.Client
) -> None:
    """Endpoints and API keys survive a restart of the node, and so does its address."""
    path = "/_inference/text_embedding/testbed-openai-7"
    operator_client.put(path, json=openai(provider)).raise_for_status()
    own_elasticsearch.restart()
    assert operator_client.get(path).status_code == 200

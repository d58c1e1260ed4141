"""The official clients understand every answer of the stand-in, as they do those of the real servers.

The client of version 9 asks for the compatibility of version 9, which servers of version 8 do not know.
"""

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import elasticsearch8
import elasticsearch9
import pytest

from testbed.target import KEY, OURS, RealTarget, Target, targets

NAME = f"{OURS}client"
INDEX = f"{OURS}documents"
_COMBINATIONS = [
    (elasticsearch8, "standin-8.19"),
    (elasticsearch8, "standin-9.4"),
    (elasticsearch9, "standin-9.4"),
    (elasticsearch8, "real-8.19.8"),
    (elasticsearch8, "real-9.4.3"),
    (elasticsearch9, "real-9.4.3"),
]
pytestmark = pytest.mark.parametrize(
    ("package", "target"),
    [
        pytest.param(package, *one.values, marks=one.marks, id=f"{package.__name__}-{server}")
        for package, server in _COMBINATIONS
        for one in targets(server)
    ],
    indirect=["target"],
)


@pytest.fixture
def client(package: ModuleType, target: Target) -> Iterator[Any]:
    """The client of this package, as the superuser."""
    if isinstance(target, RealTarget) and "ES_URL" in os.environ:
        pytest.skip("the key of ES_URL need not have all rights")
    headers = {"authorization": target.admin.headers["Authorization"]}
    with package.Elasticsearch(target.url, ca_certs=str(target.ca_file), headers=headers) as client:
        yield client
        client.options(ignore_status=404).indices.delete(index=INDEX)


def embeddings(target: Target, key: str = KEY) -> dict[str, Any]:
    """The arguments that create an endpoint."""
    settings = {"model_id": "embed-1", "api_key": key, "url": f"{target.provider_url}/v1/embeddings"}
    return {"task_type": "text_embedding", "openai_inference_id": NAME, "service_settings": settings}


def limited(package: ModuleType, target: Target, client: Any, *privileges: str) -> Any:
    """A client with an API key of these cluster privileges."""
    role = {"cluster": list(privileges), "indices": []}
    made = client.security.create_api_key(name="limited", role_descriptors={"limited": role})
    return package.Elasticsearch(target.url, ca_certs=str(target.ca_file), api_key=made["encoded"])


def test_cluster_says_who_it_is(client: Any) -> None:
    """The root, the services, and who is asking."""
    assert client.ping()
    assert client.info()["tagline"] == "You Know, for Search"
    assert client.security.authenticate()["enabled"] is True
    asked = {"cluster": ["manage_inference", "monitor"]}
    assert client.security.has_privileges(**asked)["has_all_requested"] is True
    headers = {"accept": "application/json"}
    services = client.perform_request("GET", "/_inference/_services", headers=headers)
    assert "openai" in {service["service"] for service in services}


def test_endpoint_lives(package: ModuleType, client: Any, target: Target) -> None:
    """Created, read, updated, used, in use and deleted, each answer as an object."""
    created = client.inference.put_openai(service="openai", **embeddings(target))
    assert created["service_settings"]["dimensions"] == 8
    one = client.inference.get(task_type="text_embedding", inference_id=NAME)
    assert one["endpoints"] == [created.body]
    assert created.body in client.inference.get()["endpoints"]
    changes = {"service_settings": {"api_key": KEY}, "task_settings": {"user": "u"}}
    updated = client.inference.update(task_type="text_embedding", inference_id=NAME, inference_config=changes)
    assert updated["task_settings"] == {"user": "u"}
    vectors = client.inference.text_embedding(inference_id=NAME, input=["one", "two"])["text_embedding"]
    assert [len(vector["embedding"]) for vector in vectors] == [8, 8]
    mapping = {"text": {"type": "semantic_text", "inference_id": NAME}}
    assert client.indices.create(index=INDEX, mappings={"properties": mapping})["acknowledged"] is True
    assert client.inference.delete(inference_id=NAME, dry_run=True)["indexes"] == [INDEX]
    with pytest.raises(package.ConflictError, match="is being used in the mapping for indexes"):
        client.inference.delete(inference_id=NAME)
    assert client.inference.delete(inference_id=NAME, force=True)["acknowledged"] is True
    assert client.indices.delete(index=INDEX)["acknowledged"] is True


@pytest.mark.parametrize(
    ("task_type", "service", "path", "asked", "length"),
    [
        ("sparse_embedding", "hugging_face", "/sparse", {"input": ["one", "two"]}, 2),
        ("rerank", "hugging_face", "/rerank", {"query": "q", "input": ["one", "two"]}, 2),
        ("completion", "openai", "/v1/chat/completions", {"input": "ping"}, 1),
    ],
)
def test_inference_answers(
    client: Any, target: Target, task_type: str, service: str, path: str, asked: dict[str, Any], length: int
) -> None:
    """One answer for each input, under the name of the task type."""
    settings = {"api_key": KEY, "url": f"{target.provider_url}{path}"}
    settings |= {"model_id": "m"} if service == "openai" else {}
    body = {"service": service, "service_settings": settings}
    client.inference.put(task_type=task_type, inference_id=NAME, inference_config=body)
    assert len(getattr(client.inference, task_type)(inference_id=NAME, **asked)[task_type]) == length
    assert len(client.inference.inference(inference_id=NAME, **asked)[task_type]) == length
    client.inference.delete(inference_id=NAME)


def test_chat_is_streamed(client: Any, target: Target) -> None:
    """Events up to the last one, as text: the client has no verb of its own for it."""
    settings = {"api_key": KEY, "model_id": "m", "url": f"{target.provider_url}/v1/chat/completions"}
    body = {"service": "openai", "service_settings": settings}
    client.inference.put(task_type="chat_completion", inference_id=NAME, inference_config=body)
    plain = dict.fromkeys(("accept", "content-type"), "application/json")
    asked = {"messages": [{"role": "user", "content": "ping"}]}
    path = f"/_inference/chat_completion/{NAME}/_stream"
    events = client.perform_request("POST", path, headers=plain, body=asked).body
    assert events.count("event: message") > 1
    assert events.endswith("data: [DONE]\n\n")
    client.inference.delete(inference_id=NAME)


def test_errors_are_typed(package: ModuleType, client: Any, target: Target) -> None:
    """Each refusal is the exception that the client has for it, with type and reason."""
    with pytest.raises(package.NotFoundError) as missing:
        client.inference.get(inference_id=NAME)
    assert missing.value.error == "resource_not_found_exception"
    with pytest.raises(package.BadRequestError) as refused:
        client.inference.put_openai(service="openai", **embeddings(target, key="refused"))
    cause = refused.value.info["error"]["caused_by"]["reason"]
    assert (refused.value.status_code, "status [401]" in cause) == (400, True)
    with (
        limited(package, target, client, "monitor") as reader,
        pytest.raises(package.AuthorizationException, match="is unauthorized for API key id"),
    ):
        reader.inference.put_openai(service="openai", **embeddings(target))
    wrong = package.Elasticsearch(target.url, ca_certs=str(target.ca_file), api_key=("no-such", "key"))
    with wrong, pytest.raises(package.AuthenticationException) as unknown:
        wrong.info()
    assert (unknown.value.status_code, unknown.value.error) == (401, "security_exception")

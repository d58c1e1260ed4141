"""The Elasticsearch of a story, and the provider behind it: the real ones, or the stand-in for both.

What a person does with Elasticsearch goes through its REST API either way; only what the provider accepts
and has seen is asked in two ways. Where versions differ, the target tells what its own one does.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from testbed.builders import Endpoint, endpoint
from testbed.elasticsearch import Elasticsearch
from testbed.processes import wait_for
from testbed.provider import Provider
from testbed.standin.client import Standin

OURS = "testbed-"
"""All endpoints and indices of tests have names that begin so; others on a server that was given stay untouched."""
KEY = "the-first-key"
"""What the provider accepts from the start."""
NEXT_KEY = "the-next-key"
"""What it accepts once it is told."""
SERVERS = {
    "standin-9.4": "standin",
    "standin-8.19": "standin_8",
    "real-9.4.3": "real_elasticsearch",
    "real-8.19.8": "real_elasticsearch_8",
}
"""The fixture behind each parameter of the fixture `target`."""
_REAL = [pytest.mark.real_es, pytest.mark.timeout(900)]
_MARKS = {
    "standin-9.4": [pytest.mark.xdist_group("story")],
    "standin-8.19": [pytest.mark.xdist_group("story-8")],
    "real-9.4.3": [*_REAL, pytest.mark.xdist_group("real-es")],
    "real-8.19.8": [*_REAL, pytest.mark.xdist_group("real-es-8")],
}


def targets(*names: str) -> list[Any]:
    """These servers as parameters, each with the marks of its kind."""
    return [pytest.param(name, marks=_MARKS[name]) for name in names]


def on(*names: str) -> pytest.MarkDecorator:
    """Run a test on these servers instead of those that all tests run on."""
    return pytest.mark.parametrize("target", targets(*names), indirect=True)


class Target(ABC):
    """An Elasticsearch with a provider that accepts KEY, and further keys once it is told."""

    has_vendors = True
    """Whether services that call a vendor under its own name reach the provider."""

    def __init__(self, es: Elasticsearch | Standin, provider_url: str) -> None:
        version = tuple(map(int, es.version.split(".")[:2]))
        self.validates_updates = version >= (9, 4)
        """An update with a key that the provider refuses is refused, and the old key stays; else it is stored."""
        self.keeps_chunking = version >= (9, 4)
        """Explicit chunking settings survive an update; else any update makes them the default."""
        self.url: str = es.url
        self.ca_file: Path | None = es.ca_file
        self.api_key: str = es.api_key
        self.admin: httpx.Client = es.admin
        self.provider_url = provider_url
        self.accept(KEY)

    def embeddings(self, name: str) -> Endpoint:
        """An endpoint that this Elasticsearch can serve, with its key in the Secret `provider`."""
        url = f"{self.provider_url}/v1/embeddings"
        return endpoint(name, service="openai", model_id="embed-1", url=url).with_secret("provider")

    # What a person does by hand

    def shown(self, inference_id: str) -> dict[str, Any] | None:
        """The endpoint as GET shows it, or None."""
        answer = self.admin.get(f"/_inference/{inference_id}")
        if answer.status_code == 404:
            return None
        found: dict[str, Any] = answer.raise_for_status().json()["endpoints"][0]
        return found

    def create(
        self, inference_id: str, key: str, chunking: Mapping[str, Any] | None = None, **settings: Any
    ) -> None:
        """Make an endpoint like that of `embeddings`."""
        url = f"{self.provider_url}/v1/embeddings"
        body = {
            "service": "openai",
            "service_settings": {"model_id": "embed-1", "url": url, "api_key": key, **settings},
            **({"chunking_settings": chunking} if chunking else {}),
        }
        self.admin.put(f"/_inference/text_embedding/{inference_id}", json=body).raise_for_status()

    def edit(self, inference_id: str, **task_settings: Any) -> None:
        """Change task settings of an endpoint."""
        path = f"/_inference/text_embedding/{inference_id}/_update"
        self.admin.put(path, json={"task_settings": task_settings}).raise_for_status()

    def infer(self, inference_id: str) -> int:
        """Use an endpoint, so that the provider is sent its key; the status of the answer."""
        return self.admin.post(f"/_inference/{inference_id}", json={"input": "ping"}).status_code

    def remove(self, inference_id: str) -> None:
        """Delete an endpoint."""
        self.admin.delete(f"/_inference/{inference_id}", params={"force": "true"}).raise_for_status()

    def create_index(self, name: str, inference_id: str) -> None:
        """Make an index whose mapping uses the endpoint."""
        mappings = {"properties": {"text": {"type": "semantic_text", "inference_id": inference_id}}}
        self.admin.put(f"/{name}", json={"mappings": mappings}).raise_for_status()

    def delete_index(self, name: str) -> None:
        """Delete an index."""
        self.admin.delete(f"/{name}").raise_for_status()

    # The provider

    @abstractmethod
    def accept(self, *keys: str) -> None:
        """Let these keys pass from now on, besides those before."""

    @abstractmethod
    def key_in_force(self, inference_id: str) -> str | None:
        """The key that Elasticsearch uses for an endpoint."""

    def wait_key(self, inference_id: str, key: str) -> None:
        """Wait until Elasticsearch uses this key; for a moment after a change it may use what it has in its cache."""
        wait_for(lambda: self.key_in_force(inference_id) == key, what=f"{key} is in force", timeout=20)

    def first_sent(self, inference_id: str, key: str) -> float | None:
        """When the provider was first sent this key: with the update, or where that is unchecked, with the next use."""
        if not self.validates_updates:
            self.infer(inference_id)
        return next((time for sent, time in self.trials() if sent == key), None)

    @abstractmethod
    def trials(self) -> list[tuple[str | None, float]]:
        """The provider's requests so far: the key, if it is one of those accepted, and the time."""


class RealTarget(Target):
    """The real Elasticsearch, with the stub of a provider."""

    def __init__(self, es: Elasticsearch, provider: Provider) -> None:
        self._provider = provider
        self.has_vendors = provider.vendor_hosts and es.managed
        provider.reset()
        super().__init__(es, provider.url)

    def accept(self, *keys: str) -> None:
        """Tell the stub."""
        for key in keys:
            self._provider.accept(key, label=key)

    def key_in_force(self, inference_id: str) -> str | None:
        """What the stub is sent when the endpoint is used."""
        self.infer(inference_id)
        return self._provider.requests()[-1].label

    def trials(self) -> list[tuple[str | None, float]]:
        """What the stub has noted."""
        return [(seen.label, seen.time) for seen in self._provider.requests()]

    def clean(self) -> None:
        """Remove what a test has left behind."""
        for found in self.admin.get("/_inference").raise_for_status().json()["endpoints"]:
            if found["inference_id"].startswith(OURS):  # the operator may still be about to delete it as well
                self.admin.delete(f"/_inference/{found['inference_id']}", params={"force": "true"})


class StandinTarget(Target):
    """The stand-in, which plays the provider too."""

    def __init__(self, es: Standin) -> None:
        self._es = es
        self._accepted: list[str] = []
        super().__init__(es, "https://provider.example")

    def accept(self, *keys: str) -> None:
        """Tell the stand-in."""
        self._accepted += keys
        self._es.accept_keys(self._accepted)
        for key in keys:
            self._es.label(key, key)

    def key_in_force(self, inference_id: str) -> str | None:
        """What the stand-in has stored."""
        return str(self._es.secrets(inference_id)["api_key"])

    def trials(self) -> list[tuple[str | None, float]]:
        """What the stand-in has noted."""
        calls = self._es.provider_calls()
        return [(call.secrets["api_key"], call.time) for call in calls if "api_key" in call.secrets]

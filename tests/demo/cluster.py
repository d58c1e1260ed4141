"""The two forms of Elasticsearch that the story runs against, with the provider behind each, seen as one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from testbed.elasticsearch import Elasticsearch
from testbed.elasticsearch.distribution import DEFAULT_VERSION
from testbed.provider import Provider
from testbed.standin.client import Standin


@dataclass(frozen=True)
class Sent:
    """One request that reached the provider; the key is named, never shown."""

    key: str
    about: str
    outcome: str
    time: float


class Cluster(Protocol):
    """An Elasticsearch and the provider that it calls."""

    @property
    def server(self) -> Elasticsearch | Standin:
        """Where it answers, and with which credentials."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    @property
    def knows_cohere(self) -> bool:
        """Whether the provider also answers under Cohere's own host name."""

    def provider_url(self, path: str) -> str:
        """A URL for services whose URL is a setting."""

    def name_key(self, value: str, name: str, *, refused: bool = False) -> None:
        """Show a key under a name, and let the provider take it or refuse it."""

    def sent(self) -> list[Sent]:
        """What the provider was sent so far."""


@dataclass(frozen=True)
class RealCluster:
    """A real Elasticsearch, which calls the provider stub over the network."""

    server: Elasticsearch
    provider: Provider

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"Elasticsearch {self.server.version}" + ("" if self.server.managed else " (given by ES_URL)")

    @property
    def knows_cohere(self) -> bool:
        """A given server resolves Cohere's name to Cohere."""
        return self.provider.vendor_hosts and self.server.managed

    def provider_url(self, path: str) -> str:
        """A URL of the stub."""
        return self.provider.url + path

    def name_key(self, value: str, name: str, *, refused: bool = False) -> None:
        """Show a key under a name, and let the provider take it or refuse it."""
        self.provider.accept(value, name)
        if refused:
            self.provider.fail(status=401, body=None, label=name)

    def sent(self) -> list[Sent]:
        """What the stub was sent so far."""
        return [
            Sent(r.label or "a key it does not know", f"{r.host}{r.path}", f"answered {r.status}", r.time)
            for r in self.provider.requests()
        ]


@dataclass(frozen=True)
class StandinCluster:
    """The stand-in, which plays the providers as well."""

    server: Standin

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"the stand-in for Elasticsearch {self.server.version}"

    @property
    def knows_cohere(self) -> bool:
        """It plays every provider."""
        return True

    def provider_url(self, path: str) -> str:
        """A URL that nobody calls."""
        return f"https://provider.example{path}"

    def name_key(self, value: str, name: str, *, refused: bool = False) -> None:
        """Show a key under a name, and let the provider take it or refuse it."""
        self.server.label(value, name)
        if refused:
            self.server.refuse_key(value)

    def sent(self) -> list[Sent]:
        """What the providers would have been sent so far."""
        return [
            Sent(
                call.secrets.get("api_key", "no key"),
                f"{call.service} {call.task_type}",
                "answered 200" if call.outcome == "ok" else call.outcome.partition(" for request")[0],
                call.time,
            )
            for call in self.server.provider_calls()
        ]


@contextmanager
def start(folder: Path, progress: Callable[[str], None]) -> Iterator[Cluster]:
    """The Elasticsearch that the environment asks for: `ES=standin`, else a real one; `ES_VERSION=8.19.8` for that."""
    version = os.environ.get("ES_VERSION") or DEFAULT_VERSION
    if _wants_standin():
        with Standin.start(folder, profile=version.rpartition(".")[0]) as standin:
            yield StandinCluster(standin)
        return
    with (
        Provider.start(folder) as provider,
        Elasticsearch.start(folder, provider=provider, version=version, progress=progress) as server,
    ):
        yield RealCluster(server, provider)


def is_given() -> bool:
    """Whether the user has named a server of their own, which must be left as it was."""
    return not _wants_standin() and "ES_URL" in os.environ


def may_be_elsewhere() -> bool:
    """Whether that server may run on another machine, from where it cannot reach the provider stub."""
    return is_given() and urlsplit(os.environ["ES_URL"]).hostname not in {"127.0.0.1", "localhost", "::1"}


def _wants_standin() -> bool:
    wanted = os.environ.get("ES") or "real"
    if wanted not in {"real", "standin"}:
        raise ValueError(f"ES is {wanted!r}, and may be real or standin")
    return wanted == "standin"

"""One Elasticsearch, the operator's own client to it, and what a row may do to either."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from inference_operator.elasticsearch.answers import Answer
from inference_operator.elasticsearch.client import Client
from inference_operator.elasticsearch.transport import Transport
from inference_operator.errors import Reason, ReconcileError
from testbed.elasticsearch import Elasticsearch
from testbed.provider import Provider
from testbed.standin.client import Standin
from testbed.standin.profiles import Profile
from testbed.target import KEY, OURS

ID = f"{OURS}row"
INDEX = f"{OURS}row-index"
REFUSED = "a-refused-key"
_TIMEOUT = 5


class Hearing(Transport):
    """The operator's transport, which remembers the last answer."""

    last: Answer | None = None

    async def send(self, *request: Any, **more: Any) -> Answer:
        """Ask, and remember what was answered."""
        self.last = None
        self.last = await super().send(*request, **more)
        return self.last


class Bench:
    """A server of a version, with nothing on it."""

    def __init__(
        self, es: Elasticsearch | Standin, profile: Profile, client: Client, provider: Provider | None
    ) -> None:
        self.profile = profile
        self.admin: httpx.Client = es.admin
        self.client = client
        self.provider_url = provider.url if provider else "https://provider.example"
        self._standin = es if isinstance(es, Standin) else None
        self._provider = provider

    @property
    def standin(self) -> Standin:
        """The stand-in, where it is one: rows that need it say so."""
        assert self._standin is not None
        return self._standin

    @property
    def heard(self) -> Answer:
        """The last answer."""
        transport = self.client.transport
        assert isinstance(transport, Hearing)
        assert transport.last is not None
        return transport.last

    # What the operator asks

    async def create(self, body: Mapping[str, Any], task_type: str = "text_embedding", name: str = ID) -> Any:
        """The operator's create request."""
        return await self.client.create(task_type, name, body, _TIMEOUT)

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **params: str
    ) -> Answer:
        """A request that the operator does not make by itself."""
        return await self.client.transport.send(
            method, f"/_inference/{path}", deadline=30.0, body=body, params=params
        )

    # What an endpoint is made of

    def openai(self, **settings: Any) -> dict[str, Any]:
        """The body of an endpoint that the provider answers; None leaves a setting out."""
        given = {"model_id": "embed-1", "url": f"{self.provider_url}/v1/embeddings", "api_key": KEY}
        kept = {name: value for name, value in {**given, **settings}.items() if value is not None}
        return {"service": "openai", "service_settings": kept}

    # What is around it

    def index(self, **model_settings: Any) -> None:
        """Make an index whose mapping names the endpoint, with what it has recorded of it."""
        recorded = {"model_settings": model_settings} if model_settings else {}
        field_of_it = {"type": "semantic_text", "inference_id": ID, **recorded}
        made = self.admin.put(f"/{INDEX}", json={"mappings": {"properties": {"text": field_of_it}}})
        made.raise_for_status()

    def provide(self, *, status: int | None = None, failure: str | None = None) -> None:
        """Let the provider fail."""
        if self._provider is None:
            self.standin.provider(status=status, failure=failure)
        else:
            self._provider.fail(status=status, close=failure == "close")

    def asked(self) -> int:
        """How often the provider was asked."""
        return len(self.standin.provider_calls() if self._provider is None else self._provider.requests())

    def forget(self) -> None:
        """Do not count what came before."""
        if self._provider is None:
            self.standin.clear()

    def clear(self) -> None:
        """Remove what a row has left on a server that is used again."""
        with suppress(httpx.HTTPError):
            self.admin.delete(f"/{INDEX}")
            self.admin.delete(f"/_inference/{ID}", params={"force": "true"})


Do = Callable[[Bench], Any]
"""Something that is done on a bench; it may be awaited."""


async def do(what: Do, bench: Bench) -> Any:
    """The result."""
    result = what(bench)
    return await result if inspect.isawaitable(result) else result


def anywhere(_: Profile) -> bool:
    """A row that all versions have."""
    return True


@dataclass(frozen=True)
class Row:
    """A row of a table of server-behaviour.md: the situation, what is asked, the answer, and what it means."""

    table: str
    name: str
    ask: Do
    answer: tuple[int, str, str]
    """Status, type and words of the reason."""
    means: tuple[type[ReconcileError], Reason, str] | None = None
    """The operator's error, its reason, and words of what it says must be done; None: it is content."""
    before: tuple[Do, ...] = ()
    on: Callable[[Profile], bool] = anywhere
    """The versions that have it."""
    real: bool = True
    """Whether a real server can play it."""
    stored: bool | None = False
    """Whether the endpoint is there afterwards; None: nobody can tell."""
    there: str = ID
    """Which endpoint that is."""
    asks_provider: bool | None = False
    """Whether the provider is asked; None: that cannot be counted."""
    settings: tuple[str, ...] = ()
    """The settings that the answer refuses by name."""
    says: Mapping[str, Any] = field(default_factory=dict)
    """What else stands in the answer."""
    shows: Mapping[str, Any] = field(default_factory=dict)
    """What a look shows among the service settings afterwards."""

    @property
    def title(self) -> str:
        """The name in the test's id."""
        return f"{self.table}: {self.name}"

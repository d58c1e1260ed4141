"""What a scenario is made of: requests to Elasticsearch, and orders to the provider behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

PROVIDER = "http://provider"
"""Stands for the provider's URL, in bodies and in answers."""
KEY, NEW_KEY = "a-good-key", "a-new-key"
"""The keys that the provider takes; it refuses all others."""
INDICES = ("contract-one", "contract-two")
"""The indices that scenarios may make."""
DROPPED = object()
"""As a setting: the usual one is left out."""

WRONG: tuple[Any, ...] = (5, -1, 1.5, "", "x", "5", True, None, [], ["x"], {}, {"x": 1})
"""Values of all types, of which any setting takes only some."""


@dataclass(frozen=True)
class Request:
    """A request; `who` sends it: superuser, nobody, an API key with these privileges, or a literal header."""

    method: str
    path: str
    body: Any = None
    who: str | tuple[str, ...] = "superuser"
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: float = 60  # seconds after which it counts as answered by silence


@dataclass(frozen=True)
class Provider:
    """From here on the provider answers this status, or garbage, or breaks the connection; nothing: as usual."""

    status: int | None = None
    failure: str | None = None  # close or garbage
    delay: float = 0


@dataclass(frozen=True)
class Together:
    """The same request several times at once; what is answered is in the order of the statuses."""

    request: Request
    times: int


@dataclass(frozen=True)
class Meanwhile:
    """What happens between the moment when the provider has a request of Elasticsearch and the answer to `slow`."""

    slow: Request
    steps: "Sequence[Step]"


Step: TypeAlias = Request | Provider | Together | Meanwhile
Scenarios: TypeAlias = dict[str, list[Step]]


def requests(scenario: Iterable[Step]) -> Iterator[Request]:
    """All requests, in the order in which they are answered."""
    for step in scenario:
        match step:
            case Request():
                yield step
            case Together():
                yield from [step.request] * step.times
            case Meanwhile():
                yield from requests(step.steps)
                yield step.slow


def names(scenario: Iterable[Step]) -> list[str]:
    """How the requests are called in lists: by place, method and path."""
    return [f"{place} {one.method} {one.path}" for place, one in enumerate(requests(scenario), 1)]


def get(path: str, **more: Any) -> Request:
    """Read something; a path without a slash in front is one below `/_inference/`."""
    return Request("GET", _full(path), **more)


def put(path: str, body: Any = None, **more: Any) -> Request:
    """Create an endpoint, or whatever else the path says."""
    return Request("PUT", _full(path), body, **more)


def update(path: str, body: Any = None, **more: Any) -> Request:
    """Change an endpoint."""
    return Request("PUT", f"{_full(path)}/_update", body, **more)


def post(path: str, body: Any = None, **more: Any) -> Request:
    """Ask an endpoint for an inference, or whatever else the path says."""
    return Request("POST", _full(path), body, **more)


def delete(path: str, **more: Any) -> Request:
    """Delete something."""
    return Request("DELETE", _full(path), **more)


def each_created(path: str, *bodies: Any) -> list[Step]:
    """Try to create the endpoint from each body, and remove what came of it."""
    return [step for body in bodies for step in (put(path, body), delete(path))]


def needs_vendors(scenario: Iterable[Step]) -> bool:
    """Whether an endpoint is tried whose provider has a host name of its own."""
    bodies = [request.body for request in requests(scenario) if isinstance(request.body, dict)]
    return any("service" in body and KEY in str(body) and PROVIDER not in str(body) for body in bodies)


def openai(**settings: Any) -> dict[str, Any]:
    """The body of an endpoint that the provider answers."""
    return _body("openai", {"model_id": "embed-1", "url": f"{PROVIDER}/v1/embeddings"} | settings)


def cohere(**settings: Any) -> dict[str, Any]:
    """The body of an endpoint whose provider has a fixed host name."""
    return _body("cohere", {"model_id": "rerank-1"} | settings)


def hugging_face(**settings: Any) -> dict[str, Any]:
    """The body of an endpoint of a service that has but a URL."""
    return _body("hugging_face", {"url": f"{PROVIDER}/embed"} | settings)


def semantic_text(inference_id: str, **more: Any) -> dict[str, Any]:
    """The body of an index with a field that uses an endpoint."""
    return {
        "mappings": {"properties": {"text": {"type": "semantic_text", "inference_id": inference_id, **more}}}
    }


def _body(service: str, settings: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in ({"api_key": KEY} | settings).items() if value is not DROPPED}
    return {"service": service, "service_settings": kept}


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/_inference/{path}"

"""What is compared of an answer, and how a difference is judged."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from contract.steps import PROVIDER, Step, names

_HEADERS = ("content-type", "x-elastic-product", "www-authenticate", "allow", "warning")
_CHANGING = frozenset(
    {
        *("cluster_uuid", "cluster_name", "index_uuid", "id", "api_key", "encoded", "expiration", "username"),
        "bytes_wanted",
    }
)
"""Fields whose value is another in every run or on every server."""
_NAMES = (
    (re.compile(r"API key id \[[^\]]+\]"), "API key id [<any>]"),
    (re.compile(r"\[(admin|elastic)(?=[]/])"), "[<user>"),
    (re.compile(r"/[\w-]{22}\]"), "/<any>]"),  # the UUID of an index
    (re.compile(r"would be \[[^]]+\]"), "would be [<any>]"),  # the provider's URL has another length
    # Java's sets have an order that is another at each start of the server.
    (re.compile(r"headers \[(Content-Type, Accept|Accept, Content-Type)\]"), "headers [<both>]"),
)
"""The same inside texts."""


@dataclass(frozen=True)
class Answer:
    """An answer without what chance and the test bed have put into it."""

    status: int
    headers: Mapping[str, str | None]
    body: Any


@dataclass(frozen=True)
class Difference:
    """One step of a scenario that the two answered differently."""

    step: str
    real: Answer
    standin: Answer

    def __str__(self) -> str:
        parts = ("status", "headers", "body")
        pairs = [(part, getattr(self.real, part), getattr(self.standin, part)) for part in parts]
        lines = [
            f"  {part}\n    real:     {_text(real)}\n    stand-in: {_text(standin)}"
            for part, real, standin in pairs
            if real != standin
        ]
        return "\n".join([self.step, *lines])


def read(response: httpx.Response, provider_url: str) -> Answer:
    """The answer in a response."""
    text = response.text.replace(provider_url, PROVIDER)
    for pattern, name in _NAMES:
        text = pattern.sub(name, text)
    is_json = "json" in response.headers.get("content-type", "")
    body = json.loads(text, object_hook=_without_chance, parse_float=_single) if is_json and text else text
    headers = {name: response.headers.get(name) for name in _HEADERS}
    return Answer(response.status_code, headers, body)


def compare(scenario: Sequence[Step], real: Sequence[Answer], standin: Sequence[Answer]) -> list[Difference]:
    """Where the two differ."""
    return [
        Difference(name, ours, theirs)
        for name, ours, theirs in zip(names(scenario), real, standin, strict=True)
        if ours != theirs
    ]


def _without_chance(value: dict[str, Any]) -> dict[str, Any]:
    changing = _CHANGING | {"name"} if "tagline" in value else _CHANGING
    return {
        name: "<any>" if name in changing and isinstance(item, str | int) else item
        for name, item in value.items()
    }


def _single(number: str) -> float:
    """A number in the precision of the server, which stores vectors and scores as `float`."""
    return round(float(number), 6)


def _text(value: Any) -> str:
    return json.dumps(value)

"""The made-up results of every provider: the same text always gets the same vector."""

import hashlib
import math

REPLY = "pong"


def floats(text: str, dimensions: int) -> list[float]:
    """A vector of length one, which is what a dot product similarity demands."""
    raw = [byte - 127.5 for byte in _bytes(text, dimensions)]
    length = math.sqrt(sum(value * value for value in raw))
    return [value / length for value in raw]


def integers(text: str, dimensions: int) -> list[int]:
    """A vector of signed bytes."""
    return [byte - 128 for byte in _bytes(text, dimensions)]


def bits(text: str, dimensions: int) -> list[int]:
    """A vector of bits, packed eight to a signed byte."""
    return integers(text, math.ceil(dimensions / 8))


def score(text: str) -> float:
    """How well a document is said to fit a query."""
    return next(iter(_bytes(text, 1))) / 255


def weighted(text: str) -> list[dict[str, str | float]]:
    """The words of a text and how much each of them tells."""
    return [{"token": word, "weight": score(word)} for word in text.split()]


def _bytes(text: str, count: int) -> bytes:
    return hashlib.shake_128(text.encode()).digest(count)

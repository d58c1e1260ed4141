"""Secrets that are planted to be looked for, in every form in which they might be written somewhere."""

import base64
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

_CONTEXT = 60  # characters before a find that a report shows


def spoken(value: str) -> dict[str, str]:
    """The ways in which an indiscreet server may repeat a value, by name."""
    raw = value.encode()
    return {
        "raw": value,
        "escaped": json.dumps(value)[1:-1],
        "base64": base64.b64encode(raw).decode().rstrip("="),
        "base64url": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "hex": raw.hex(),
        "url": quote(value, safe=""),
    }


def forms(value: str) -> dict[str, str]:
    """The ways in which a value may be found, by name."""
    raw = value.encode()
    known = spoken(value)
    return {
        **known,
        "escaped twice": json.dumps(known["escaped"])[1:-1],
        "repr": repr(value)[1:-1],
        "base64 after one byte": _inner(b"x" + raw, 2),
        "base64 after two bytes": _inner(b"xx" + raw, 3),
        "HEX": raw.hex().upper(),
        "form": quote_plus(value),
    }


def _inner(padded: bytes, skipped: int) -> str:
    """The part of a base64 text that depends on the value alone."""
    return base64.b64encode(padded).decode().rstrip("=")[skipped:-1]


def finds(text: str, planted: Mapping[str, str]) -> Iterator[str]:
    """Each planted value that stands in `text`: which one, in which form, and what stands before it."""
    for name, value in planted.items():
        for form, written in forms(value).items():
            where = text.find(written)
            if where >= 0:
                yield f"{name} ({form}) after {text[max(0, where - _CONTEXT) : where]!r}"

"""Secret values, and the one filter that keeps them inside the process.

Every value the operator reads is a `SecretValue` and is made known to the process' `Redactor`; every
text that leaves (status, event, log line) passes through that redactor.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
_MIN_LENGTH = 4  # shorter values cannot be masked without garbling ordinary text
_END = 8  # characters by which a value is looked up
_MAX_TEXT = 512  # characters of remote text that reach a person
_BEGINNING = 320  # of them, where there are more
_SECRET_NAME = re.compile(r"key|secret|token|password", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class SecretValue:
    """A secret text that shows itself only to `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself; call it only where it goes on the wire."""
        return self._value

    def __repr__(self) -> str:
        return f"SecretValue({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretValue) and secrets.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(SecretValue)  # constant: a hash of the value would leak through it


class Fingerprinter:
    """Tells whether a value changed without keeping it: a hash keyed anew in each process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def __call__(self, value: bytes) -> bytes:
        """The 16-byte fingerprint of `value`; comparable within this process only."""
        return hashlib.blake2b(value, key=self._key, digest_size=16).digest()


class Redactor:
    """Replaces every known secret value, raw or encoded, by a mask.

    What it costs depends on the text and not on how many values are known: those are looked up by how they end
    (many keys of a provider begin alike).
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._by_end: dict[int, dict[str, set[str]]] = {}  # length of the end -> the end -> what ends so

    def learn(self, value: SecretValue) -> None:
        """Mask this value from now on."""
        text = value.reveal()
        if len(text) < _MIN_LENGTH or text in self._known:
            return
        self._known.add(text)
        for needle in _encodings(text):
            end = needle[-_END:]
            self._by_end.setdefault(len(end), {}).setdefault(end, set()).add(needle)
        for part in _secret_parts(text):
            self.learn(SecretValue(part))

    def redact(self, text: str) -> str:
        """`text` without any known secret; where two overlap, both are masked as one."""
        shown, hidden = [], 0
        for start, end in sorted(self._finds(text)):
            if start >= hidden:
                shown += [text[hidden:start], MASK]
            hidden = max(hidden, end)
        return "".join([*shown, text[hidden:]])

    def _finds(self, text: str) -> Iterator[tuple[int, int]]:
        for length, needles in self._by_end.items():
            for end in range(length, len(text) + 1):
                for needle in needles.get(text[end - length : end], ()):
                    if text.endswith(needle, 0, end):
                        yield end - len(needle), end

    def redact_all(self, value: Any) -> Any:
        """A JSON value without any known secret in any of its strings."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {self.redact(k): self.redact_all(v) for k, v in value.items()}
        return [self.redact_all(v) for v in value] if isinstance(value, list) else value

    def sanitise(self, text: str) -> str:
        """Remote text as it may be shown: redacted, on one line, without control characters, cut.

        The cut comes last, as half a secret is not recognised, and in the middle, as what is to be done stands at the end.
        """
        line = " ".join(_CONTROL.sub(" ", self.redact(text)).split())
        return (
            line if len(line) <= _MAX_TEXT else f"{line[:_BEGINNING]} … {line[_BEGINNING + 3 - _MAX_TEXT :]}"
        )


def _secret_parts(text: str) -> list[str]:
    """The secrets inside a secret that is a JSON object, such as the private key of a service account."""
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return []
    members = document.items() if isinstance(document, dict) else ()
    return [v for k, v in members if isinstance(v, str) and _SECRET_NAME.search(k)]


def _encodings(text: str) -> set[str]:
    raw = text.encode()
    return {
        text,
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        repr(text)[1:-1],
    }

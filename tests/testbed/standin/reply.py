"""An answer on its way to the client."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """A status with a JSON value, or with raw bytes instead; `product` is the header that official clients look for."""

    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    product: bool = True

    def content(self) -> bytes:
        """The bytes of the body."""
        if self.raw is not None:
            return self.raw
        return (
            b""
            if self.json is None
            else json.dumps(self.json, separators=(",", ":"), ensure_ascii=False).encode(
                errors="backslashreplace"
            )
        )

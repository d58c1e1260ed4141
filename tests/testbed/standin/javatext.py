"""How Java prints JSON values, so that error texts which quote a part of the request are the same byte by byte."""

import struct
from typing import Any


def java_text(value: Any) -> str:
    """`String.valueOf(value)` of a parsed JSON value; the order of a map is that of a `java.util.HashMap`."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key}={java_text(value[key])}" for key in hash_order(list(value))) + "}"
        case list():
            return "[" + ", ".join(java_text(item) for item in value) + "]"
        case float() if value and not 1e-3 <= abs(value) < 1e7:
            mantissa, _, exponent = f"{value:e}".partition("e")
            return f"{float(mantissa)}E{int(exponent)}" if exponent else "Infinity"
        case _:
            return str(value)


def java_float(value: float) -> float:
    """The shortest number that is the same `float` of four bytes, which is how Java prints one."""
    bits = struct.pack("f", value)
    (exact,) = struct.unpack("f", bits)
    texts = (f"{exact:.{digits}g}" for digits in range(1, 10))
    return next(float(text) for text in texts if struct.pack("f", float(text)) == bits)


def hash_order(keys: list[str]) -> list[str]:
    """The keys in the order in which a small Java hash map would give them."""
    capacity = 16
    while len(keys) > capacity * 0.75:
        capacity *= 2
    return sorted(keys, key=lambda key: _spread(key) & (capacity - 1))


def _spread(key: str) -> int:
    code = 0
    for unit in memoryview(key.encode("utf-16-le")).cast("H"):
        code = (31 * code + unit) & 0xFFFFFFFF
    return code ^ (code >> 16)

"""How Java prints JSON values, so that error texts which quote a part of the request are the same byte by byte."""

from typing import Any


def java_text(value: Any) -> str:
    """`String.valueOf(value)` of a parsed JSON value; the order of a map is that of a `java.util.HashMap`."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key}={java_text(value[key])}" for key in _hash_order(list(value))) + "}"
        case list():
            return "[" + ", ".join(java_text(item) for item in value) + "]"
        case _:
            return str(value)


def _hash_order(keys: list[str]) -> list[str]:
    capacity = 16
    while len(keys) > capacity * 0.75:
        capacity *= 2
    return sorted(keys, key=lambda key: _spread(key) & (capacity - 1))


def _spread(key: str) -> int:
    code = 0
    for unit in memoryview(key.encode("utf-16-le")).cast("H"):
        code = (31 * code + unit) & 0xFFFFFFFF
    return code ^ (code >> 16)

"""A request to a provider, as far as it decides its answer, and the conditions by which answers are chosen."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Condition: TypeAlias = Callable[["Call"], bool]


@dataclass(frozen=True)
class Call:
    """The parts of a request that decide its answer."""

    host: str
    path: str
    body: Mapping[str, Any]
    key: str = ""

    @property
    def model(self) -> str:
        """The model asked for; some APIs name it in the path only."""
        return str(self.body.get("model", ""))

    @property
    def dimensions(self) -> int | None:
        """The size of vector asked for, if any."""
        asked = self.body.get("dimensions") or self.body.get("output_dimension")
        return int(asked) if asked else None

    def texts(self, field: str) -> list[str]:
        """The inputs under `field`, which may be one text, several, or objects that carry a text."""
        value = self.body.get(field, [])
        items = value if isinstance(value, list) else [value]
        return [item if isinstance(item, str) else json.dumps(item) for item in items]


def always(_: Call) -> bool:
    """Any request."""
    return True


def path(*ends: str) -> Condition:
    """The path ends like this."""
    return lambda call: call.path.endswith(ends)


def below(part: str) -> Condition:
    """The path leads through this."""
    return lambda call: part in call.path


def host(*names: str) -> Condition:
    """It went to one of these hosts."""
    return lambda call: call.host in names


def field(name: str) -> Condition:
    """The body has this field."""
    return lambda call: name in call.body


def every(*conditions: Condition) -> Condition:
    """All of these hold."""
    return lambda call: all(condition(call) for condition in conditions)

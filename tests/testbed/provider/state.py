"""What the stub knows and remembers while it runs: accepted keys, ordered faults, requests seen."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

REMEMBERED = 10_000


@dataclass
class Fault:
    """A misbehaviour for the next `times` requests, or for all until the reset.

    `delay` seconds pass before anything else happens; then the connection is closed, or `status` and `body`
    are answered, or (neither given) the request is answered as usual. `label` limits it to one key's requests.
    Elasticsearch itself asks three times where the answer is 429, 5xx, unreadable or missing.
    """

    delay: float = 0
    status: int | None = None
    body: Any = None
    close: bool = False
    times: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class ProviderRequest:
    """A request that reached the provider; the key appears as the label it was accepted under."""

    label: str | None
    path: str
    host: str
    model: str
    status: int
    time: float


@dataclass
class State:
    """Everything a test may set or ask; `reset` makes it new."""

    accepted: dict[str, str] = field(default_factory=dict, repr=False)
    faults: list[Fault] = field(default_factory=list)
    seen: deque[ProviderRequest] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def reset(self) -> None:
        """Forget all keys, faults and requests."""
        self.accepted.clear()
        self.faults.clear()
        self.seen.clear()

    def next_fault(self, label: str | None) -> Fault | None:
        """Take the first fault meant for this request."""
        fault = next((fault for fault in self.faults if fault.label in (None, label)), None)
        if fault is None or fault.times is None:
            return fault
        fault.times -= 1
        if fault.times <= 0:
            self.faults.remove(fault)
        return fault

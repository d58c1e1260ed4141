"""What the cluster and its provider were asked, in order; secret values are kept as labels only."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

_SECRET_NAMES = frozenset(
    {"api_key", "access_key", "secret_key", "client_secret", "entra_id", "service_account_json", "password"}
)


@dataclass
class Operation:
    """One request; `status` stays None while it is under way, and for good if the connection was dropped."""

    seq: int
    time: float
    method: str
    path: str
    query: dict[str, str]
    body: Any
    user: str | None = None
    status: int | None = None
    seconds: float | None = None
    fault: int | None = None

    @property
    def writes(self) -> bool:
        """Whether it asked for a change."""
        return self.method in ("PUT", "DELETE")


@dataclass(frozen=True)
class ProviderCall:
    """One call to the provider behind an endpoint; `outcome` is "ok" or what it failed with."""

    seq: int
    time: float
    service: str
    task_type: str
    inference_id: str
    secrets: dict[str, str]
    outcome: str


@dataclass
class Journal:
    """Both lists, numbered together."""

    requests: list[Operation] = field(default_factory=list)
    probes: list[ProviderCall] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    last: int = 0

    def begin(self, method: str, path: str, query: dict[str, str], body: bytes) -> Operation:
        """Notes a request at its arrival."""
        entry = Operation(self._next(), time.time(), method, path, query, self._readable(body))
        self.requests.append(entry)
        return entry

    def end(self, entry: Operation, status: int | None) -> None:
        """Notes how it was answered."""
        entry.status = status
        entry.seconds = time.time() - entry.time

    def probe(
        self, service: str, task_type: str, inference_id: str, secret: dict[str, Any], outcome: str
    ) -> None:
        """Notes a call to the provider."""
        labels = {name: self.label(value) for name, value in secret.items()}
        self.probes.append(
            ProviderCall(self._next(), time.time(), service, task_type, inference_id, labels, outcome)
        )

    def label(self, value: Any) -> str:
        """The name a test gave to the secret value, else a part of its hash."""
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return self.labels.get(text) or "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16]

    def since(self, seq: int) -> dict[str, Any]:
        """All entries after that number."""
        return {
            "requests": [asdict(entry) for entry in self.requests if entry.seq > seq],
            "probes": [asdict(probe) for probe in self.probes if probe.seq > seq],
        }

    def clear(self) -> None:
        """Forgets both lists; the numbers go on."""
        self.requests.clear()
        self.probes.clear()

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _readable(self, body: bytes) -> Any:
        if not body:
            return None
        try:
            return self._masked(json.loads(body))
        except (ValueError, RecursionError):
            return f"{len(body)} bytes that are no JSON"

    def _masked(self, value: Any, *, secret: bool = False) -> Any:
        if isinstance(value, dict):
            return {
                name: self._masked(
                    item, secret=secret or name in _SECRET_NAMES or name == "secret_parameters"
                )
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._masked(item, secret=secret) for item in value]
        return self.label(value) if secret or (isinstance(value, str) and value in self.labels) else value

"""The points that were seen on real servers, and what a proof of one is.

The points are those of the table "Seen live: corrections and confirmations" in the project's notes on the real
Elasticsearch 9.4.3 and 8.19.8 (elasticsearch/real-server.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

POINTS = (
    "second PUT",
    "provider failure on PUT (400, 401, 403, 404, 413, 429, 500, 503, refused, closed, garbage, timeout)",
    "?timeout=2s on PUT",
    "_update on a missing id",
    "_update path without task type",
    "_update with service_settings but no secret",
    "_update with service, chunking_settings or any other top-level key",
    "_update of model_id, url, dimensions, similarity, bogus beside the key",
    "rate_limit by _update",
    "task_settings by _update",
    "a bad key by _update",
    "explicit chunking_settings after any _update",
    "normalisation",
    "ids",
    "privileges",
    "401 texts",
    "DELETE in use by semantic_text",
    "re-create with other dimensions while an index maps the id",
    "DELETE /_inference/*",
    "a wrong JSON type in some places",
    "several mistakes at once",
    "rate_limit: {} / task_settings: null / {}",
    "405, 406",
    "basic licence",
    "node restart",
    "five parallel PUTs",
    "a slow PUT in flight",
    ".inference removed",
    "read-only block / breaker",
    "_inference/_services",
)
"""The first column of the table, all of it."""

OLD, NEW = "8.19.8", "9.4.3"


@dataclass(frozen=True)
class Proof:
    """The answer to the request at `place` of a scenario has this status, says this and lacks that."""

    scenario: str
    place: int
    status: int
    says: Sequence[str] = ()
    lacks: Sequence[str] = ()
    length: int | None = None
    """How many things it lists."""
    versions: Sequence[str] = (OLD, NEW)


@dataclass(frozen=True)
class Row:
    """A point of the table as a sentence, with its proofs; without any it has a test of its own."""

    point: str
    sentence: str
    proofs: Sequence[Proof] = field(default=())

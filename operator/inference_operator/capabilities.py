"""What an Elasticsearch can do, where versions differ. Decisions ask this, never a version number."""

import re
from dataclasses import dataclass, fields

OLDEST = (8, 18)
"""The oldest version that is supported."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Each field is one difference between versions; its name is what the connection's status shows."""

    put_timeout: bool
    """A create request takes `?timeout=` (8.19, 9.1 and newer)."""
    create_answers_mapped: bool
    """A create of an embedding endpoint that an index mapping names already is always answered (9.4 and newer).

    8.19.8 was seen to answer it only if `dimensions` and `similarity` are given.
    """
    update_validates: bool
    """An update is tried out at the provider before it is stored (9.4 and newer)."""
    update_keeps_chunking: bool
    """An update leaves explicit chunking settings alone (9.4 and newer)."""
    update_changes_chunking: bool
    """An update can change chunking settings (9.5 and newer)."""
    update_clears: bool
    """An update can remove a setting, by null (9.5 and newer)."""
    update_recognises_no_change: bool
    """An update with what is in force already asks no provider and writes nothing (9.4 and newer)."""
    update_keeps_secrets: bool
    """An update of service settings may leave the secrets out (9.5 and newer)."""

    def names(self) -> list[str]:
        """The capabilities that are there, as the status lists them."""
        words = (f.name.split("_") for f in fields(self) if getattr(self, f.name))
        return ["".join(w.capitalize() for w in parts) for parts in words]


def version_tuple(number: str) -> tuple[int, int]:
    """Major and minor of a version such as 9.4.3 or 9.5.0-SNAPSHOT; (0, 0) where it cannot be read."""
    match = re.match(r"(\d+)\.(\d+)", number)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def supported(number: str, flavor: str) -> bool:
    """Whether the operator works with this Elasticsearch."""
    return flavor == "serverless" or version_tuple(number) >= OLDEST


def of(number: str, flavor: str) -> Capabilities:
    """The capabilities of a version; a serverless cluster counts as the newest, as its number means nothing."""
    version = (99, 0) if flavor == "serverless" else version_tuple(number)
    return Capabilities(
        put_timeout=version >= (9, 1) or (8, 19) <= version < (9, 0),
        create_answers_mapped=version >= (9, 4),
        update_validates=version >= (9, 4),
        update_keeps_chunking=version >= (9, 4),
        update_changes_chunking=version >= (9, 5),
        update_clears=version >= (9, 5),
        update_recognises_no_change=version >= (9, 4),
        update_keeps_secrets=version >= (9, 5),
    )

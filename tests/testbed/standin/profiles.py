"""The versions of Elasticsearch that the stand-in can be; a further one is an entry here and what it lists in data/."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Profile:
    """One version: who it says it is, and where its behaviour differs from its neighbours'."""

    number: str
    build_hash: str
    build_date: str
    lucene_version: str
    wire_compatible_with: str
    index_compatible_with: str
    compatible_majors: tuple[int, ...]
    services: str
    """The file with its `_services` answer."""
    corrections: tuple[str, ...]
    """The files with what that answer does not tell, each laid over the one before."""
    privileges: str
    build_flavor: str = "default"
    lists_services: bool = True
    unknown_task_types: frozenset[str] = frozenset()
    names_key_managers: bool = True

    # creating
    put_knows_timeout: bool = True
    checks_mappings_first: bool = False
    """Mappings that name the id are looked at before the provider is asked; what only it could tell is then missed."""
    limit_article: str = ""
    """Before the limit that a chunking setting exceeds."""
    longest_sentence_chunk: float = inf
    stores_many: bool = True
    """A failure to store speaks of several endpoints."""

    # updating
    update_knows_timeout: bool = True
    update_validates: bool = True
    update_needs_secrets: bool = False
    update_takes_chunking: bool = True
    update_resets_chunking: bool = False

    # deleting
    force_outlives_a_failed_stop: bool = True

    # asking the provider
    timeout_names_endpoint: bool = True
    blames_its_client: bool = False
    """A URL without a host is told as a failure of the server's own HTTP client."""
    infer_timeout_status: int = 429
    infer_garbage_status: int = 400
    streams_by_id: bool = True
    """A stream may be asked for without the task type in the path."""
    knows_foreign_fields: bool = True
    """An inference call with the fields of another task type is refused."""


PROFILES = {
    "8.19": Profile(
        number="8.19.8",
        build_hash="e34ace04b64e9bfa3f9e785b08e6d81f8efe314b",
        build_date="2025-11-26T23:06:12.342148294Z",
        lucene_version="9.12.2",
        wire_compatible_with="7.17.0",
        index_compatible_with="7.0.0",
        services="services-8.19.8.json",
        privileges="cluster-privileges-8.19.8.json",
        corrections=("services.yaml", "services-8.19.yaml"),
        compatible_majors=(7, 8),
        unknown_task_types=frozenset({"embedding"}),
        names_key_managers=False,
        timeout_names_endpoint=False,
        blames_its_client=True,
        streams_by_id=False,
        knows_foreign_fields=False,
        stores_many=False,
        infer_timeout_status=408,
        infer_garbage_status=500,
        limit_article="a ",
        longest_sentence_chunk=300,
        checks_mappings_first=True,
        force_outlives_a_failed_stop=False,
        update_knows_timeout=False,
        update_validates=False,
        update_needs_secrets=True,
        update_takes_chunking=False,
        update_resets_chunking=True,
    ),
    "9.4": Profile(
        number="9.4.3",
        build_hash="45f6a06b1b441b41fe711059b8720013173e7c89",
        build_date="2026-06-25T14:04:34.316306228Z",
        lucene_version="10.4.0",
        wire_compatible_with="8.19.0",
        index_compatible_with="8.0.0",
        services="services-9.4.3.json",
        privileges="cluster-privileges-9.4.3.json",
        corrections=("services.yaml",),
        compatible_majors=(8, 9),
        update_knows_timeout=False,
        update_needs_secrets=True,
        update_takes_chunking=False,
    ),
}

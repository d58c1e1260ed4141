"""The versions of Elasticsearch that the stand-in can be; a further one is an entry here and a `_services` answer in data/."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One version: who it says it is, and where its behaviour differs from its neighbours'."""

    number: str
    build_hash: str
    build_date: str
    lucene_version: str
    wire_compatible_with: str
    index_compatible_with: str
    services: str
    privileges: str
    compatible_majors: tuple[int, ...]
    build_flavor: str = "default"
    put_knows_timeout: bool = True
    update_knows_timeout: bool = True
    update_validates: bool = True
    update_needs_secrets: bool = False
    update_takes_chunking: bool = True
    update_resets_chunking: bool = False
    create_checks_mappings: bool = True
    lists_services: bool = True


PROFILES = {
    "9.4": Profile(
        number="9.4.3",
        build_hash="45f6a06b1b441b41fe711059b8720013173e7c89",
        build_date="2026-06-25T14:04:34.316306228Z",
        lucene_version="10.4.0",
        wire_compatible_with="8.19.0",
        index_compatible_with="8.0.0",
        services="services-9.4.3.json",
        privileges="cluster-privileges-9.4.3.json",
        compatible_majors=(8, 9),
        update_knows_timeout=False,
        update_needs_secrets=True,
        update_takes_chunking=False,
    )
}

"""The versions of Elasticsearch that the stand-in can be; a further one is an entry here and what it lists in data/."""

from dataclasses import dataclass, replace
from math import inf

_NO_HASH = "0" * 40
_ALL_TASKS = frozenset(
    {"text_embedding", "sparse_embedding", "rerank", "completion", "chat_completion", "embedding"}
)


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
    """The file with its `_services` answer, or with that of the nearest version of which one was recorded."""
    corrections: tuple[str, ...]
    """The files with what that answer does not tell, each laid over the one before."""
    privileges: str
    release: tuple[int, int]
    """What it can do; the number of a serverless cluster does not tell."""
    assumed: bool = False
    """No real server of this version was asked: it follows Elastic's sources and specification."""
    build_flavor: str = "default"
    lists_services: bool = True
    unknown_task_types: frozenset[str] = frozenset()
    request_overhead: int = 0
    """What the circuit breaker counts beside the body of a request."""
    breaker_advice: str = ""
    names_key_managers: bool = True

    # creating
    put_knows_timeout: bool = True
    checks_licence_first: bool = False
    """A create without a licence is refused whatever else is wrong with it."""
    asks_nodes_for_task_types: bool = False
    """A task type in the path must be known to all nodes."""
    strict_parsers: bool = False
    """An unknown service setting is named by the parser, before anything else is said about the settings."""
    validated: frozenset[str] = _ALL_TASKS
    """The task types for which the provider is asked."""
    configuration: str = "Configuration"
    """What contains unknown settings."""
    shows_empty_task_settings: bool = False
    waits_longer_for_completions: bool = False
    """Two minutes, not half a one, if no timeout is asked for."""
    deployment_timeout: str = "model_deployment_timeout_exception"
    """The type of error if a model is not started in time."""
    checks_mappings: bool = True
    """A new endpoint must not contradict what mappings that name it have recorded."""
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
    update_is_strict: bool = False
    """What cannot be changed is refused by name; otherwise it is ignored without a word."""
    update_resets_by_null: bool = False
    """Null brings a setting back to its default; otherwise it is as if the setting were left out."""
    update_names_defaults: bool = False
    """A preconfigured endpoint is refused as such, not for its id."""

    # deleting
    force_outlives_a_failed_stop: bool = True
    force_outlives_unreadable: bool = True
    """`force` deletes what the server cannot read."""
    force_deletes_preconfigured: bool = True
    """`force` deletes a preconfigured endpoint, which comes back."""

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


_8_19 = Profile(
    number="8.19.8",
    release=(8, 19),
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
    request_overhead=1338,
    longest_sentence_chunk=300,
    checks_mappings_first=True,
    force_outlives_a_failed_stop=False,
    update_knows_timeout=False,
    update_validates=False,
    update_needs_secrets=True,
    update_takes_chunking=False,
    update_resets_chunking=True,
)
_9_4 = Profile(
    number="9.4.3",
    release=(9, 4),
    build_hash="45f6a06b1b441b41fe711059b8720013173e7c89",
    build_date="2026-06-25T14:04:34.316306228Z",
    lucene_version="10.4.0",
    wire_compatible_with="8.19.0",
    index_compatible_with="8.0.0",
    services="services-9.4.3.json",
    privileges="cluster-privileges-9.4.3.json",
    corrections=("services.yaml",),
    breaker_advice="; for more information, see https://www.elastic.co/docs/troubleshoot/elasticsearch/circuit-breaker-errors?version=9.4",
    compatible_majors=(8, 9),
    update_knows_timeout=False,
    update_needs_secrets=True,
    update_takes_chunking=False,
)
_8_18 = replace(
    _8_19,
    number="8.18.8",
    release=(8, 18),
    build_hash=_NO_HASH,
    build_date="2025-09-30T00:00:00Z",
    lucene_version="9.12.1",
    assumed=True,
    corrections=("services.yaml", "services-8.19.yaml", "services-8.18.yaml"),
    put_knows_timeout=False,
    checks_licence_first=True,
    configuration="Model configuration",
    checks_mappings=False,
    checks_mappings_first=False,
    force_outlives_unreadable=False,
    deployment_timeout="status_exception",
)
_9_2 = replace(
    _9_4,
    number="9.2.0",
    release=(9, 2),
    build_hash=_NO_HASH,
    build_date="2025-10-21T00:00:00Z",
    lucene_version="10.3.1",
    assumed=True,
    corrections=("services.yaml", "services-9.2.yaml"),
    unknown_task_types=frozenset({"embedding"}),
    configuration="Model configuration",
    checks_mappings=False,
    update_validates=False,
    update_resets_chunking=True,
)
_9_5 = replace(
    _9_4,
    number="9.5.0",
    release=(9, 5),
    build_hash=_NO_HASH,
    build_date="2026-08-19T00:00:00Z",
    assumed=True,
    corrections=("services.yaml", "services-9.5.yaml"),
    waits_longer_for_completions=True,
    update_knows_timeout=True,
    update_needs_secrets=False,
    update_takes_chunking=True,
    asks_nodes_for_task_types=True,
    strict_parsers=True,
    update_is_strict=True,
    update_resets_by_null=True,
    update_names_defaults=True,
)
_SERVERLESS = replace(
    _9_5,
    number="8.11.0",  # what every serverless cluster says, however new it is
    build_flavor="serverless",
    build_hash="00000000",
    build_date="2023-10-31",
    lucene_version="9.7.0",
    wire_compatible_with="8.11.0",
    index_compatible_with="8.11.0",
    lists_services=False,
)

PROFILES = {
    "8.18": _8_18,
    "8.19": _8_19,
    "9.2": _9_2,
    "9.4": _9_4,
    "9.5": _9_5,
    "serverless": _SERVERLESS,
}

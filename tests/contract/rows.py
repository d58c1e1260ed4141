"""What real servers were seen to do, as sentences, and which answers of which scenarios prove each."""

from collections.abc import Mapping, Sequence

from contract.proofs import NEW, OLD, POINTS, Proof, Row

WRAPPER = "Could not complete inference endpoint creation as validation call to service threw an exception."
_EXISTS = "resource_already_exists_exception"
_FACTS = ('"required": ', '"sensitive": ', '"updatable": ')
_UNLISTED = ('"service": "custom"', '"service": "elser"')
_LEGACY = '"strategy": "word", "max_chunk_size": 250, "overlap": 100'


def _proof(scenario: str, place: int, status: int, *says: str, lacks: str = "", only: str = "") -> Proof:
    versions = (only,) if only else (OLD, NEW)
    return Proof(scenario, place, status, says, (lacks,) if lacks else (), versions=versions)


def _failures() -> list[Proof]:
    known = [_proof(f"failing: the provider answers {n}", 2, 400, WRAPPER) for n in _REFUSALS]
    absent = [_proof(f"failing: the provider answers {n}", 3, 404) for n in _REFUSALS]
    again = "failing: the provider answers what makes the server ask again"
    late = "failing: the time for a create runs out"
    return [
        *known,
        *absent,
        _proof(again, 1, 400, WRAPPER, "status [500]"),
        _proof(again, 3, 400, WRAPPER),
        _proof("failing: the provider closes the connection", 2, 400, WRAPPER, "Connection is closed"),
        _proof("failing: nobody listens, or nobody has the name", 1, 400, WRAPPER, "Connection refused"),
        _proof(late, 1, 400, WRAPPER, "Request timed out after [200ms] for inference id [a]", only=NEW),
        _proof(late, 1, 400, WRAPPER, "Request timed out after [200ms]", only=OLD),
        _proof(late, 2, 404),
    ]


_REFUSALS = (400, 401, 403, 404, 413, 429)
_BESIDE = "updating: service settings beside the secret"
_CHUNKED = "updating: explicit chunking settings and an update"
_TASKS = "updating: task settings are merged"
_MAPPED = "creating: what an index has recorded of an id binds the next endpoint"
_MISTAKES = "creating: of several mistakes the first is told"
_KEYS = "security: what a key may do that has manage_inference"
_BLOCK = "table: a read-only cluster"
_SLOW = "table: a slow create is outlived"
_REMOVED = "table: the index of the endpoints is removed"
_OTHERWISE = "table: settings that come back otherwise"
_LIMITS = "table: the rate limit of some services"
_NO_FIELDS = "Request contained fields which cannot be updated"
_NO_KEY = "[secret_settings] does not contain the required setting [api_key]"
_PROOFS: Mapping[str, tuple[str, Sequence[Proof]]] = {
    "second PUT": (
        "a second PUT is refused as already there, also for another task type",
        [
            _proof("creating: an id that is taken is refused, whatever else is asked", place, 400, _EXISTS)
            for place in (2, 4)
        ],
    ),
    POINTS[1]: (
        "any failure of the provider is a 400 that wraps its cause, and nothing is stored",
        _failures(),
    ),
    "?timeout=2s on PUT": (
        "a PUT may be given less time than usual",
        [_proof("failing: the time for a create runs out", 1, 400, "Request timed out after [200ms]")],
    ),
    "_update on a missing id": (
        "an update of what is not there is a 404 of another type than that of GET",
        [
            _proof(
                *("updating: an endpoint that is not there", 1, 404, "status_exception"),
                "The inference endpoint [a] does not exist and cannot be updated",
            )
        ],
    ),
    "_update path without task type": (
        "an update without the task type in its path needs it in its body",
        [
            _proof("updating: the task type must be that of the endpoint", 2, 400, "setting [task_type]"),
            _proof("updating: the task type must be that of the endpoint", 3, 200, '"user": "u"'),
        ],
    ),
    "_update with service_settings but no secret": (
        "an update with service settings needs the secret, but for empty ones",
        [
            _proof("updating: service settings without the secret", 2, 400, _NO_KEY),
            _proof("updating: empty updates", 4, 200),
        ],
    ),
    POINTS[6]: (
        "an update of anything but settings is refused",
        [_proof("updating: sections that cannot be updated", n, 400, _NO_FIELDS) for n in (2, 4, 6, 8)],
    ),
    POINTS[7]: (
        "an update ignores what it does not change, without a word",
        [
            *(_proof(_BESIDE, place, 200) for place in (2, 4, 8, 12, 22)),
            _proof(_BESIDE, 23, 200, '"model_id": "embed-1"', '"dimensions": 8', lacks="bogus"),
            _proof(_BESIDE, 23, 200, '"similarity": "dot_product"', "/v1/embeddings", lacks="/v2"),
        ],
    ),
    "rate_limit by _update": (
        "an update of the rate limit is taken over by few services and ignored by the others",
        [
            _proof(_LIMITS, 2, 200, '"requests_per_minute": 42', only=NEW),
            _proof(_LIMITS, 2, 200, '"requests_per_minute": 10000', only=OLD),
            *(_proof(_LIMITS, place, 200, lacks='"requests_per_minute": 42') for place in (4, 6)),
        ],
    ),
    "task_settings by _update": (
        "an update merges task settings, clears none, and ignores those that nobody knows",
        [
            _proof(_TASKS, 3, 200, '"top_n": 5', '"return_documents": true'),
            _proof(_TASKS, 9, 200, '"top_n": 5', '"return_documents": false'),
            _proof(_TASKS, 10, 200, '"top_n": 5', lacks="bogus"),
        ],
    ),
    "a bad key by _update": (
        "a key that the provider refuses is refused by 9.4 and stored unchecked by 8.19",
        [
            _proof("updating: a refused key", 2, 400, WRAPPER, only=NEW),
            _proof("updating: a refused key", 4, 200, only=NEW),
            _proof("updating: a refused key", 2, 200, only=OLD),
            _proof("updating: a refused key", 4, 401, only=OLD),
        ],
    ),
    "explicit chunking_settings after any _update": (
        "explicit chunking settings outlive an update in 9.4 and are reset in 8.19",
        [
            _proof(_CHUNKED, 3, 200, '"max_chunk_size": 100', only=NEW),
            _proof(_CHUNKED, 3, 200, _LEGACY, only=OLD),
        ],
    ),
    "normalisation": (
        "some settings come back otherwise than they were sent, or are added",
        [
            _proof(_OTHERWISE, 1, 200, '"separators": [', lacks="separator_group"),
            _proof(_OTHERWISE, 1, 200, '"similarity"', '"dimensions"', '"rate_limit"'),
            _proof(_OTHERWISE, 2, 200, '"truncate": "none"', '"embedding_type"'),
            _proof(_OTHERWISE, 3, 200, '"dimensions_set_by_user": false', only=NEW),
            _proof(_OTHERWISE, 4, 200, '"similarity"', only=NEW),
            _proof(_OTHERWISE, 4, 200, lacks='"similarity"', only=OLD),
        ],
    ),
    "ids": (
        "an id may have dots inside and 200 characters",
        [
            _proof("creating: the syntax of ids", 1, 200, '"inference_id": "a-b_c.d"'),
            *(_proof("creating: long ids", place, 200) for place in (1, 2, 4, 5)),
        ],
    ),
    "privileges": (
        "a key with manage_inference alone may do everything with endpoints, but not ask who the cluster is",
        [_proof(_KEYS, 2, 403, "security_exception"), *(_proof(_KEYS, place, 200) for place in (3, 4, 6, 7))],
    ),
    "401 texts": (
        "each kind of missing or wrong credentials has its text",
        [
            _proof(
                *("security: what somebody without credentials may do", 2, 401),
                "missing authentication credentials for REST request [/]",
            ),
            _proof(
                *("security: what somebody with wrong credentials is told", 1, 401),
                "unable to authenticate user [nobody] for REST request [/_inference/a]",
            ),
            _proof(
                *("security: what somebody with wrong credentials is told", 7, 401),
                "unable to authenticate with provided credentials and anonymous access is not allowed",
            ),
        ],
    ),
    "DELETE in use by semantic_text": (
        "an endpoint in use by an index is kept, a dry run says so, and force deletes it",
        [
            _proof("deleting: an endpoint in use by an index is kept", 3, 409, "status_exception"),
            _proof("deleting: an endpoint in use by an index is kept", 5, 200, '"error_message": "Inf'),
            _proof("deleting: force deletes also what is in use", 5, 200, '"acknowledged": true'),
        ],
    ),
    POINTS[17]: (
        "other dimensions under a mapping are refused once the mapping has recorded some; 8.19 may be silent",
        [
            _proof(_MAPPED, 5, 200, '"dimensions": 16'),
            _proof(_MAPPED, 6, 400, "is being used in mappings with incompatible settings"),
            _proof(
                "creating: an id that an index names, without what the mapping is compared with",
                2,
                0,
                only=OLD,
            ),
        ],
    ),
    "DELETE /_inference/*": (
        "a wildcard deletes nothing",
        [_proof("deleting: what is not there", 3, 404, "Inference endpoint not found [*]")],
    ),
    "a wrong JSON type in some places": (
        "a value of another JSON type is a 500 in some places, and a 400 in the others",
        [
            *(_proof("table: values of another JSON type", n, 500, "class_cast_exception") for n in (1, 2)),
            _proof(
                "table: values of another JSON type", 3, 400, "field [dimensions] is not of the expected type"
            ),
        ],
    ),
    "several mistakes at once": (
        "of several mistakes only the first is told",
        [_proof(_MISTAKES, 8, 400, "Unknown service [no-such]", lacks="bogus")],
    ),
    "rate_limit: {} / task_settings: null / {}": (
        "an empty rate limit and empty task settings are accepted",
        [_proof("table: empty limits and empty task settings", place, 200) for place in (1, 2, 3)],
    ),
    "405, 406": (
        "the error of a wrong method or media type is a string, not an object",
        [
            _proof("bodies: paths and methods that nobody serves", 1, 405, '"error": "Incorrect HTTP method'),
            _proof("bodies: media types", 1, 406, '"error": "Content-Type header [text/plain]'),
        ],
    ),
    "basic licence": ("a basic licence refuses what uses a model, and still reads and deletes", ()),
    "node restart": ("while a node restarts no endpoint is called absent", ()),
    "five parallel PUTs": (
        "of five PUTs at once one wins",
        [
            _proof("table: five creates at once", 1, 200),
            *(_proof("table: five creates at once", place, 400, _EXISTS) for place in (2, 3, 4, 5)),
        ],
    ),
    "a slow PUT in flight": (
        "a slow PUT stores its endpoint although the id was created and deleted meanwhile",
        [
            *(_proof(_SLOW, n, status) for n, status in enumerate((404, 200, 200, 404, 200, 200), 1)),
        ],
    ),
    ".inference removed": (
        "once the index of the endpoints is removed the first PUT says that the id is taken, and the next succeeds",
        [_proof(_REMOVED, 5, 404), _proof(_REMOVED, 6, 400, _EXISTS), _proof(_REMOVED, 7, 200)],
    ),
    "read-only block / breaker": (
        "a read-only cluster answers writes with 403, a circuit breaker with 429",
        [
            *(_proof(_BLOCK, place, 403, "cluster_block_exception") for place in (3, 4, 5)),
            _proof(_BLOCK, 6, 200),
            _proof("table: a circuit breaker", 2, 429, "circuit_breaking_exception"),
        ],
    ),
    "_inference/_services": (
        "the services are listed with what is required, sensitive and updatable, but not all of them",
        [
            Proof(
                "reading: the services",
                1,
                200,
                length=length,
                versions=(version,),
                says=_FACTS,
                lacks=_UNLISTED,
            )
            for version, length in ((OLD, 17), (NEW, 24))
        ],
    ),
}
ROWS = tuple(Row(point, *_PROOFS[point]) for point in POINTS)

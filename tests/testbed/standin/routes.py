"""Which handler answers which request; the more literal path wins, as in the server's own tree of paths."""

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from testbed.standin import credentials, deleting, deployments, inference, smoketest, surroundings
from testbed.standin.call import Call
from testbed.standin.refusal import PlainRefusal
from testbed.standin.reply import Reply

Handler = Callable[[Call], Awaitable[Reply]]

_ROUTES: dict[str, dict[str, Handler]] = {
    "/": {"GET": surroundings.root, "HEAD": surroundings.root},
    "/_cluster/health": {"GET": surroundings.health},
    "/_cluster/settings": {"PUT": surroundings.put_cluster_settings},
    "/_license/start_basic": {"POST": surroundings.start_basic},
    "/_ingest/pipeline/{pipeline}": {
        "PUT": surroundings.put_pipeline,
        "DELETE": surroundings.delete_pipeline,
    },
    "/_security/_authenticate": {"GET": credentials.authenticate},
    "/_security/user/_has_privileges": {
        "GET": credentials.has_privileges,
        "POST": credentials.has_privileges,
    },
    "/_security/api_key": {
        "POST": credentials.create_key,
        "PUT": credentials.create_key,
        "DELETE": credentials.invalidate_keys,
    },
    "/_security/role/{name}": {"POST": credentials.put_role, "PUT": credentials.put_role},
    "/_security/user/{name}": {"POST": credentials.put_user, "PUT": credentials.put_user},
    "/_ml/trained_models/{model}/_stats": {"GET": deployments.statistics},
    "/_ml/trained_models/{model}/deployment/_start": {"POST": deployments.start_deployment},
    "/_ml/trained_models/{model}/deployment/_stop": {"POST": deployments.stop_deployment},
    "/_inference": {"GET": inference.list_all},
    "/_inference/_all": {"GET": inference.list_all},
    "/_inference/_services": {"GET": inference.services},
    "/_inference/_services/{task_type}": {"GET": inference.services},
    "/_inference/{task_type}/_all": {"GET": inference.list_all},
    "/_inference/{inference_id}/_update": {"PUT": inference.update},
    "/_inference/{task_type}/{inference_id}/_update": {"PUT": inference.update},
    "/_inference/{inference_id}/_stream": {"POST": smoketest.stream},
    "/_inference/{task_type}/{inference_id}/_stream": {"POST": smoketest.stream},
    "/_inference/{inference_id}": {
        "GET": inference.get,
        "POST": smoketest.infer,
        "PUT": inference.create,
        "DELETE": deleting.delete,
    },
    "/_inference/{task_type}/{inference_id}": {
        "GET": inference.get,
        "POST": smoketest.infer,
        "PUT": inference.create,
        "DELETE": deleting.delete,
    },
    "/{index}": {"PUT": surroundings.create_index, "DELETE": surroundings.delete_index},
    "/{index}/_mapping": {"PUT": surroundings.put_mapping},
}


_FINAL = ("_update", "_stream", "_mapping")


def find(method: str, raw_path: str) -> tuple[Handler, dict[str, str]]:
    """The handler with its path variables; raises the 405 or the 400 of a request that nobody answers."""
    segments = [unquote(segment) for segment in raw_path.split("/") if segment]
    allowed: list[str] = []
    for pattern, handlers in _BY_PRECISION:
        parts = _match(pattern, segments)
        if parts is None:
            continue
        if method in handlers:
            return handlers[method], parts
        allowed = allowed or list(handlers)
        if not parts or pattern[-1] in _FINAL:  # leaves nothing to the less literal paths
            break
    path = unquote(raw_path)
    if allowed:
        text = (
            f"Incorrect HTTP method for uri [{path}] and method [{method}], allowed: [{', '.join(allowed)}]"
        )
        raise PlainRefusal(405, text, headers={"Allow": ",".join(allowed)})
    raise PlainRefusal(400, f"no handler found for uri [{path}] and method [{method}]", tells_status=False)


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parts: dict[str, str] = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            parts[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return parts


_BY_PRECISION = sorted(
    (([segment for segment in path.split("/") if segment], handlers) for path, handlers in _ROUTES.items()),
    key=lambda route: [segment.startswith("{") for segment in route[0]],
)

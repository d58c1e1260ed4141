"""The few APIs beside inference that a test needs: who the cluster is, indices that name an endpoint, blocks, licence."""

import secrets
from collections.abc import Iterator
from typing import Any

from testbed.standin import breaker
from testbed.standin.call import Call
from testbed.standin.refusal import Refusal, illegal_argument
from testbed.standin.reply import Reply
from testbed.standin.state import Cluster, Reference

_BLOCKS = {
    "cluster.blocks.read_only": "6/cluster read-only (api)",
    "cluster.blocks.read_only_allow_delete": "13/cluster read-only / allow delete (api)",
}
_DEFAULT_ENDPOINT = ".elser-2-elasticsearch"


async def root(call: Call) -> Reply:
    """GET /: who this is."""
    call.no_more_parameters()
    call.authorize("cluster:monitor/main")
    cluster, profile = call.cluster, call.cluster.profile
    version = {
        "number": cluster.version,
        "build_flavor": profile.build_flavor,
        "build_type": "zip",
        "build_hash": profile.build_hash,
        "build_date": profile.build_date,
        "build_snapshot": False,
        "lucene_version": profile.lucene_version,
        "minimum_wire_compatibility_version": profile.wire_compatible_with,
        "minimum_index_compatibility_version": profile.index_compatible_with,
    }
    names = {"name": "node-1", "cluster_name": cluster.name, "cluster_uuid": cluster.uuid}
    return Reply(json={**names, "version": version, "tagline": "You Know, for Search"})


async def health(call: Call) -> Reply:
    """GET _cluster/health: always green."""
    for known in ("wait_for_status", "timeout", "level"):
        call.query.pop(known, None)
    call.no_more_parameters()
    call.authorize("cluster:monitor/health")
    shards = 2 + len(call.cluster.indices)
    status = {"cluster_name": call.cluster.name, "status": "green", "timed_out": False}
    nodes = {"number_of_nodes": 1, "number_of_data_nodes": 1}
    active = {
        "active_primary_shards": shards,
        "active_shards": shards,
        "active_shards_percent_as_number": 100.0,
    }
    idle = ("relocating_shards", "initializing_shards", "unassigned_shards", "unassigned_primary_shards")
    waiting = ("delayed_unassigned_shards", "number_of_pending_tasks", "number_of_in_flight_fetch")
    nothing = dict.fromkeys((*idle, *waiting, "task_max_waiting_in_queue_millis"), 0)
    return Reply(json={**status, **nodes, **active, **nothing})


async def create_index(call: Call) -> Reply:
    """PUT /{index}: remembers which endpoints its `semantic_text` fields name."""
    call.no_more_parameters()
    name = call.parts["index"]
    _authorize_index(call, "indices:admin/create", "create_index,manage,all")
    body = call.document() if call.body else {}
    if name.startswith("_"):
        text = f"Invalid index name [{name}], must not start with '_', '-', or '+'"
        raise Refusal(
            400, "invalid_index_name_exception", text, details={"index_uuid": "_na_", "index": name}
        )
    if name in call.cluster.indices:
        uuid = secrets.token_urlsafe(16)
        text = f"index [{name}/{uuid}] already exists"
        details = {"index_uuid": uuid, "index": name}
        raise Refusal(400, "resource_already_exists_exception", text, details=details)
    call.cluster.indices[name] = list(_references(body.get("mappings", {})))
    return Reply(json={"acknowledged": True, "shards_acknowledged": True, "index": name})


async def put_mapping(call: Call) -> Reply:
    """PUT /{index}/_mapping: further fields of an index."""
    call.required_body()
    call.no_more_parameters()
    name = call.parts["index"]
    _authorize_index(call, "indices:admin/mapping/put", "create_index,manage,all")
    if name not in call.cluster.indices:
        raise _no_index(name)
    call.cluster.indices[name] += _references(call.document())
    return Reply(json={"acknowledged": True})


async def delete_index(call: Call) -> Reply:
    """DELETE /{index}; of `.inference` it takes the endpoints along, and leaves their secrets behind."""
    call.no_more_parameters()
    cluster, name = call.cluster, call.parts["index"]
    _authorize_index(call, "indices:admin/delete", "delete_index,manage,all")
    if name == ".inference":
        cluster.remnants |= cluster.endpoints.keys()
        cluster.endpoints.clear()
        if "superuser" in call.principal.roles:  # whose role does not name the index
            text = "this request accesses system indices: [.inference], but in a future major version"
            call.warnings.append(f"{text}, direct access to system indices will be prevented by default")
        return Reply(json={"acknowledged": True})
    if name == ".secrets-inference":
        raise illegal_argument(f"Indices [{name}] use and access is reserved for system operations")
    if cluster.indices.pop(name, None) is None:
        raise _no_index(name)
    return Reply(json={"acknowledged": True})


async def put_pipeline(call: Call) -> Reply:
    """PUT _ingest/pipeline/{pipeline}: remembers which endpoints its `inference` processors name."""
    call.required_body()
    call.no_more_parameters()
    call.authorize("cluster:admin/ingest/pipeline/put")
    names = set(_models(call.document()))
    if names and not call.cluster.machine_learning:
        details = {"processor_type": "inference"}
        raise Refusal(
            400, "parse_exception", "No processor type exists with name [inference]", details=details
        )
    call.cluster.pipelines[call.parts["pipeline"]] = names
    return Reply(json={"acknowledged": True})


async def delete_pipeline(call: Call) -> Reply:
    """DELETE _ingest/pipeline/{pipeline}."""
    call.no_more_parameters()
    call.authorize("cluster:admin/ingest/pipeline/delete")
    if call.cluster.pipelines.pop(call.parts["pipeline"], None) is None:
        text = f"pipeline [{call.parts['pipeline']}] is missing"
        raise Refusal(404, "resource_not_found_exception", text)
    return Reply(json={"acknowledged": True})


async def put_cluster_settings(call: Call) -> Reply:
    """PUT _cluster/settings, for the read-only blocks, the circuit breaker and what a PUT skips."""
    call.required_body()
    call.no_more_parameters()
    call.authorize("cluster:admin/settings/update")
    body, kept = call.document(), {}
    for scope in ("persistent", "transient"):
        given = dict(_flat(body.get(scope) or {}))
        for name, value in given.items():
            _set(call.cluster, name, value)
        kept[scope] = _nested({name: value for name, value in given.items() if value is not None})
    return Reply(json={"acknowledged": True, **kept})


async def start_basic(call: Call) -> Reply:
    """POST _license/start_basic: inference is not part of the basic licence."""
    call.flag("acknowledge")
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/license/start_basic")
    call.cluster.licensed = False
    return Reply(json={"acknowledged": True, "basic_was_started": True})


def _set(cluster: Cluster, name: str, value: Any) -> None:
    on = str(value).lower() == "true"
    if name == "xpack.inference.skip_validate_and_start":
        cluster.skips_validation = on
    elif name == breaker.SETTING:
        cluster.breaker = breaker.read_limit(value)
    elif (block := _BLOCKS.get(name)) is not None:
        cluster.block = block if on else None
    else:
        text = f"persistent setting [{name}], not recognized"
        raise illegal_argument(text)


def _flat(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nested(settings: dict[str, Any]) -> dict[str, Any]:
    """As the server answers: objects, and all values as text."""
    answer: dict[str, Any] = {}
    for name, value in settings.items():
        place = answer
        *parents, last = name.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = str(value).lower()
    return answer


def _models(pipeline: dict[str, Any]) -> Iterator[str]:
    """What the `inference` processors name, also those inside others and those for failures."""
    for processor in [*pipeline.get("processors", []), *pipeline.get("on_failure", [])]:
        for kind, body in processor.items():
            if kind == "inference":
                yield body["model_id"]
            yield from _models({"processors": body.get("on_failure", [])})
            if kind == "foreach":
                yield from _models({"processors": [body["processor"]]})


def _references(mapping: dict[str, Any]) -> Iterator[Reference]:
    for field in [*mapping.get("properties", {}).values(), *mapping.get("fields", {}).values()]:
        if field.get("type") == "semantic_text":
            recorded = field.get("model_settings", {})
            yield Reference(field.get("inference_id", _DEFAULT_ENDPOINT), recorded)
            if "search_inference_id" in field:
                yield Reference(field["search_inference_id"], recorded)
        yield from _references(field)


def _no_index(name: str) -> Refusal:
    details = {"resource.type": "index_or_alias", "resource.id": name, "index_uuid": "_na_", "index": name}
    return Refusal(404, "index_not_found_exception", f"no such index [{name}]", details=details)


def _authorize_index(call: Call, action: str, privileges: str) -> None:
    """Cluster privileges do not include indices."""
    index, who, owned = call.parts["index"], call.principal, call.cluster.security.owned
    if "superuser" in who.roles or any(index in owned.get(role, ()) for role in who.roles):
        return
    granted = f"this action is granted by the index privileges [{privileges}]"
    text = f"action [{action}] is unauthorized for {who.describe()} on indices [{index}], {granted}"
    raise Refusal(403, "security_exception", text)

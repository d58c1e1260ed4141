"""The few APIs beside inference that a test needs: who the cluster is, indices that name an endpoint, blocks, licence."""

import secrets
from collections.abc import Iterator
from typing import Any

from testbed.standin.call import Call
from testbed.standin.refusal import Refusal, illegal_argument
from testbed.standin.reply import Reply
from testbed.standin.state import Reference

_BLOCKS = {
    "read_only": "6/cluster read-only (api)",
    "read_only_allow_delete": "13/cluster read-only / allow delete (api)",
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


async def delete_index(call: Call) -> Reply:
    """DELETE /{index}; of `.inference` it takes the endpoints along, and leaves their secrets behind."""
    call.no_more_parameters()
    cluster, name = call.cluster, call.parts["index"]
    _authorize_index(call, "indices:admin/delete", "delete_index,manage,all")
    if name == ".inference":
        cluster.remnants |= cluster.endpoints.keys()
        cluster.endpoints.clear()
        text = "this request accesses system indices: [.inference], but in a future major version"
        call.warnings.append(f"{text}, direct access to system indices will be prevented by default")
        return Reply(json={"acknowledged": True})
    if name == ".secrets-inference":
        raise illegal_argument(f"Indices [{name}] use and access is reserved for system operations")
    if cluster.indices.pop(name, None) is None:
        details = {
            "resource.type": "index_or_alias",
            "resource.id": name,
            "index_uuid": "_na_",
            "index": name,
        }
        raise Refusal(404, "index_not_found_exception", f"no such index [{name}]", details=details)
    return Reply(json={"acknowledged": True})


async def put_pipeline(call: Call) -> Reply:
    """PUT _ingest/pipeline/{pipeline}: remembers which endpoints its `inference` processors name."""
    call.required_body()
    call.no_more_parameters()
    call.authorize("cluster:admin/ingest/pipeline/put")
    processors = call.document().get("processors", [])
    names = {processor["inference"]["model_id"] for processor in processors if "inference" in processor}
    if names and not call.cluster.machine_learning:
        details = {"processor_type": "inference"}
        raise Refusal(
            400, "parse_exception", "No processor type exists with name [inference]", details=details
        )
    call.cluster.pipelines[call.parts["pipeline"]] = names
    return Reply(json={"acknowledged": True})


async def put_cluster_settings(call: Call) -> Reply:
    """PUT _cluster/settings, for the two read-only blocks."""
    call.required_body()
    call.no_more_parameters()
    call.authorize("cluster:admin/settings/update")
    given = call.document().get("persistent", {})
    kept: dict[str, Any] = {}
    for name, block in _BLOCKS.items():
        if (value := given.get(f"cluster.blocks.{name}", "absent")) != "absent":
            call.cluster.block = block if value else None
            kept = {"cluster": {"blocks": {name: "true"}}} if value else {}
    return Reply(json={"acknowledged": True, "persistent": kept, "transient": {}})


async def start_basic(call: Call) -> Reply:
    """POST _license/start_basic: inference is not part of the basic licence."""
    call.flag("acknowledge")
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/license/start_basic")
    call.cluster.licensed = False
    return Reply(json={"acknowledged": True, "basic_was_started": True})


def _references(mapping: dict[str, Any]) -> Iterator[Reference]:
    for field in [*mapping.get("properties", {}).values(), *mapping.get("fields", {}).values()]:
        if field.get("type") == "semantic_text":
            recorded = field.get("model_settings", {})
            yield Reference(field.get("inference_id", _DEFAULT_ENDPOINT), recorded)
            if "search_inference_id" in field:
                yield Reference(field["search_inference_id"], recorded)
        yield from _references(field)


def _authorize_index(call: Call, action: str, privileges: str) -> None:
    if "superuser" not in call.principal.roles:  # cluster privileges do not include indices
        granted = f"this action is granted by the index privileges [{privileges}]"
        where = f"on indices [{call.parts['index']}]"
        reason = f"action [{action}] is unauthorized for {call.principal.describe()} {where}, {granted}"
        raise Refusal(403, "security_exception", reason)

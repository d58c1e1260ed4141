"""Which resource owns an inference id in a cluster."""

from inference_operator.api.v1alpha1 import InferenceEndpointStatus
from inference_operator.context import Context
from inference_operator.errors import Reason, Stalled
from inference_operator.objects import Key, Raw, is_deleting
from inference_operator.resolve import NotYet, subject_of
from inference_operator.status import claimed_cluster
from inference_operator.store import connection_of
from inference_operator.work import Work


def check_ownership(work: Work) -> None:
    """Raises Stalled where the endpoint is in another cluster, or another resource owns its id."""
    cluster = work.client.identity.cluster_uuid
    if (home := claimed_cluster(work.subject.status)) and home != cluster:
        raise Stalled(
            Reason.CLUSTER_CHANGED,
            f"the endpoint was made in cluster {home!r} and the connection leads to {cluster!r}, so nothing is "
            "written; lead the connection back, or delete this resource and create it again",
        )
    rivals = work.ctx.store.namesakes(work.desired.inference_id) - {work.subject.key}
    who = owner(work.ctx, work.desired.inference_id, cluster) if rivals else None
    if who is not None and who != work.subject.key:
        raise Stalled(
            Reason.OWNERSHIP_CONFLICT,
            f"the InferenceEndpoint {who.namespace}/{who.name} owns the id {work.desired.inference_id!r} in this "
            "cluster; choose another inferenceId",
        )


def owner(ctx: Context, inference_id: str, cluster_uuid: str) -> Key | None:
    """Which resource owns the id in the cluster: the holder of a claim, then the oldest, then the lowest uid."""
    ranked = [
        rank
        for key in ctx.store.namesakes(inference_id)
        if (rank := _rank(ctx, key, inference_id, cluster_uuid)) is not None
    ]
    return min(ranked)[-1] if ranked else None


def _rank(ctx: Context, key: Key, inference_id: str, cluster_uuid: str) -> tuple[bool, str, str, Key] | None:
    raw = ctx.store.get(key)
    if raw is None:
        return None
    claims = holds_claim(subject_of(key, raw).status, inference_id, cluster_uuid)
    spec = raw.get("spec") or {}
    idle = spec.get("suspend") or spec.get("managementPolicy") == "Observe"
    if not claims and (idle or is_deleting(raw)):
        return None
    if not claims and _cluster_of(ctx, key, raw) != cluster_uuid:
        return None
    metadata = raw["metadata"]
    return (not claims, str(metadata.get("creationTimestamp")), str(metadata["uid"]), key)


def _cluster_of(ctx: Context, key: Key, raw: Raw) -> str | None:
    connection = connection_of(key, raw)
    session = ctx.sessions.get(connection)
    if session is None and ctx.store.get(connection) is not None:
        raise NotYet  # it might be the older one, in the same cluster
    return session.cluster_uuid if session else None


def holds_claim(status: InferenceEndpointStatus, inference_id: str, cluster_uuid: str) -> bool:
    """Whether the status records that the resource made, or began to make, this endpoint."""
    return (claimed_cluster(status), status.inference_id) == (cluster_uuid, inference_id)

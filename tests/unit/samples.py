"""Pieces of a status, for the tests of all that reads or writes one."""

from datetime import UTC, datetime

from inference_operator.api.v1alpha1 import ClusterInfo

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CLUSTER = ClusterInfo(cluster_name="prod", cluster_uuid="u1", version="9.4.3")
OPERATION = {
    "type": "Create",
    "clusterUUID": "u0",
    "inferenceId": "docs",
    "asked": {"taskType": "rerank", "service": "cohere", "serviceSettings": {"model_id": "m"}},
    "startedAt": "2026-01-01T00:00:00Z",
    "deadline": "2026-01-01T00:01:00Z",
}
"""A create that was begun in another cluster."""

"""The way to a cluster, as the last check of its connection found it."""

from dataclasses import dataclass

from inference_operator.elasticsearch.client import Client
from inference_operator.elasticsearch.transport import Target
from inference_operator.errors import ReconcileError


@dataclass(frozen=True, slots=True)
class Session:
    """Nothing is sent through a session with a problem, but what deletions need."""

    client: Client | None
    """There even with a problem, once a check has passed: deletions go on with the credentials they began with."""
    target: Target | None = None
    problem: ReconcileError | None = None

    @property
    def cluster_uuid(self) -> str | None:
        """The cluster that the session leads to."""
        return self.client.identity.cluster_uuid if self.client else None

"""Another version on the same data: what an upgrade of the cluster changes in the endpoints that it has stored."""

from dataclasses import asdict, replace
from typing import Any

from testbed.standin.definition import completed
from testbed.standin.merging import merged
from testbed.standin.profiles import Profile
from testbed.standin.services import IN_CLUSTER
from testbed.standin.state import Cluster, Endpoint

_MEASURED = 8
"""The size of an embedding that the new version is the first to show."""


def upgrade(cluster: Cluster, profile: Profile, changes: dict[str, Any]) -> None:
    """Gives each endpoint the defaults that the new version adds, and then the changes."""
    cluster.profile = cluster.provider.profile = profile
    cluster.version = profile.number
    for name, stored in cluster.endpoints.items():
        shown = _as_shown(cluster, stored)
        cluster.endpoints[name] = replace(shown, **merged(asdict(shown), changes))


def _as_shown(cluster: Cluster, endpoint: Endpoint) -> Endpoint:
    service = cluster.services().get(endpoint.service)
    if service is None or endpoint.service == IN_CLUSTER:
        return endpoint
    settings = merged(service.defaults(endpoint.task_type), endpoint.service_settings)
    size = settings.get("dimensions") or _MEASURED
    return completed(replace(endpoint, service_settings=settings), service, size)

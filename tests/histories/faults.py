"""What can happen to the operator's requests, and how it ends."""

import asyncio
from typing import Any

from testbed.standin.state import Cluster

_ENDPOINT = "/_inference/(?!_services).*"
_MAKES = r"/_inference/(?!_services).*(?<!/_update)"
FAULTS: dict[str, dict[str, Any]] = {
    "cut on its way": {"path": _ENDPOINT, "drop": True},
    "write without an answer": {"method": "PUT", "path": _ENDPOINT, "drop": True, "when": "after"},
    "deletion without an answer": {"method": "DELETE", "path": _ENDPOINT, "drop": True, "when": "after"},
    "create takes effect later": {"method": "PUT", "path": _MAKES, "drop": True, "when": "later"},
    "update takes effect later": {"method": "PUT", "path": ".*/_update", "drop": True, "when": "later"},
    "deletion takes effect later": {"method": "DELETE", "path": _ENDPOINT, "drop": True, "when": "later"},
    "408 after storing": {
        "method": "PUT",
        "path": _ENDPOINT,
        "when": "after",
        "status": 408,
        "error": ("status_exception", "timed out"),
    },
    "busy": {"path": _ENDPOINT, "status": 429, "error": ("es_rejected_execution_exception", "busy")},
    "broken": {"path": _ENDPOINT, "status": 500, "error": ("exception", "something is broken")},
    "broken after all": {
        "method": "PUT",
        "path": _ENDPOINT,
        "when": "after",
        "status": 500,
        "error": ("exception", "something is broken"),
    },
    "garbage": {"path": _ENDPOINT, "status": 200, "body": "<html>hello</html>"},
    "garbage after all": {
        "method": "PUT",
        "path": _ENDPOINT,
        "when": "after",
        "status": 200,
        "body": "<html>hello</html>",
    },
    "no answer": {"path": _ENDPOINT, "hang": True},
    "away": {"status": 503, "error": ("master_not_discovered_exception", "no master")},
    "update ignored": {"method": "PUT", "path": ".*/_update", "ignore": True},
}


def calm(cluster: Cluster) -> None:
    """No more faults; what was put off takes effect when it would have, and who waits for an answer waits no longer."""
    faults = cluster.faults
    faults.rules[:] = [r for r in faults.rules if r.put_off and not r.released.is_set()]
    for rule in faults.rules:
        rule.times = rule.hits
    faults.over.set()
    faults.over = asyncio.Event()
    if (
        cluster.profile.checks_mappings_first
    ):  # such a server may never answer a create whose id a mapping names
        cluster.indices.clear()

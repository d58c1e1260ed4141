"""What the operator did, counted: its writes to Kubernetes, its requests to Elasticsearch, its reconciles."""

from collections.abc import Collection

from prometheus_client.parser import text_string_to_metric_families

from testbed.controlplane import ControlPlane
from testbed.running_operator import NAMESPACE, RunningOperator
from testbed.standin.client import Standin
from testbed.world import World

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{NAMESPACE}"


def reconciles(operator: RunningOperator, reason: str, kind: str = "InferenceEndpoint") -> float:
    """How many reconciles of this process have ended with this reason."""
    return _total(operator, "inference_operator_reconciles_total", kind=kind, reason=reason)


def requests(operator: RunningOperator, verb: str) -> float:
    """How many such requests this process has sent to Elasticsearch."""
    return _total(operator, "inference_operator_elasticsearch_requests_total", verb=verb)


def _total(operator: RunningOperator, name: str, **labels: str) -> float:
    samples = [s for family in text_string_to_metric_families(operator.metrics()) for s in family.samples]
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


class Ledger:
    """Counts from its making on, in one namespace; events are not counted, and nothing about `ignored`."""

    def __init__(self, plane: ControlPlane, es: Standin, world: World, ignored: Collection[str] = ()) -> None:
        self._plane = plane
        self._es = es
        self._world = world
        self._ignored = ignored
        self._position = plane.audit_position()
        es.clear()

    def writes(self) -> list[str]:
        """The operator's writes to Kubernetes, as "verb resource", oldest first."""
        return [
            f"{entry.verb} {'/'.join(filter(None, (entry.resource, entry.subresource)))}"
            for entry in self._plane.audit(self._position)
            if entry.user == OPERATOR and entry.is_write and entry.namespace == self._world.namespace
            if entry.resource != "events" and entry.name not in self._ignored
        ]

    def calls(self) -> list[str]:
        """The requests about inference endpoints that reached Elasticsearch, as "verb" or "verb _update"."""
        found = []
        for seen in self._es.operations():
            parts = seen.path.strip("/").split("/")
            about = parts[1:] if parts[0] == "_inference" else []
            if about and about[0] != "_services" and not set(about) & set(self._ignored):
                found.append(" ".join([seen.method, *(["_update"] if about[-1] == "_update" else [])]))
        return found

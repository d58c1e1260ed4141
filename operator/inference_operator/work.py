"""What one reconcile of one endpoint is about, what it has found so far, and until when a create may take effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import (
    ClusterInfo,
    InferenceEndpointSpec,
    InferenceEndpointStatus,
    References,
)
from inference_operator.context import Context, Memory
from inference_operator.elasticsearch.client import GRACE, Client
from inference_operator.endpoint import (
    IN_CLUSTER_SERVICES,
    SERVICE_ALIASES,
    Definition,
    definition_from_answer,
    without,
)
from inference_operator.errors import Reason, ReconcileError, Stalled
from inference_operator.findings import Desired, Ignored
from inference_operator.resolve import Subject
from inference_operator.suggestion import plain_secrets

SLACK = 10.0
"""Seconds after our own deadline within which a request without an answer may still take effect."""
RESEND = timedelta(days=1)
"""How long secrets are taken to be in force without having been sent again."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Work:
    """One reconcile of one endpoint: what it is about, and what has been resolved so far."""

    ctx: Context
    subject: Subject
    memory: Memory
    spec: InferenceEndpointSpec
    client: Client
    desired: Desired
    found: Definition | None = None
    """The endpoint as it was found."""
    only_rotation: bool = False
    """Nothing but secrets is being sent, so a refusal leaves the endpoint as it should be, with the old key."""
    references: References | None = None
    """Who uses the endpoint, where that forbids to replace it."""
    lacking: Sequence[Ignored] = ()
    """What the trial of a replacement did not take over."""
    start_failure: ReconcileError | None = None
    """Why the model of an endpoint that was stored all the same could not be started."""

    @property
    def in_cluster(self) -> bool:
        """Whether the model runs in Elasticsearch itself."""
        service = self.desired.definition.service
        return SERVICE_ALIASES.get(service, service) in IN_CLUSTER_SERVICES

    @property
    def cluster(self) -> ClusterInfo:
        """The cluster as the status names it."""
        identity = self.client.identity
        return ClusterInfo(
            cluster_name=identity.cluster_name, cluster_uuid=identity.cluster_uuid, version=identity.version
        )

    def may_appear_until(self) -> datetime:
        """Until when a create may still take effect.

        One record covers a series of attempts, so an attempt that an earlier process made just before it ended
        may have begun after the recorded deadline; but not after this process started.
        """
        until = unresolved_until(self.memory, self.subject.status)
        if self.subject.status.operation is None or self.memory.unresolved_until is not None:
            return until
        return max(until, self.ctx.started_at + effect(self.spec))

    def put_off_secrets(self, days: float = 1.0) -> None:
        """The secrets are to be sent again after that time, though they may not have changed."""
        self.memory.secrets_due = self.ctx.now() + RESEND * self.ctx.settings.interval_scale * days

    @property
    def timeout(self) -> int:
        """Seconds that Elasticsearch is given for a request in which the provider is asked."""
        return seconds(self.spec.timeout)

    @property
    def secret_paths(self) -> frozenset[str]:
        """Where the secrets are in the settings."""
        return frozenset(s.path for s in self.spec.secret_settings)

    def see(self, item: Mapping[str, Any]) -> Definition:
        """An endpoint as Elasticsearch describes it, without whatever is at the place of a secret."""
        return without(definition_from_answer(item), self.secret_paths)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and the endpoint as the last answer showed it."""

    observed: Definition
    written_at: str | None = None
    created: bool = False


def effect(spec: InferenceEndpointSpec) -> timedelta:
    """How long after its start a create request may still take effect."""
    return timedelta(seconds=seconds(spec.timeout) + GRACE + SLACK)


def unresolved_until(memory: Memory, known: InferenceEndpointStatus) -> datetime:
    """Until when a create request that got no answer may still take effect; what this process knows goes first."""
    if memory.unresolved_until is not None:
        return memory.unresolved_until
    return datetime.fromisoformat(known.operation.deadline) if known.operation else LONG_AGO


def timed(problem: ReconcileError, until: datetime, now: datetime, hint: str = "") -> ReconcileError:
    """The problem of a plan; one that waits for the end of a create is looked at again right after it.

    `hint` is what may help if that create was not answered in time.
    """
    if problem.reason is Reason.CREATE_UNRESOLVED:
        problem.retry_after = max((until - now).total_seconds(), 0.0) + 1.0
        problem.message += hint
    return problem


def check_secrecy(work: Work) -> None:
    """Raises Stalled where a setting that this cluster takes for a secret stands in the spec, for all to read."""
    if found := plain_secrets(work.desired.definition, work.client.identity.services):
        raise Stalled(
            Reason.INVALID_SPEC,
            f"{', '.join(found)} would be readable in the spec; give it by secretSettings",
        )

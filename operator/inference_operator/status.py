"""From what a reconcile found and did to the status of the endpoint: pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference_operator.api.schema import Condition
from inference_operator.api.v1alpha1 import (
    Applied,
    Asked,
    ClusterInfo,
    Drift,
    InferenceEndpointStatus,
    LiveSecret,
    NotApplied,
    Operation,
    References,
)
from inference_operator.endpoint import Definition, Difference, is_deep, made_true, settled, shown
from inference_operator.findings import Ignored, Past

_MAX_OBSERVED = 16 * 1024  # bytes of JSON
_MAX_DRIFT = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """The endpoint as the last answer showed it, and how it came to be so."""

    generation: int
    cluster: ClusterInfo
    desired: Definition
    observed: Definition
    claimed: Definition | None = None
    """What a create without outcome had asked for, if that made the endpoint."""
    created: bool = False
    """Whether it has just been created: nothing is left of what was applied before."""
    complete: bool = True
    """Whether all of what is desired is so."""
    asked: frozenset[str] = frozenset()
    """The settings that were asked for just now."""
    ignored: Sequence[Ignored] = ()
    drift: Sequence[Difference] = ()
    references: References | None = None
    """Who uses it, while that blocks its replacement."""
    operation: Operation | None = None
    """What is still without outcome beside it: the trial of a replacement."""
    live: Sequence[LiveSecret] | None = None
    """The secrets that were sent; None if none were."""
    written_at: str | None = None


def after(
    previous: InferenceEndpointStatus, conditions: list[Condition], inference_id: str, seen: Seen
) -> InferenceEndpointStatus:
    """The status once the endpoint has been seen: the create that may have led here is resolved."""
    return previous.model_copy(
        update={
            "observed_generation": seen.generation,
            "conditions": conditions,
            "inference_id": inference_id,
            "task_type": seen.observed.task_type,
            "service": seen.observed.service,
            "connection": seen.cluster,
            "applied": _applied(previous, seen),
            "not_applied": [
                NotApplied(
                    path=i.path,
                    desired=i.desired,
                    server_version=i.server_version,
                    asked_by="Create" if i.by_create else "Update",
                    refused=i.refused,
                )
                for i in seen.ignored
            ],
            "operation": seen.operation,
            "observed": _observed(seen.observed),
            "drift": drift_of(seen.drift),
            "secrets": previous.secrets if seen.live is None else list(seen.live),
            "references": seen.references,
            "last_write_time": seen.written_at or previous.last_write_time,
        }
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What a mere look at an endpoint found; None if there is none."""

    generation: int
    cluster: ClusterInfo
    observed: Definition | None
    drift: Sequence[Difference] = ()


def after_look(
    previous: InferenceEndpointStatus, conditions: list[Condition], inference_id: str, look: Look
) -> InferenceEndpointStatus:
    """The status of a resource that only looks: it claims nothing, and gives up what it had claimed."""
    observed = look.observed
    return previous.model_copy(
        update={
            "observed_generation": look.generation,
            "conditions": conditions,
            "inference_id": inference_id,
            "task_type": observed.task_type if observed else None,
            "service": observed.service if observed else None,
            "connection": look.cluster,
            "observed": _observed(observed) if observed else None,
            "drift": drift_of(look.drift),
            **dict.fromkeys(("applied", "operation", "references")),
            **{record: [] for record in ("not_applied", "secrets")},
        }
    )


def drift_of(found: Sequence[Difference]) -> list[Drift]:
    """The differences as the status shows them."""
    return [
        Drift(path=d.path, desired=shown(d.desired), observed=shown(d.observed)) for d in found[:_MAX_DRIFT]
    ]


def _applied(previous: InferenceEndpointStatus, seen: Seen) -> Applied:
    true = seen.desired
    if not seen.complete:
        before = None if seen.created else applied_definition(previous) or seen.claimed
        true = made_true(seen.desired, seen.observed, before, seen.asked)
    settings = _settings(true)
    record = previous.applied
    if not seen.complete and record is not None and record.model_dump(exclude={"generation"}) == settings:
        return record
    return Applied(generation=seen.generation, **settings)


def applied_definition(status: InferenceEndpointStatus) -> Definition | None:
    """What was last made true."""
    applied = status.applied
    if applied is None:
        return None
    return Definition(
        status.task_type or "",
        status.service or "",
        applied.service_settings,
        applied.task_settings,
        applied.chunking_settings,
    )


def asked_of(definition: Definition) -> Asked:
    """What a create asks for, as the record of it."""
    return Asked(task_type=definition.task_type, service=definition.service, **_settings(definition))


def _settings(definition: Definition) -> dict[str, dict[str, Any]]:
    return {
        "service_settings": dict(definition.service_settings),
        "task_settings": dict(definition.task_settings),
        "chunking_settings": dict(definition.chunking_settings),
    }


def claimed_definition(known: InferenceEndpointStatus) -> Definition | None:
    """What a create without outcome asked for; a trial under another id claims nothing."""
    if known.operation is None or known.operation.type == "Preflight":
        return None
    asked = known.operation.asked
    return Definition(
        asked.task_type,
        asked.service,
        asked.service_settings,
        asked.task_settings,
        asked.chunking_settings,
    )


def past_of(known: InferenceEndpointStatus, *, unresolved: bool) -> Past:
    """What the status tells of earlier reconciles; `unresolved`: its create may still take effect."""
    claimed = claimed_definition(known)
    return Past(
        applied=applied_definition(known),
        claimed=claimed,
        replacing=known.operation is not None and known.operation.type == "Replace",
        unresolved=unresolved and claimed is not None,
        ignored=[
            Ignored(n.path, n.desired, n.server_version, by_create=n.asked_by == "Create", refused=n.refused)
            for n in known.not_applied
        ],
    )


def claimed_cluster(known: InferenceEndpointStatus) -> str | None:
    """The cluster in which the resource made, or began to make, its endpoint."""
    if known.operation:
        return known.operation.cluster_uuid
    return known.connection.cluster_uuid if known.connection and known.applied else None


def _observed(observed: Definition) -> dict[str, Any] | None:
    """The settings to show, unless they are too long or too deep for a status."""
    if is_deep(observed):
        return None
    observed = settled(observed)
    settings = {
        "serviceSettings": dict(observed.service_settings),
        "taskSettings": dict(observed.task_settings),
        "chunkingSettings": dict(observed.chunking_settings),
    }
    shown_settings = {name: value for name, value in settings.items() if value}
    return shown_settings if len(json.dumps(shown_settings)) <= _MAX_OBSERVED else None

"""What must be so of a resource and its endpoint, told without asking the operator's own code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from histories.wishes import settings_of, settings_of_spec
from inference_operator.api.v1alpha1 import FINALIZER
from inference_operator.errors import Reason
from testbed.builders import Manifest
from testbed.standin.state import Cluster, Endpoint

_TEMPORARY = "-preflight-"


@dataclass
class Facts:
    """What has become of one inference id, as far as the operator can know it."""

    tick: int = 0
    """When somebody else last touched it."""
    absent_at: int = -1
    """When the operator was last told that there is no such endpoint."""
    set: dict[str, Any] = field(default_factory=dict)
    """The settings that the operator has set, and nobody else has changed since."""
    key_is_ours: bool = True
    """Whether the key in force must be one that the operator has sent."""
    late: int = 0
    """Create requests that were cut and will take effect later."""


@dataclass(frozen=True)
class Surroundings:
    """What there is around a resource."""

    cluster: Cluster
    facts: Facts
    secret: str | None
    """The key that its Secret holds."""
    rivals: list[Manifest]
    """Other resources that want the same id."""


def wanted_id(raw: Manifest) -> str:
    """The id that a resource asks for."""
    return str(raw["spec"].get("inferenceId") or raw["metadata"]["name"])


def secret_of(raw: Manifest) -> str:
    """The name of the Secret that holds its key."""
    return str(raw["spec"]["secretSettings"][0]["secretKeyRef"]["name"])


def condition(raw: Manifest, kind: str) -> Mapping[str, Any] | None:
    """The condition of one type, if it is there."""
    found = (raw.get("status") or {}).get("conditions", [])
    return next((c for c in found if c["type"] == kind), None)


def is_ready(raw: Manifest) -> bool:
    """Whether it says that its newest spec is live."""
    ready, status = condition(raw, "Ready"), raw.get("status") or {}
    current = status.get("observedGeneration") == raw["metadata"]["generation"]
    return current and ready is not None and ready["status"] == "True"


def is_deleting(raw: Manifest) -> bool:
    """Whether somebody has deleted it."""
    return "deletionTimestamp" in raw["metadata"]


def unlike(raw: Manifest, stored: Endpoint | None) -> list[str]:
    """In what the endpoint is not what the spec says."""
    if stored is None:
        return ["there is none"]
    spec = raw["spec"]
    kind = [n for n, have in (("service", stored.service), ("taskType", stored.task_type)) if spec[n] != have]
    have = settings_of(stored.shown())
    return kind + [p for p, want in settings_of_spec(spec).items() if have.get(p) != want]


def left_over(raw: Manifest, around: Surroundings) -> list[str]:
    """What the operator has set, the spec no longer names, and is still so."""
    stored = around.cluster.endpoints.get(wanted_id(raw))
    if stored is None:
        return []
    have, asked = settings_of(stored.shown()), settings_of_spec(raw["spec"])
    return [p for p, value in around.facts.set.items() if p not in asked and have.get(p) == value]


def untrue(raw: Manifest, around: Surroundings) -> list[str]:
    """What is not as a resource says that is Ready."""
    stored, spec = around.cluster.endpoints.get(wanted_id(raw)), raw["spec"]
    if stored is None:
        return ["Ready, and there is no endpoint"]
    if _is_held(raw) == keeps(raw) and not spec.get("suspend"):
        return ["Ready, and the finalizer is not as it must be"]
    if spec.get("driftPolicy") == "Ignore" or condition(raw, "Drifted"):
        return []
    wrong = [f"Ready, and not as asked: {what}" for what in unlike(raw, stored)]
    if spec.get("managementPolicy") == "Observe":
        return wrong
    wrong += [f"Ready, and still there: {what}" for what in left_over(raw, around)]
    synced = condition(raw, "Synced")
    in_force = stored.secrets.get("api_key")
    if synced and synced["status"] == "True" and around.facts.key_is_ours and in_force != around.secret:
        wrong.append(f"Synced, and the key is {in_force} instead of {around.secret}")
    return wrong


def may_write(raw: Manifest, inference_id: str, stored: Endpoint | None) -> bool:
    """Whether a resource like this entitles the operator to change or delete the endpoint."""
    spec, status = raw["spec"], raw.get("status") or {}
    if wanted_id(raw) != inference_id or spec.get("managementPolicy") == "Observe":
        return False
    if spec.get("suspend") and not is_deleting(raw):
        return False
    operation = status.get("operation")
    if "applied" in status or (operation and operation.get("type") == "Replace"):
        return True
    if operation and stored and _asked(operation["asked"], stored):
        return True
    return may_adopt(raw, stored)


def may_adopt(raw: Manifest, stored: Endpoint | None) -> bool:
    """Whether its policy lets it take over an endpoint that it did not make."""
    policy = raw["spec"].get("adoptionPolicy", "Match")
    return policy == "Overwrite" or (policy == "Match" and not unlike(raw, stored))


def adopts(before: Manifest, after: Manifest) -> bool:
    """Whether it says for the first time that an endpoint is its own, and had not begun to make it."""
    old, new = before.get("status") or {}, after.get("status") or {}
    return "applied" in new and "applied" not in old and "operation" not in old


def _asked(asked: Mapping[str, Any], stored: Endpoint) -> bool:
    return not unlike({"spec": asked}, stored)


def may_delete(raw: Manifest, *, force: bool) -> bool:
    """Whether its policies allow a deletion of the endpoint that it made."""
    spec = raw["spec"]
    if is_deleting(raw):
        policy = spec.get("deletionPolicy", "Delete")
        return policy == "ForceDelete" or (policy == "Delete" and not force)
    policy = spec.get("replacePolicy", "Never")
    return policy == "Force" or (policy == "WhenUnused" and not force)


def is_temporary(inference_id: str) -> bool:
    """Whether it is an id under which the operator tries something out."""
    return _TEMPORARY in inference_id


def keeps(raw: Manifest) -> bool:
    """Whether the endpoint outlives the resource."""
    spec = raw["spec"]
    return bool(spec.get("deletionPolicy") == "Retain" or spec.get("managementPolicy") == "Observe")


def must_be_gone(raw: Manifest) -> bool:
    """Whether the endpoint goes together with this resource, which the operator has held until then."""
    return not keeps(raw) and "applied" in (raw.get("status") or {}) and _is_held(raw)


def _is_held(raw: Manifest) -> bool:
    return FINALIZER in raw["metadata"].get("finalizers", [])


def unexplained(raw: Manifest, around: Surroundings) -> list[str]:
    """What is wrong with a resource at rest that is not Ready, if it is not what it says."""
    if is_deleting(raw):
        blocked, used = condition(raw, "DeletionBlocked"), _in_use(raw, around)
        known = blocked and blocked["reason"] == Reason.IN_USE and used
        return [] if known else [f"its deletion waits: {blocked}, used by {used}"]
    ready = condition(raw, "Ready")
    if ready is None or ready["reason"] not in _EXPLANATIONS:
        return [f"no reason to rest: {ready}"]
    is_true = _EXPLANATIONS[Reason(ready["reason"])](raw, around)
    return [] if is_true else [f"not true: {ready}"]


def _in_use(raw: Manifest, around: Surroundings) -> list[str]:
    name = wanted_id(raw)
    return around.cluster.indices_using(name) + around.cluster.pipelines_using(name)


def _differs(raw: Manifest, around: Surroundings) -> bool:
    stored = around.cluster.endpoints.get(wanted_id(raw))
    return stored is not None and bool(unlike(raw, stored) or left_over(raw, around))


def _is_strange(raw: Manifest, around: Surroundings) -> bool:
    stored = around.cluster.endpoints.get(wanted_id(raw))
    never = raw["spec"].get("adoptionPolicy") == "Never"
    foreign = stored is not None and (never or bool(unlike(raw, stored)))
    return "applied" not in raw["status"] and (foreign or bool(around.rivals))


_EXPLANATIONS: dict[Reason, Callable[[Manifest, Surroundings], bool]] = {
    Reason.SECRET_NOT_FOUND: lambda _, around: around.secret is None,
    Reason.PROVIDER_REFUSED_KEY: lambda _, around: around.secret in around.cluster.provider.refused,
    Reason.OWNERSHIP_CONFLICT: _is_strange,
    Reason.REPLACE_REQUIRED: _differs,
    Reason.CHUNKING_RESET: _differs,
    Reason.UPDATE_NOT_APPLIED: _differs,
    Reason.TUG_OF_WAR: _differs,
    Reason.REPLACE_BLOCKED: lambda raw, around: _differs(raw, around) and bool(_in_use(raw, around)),
    Reason.ENDPOINT_MISSING: lambda raw, around: wanted_id(raw) not in around.cluster.endpoints,
}
"""The reasons for which a resource may rest without being Ready, and when they are true."""

"""What a status must always satisfy, so that kstatus, Flux and Argo CD understand it."""

from collections.abc import Mapping
from typing import Any

from inference_operator.errors import Reason

ABNORMAL = {"Reconciling", "Stalled", "Drifted", "ReplaceRequired", "DeletionBlocked", "OwnershipConflict"}
"""Conditions that are there only while they are true."""


def check(raw: Mapping[str, Any]) -> None:
    """Fail on an object whose status breaks a rule; one that nobody has looked at yet breaks none."""
    status = raw.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions", [])}
    if not conditions:
        assert status.get("observedGeneration", -1) == -1, f"observed, but says nothing: {status}"
        return
    assert len(conditions) == len(status["conditions"]), f"a condition twice: {status['conditions']}"
    for condition in conditions.values():
        _check_condition(condition, raw["metadata"]["generation"])
    _check_summary(conditions, deleting="deletionTimestamp" in raw["metadata"])


def _check_condition(condition: Mapping[str, Any], generation: int) -> None:
    assert -1 < condition["observedGeneration"] <= generation, condition
    assert condition["reason"] in set(Reason), f"not one of the reasons: {condition}"
    assert condition["lastTransitionTime"], condition
    assert condition["status"] in {"True", "False", "Unknown"}, condition
    if condition["type"] in ABNORMAL:
        assert condition["status"] == "True", f"there, but not true: {condition}"


def _check_summary(conditions: Mapping[str, Mapping[str, Any]], *, deleting: bool) -> None:
    assert "Ready" in conditions, f"no Ready: {conditions}"
    progress = conditions.keys() & {"Reconciling", "Stalled"}
    assert len(progress) < 2, f"Reconciling and Stalled: {conditions}"
    if "DeletionBlocked" in conditions:
        assert "Stalled" not in conditions, f"a deletion that waits is not stalled: {conditions}"
    if conditions["Ready"]["status"] != "True" and not deleting:
        assert progress, f"not ready, but neither Reconciling nor Stalled: {conditions}"

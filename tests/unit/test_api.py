"""The models accept and refuse what the table says."""

from typing import Any

import pytest
from pydantic import ValidationError

from inference_operator.api.schema import seconds
from inference_operator.api.v1alpha1 import InferenceEndpointSpec, InferenceEndpointStatus
from inference_operator.crd import KINDS
from unit.api_cases import ACCEPTED, CARELESS, PASSWORD, REFUSED, Object, endpoint

SPECS = {kind.name: kind.spec for kind in KINDS}


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(case: Object) -> None:
    """The model takes the spec, and gives back every field that was set."""
    spec = SPECS[case["kind"]].model_validate(case["spec"])
    assert spec.model_dump(by_alias=True, exclude_unset=True, mode="json") == case["spec"]


@pytest.mark.parametrize(("case", "because"), REFUSED.values(), ids=REFUSED)
def test_refuses(case: Object, because: str) -> None:
    """The model refuses the spec, and the message names what is wrong."""
    with pytest.raises(ValidationError) as error:
        SPECS[case["kind"]].model_validate(case["spec"])
    assert because in str(error.value)


@pytest.mark.parametrize("case", CARELESS.values(), ids=CARELESS)
def test_refusal_repeats_no_value(case: Object) -> None:
    """Whatever was put in the wrong place may be a secret, so the message does not show it."""
    with pytest.raises(ValidationError) as error:
        SPECS[case["kind"]].model_validate(case["spec"])
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize(
    ("duration", "expected"), [("45s", 45), ("2m", 120), ("1h30m", 5400), ("1h0m1s", 3601), ("0s", 0)]
)
def test_duration_in_seconds(duration: str, expected: int) -> None:
    """Hours, minutes and seconds add up."""
    assert seconds(duration) == expected


def test_dump_is_what_kubernetes_stores() -> None:
    """A dumped object has camelCase names, no field that is None, and parses to the same object."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Synced",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = InferenceEndpointStatus.model_validate({"observed_generation": 3, "conditions": [ready]})
    dumped = status.dump()
    assert dumped["observedGeneration"] == 3
    assert dumped["conditions"][0]["lastTransitionTime"] == ready["lastTransitionTime"]
    assert "references" not in dumped
    assert InferenceEndpointStatus.model_validate(dumped) == status


def test_spec_is_frozen() -> None:
    """Nothing on the way from the parse to the plan can change what the user asked for."""
    spec: Any = InferenceEndpointSpec.model_validate(endpoint()["spec"])
    with pytest.raises(ValidationError, match="frozen"):
        spec.service = "other"

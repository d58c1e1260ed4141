"""The pieces that the models of every kind are made of, with what the CRD needs to know about them.

A check that one field alone cannot express is a `Rule`: its CEL form goes into the CRD, its Python form runs
when the operator parses an object, and the tests hold the two against each other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

GROUP = "es-inference.dev"
VERSION = "v1alpha1"

Json = Any
"""A JSON value; the settings of a service stay opaque."""


@dataclass(frozen=True)
class Rule:
    """A condition on a whole object: `cel` for the API server, `check` for us, and what to tell a person."""

    cel: str
    message: str
    check: Callable[[Any], bool]


class Model(BaseModel):
    """Base of the models: camelCase outside, no unknown fields, no secret in an error text."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,  # no "true" for true, as the API server has it
        hide_input_in_errors=True,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        for rule in self.rules:
            if not rule.check(self):
                raise ValueError(rule.message)
        return self

    def dump(self) -> dict[str, Json]:
        """The object as Kubernetes stores it: camelCase, without fields that are not set."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


_DURATION = re.compile(r"([0-9]+)([hms])")
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


def seconds(duration: str) -> int:
    """The seconds in a duration such as `1h30m` or `45s`."""
    return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(duration))


Duration = Annotated[
    str, Field(pattern=r"^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$", min_length=2, max_length=16)
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", min_length=1, max_length=253)]
"""The name of a Kubernetes object."""
DataKey = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", min_length=1, max_length=253)]
"""A key in the data of a Secret or ConfigMap."""
Settings = dict[str, Json]
"""A free-form object whose keys are Elasticsearch's."""


class Condition(Model):
    """One aspect of the state, as defined by the Kubernetes API conventions."""

    type: str = Field(description="Name of the condition.", max_length=316)
    status: str = Field(
        description="True, False or Unknown.", json_schema_extra={"enum": ["True", "False", "Unknown"]}
    )
    observed_generation: int = Field(0, description="Generation of the spec that the condition speaks about.")
    last_transition_time: str = Field(
        description="When the status last changed.", json_schema_extra={"format": "date-time"}
    )
    reason: str = Field(description="One word from a closed set that says why.", max_length=1024)
    message: str = Field(
        "", description="A sentence for people that says why and what to do.", max_length=32768
    )


Conditions = Annotated[
    list[Condition],
    Field(json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}),
]


class SecretKeyRef(Model):
    """One value in a Secret of the same namespace."""

    name: Name = Field(description="Name of the Secret, in the namespace of this resource.")
    key: DataKey = Field(description="Key in the data of the Secret.")

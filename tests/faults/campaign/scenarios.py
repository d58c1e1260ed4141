"""What the operator is doing when something goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crash.steps import CREATE, DELETE, EDIT, REPLACE, ROTATE, Step
from testbed.standin.profiles import PROFILES


@dataclass(frozen=True)
class Scenario:
    """A user's action on an endpoint that is there, is not there, or is there without a resource."""

    name: str
    steps: tuple[Step, ...] = ()
    exists: bool = True
    foreign: bool = False
    """The resource is lost before, and its endpoint stays."""
    checked: bool = False
    """The connection is looked at as well."""
    used: bool = False
    """A pipeline names the endpoint."""
    spec: Mapping[str, Any] = field(default_factory=dict)

    def on(self, profile: str) -> "Scenario":
        """The same on one version: before 9.4 an update would reset the chunking, so no key is sent after an adoption."""
        old = self.foreign and not PROFILES[profile].update_validates
        return replace(self, steps=(CREATE,)) if old else self


SCENARIOS = (
    Scenario("create", (CREATE,), exists=False),
    Scenario("resync", checked=True),
    Scenario("update", (EDIT,)),
    Scenario("rotate", (ROTATE,)),
    Scenario("delete", (DELETE,)),
    Scenario("adopt", (CREATE, ROTATE), foreign=True),
    Scenario("replace", (REPLACE,), spec={"replacePolicy": "WhenUnused"}),
    Scenario("replace by force", (REPLACE,), used=True, spec={"replacePolicy": "Force"}),
)

"""All scenarios, by the sentence that says what they show; both servers are asked the same."""

from types import ModuleType

from contract.scenarios import (
    bodies,
    chunking,
    creating,
    deleting,
    failing,
    reading,
    security,
    services,
    settings,
    table,
    updating,
)
from contract.steps import Scenarios


def _named(*areas: ModuleType, attribute: str = "SCENARIOS") -> Scenarios:
    return {
        f"{area.__name__.rpartition('.')[2]}: {name}": scenario
        for area in areas
        for name, scenario in getattr(area, attribute).items()
    }


QUICK = _named(creating, bodies, updating, deleting, reading, failing, chunking, security, table)
LONG = _named(settings, services) | _named(table, attribute="LONG")
"""Those that create much, which takes a real server its time."""
SCENARIOS = QUICK | LONG

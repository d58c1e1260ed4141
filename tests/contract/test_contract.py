"""The stand-in answers each scenario as the real server of its version does, but for the listed differences."""

from dataclasses import replace
from typing import Any

import pytest

from contract.comparison import compare
from contract.differences import DIFFERENCES
from contract.scenarios import LONG, QUICK, SCENARIOS
from contract.sides import Sides, StandinSide
from contract.steps import get, needs_vendors, openai, put, update
from testbed import tables
from testbed.provider import Provider
from testbed.standin.client import Standin

_ALL = [*QUICK, *(pytest.param(name, marks=pytest.mark.soak) for name in LONG)]


@pytest.mark.parametrize("name", _ALL)
def test_standin_answers_as_the_real_server_does(
    request: pytest.FixtureRequest, provider: Provider, sides: Sides, name: str
) -> None:
    """Status, headers and body are the same; a listed difference must still be one."""
    scenario = SCENARIOS[name]
    if needs_vendors(scenario) and not provider.vendor_hosts:
        pytest.skip("only root may listen on the port of the vendors' hosts")
    real, standin = sides.play(name)
    found = {difference.step: difference for difference in compare(scenario, real, standin)}
    listed = DIFFERENCES[sides.version].get(name, {})
    count = {"scenarios": 1, "requests": len(real), "listed": len(listed)}
    tables.note(request, "contract", [sides.version, count])
    unexpected = "\n".join(str(found[step]) for step in found.keys() - listed.keys())
    assert not unexpected, f"{name}\n{unexpected}"
    assert found.keys() == listed.keys(), "no longer different, so no longer to be listed"


@pytest.mark.parametrize("version", DIFFERENCES)
def test_listed_differences_belong_to_scenarios(version: str) -> None:
    """A scenario that is gone or renamed takes its differences along."""
    assert DIFFERENCES[version].keys() <= SCENARIOS.keys()


class Faulty(StandinSide):
    """A stand-in that is not quite itself."""

    def __init__(self, es: Standin, provider_url: str, version: str, fault: dict[str, Any]) -> None:
        super().__init__(es, provider_url, version)
        self._fault = fault

    def begin(self) -> None:
        """Be new, but for the fault."""
        super().begin()
        self._es.fault(**self._fault)


_UPDATE = {"method": "PUT", "path": ".*/_update"}


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        pytest.param({**_UPDATE, "status": 418, "body": {}}, [2, 3], id="another status"),
        pytest.param({**_UPDATE, "product": False}, [2], id="a header is missing"),
        pytest.param({**_UPDATE, "ignore": True}, [2, 3], id="a change is ignored"),
        pytest.param({**_UPDATE, "method": "POST", "status": 418}, [], id="a fault elsewhere"),
    ],
)
def test_change_of_the_standin_is_noticed(
    provider: Provider,
    standin_process: Standin,
    sides: Sides,
    fault: dict[str, Any],
    steps: list[int],
) -> None:
    """The comparison finds what it is there to find, and nothing else."""
    path = "text_embedding/a"
    scenario = [put(path, openai()), update(path, {"task_settings": {"user": "u"}}), get(path)]
    with Faulty(standin_process, provider.url, sides.version, fault) as standin:
        found = replace(sides, standin=standin).compare(scenario)
    assert [int(difference.step.split()[0]) for difference in found] == steps

"""The table of what went wrong, and where, at the end of the run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

from testbed.tables import noted, publish


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show for each fault how many points there were in each scenario, and how many of them went wrong."""
    points: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for scenario, fault, number, wrong in noted(terminalreporter, "campaign"):
        for name in (fault, "all"):
            points[name][scenario][0] += number
            points[name][scenario][1] += wrong
    if points:
        publish(terminalreporter, "campaign", "faults at each request", _table(points))


def _table(points: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    scenarios = sorted(points["all"])
    lines = [f"{'points!wrong':<52}" + "".join(f"{scenario:>18}" for scenario in scenarios)]
    for fault in [*sorted(points.keys() - {"all"}), "all"]:
        cells = (points[fault].get(scenario, (0, 0)) for scenario in scenarios)
        lines.append(f"{fault:<52}" + "".join(f"{_cell(*cell):>18}" for cell in cells))
    return "\n".join(lines)


def _cell(number: int, wrong: int) -> str:
    return f"{number}!{wrong}" if wrong else str(number or "")

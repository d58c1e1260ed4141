"""What tests note down and a table at the end of the run shows, also where several processes ran them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest


def note(request: pytest.FixtureRequest, table: str, row: Any) -> None:
    """Keep one row, any JSON; it travels with the report of the test."""
    request.node.user_properties.append((table, json.dumps(row)))


def noted(reporter: pytest.TerminalReporter, table: str) -> Iterator[Any]:
    """The rows that the tests of this run have noted, whether they passed or failed."""
    reports = (r for outcome in ("passed", "failed") for r in reporter.stats.get(outcome, []))
    calls = (report for report in reports if report.when == "call")
    yield from (json.loads(row) for call in calls for name, row in call.user_properties if name == table)


def publish(reporter: pytest.TerminalReporter, name: str, title: str, text: str) -> None:
    """Show a table at the end of the run, and keep it in build/reports/NAME.txt."""
    reporter.section(title)
    reporter.write_line(text)
    target = reporter.config.rootpath / "build" / "reports" / f"{name}.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{text}\n", encoding="utf-8")

"""What became of each pair on each server, as the table `pairs` at the end of a run of pytest."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from testbed import tables
from testbed.pairs import Pair
from testbed.target import SERVERS

TABLE = "pairs"
_WIDTH = 14


def note(request: pytest.FixtureRequest, server: str, column: Mapping[Pair, tuple[str, str]]) -> None:
    """Keep the column of one server: what became of each pair, and perhaps why."""
    cells = {f"{pair.service} {pair.task_type}": cell for pair, cell in column.items()}
    tables.note(request, TABLE, [server, cells])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table, if a server had its turn."""
    if columns := dict(tables.noted(terminalreporter, TABLE)):
        title = "service and task type, on each server"
        tables.publish(terminalreporter, TABLE, title, "\n".join(lines(columns)))


def lines(columns: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """A row for each pair, the totals, and why a cell is not possible."""
    servers = [server for server in SERVERS if server in columns]
    cells = [cell for server in servers for cell in columns[server].values()]
    reasons = list(dict.fromkeys(reason for _, reason in cells if reason))
    yield _line("", servers)
    for pair in columns[servers[0]]:
        yield _line(pair, (_shown(columns[server][pair], reasons) for server in servers))
    for kind in dict.fromkeys(kind for kind, _ in cells):
        counts = (Counter(cell for cell, _ in columns[server].values())[kind] for server in servers)
        yield _line(f"total: {kind}", map(str, counts))
    yield from (f"({number}) {reason}" for number, reason in enumerate(reasons, 1))


def _shown(cell: Sequence[str], reasons: list[str]) -> str:
    kind, reason = cell
    return f"{kind} ({reasons.index(reason) + 1})" if reason else kind


def _line(title: str, cells: Iterable[str]) -> str:
    return f"{title:<42}" + "".join(f"{cell:<{_WIDTH}}" for cell in cells).rstrip()

"""What became of each pair in each phase on each server, as the table `pairs` at the end of a run of pytest."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from testbed import tables
from testbed.pairs import Pair
from testbed.pairs.phases import LEGEND
from testbed.pairs.servers import SERVERS, Server

TABLE = "pairs"
_TITLES = [server.title for server in SERVERS]
_FIRST = 41
_WIDTH = 19


def note(request: pytest.FixtureRequest, server: Server, column: Mapping[Pair, tuple[str, str]]) -> None:
    """Keep the column of one server: a letter for each phase of a pair, or why it cannot be shown there."""
    cells = {f"{pair.service} {pair.task_type}": cell for pair, cell in column.items()}
    tables.note(request, TABLE, [server.title, cells])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table, if a server had its turn."""
    if columns := dict(tables.noted(terminalreporter, TABLE)):
        title = "service and task type, phase by phase, on each server"
        tables.publish(terminalreporter, TABLE, title, "\n".join(lines(columns)))


def lines(columns: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """A row for each pair, the counts of each letter, what the letters mean, and why a cell is not possible."""
    titles = [title for title in _TITLES if title in columns]
    cells = [cell for title in titles for cell in columns[title].values()]
    reasons = list(dict.fromkeys(reason for _, reason in cells if reason))
    yield _line("", titles)
    for pair in columns[titles[0]]:
        yield _line(pair, (_shown(columns[title][pair], reasons) for title in titles))
    counts = {title: _counts(columns[title]) for title in titles}
    used = [letter for letter in LEGEND if any(counts[title][letter] for title in titles)]
    for letter in used:
        yield _line(f"total: {letter}", (str(counts[title][letter]) for title in titles))
    yield from (f"{letter}  {meaning}" for letter, meaning in LEGEND.items() if meaning)
    yield from (f"({number}) not possible here: {reason}" for number, reason in enumerate(reasons, 1))


def _counts(column: Mapping[str, Sequence[str]]) -> Counter[str]:
    return Counter(letter for letters, _ in column.values() for letter in letters)


def _shown(cell: Sequence[str], reasons: list[str]) -> str:
    letters, reason = cell
    return f"({reasons.index(reason) + 1})" if reason else letters


def _line(title: str, cells: Iterable[str]) -> str:
    return f"{title:<{_FIRST}}" + "".join(f"{cell:<{_WIDTH}}" for cell in cells).rstrip()

"""A bench for each column of the table: the stand-in as each version, and the real servers; and that table."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from inference_operator.elasticsearch.address import Guard
from inference_operator.elasticsearch.client import Client, identify
from inference_operator.elasticsearch.transport import Target
from inference_operator.governor import Governor
from inference_operator.secret import SecretValue
from integration.rows.bench import Bench, Hearing
from testbed.elasticsearch import Elasticsearch
from testbed.pairs.servers import SERVERS, Kind, Server, Version
from testbed.provider import Provider
from testbed.standin.client import Standin
from testbed.tables import noted, publish
from testbed.target import KEY

Seen = Mapping[tuple[str, str, str], bool]
"""Whether a row of a section was as told, by section, row and column."""


@pytest.fixture
def provider_of(server: Server, request: pytest.FixtureRequest) -> Provider | None:
    """The stub behind a real server, as new; the stand-in plays the provider itself."""
    if server.kind is not Kind.REAL:
        return None
    provider: Provider = request.getfixturevalue("provider")
    provider.reset()
    provider.accept(KEY, label=KEY)
    return provider


@pytest.fixture
def es(server: Server, request: pytest.FixtureRequest) -> Elasticsearch | Standin:
    """The server of the column, on which nothing is that a row uses."""
    if server.kind is Kind.REAL:
        real: Elasticsearch = request.getfixturevalue(server.fixture)
        return real
    standin: Standin = request.getfixturevalue("standin_process")
    standin.reset(profile=server.name)
    standin.accept_keys([KEY])
    return standin


@pytest.fixture
async def bench(es: Elasticsearch | Standin, provider_of: Provider | None) -> AsyncIterator[Bench]:
    """The server, and the operator's client to it."""
    ca = es.ca_file.read_text() if es.ca_file else None
    target = Target(es.url, SecretValue(f"ApiKey {es.api_key}"), ca, allow_http=True)
    transport = Hearing(target, Guard(["127.0.0.1"]))
    identity = await identify(transport)
    profile = Version.of(identity.version, identity.flavor).profile
    made = Bench(es, profile, Client(transport, identity, Governor(4)), provider_of)
    yield made
    await transport.close()
    if provider_of:
        provider_of.reset()
        made.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how many rows were seen where; which they are stands in a file."""
    seen = {
        (table, row, column): good for table, row, column, good in sorted(noted(terminalreporter, "rows"))
    }
    if seen:
        columns = [s.title for s in SERVERS if any(column == s.title for _, _, column in seen)]
        by_name = Path("build", "reports", "rows-by-name.txt")
        title = "rows of server-behaviour.md: as told, of those played"
        publish(terminalreporter, "rows", title, "\n".join([*_counts(seen, columns), f"each row: {by_name}"]))
        path = terminalreporter.config.rootpath / by_name
        path.write_text("\n".join([*_each(seen, columns), ""]), encoding="utf-8")


def _counts(seen: Seen, columns: list[str]) -> Iterator[str]:
    yield "section".ljust(12) + "rows".rjust(5) + "".join(f"  {column}" for column in columns)
    for section in dict.fromkeys(table for table, _, _ in seen):
        ours = {(row, column): good for (table, row, column), good in seen.items() if table == section}
        marks = []
        for column in columns:
            played = [good for (_, where), good in ours.items() if where == column]
            marks.append(
                f"  {f'{sum(played)}/{len(played)}'.rjust(len(column))}"
                if played
                else " " * (len(column) + 2)
            )
        yield section.ljust(12) + str(len({row for row, _ in ours})).rjust(5) + "".join(marks).rstrip()


def _each(seen: Seen, columns: list[str]) -> Iterator[str]:
    rows = list(dict.fromkeys((table, row) for table, row, _ in seen))
    width = max(len(f"{table} {row}") for table, row in rows) + 2
    yield f"{' ' * width}{'  '.join(columns)}"
    for table, row in rows:
        marks = (_MARKS[seen.get((table, row, column))].center(len(column)) for column in columns)
        yield f"{table} {row}".ljust(width) + "  ".join(marks).rstrip()


_MARKS = {True: "+", False: "!", None: " "}

"""Each row of the tables of server-behaviour.md: the server answers as told, and the operator says what must be done."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference_operator.elasticsearch.answers import failure, is_absent
from inference_operator.errors import ReconcileError
from integration.rows import rows_body, rows_create, rows_delete, rows_provider
from integration.rows.bench import Bench, Row, do
from testbed.pairs.servers import SERVERS, Kind, Server, Version
from testbed.standin.profiles import PROFILES, Profile
from testbed.tables import note

ROWS = (*rows_create.ROWS, *rows_body.ROWS, *rows_provider.ROWS, *rows_delete.ROWS)
_GROUPS = {"real_elasticsearch": "real-es", "real_elasticsearch_8": "real-es-8"}


def _profile(server: Server) -> Profile:
    return Version.of(server.name, "").profile if server.kind is Kind.REAL else PROFILES[server.name]


def _played() -> Iterator[Any]:
    for row in ROWS:
        for server in SERVERS:
            real = server.kind is Kind.REAL
            if row.on(_profile(server)) and (row.real or not real):
                marks = [pytest.mark.xdist_group(_GROUPS[server.fixture])] if real else []
                marks += [pytest.mark.real_es, pytest.mark.timeout(900)] if real else []
                yield pytest.param(row, server, id=f"{row.title}, on {server.title}", marks=marks)


async def _error(bench: Bench, row: Row) -> ReconcileError | None:
    """What the operator makes of the answer; the client raises it, or it would if it asked that itself."""
    try:
        await do(row.ask, bench)
    except ReconcileError as error:
        return error
    heard = bench.heard
    return None if heard.status == 200 or is_absent(heard) else failure(heard)


async def _is_as_told(bench: Bench, row: Row) -> list[str]:
    """What is not."""
    for step in row.before:
        await do(step, bench)
    before = bench.asked()
    error = await _error(bench, row)
    asks = bench.asked() > before
    wrong = [*_wrong_answer(bench, row), *_wrong_meaning(row, error)]
    if row.asks_provider not in (None, asks):
        wrong.append(f"the provider was{'' if asks else ' not'} asked")
    return [*wrong, *await _wrong_afterwards(bench, row)]


def _wrong_answer(bench: Bench, row: Row) -> Iterator[str]:
    heard, (status, kind, words) = bench.heard, row.answer
    if (heard.status, heard.type) != (status, kind or heard.type) or words not in heard.reason:
        yield f"the server says {heard.status} {heard.type}: {heard.reason}"
    for name, value in row.says.items():
        if heard.body.get(name) != value:
            yield f"the server says {heard.body}"


def _wrong_meaning(row: Row, error: ReconcileError | None) -> Iterator[str]:
    if row.means is None or error is None:
        if (row.means, error) != (None, None):
            yield f"the operator takes it for {error!r}"
        return
    kind, reason, advice = row.means
    if (type(error), error.reason) != (kind, reason) or advice not in error.message:
        yield f"the operator says {type(error).__name__} {error}"
    if error.settings != row.settings:
        yield f"the operator reads {error.settings}"


async def _wrong_afterwards(bench: Bench, row: Row) -> list[str]:
    if row.stored is None:
        return []
    found = await bench.client.get(row.there)
    if (found is not None) != row.stored:
        return [f"afterwards there is {found}"]
    shown = found["service_settings"] if found else {}
    return [f"it shows {shown}" for name, value in row.shows.items() if shown.get(name) != value]


@pytest.mark.parametrize(("row", "server"), list(_played()))
async def test_row_is_as_told(row: Row, server: Server, bench: Bench, request: pytest.FixtureRequest) -> None:
    """The situation leads to the answer, the answer to the error, and the error to an advice."""
    if not row.on(bench.profile):
        pytest.skip(f"the server that was given is a {bench.profile.number}, which has no such row")
    wrong = await _is_as_told(bench, row)
    note(request, "rows", [row.table, row.name, server.title, not wrong])
    assert wrong == []


@pytest.mark.parametrize("table", ["1.1", "1.4", "1.5", "4"])
def test_rows_have_names_of_their_own(table: str) -> None:
    """The table at the end of a run shows each of them."""
    names = [row.name for row in ROWS if row.table == table]
    assert len(names) == len(set(names)) > 0

"""What each refusal of Elasticsearch means and what it says must be done, where no real server could be brought to it.

The texts, in `refusals.yaml`, are those of its sources and issues; what was recorded is in `test_answers`.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.elasticsearch.answers import (
    Answer,
    failure,
    is_absent,
    references,
    refused_settings,
)
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient, Waiting
from unit.recorded_answers import envelope

_TABLE = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text("utf-8"))
ROWS = {f"{where}: {what}": row for where, rows in _TABLE.items() for what, row in rows.items()}
ERRORS = {error.__name__: error for error in (Stalled, Transient, Waiting)}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_refusal_leads_to_error_reason_and_advice(row: dict[str, Any]) -> None:
    """The person learns what the server said and what to do; no endpoint counts as absent because of it."""
    status, kind, error, reason = row["is"]
    answer = envelope(status, kind, row["text"])
    found = failure(answer)
    assert (type(found), found.reason) == (ERRORS[error], Reason(reason))
    assert row.get("advice", "") in found.message
    assert row["text"].rstrip(".;") in found.message
    assert not is_absent(answer)


NO_ELASTICSEARCH = {
    "a redirect": (Answer(302, "moved"), Stalled, Reason.NOT_ELASTICSEARCH),
    "no content": (Answer(204, None), Stalled, Reason.NOT_ELASTICSEARCH),
    "a page of a proxy": (Answer(404, "<html>Not Found</html>"), Stalled, Reason.NOT_ELASTICSEARCH),
    "a page that is gone": (Answer(410, "<html>Gone</html>"), Stalled, Reason.NOT_ELASTICSEARCH),
    "a proxy without a backend": (Answer(502, "<html>Bad Gateway</html>"), Transient, Reason.SERVER_ERROR),
    "an error that is a list": (Answer(400, {"error": ["x"]}), Stalled, Reason.INVALID_SETTINGS),
    "a cause that is a text": (
        envelope(400, "status_exception", "bad", caused_by="x"),
        Stalled,
        Reason.INVALID_SETTINGS,
    ),
}


@pytest.mark.parametrize(("answer", "kind", "reason"), NO_ELASTICSEARCH.values(), ids=NO_ELASTICSEARCH)
def test_what_no_elasticsearch_would_say_is_understood(
    answer: Answer, kind: type[ReconcileError], reason: Reason
) -> None:
    """Pages of proxies, and JSON of another shape."""
    error = failure(answer)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize(("status", "ambiguous"), [(408, True), (500, True), (503, True), (429, False)])
def test_failure_may_have_taken_effect_all_the_same(status: int, ambiguous: bool) -> None:
    """After a timeout or an error of the server, nobody knows; a refusal for overload did nothing."""
    error = failure(envelope(status, "some_exception", "m"))
    assert isinstance(error, Transient)
    assert error.ambiguous == ambiguous


NAMED = {
    "one field, as strict versions say it": (
        "[1:2] [service_settings] unknown field [model_id]",
        ["model_id"],
    ),
    "a field within another one": (
        "[1:9] [service_settings] failed to parse field [rate_limit] [1:24] [rate_limit] unknown field [per_day]",
        ["rate_limit"],
    ),
    "a field of a wrong type, which is known": (
        "[1:9] [service_settings] failed to parse field [rate_limit]",
        [],
    ),
    "one setting": ("Configuration contains settings [{bogus=1}] unknown to the [openai] service", ["bogus"]),
    "several settings, with values of all kinds": (
        "Model configuration contains settings [{a=1, b={c=2, d=3}, e=[x, y=z], f=}] unknown to the [openai] service",
        ["a", "b", "e", "f"],
    ),
    "sections that no update takes": (
        "fields which cannot be updated, remove these fields and try again [{service=s, chunking_settings={a=b, c=d}}]",
        ["service", "chunking_settings"],
    ),
    "a setting that the service forbids": (
        "Validation Failed: 1: [service_settings] does not allow the setting [similarity];",
        ["similarity"],
    ),
    "a missing setting, which is not refused": (
        "Validation Failed: 1: [service_settings] does not contain the required setting [model_id];",
        [],
    ),
    "a map without an end": ("contains settings [{a=1, b=2", []),
}


@pytest.mark.parametrize(("text", "names"), NAMED.values(), ids=NAMED)
def test_settings_that_are_refused_by_name_are_known(text: str, names: list[str]) -> None:
    """Each name once, that of the outer setting where one is within another."""
    assert refused_settings(text) == tuple(names)
    assert failure(envelope(400, "status_exception", text)).settings == tuple(names)


def test_provider_refuses_no_setting_by_name() -> None:
    """What it says is about its own API, whatever it reads like."""
    wrapper = (
        "Could not complete inference endpoint creation as validation call to service threw an exception."
    )
    cause = {"type": "status_exception", "reason": "status [400]. Error message: [unknown field [x]]"}
    assert failure(envelope(400, "status_exception", wrapper, caused_by=cause)).settings == ()


def test_long_words_of_the_server_are_not_cut_here() -> None:
    """A secret that is cut would not be recognised any more; the redactor cuts, in the middle, when it has masked."""
    message = failure(envelope(400, "status_exception", f"Unknown service [{'x' * 5000}]")).message
    assert "x" * 5000 in message
    assert message.endswith("or upgrade Elasticsearch")


def test_all_uses_are_told() -> None:
    """What says who uses an endpoint is not cut: the names are read from it."""
    names = [f"index-{number}" for number in range(100)]
    text = f"Inference endpoint x is being used in the mapping for indexes: [{', '.join(names)}]. Ensure that"
    assert references(failure(envelope(409, "status_exception", text)).message) == ([], names)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["settings [{a=", "try again [{", "pipelines: [", "unknown field [", "Unknown service [", ", a="]
)
def test_long_text_takes_no_time(piece: str) -> None:
    """Whoever answers may send whatever; the operator has other work to do."""
    for status in (400, 404, 409, 500):
        failure(envelope(status, "status_exception", piece * (250_000 // len(piece))))


def test_reason_that_is_null_is_none() -> None:
    """So Elasticsearch writes an error without words."""
    answer = Answer(
        503, {"error": {"type": "master_not_discovered_exception", "reason": None}, "status": 503}
    )
    assert failure(answer).message == "elasticsearch answers with status 503: no reason given"

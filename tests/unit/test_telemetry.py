"""No secret leaves by the log, whatever form a line or an error has."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import generate_latest

from inference_operator.objects import ENDPOINT, Key
from inference_operator.secret import MASK, Redactor, SecretValue
from inference_operator.telemetry import Metrics, RedactingFormatter, configure_logging

PASSWORD = "hunter2-4711"
DOCUMENT = '{\n  "private_key": "hunter2-4711"\n}'
"""Has quotes and lines, as the key file of a service account has."""


@pytest.fixture
def redactor() -> Redactor:
    """Knows the secrets of these tests."""
    filled = Redactor()
    filled.learn(SecretValue(PASSWORD))
    filled.learn(SecretValue(DOCUMENT))
    return filled


def line(redactor: Redactor, message: str, *args: object, as_json: bool = True, **more: Any) -> str:
    """The line that a record with this message becomes."""
    record = logging.LogRecord(
        "operator.x", logging.WARNING, __file__, 1, message, args, more.pop("exc", None)
    )
    vars(record).update(more)
    return RedactingFormatter(redactor, as_json=as_json).format(record)


def caught(message: str) -> Any:
    """An error as a log record carries it, with another one as its cause."""
    error = ValueError(message)
    error.__cause__ = KeyError(message)
    return ValueError, error, None


SHOWN = {
    "a password": PASSWORD,
    "a document": DOCUMENT,
    "a document as JSON": json.dumps({"echo": DOCUMENT}),
    "a document as Python shows it": repr({"echo": DOCUMENT}),
    "a password in base64": "aHVudGVyMi00NzEx",
}


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "text"])
@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_secret_is_masked_wherever_it_comes_from(redactor: Redactor, shown: str, as_json: bool) -> None:
    """In the message, its arguments, the fields beside it, and in errors with their causes."""
    lines = [
        line(redactor, f"failed: {shown}", as_json=as_json),
        line(redactor, "failed: %s", shown, as_json=as_json),
        line(redactor, "failed: %r", [shown], as_json=as_json),
        line(redactor, "failed", as_json=as_json, reason=shown),
        line(redactor, "failed", as_json=as_json, object={"name": shown}),
        line(redactor, "failed", as_json=as_json, exc=caught(shown)),
    ]
    for said in lines:
        assert "hunter2" not in said
        assert "aHVudGVy" not in said
        assert MASK in said or json.dumps(MASK)[1:-1] in said


def test_json_line_is_one_line_of_json(redactor: Redactor) -> None:
    """Lines and control characters of a message do not make another line."""
    said = line(redactor, "two\nlines\x1b[31m\u2028", exc=caught("x"))
    assert "\n" not in said
    assert said.isascii()
    fields = json.loads(said)
    assert fields["message"] == "two\nlines\x1b[31m\u2028"
    assert (fields["level"], fields["logger"]) == ("warning", "operator.x")
    assert "ValueError: x" in fields["exception"]


def test_json_line_tells_which_object_it_is_about(redactor: Redactor) -> None:
    """Our own fields stand beside the message, those of others do not."""
    about = Key(ENDPOINT, "team", "docs").as_extra()["object"]
    fields = json.loads(line(redactor, "m", reason="Synced", taskName="t", object=about))
    assert fields["object"] == {"kind": "InferenceEndpoint", "namespace": "team", "name": "docs"}
    assert fields["reason"] == "Synced"
    assert "taskName" not in fields


def test_json_line_takes_what_is_no_json(redactor: Redactor) -> None:
    """A field that JSON does not know is shown as text, and a secret in it masks itself."""
    fields = json.loads(line(redactor, "m", address=SecretValue("unknown-4711")))
    assert fields["address"] == f"SecretValue({MASK})"


def test_text_line_is_for_people(redactor: Redactor) -> None:
    """Time, level, logger, message, and our own fields as pairs."""
    said = line(redactor, "all is well", as_json=False, reason="Synced")
    assert said.endswith("WARNING operator.x all is well reason=Synced")
    assert "ValueError: x" in line(redactor, "m", as_json=False, exc=caught("x"))


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    """Puts the loggers back as they were."""
    root = logging.getLogger()
    known = [logger for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    handlers, levels = root.handlers[:], {logger: logger.level for logger in [root, *known]}
    yield
    root.handlers[:] = handlers
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.setLevel(levels.get(logger, logging.NOTSET))
    root.setLevel(levels[root])


@pytest.mark.usefixtures("untouched_logging")
@pytest.mark.parametrize("form", ["json", "text"])
def test_everything_that_is_logged_passes_the_redactor(
    redactor: Redactor, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our own loggers and those of libraries write to stderr, through the one filter."""
    configure_logging(redactor, "INFO", form)
    logging.getLogger("anything").info("key %s", PASSWORD)
    logging.getLogger("aiohttp.client").warning("key %s", PASSWORD)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("key ") == 2
    assert PASSWORD not in said.err


@pytest.mark.usefixtures("untouched_logging")
@pytest.mark.parametrize("name", ["kopf.objects", "httpx", "aiohttp.access", "asyncio", "kubernetes.client"])
def test_libraries_do_not_chat(redactor: Redactor, name: str) -> None:
    """At DEBUG they would print whole requests, so they stay at warnings whatever the level is."""
    configure_logging(redactor, "DEBUG", "json")
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    assert logging.getLogger(name).isEnabledFor(logging.WARNING)
    assert logging.getLogger("inference_operator.x").isEnabledFor(logging.DEBUG)


def test_requests_are_counted_by_verb_and_status() -> None:
    """A request without an answer has a word of its own; each operator counts for itself."""
    metrics, other = Metrics(), Metrics()
    metrics.observe_request("GET", 200)
    metrics.observe_request("GET", 200)
    metrics.observe_request("PUT", None)
    text = generate_latest(metrics.registry).decode()
    assert 'inference_operator_elasticsearch_requests_total{status="200",verb="GET"} 2.0' in text
    assert 'inference_operator_elasticsearch_requests_total{status="none",verb="PUT"} 1.0' in text
    assert "requests_total{" not in generate_latest(other.registry).decode()

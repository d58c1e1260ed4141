"""The operator's settings come from the environment, whole and right or not at all."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from inference_operator.settings import Settings, SettingsError, from_environment


def test_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set, and variables of others do not matter."""
    assert from_environment({"HOME": "/", "OPERATOR_WORKERS": "x"}) == Settings.model_validate({})


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("LOG_LEVEL", "DEBUG", "DEBUG"),
        ("LOG_FORMAT", "text", "text"),
        ("HTTP_PORT", "0", 0),
        ("ALLOW_HTTP", "true", True),
        ("ALLOWED_HOSTS", "localhost, 127.0.0.1 ,", ("localhost", "127.0.0.1")),
        ("ALLOWED_HOSTS", "", ()),
        ("WORKERS", "256", 256),
        ("MAX_CONCURRENCY", "1", 1),
        ("BACKOFF_BASE", "0.05", 0.05),
        ("INTERVAL_SCALE", "1e-3", 0.001),
    ],
)
def test_variable_sets_its_field(variable: str, text: str, value: object) -> None:
    """INFERENCE_OPERATOR_<FIELD IN CAPITALS> sets the field and leaves the others alone."""
    settings = from_environment({f"INFERENCE_OPERATOR_{variable}": text})
    assert settings == Settings.model_validate({variable.lower(): value})
    assert getattr(settings, variable.lower()) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LOG_LEVEL", "verbose-4711"),
        ("LOG_FORMAT", "xml-4711"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "http-4711"),
        ("ALLOW_HTTP", "maybe-4711"),
        ("WORKERS", "0"),
        ("MAX_CONCURRENCY", "257"),
        ("BACKOFF_CAP", "0"),
        ("EVENT_LOOP_LIMIT", "soon-4711"),
        ("WORKER", "4711"),
        ("", "4711"),
    ],
)
def test_unusable_variable_is_named_without_its_value(variable: str, text: str) -> None:
    """The operator does not start on a value it cannot use or a name it does not know, and does not print values."""
    with pytest.raises(SettingsError, match=re.escape(f"INFERENCE_OPERATOR_{variable}: ")) as error:
        from_environment({f"INFERENCE_OPERATOR_{variable}": text})
    assert "4711" not in str(error.value)
    assert error.value.__cause__ is None


def test_all_problems_are_told_at_once() -> None:
    """Two mistakes need one restart, not two."""
    with pytest.raises(SettingsError) as error:
        from_environment({"INFERENCE_OPERATOR_WORKERS": "x", "INFERENCE_OPERATOR_NAMESPACE": "x"})
    assert "INFERENCE_OPERATOR_WORKERS: " in str(error.value)
    assert "INFERENCE_OPERATOR_NAMESPACE: " in str(error.value)


def test_settings_are_frozen_and_described() -> None:
    """Nobody changes a setting while the operator runs, and each has a sentence for the reference."""
    settings: Any = from_environment({})
    with pytest.raises(ValidationError, match="frozen"):
        settings.workers = 1
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_variables_of_a_service_beside_the_pod_are_not_ours() -> None:
    """Kubernetes sets them for a Service called inference-operator; the operator starts all the same."""
    links = {
        "INFERENCE_OPERATOR_SERVICE_HOST": "10.0.0.1",
        "INFERENCE_OPERATOR_SERVICE_PORT": "80",
        "INFERENCE_OPERATOR_SERVICE_PORT_METRICS": "80",
        "INFERENCE_OPERATOR_PORT": "tcp://10.0.0.1:80",
        "INFERENCE_OPERATOR_PORT_80_TCP_ADDR": "10.0.0.1",
        "INFERENCE_OPERATOR_METRICS_SERVICE_HOST": "10.0.0.2",
    }
    assert from_environment({**links, "INFERENCE_OPERATOR_HTTP_PORT": "9090"}).http_port == 9090

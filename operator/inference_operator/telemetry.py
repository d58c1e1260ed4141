"""Logs and metrics. Every log line passes the redactor on its way out."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from inference_operator.secret import Redactor

_LIBRARIES = ("kopf", "httpx", "httpcore", "aiohttp", "asyncio", "kubernetes")
_EXTRAS = ("object", "reason", "address", "waiting", "seconds")
"""The fields that our own log lines carry beside their message."""


class Metrics:
    """What operators and dashboards count."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "inference_operator_reconciles",
            "Reconciles by kind and by how they ended.",
            ["kind", "reason"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "inference_operator_reconcile_seconds",
            "Duration of a reconcile.",
            ["kind"],
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60),
            registry=self.registry,
        )
        self.requests = Counter(
            "inference_operator_elasticsearch_requests",
            "Requests to Elasticsearch by verb and status.",
            ["verb", "status"],
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "inference_operator_queue_depth", "Resources that wait for a worker.", registry=self.registry
        )
        self.endpoints = Gauge(
            "inference_operator_endpoints",
            "Endpoints by readiness and reason.",
            ["ready", "reason"],
            registry=self.registry,
        )
        self.watch_restarts = Counter(
            "inference_operator_watch_restarts",
            "How often the watcher was started again.",
            registry=self.registry,
        )

    def observe_request(self, verb: str, status: int | None) -> None:
        """Count one request to Elasticsearch; no status means that there was no answer."""
        self.requests.labels(verb, str(status or "none")).inc()


class RedactingFormatter(logging.Formatter):
    """One line per record, JSON or text, without any known secret."""

    def __init__(self, redactor: Redactor, *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s")
        self._redactor = redactor
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted line."""
        extra = {k: v for k in _EXTRAS if (v := getattr(record, k, None)) is not None}
        line = self._json(record, extra) if self._as_json else self._text(record, extra)
        return self._redactor.redact(line)

    def _json(self, record: logging.LogRecord, extra: Mapping[str, Any]) -> str:
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redactor.redact(record.getMessage()),
            **extra,
        }
        if record.exc_info:
            fields["exception"] = self._redactor.redact(self.formatException(record.exc_info))
        return json.dumps(fields, default=str, ensure_ascii=True)

    def _text(self, record: logging.LogRecord, extra: Mapping[str, Any]) -> str:
        pairs = " ".join(f"{k}={v}" for k, v in extra.items())
        return f"{super().format(record)} {pairs}".rstrip()


def configure_logging(redactor: Redactor, level: str, form: str) -> None:
    """Send all logs to stderr through the redactor.

    Libraries speak only when something is wrong, whatever the level: at DEBUG, Kopf would print whole bodies.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor, as_json=form == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns that it gets no signals, which is as it should be: its thread is stopped by its flag.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)

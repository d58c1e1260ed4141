"""The measurements as a table for people and as JSON for programs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.budgets import Verdict
from bench.measure import Measured

_KUBERNETES = ("list", "get", "patch", "create")
_ELASTICSEARCH = ("GET", "PUT", "DELETE", "POST")


def table(measured: Iterable[Measured]) -> str:
    """One row for each phase."""
    titles = ["phase", "endpoints", "seconds", "CPU s", "CPU ms each", "peak MiB", "in flight"]
    requests = [*(f"k8s {verb}" for verb in _KUBERNETES), *(f"es {verb}" for verb in _ELASTICSEARCH)]
    rows = [[*titles, *requests], *map(_row, measured)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _row(one: Measured) -> list[str]:
    return [
        one.phase,
        f"{one.endpoints:,}",
        f"{one.seconds:.1f}",
        f"{one.cpu_seconds:.1f}",
        f"{one.cpu_milliseconds:.1f}",
        f"{one.peak:.0f}",
        str(one.in_flight),
        *(str(_with_verb(one.kubernetes, verb)) for verb in _KUBERNETES),
        *(str(_with_verb(one.elasticsearch, verb)) for verb in _ELASTICSEARCH),
    ]


def _with_verb(counted: dict[str, int], verb: str) -> int:
    return sum(number for what, number in counted.items() if what.split()[0] == verb)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    return "  ".join(
        [first.ljust(widths[0]), *(text.rjust(w) for text, w in zip(rest, widths[1:], strict=True))]
    )


def budgets(verdicts: Sequence[Verdict]) -> str:
    """What was not met, what is only told, and how many were met."""
    demanded = [v for v in verdicts if v.demanded]
    broken = [v for v in demanded if not v.met]
    lines = [_words(v) for v in verdicts if not v.demanded or not v.met]
    return "\n".join([*lines, f"{len(demanded) - len(broken)} of {len(demanded)} budgets are met"])


def _words(verdict: Verdict) -> str:
    word = "met" if verdict.met else "NOT MET" if verdict.demanded else "not met (told only)"
    return f"{verdict.what}: {verdict.found}, allowed {verdict.allowed}: {word}"


def write(path: Path, measured: Iterable[Measured], verdicts: Iterable[Verdict]) -> None:
    """All of it as JSON."""
    document = {
        "machine": {
            "cpus": os.cpu_count(),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "phases": [vars(one) for one in measured],
        "budgets": [vars(verdict) for verdict in verdicts],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")

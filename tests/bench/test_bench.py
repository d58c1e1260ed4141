"""A bench so small that it fits among the tests: it shows that the bench itself works, and counts."""

import json
from pathlib import Path

import pytest

from bench import report
from bench.budgets import judge
from bench.measure import Phase
from bench.phases import LATENCY_MS, Site, measure_all
from testbed.controlplane import ControlPlane
from testbed.standin.client import Standin

SIZE = 20

pytestmark = pytest.mark.xdist_group("bench")


def test_small_number_meets_every_budget(control_plane: ControlPlane, tmp_path: Path) -> None:
    """Each phase is measured, judged, and shown in the table and in the JSON."""
    with Standin.start(tmp_path / "standin", latency_ms=LATENCY_MS) as es:
        measured = measure_all(Site(control_plane, es, tmp_path), SIZE, print)
    verdicts = judge(measured)
    assert [v for v in verdicts if not v.met] == []
    assert [line.split("  ")[0] for line in report.table(measured).splitlines()] == ["phase", *Phase]
    report.write(tmp_path / "bench.json", measured, verdicts)
    told = json.loads((tmp_path / "bench.json").read_text())
    assert [(one["phase"], one["endpoints"]) for one in told["phases"]] == [(phase, SIZE) for phase in Phase]
    assert len(told["budgets"]) == len(verdicts)

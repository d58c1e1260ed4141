"""`python -m bench`: measures every phase with every number of endpoints; fails if a budget is not met."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import report
from bench.budgets import judge
from bench.measure import Measured
from bench.phases import LATENCY_MS, Site, measure_all
from testbed.controlplane import ControlPlane, apply_crds
from testbed.fixtures import CRDS
from testbed.standin.client import Standin

REPORT = Path(__file__).parents[2] / "build" / "reports" / "bench.json"
_SIZES = "1,100,1000,5000"


def main(arguments: list[str]) -> int:
    """Measure, show and judge; the exit code is 1 if a budget is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("--sizes", type=_sizes, default=_SIZES, help="numbers of endpoints, by commas")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the JSON goes")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    measured: list[Measured] = []
    try:
        for size in options.sizes:
            measured += _measure(size)
    except KeyboardInterrupt:
        print("interrupted; everything is stopped", flush=True)
        return 130
    verdicts = judge(measured)
    report.write(options.report, measured, verdicts)
    print(f"\n{report.table(measured)}\n\n{report.budgets(verdicts)}\n{options.report}")
    return 0 if all(v.met for v in verdicts if v.demanded) else 1


def _sizes(text: str) -> list[int]:
    sizes = [int(part) for part in text.split(",")]
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError("at least one endpoint")
    return sizes


def _measure(size: int) -> list[Measured]:
    begin = time.monotonic()
    print(f"{size:,} endpoints", flush=True)
    with _site() as site:
        measured = measure_all(site, size, lambda text: print(f"  {text}", flush=True))
    print(f"{report.table(measured)}\n  {time.monotonic() - begin:.0f} s", flush=True)
    return measured


@contextmanager
def _site() -> Iterator[Site]:
    """A control plane and an Elasticsearch that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with (
            ControlPlane.start(directory / "control-plane") as plane,
            Standin.start(directory / "standin", latency_ms=LATENCY_MS) as es,
        ):
            apply_crds(plane, CRDS)
            yield Site(plane, es, directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

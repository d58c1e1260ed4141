"""Runs all checks and tests, the fast ones while the test bed is still being prepared; see `make test`.

Each step is a make target in a process group of its own. It ends with a table of the steps and one line
that counts the tests; the exit code is 0 only if every step passed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
FAST = ("lint", "types", "contracts", "unit", "coverage")
GRACE = 30.0  # seconds an interrupted step has to stop what it started


@dataclass(frozen=True)
class Result:
    """How one step ended."""

    step: str
    outcome: str
    seconds: float
    tests: Counter[str]


@dataclass
class Steps:
    """Runs make targets, and can stop those that still run."""

    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, step: str, output: IO[bytes] | None = None) -> Result:
        """Run one step to its end; what it prints goes to `output` if given."""
        begin = time.monotonic()
        process = subprocess.Popen(
            ["make", "--no-print-directory", step],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MFLAGS"}},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )
        self._started.append(process)
        ok = process.wait() == 0
        return Result(step, "passed" if ok else "FAILED", time.monotonic() - begin, tally(step, ok=ok))

    def stop(self) -> None:
        """Do to every running step what Ctrl-C would do; kill those that go on all the same."""
        running = [p for p in self._started if p.poll() is None]
        for process in running:
            os.killpg(process.pid, signal.SIGINT)
        deadline = time.monotonic() + GRACE
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def tally(step: str, *, ok: bool) -> Counter[str]:
    """The tests that a step ran, by outcome; a step without a report counts as one, if it failed."""
    report = REPORTS / f"{step}.xml"
    if not report.exists():
        return Counter(failed=int(not ok))
    suite = ET.parse(report).getroot()[0]  # noqa: S314 - written by our own pytest
    total, failures, errors, skipped = (
        int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return Counter(passed=total - failed - skipped, failed=failed if ok else max(failed, 1), skipped=skipped)


def follow(step: Future[Result], log: Path) -> Result:
    """Show the log of a background step as it grows, until the step ends."""
    with log.open(encoding="utf-8", errors="replace") as text:
        while True:
            ended = step.done()  # asked before the last read, so that nothing is missed
            print(text.read(), end="", flush=True)
            if ended:
                return step.result()
            time.sleep(0.5)


def announce(step: str) -> None:
    """Show where in the output a step begins."""
    print(f"\n=== make {step}", flush=True)


def run_all(steps: Steps, background: ThreadPoolExecutor) -> list[Result]:
    """Run every step, whether or not an earlier one failed."""
    log = REPORTS / "prepare.log"
    with log.open("wb") as output:
        preparation = background.submit(steps.run, "prepare", output)
        results = []
        for step in FAST:
            announce(step)
            results.append(steps.run(step))
        announce("prepare")
        results.append(follow(preparation, log))
    if results[-1].outcome != "passed":
        return [*results, Result("integration", "NOT RUN", 0.0, Counter(failed=1))]
    announce("integration")
    return [*results, steps.run("integration")]


def show(results: list[Result]) -> None:
    """Print a row per step, and the number of tests as the last line."""
    print(f"\n{'step':<13}{'result':<9}{'seconds':>7}")
    for result in results:
        print(f"{result.step:<13}{result.outcome:<9}{result.seconds:>7.0f}")
    tests = sum((r.tests for r in results), Counter[str]())
    print(f"\n{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped", flush=True)


def main() -> int:
    """Run all steps; on Ctrl-C and SIGTERM stop them and leave nothing running."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started us with it ignored
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    steps = Steps()
    with ThreadPoolExecutor(max_workers=1) as background:
        try:
            results = run_all(steps, background)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            steps.stop()
            print("\ninterrupted", flush=True)
            return 130
    show(results)
    return 0 if all(r.outcome == "passed" for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())

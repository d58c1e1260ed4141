"""The command that the README shows first, as a person calls it, against the stand-in."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("version", ["9.4.3", pytest.param("8.19.8", marks=pytest.mark.soak)])
def test_demo_verifies_every_step_and_leaves_nothing_behind(tmp_path: Path, version: str) -> None:
    """The exit code is 0 only if each step was verified; output that is no terminal's has no colour codes."""
    ours = {"ES": "standin", "ES_VERSION": version, "KEEP": "", "TMPDIR": str(tmp_path)}
    env = {**os.environ, **ours, "PYTHONPATH": str(TESTS)}
    told = subprocess.run(
        [sys.executable, "-m", "demo"], env=env, capture_output=True, text=True, check=False, timeout=110
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
    assert re.search(r"^   (\d+) of \1 steps verified", told.stdout, re.MULTILINE)
    assert "\033" not in told.stdout
    assert list(tmp_path.iterdir()) == []

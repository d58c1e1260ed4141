"""Programs that a Go module pins, built once into the cache."""

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from testbed.cache import cache_dir
from testbed.processes import Process, wait_for

_REPORT_EVERY = 20.0  # seconds


class BuildError(RuntimeError):
    """The programs cannot be had on this machine; the message says what is missing."""


@dataclass(frozen=True)
class GoModule:
    """A folder with go.mod and go.sum; `packages` maps the names of the programs to what they are built from."""

    name: str
    folder: Path
    packages: Mapping[str, str]
    variables: Mapping[str, str]
    """What the linker sets in the programs, such as their version."""
    duration: str
    """How long the build takes, for those who wait."""

    def ensure(self) -> Path:
        """The folder with the programs, built if need be.

        Raises:
            BuildError: Go is missing, or the build failed.
        """
        built = cache_dir(f"{self.name.replace(' ', '')}-{self._fingerprint()}")
        if not built.exists():
            built.parent.mkdir(parents=True, exist_ok=True)
            with built.with_suffix(".lock").open("w") as lock:
                self._await_turn(lock)
                if not built.exists():
                    self._build(built)
        return built

    def _fingerprint(self) -> str:
        content = b"".join((self.folder / name).read_bytes() for name in ("go.mod", "go.sum"))
        return hashlib.sha256(content).hexdigest()[:12]

    def _await_turn(self, lock: IO[str]) -> None:
        """Of several that start at once, one builds."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._say("waiting for another process that builds it")
            fcntl.flock(lock, fcntl.LOCK_EX)

    def _build(self, target: Path) -> None:
        go = shutil.which("go")
        if go is None:
            raise BuildError(f"{self.name} is built with Go, and there is no `go` on the PATH")
        unfinished = target.with_suffix(".partial")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        self._say(f"building it takes {self.duration} on two cores, once")
        for program, package in self.packages.items():
            self._compile(go, package, unfinished / program)
        unfinished.rename(target)

    def _compile(self, go: str, package: str, target: Path) -> None:
        begin = time.monotonic()
        flags = " ".join(["-s -w", *(f"-X {name}={value}" for name, value in self.variables.items())])
        process = Process(
            [go, "build", "-trimpath", f"-ldflags={flags}", f"-o={target}", package],
            log=target.with_name("build.log"),
            name="go build",
            cwd=self.folder,
            env={**os.environ, "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        )
        try:
            while not _ended(process):
                self._say(f"building {target.name}: {time.monotonic() - begin:.0f} s")
        finally:
            process.stop()
        if process.returncode:
            raise BuildError(f"go build {package} failed:\n{process.tail()}")
        self._say(f"built {target.name} in {time.monotonic() - begin:.0f} s")

    def _say(self, text: str) -> None:
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)


def _ended(process: Process) -> bool:
    """Whether it ends before the next report is due."""
    try:
        return wait_for(lambda: not process.running, what=process.name, timeout=_REPORT_EVERY)
    except TimeoutError:
        return False

"""Starting the test bed's processes, waiting for them, and making sure that none outlives its starter."""

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1
_TAIL = 20  # lines of a log that an error quotes
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
# For the kernel a process's starter is a thread, so all are started by one that lives as long as we do.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")
# Below the ports that kernels give to outgoing connections, which could else take one before it is bound.
_PORTS = range(10_000, 32_000)


class ProcessDied(RuntimeError):
    """A process of the test bed ended although it was still needed."""


def free_port() -> int:
    """A TCP port on loopback that is free now."""
    while True:
        port = secrets.choice(_PORTS)  # not `random`, which test tools seed: two workers would choose alike
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _die_with(starter: int) -> None:
    """Runs in the child before exec: the kernel kills it when its starter dies, however that happens."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != starter:  # it died before we could say so
            os._exit(1)


class Process:
    """One running program, in a process group of its own, with its output in a log file."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = _STARTER.submit(
                subprocess.Popen[bytes],
                [str(a) for a in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=partial(_die_with, os.getpid()),  # two system calls, safe with threads
            ).result()

    @property
    def pid(self) -> int:
        """Process id, which is also that of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def tail(self, lines: int = _TAIL) -> str:
        """The end of what it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, grace: float = 10.0) -> None:
        """End it by SIGTERM; its group is killed if that takes longer than `grace` seconds."""
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
        self._signal(signal.SIGKILL)  # whatever it has left behind in its group

    def kill(self) -> None:
        """End it and its group by SIGKILL."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def wait_for(
    condition: Callable[[], T | None], *, what: str, timeout: float, process: Process | None = None
) -> T:
    """The first true result of `condition`, asked again and again for up to `timeout` seconds.

    Raises:
        TimeoutError: it never became true.
        ProcessDied: `process` ended meanwhile.
    """
    deadline = time.monotonic() + timeout
    pause = 0.01
    while True:
        if result := condition():
            return result
        log = f"\n{process.tail()}" if process is not None else ""
        if process is not None and not process.running:
            raise ProcessDied(f"{process.name} ended with {process.returncode} while waiting for {what}{log}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not so after {timeout:.0f} s{log}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)

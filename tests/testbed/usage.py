"""What a process uses, as Linux tells it under /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB = 1024
_RESET_PEAK = "5"  # proc(5), clear_refs


@dataclass(frozen=True)
class Usage:
    """What one process uses now, and has used since it began."""

    cpu_seconds: float
    memory: float
    """MiB that are resident."""
    peak: float
    """The most of that since the process began, or since `reset_peak`."""
    threads: int
    files: int
    """Open file descriptors, sockets included."""


def of(pid: int) -> Usage:
    """The usage of a process."""
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    # The name, in parentheses, may hold anything; user and system time are the 12th and 13th field after it.
    times = (proc / "stat").read_text().rpartition(")")[2].split()[11:13]
    return Usage(
        cpu_seconds=sum(map(int, times)) / _TICKS,
        memory=int(status["VmRSS"].split()[0]) / _KIB_PER_MIB,
        peak=int(status["VmHWM"].split()[0]) / _KIB_PER_MIB,
        threads=int(status["Threads"]),
        files=len(os.listdir(proc / "fd")),  # noqa: PTH208 - the names alone; each file may be closed meanwhile
    )


def reset_peak(pid: int) -> None:
    """Let `peak` begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)

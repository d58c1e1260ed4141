"""The processes of the test bed: how they end, and what is said when one ends too early."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from testbed.processes import Process, ProcessDied, free_port, wait_for

SLEEP = ["sleep", "600"]
STARTER = f"""
import pathlib, sys, time
from testbed.processes import Process
print(Process({SLEEP}, log=pathlib.Path(sys.argv[1]), name="sleep").pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    """Whether the process exists and has not ended."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in {"", "Z"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its starter")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_process_dies_with_its_starter(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends the starter, also what it cannot see coming, ends what it has started."""
    argv = [sys.executable, "-c", STARTER, str(tmp_path / "log")]
    env = {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        assert is_alive(pid)
        starter.send_signal(number)
    wait_for(lambda: not is_alive(pid), what="the process is gone", timeout=10)


def test_process_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """A test may start and restart servers in whatever thread it likes."""
    started: list[Process] = []
    thread = threading.Thread(
        target=lambda: started.append(Process(SLEEP, log=tmp_path / "log", name="sleep"))
    )
    thread.start()
    thread.join()
    marker = Process(["sleep", "0.2"], log=tmp_path / "marker", name="marker")
    wait_for(lambda: not marker.running, what="the kernel had time to kill it", timeout=10)
    assert started[0].running
    started[0].stop()


def test_stop_ends_the_whole_group(tmp_path: Path) -> None:
    """What a program has started, and forgotten, goes with it."""
    process = Process(["sh", "-c", "sleep 600 & echo $!; wait"], log=tmp_path / "log", name="shell")
    child = int(wait_for(process.tail, what="the child's id", timeout=10, process=process))
    process.stop()
    assert not process.running
    wait_for(lambda: not is_alive(child), what="the child is gone", timeout=10)


def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    """A program that ignores SIGTERM is killed after its time of grace."""
    script = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
    process = Process(["sh", "-c", script], log=tmp_path / "log", name="shell")
    wait_for(process.tail, what="the trap", timeout=10, process=process)
    process.stop(grace=0.2)
    assert process.returncode == -signal.SIGKILL


def test_waiting_for_a_dead_process_quotes_its_log(tmp_path: Path) -> None:
    """A server that cannot start says why, at once."""
    process = Process(["sh", "-c", "echo port taken; exit 3"], log=tmp_path / "log", name="server")
    with pytest.raises(ProcessDied, match=r"server ended with 3(.|\n)*port taken"):
        wait_for(lambda: None, what="an answer", timeout=60, process=process)


def test_waiting_ends_at_the_deadline() -> None:
    """What never comes true is an error that names it."""
    with pytest.raises(TimeoutError, match="a miracle"):
        wait_for(lambda: None, what="a miracle", timeout=0.05)


def test_free_port_can_be_bound_by_a_server(tmp_path: Path) -> None:
    """The port is one that a server can listen on."""
    port = free_port()
    process = Process(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
        log=tmp_path / "log",
        name="server",
        env={"PYTHONUNBUFFERED": "1"},
    )
    assert str(port) in wait_for(process.tail, what="the server", timeout=20, process=process)
    process.stop()

"""The programs of the control plane: the user's own, or built once from their Go modules into the cache."""

import fcntl
import hashlib
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import IO

from testbed.cache import cache_dir
from testbed.processes import Process, wait_for

MODULE = Path(__file__).parent / "go"
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
_REPORT_EVERY = 20.0  # seconds


class Unavailable(RuntimeError):
    """The control plane cannot be had on this machine; the message says what is missing."""


def ensure() -> Path:
    """The folder with etcd, kube-apiserver, kube-controller-manager and kubectl, built if need be.

    KUBEBUILDER_ASSETS, the convention of Go operators, goes first.

    Raises:
        Unavailable: there are none and Go is missing, or the build failed.
    """
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(assets)
    folder = cache_dir(f"controlplane-{_fingerprint()}")
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            _await_turn(lock)
            if not folder.exists():
                _build(folder)
    return folder


def find(folder: Path, program: str) -> Path:
    """The path of one program in what `ensure` returned.

    Raises:
        Unavailable: it is not there; Go's own tools put no kube-controller-manager into KUBEBUILDER_ASSETS.
    """
    path = folder / program
    if not path.exists():
        raise Unavailable(f"no {program} in {folder}; without KUBEBUILDER_ASSETS it would be built")
    return path


def _await_turn(lock: IO[str]) -> None:
    """Of several that start at once, one builds."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("waiting for another process that builds it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _fingerprint() -> str:
    content = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))
    return hashlib.sha256(content).hexdigest()[:12]


def _build(folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise Unavailable("the control plane is built with Go, and there is no `go` on the PATH")
    unfinished = folder.with_suffix(".partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    _say("building it takes some nine minutes on two cores, once")
    for program, package in _PACKAGES.items():
        _compile(go, package, unfinished / program)
    unfinished.rename(folder)


def _compile(go: str, package: str, target: Path) -> None:
    begin = time.monotonic()
    process = Process(
        [go, "build", "-trimpath", f"-ldflags={_ldflags()}", f"-o={target}", package],
        log=target.with_name("build.log"),
        name="go build",
        cwd=MODULE,
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
    )
    try:
        while not _ended(process):
            _say(f"building {target.name}: {time.monotonic() - begin:.0f} s")
    finally:
        process.stop()
    if process.returncode:
        raise Unavailable(f"go build {package} failed:\n{process.tail()}")
    _say(f"built {target.name} in {time.monotonic() - begin:.0f} s")


def _ended(process: Process) -> bool:
    """Whether it ends before the next report is due."""
    try:
        return wait_for(lambda: not process.running, what=process.name, timeout=_REPORT_EVERY)
    except TimeoutError:
        return False


def _ldflags() -> str:
    """Strip the program and tell it its version, which is otherwise one that kubectl and helm cannot parse."""
    version = re.search(r"k8s\.io/kubernetes v(\d+)\.(\d+)\S*", (MODULE / "go.mod").read_text())
    assert version
    values = {"gitVersion": version[0].split()[1], "gitMajor": version[1], "gitMinor": version[2]}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{k}={v}" for k, v in values.items())])


def _say(text: str) -> None:
    print(f"control plane: {text}", file=sys.stderr, flush=True)

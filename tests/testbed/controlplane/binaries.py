"""The programs of the control plane: the user's own, or built once from their Go modules into the cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from testbed.cache import cache_dir

MODULE = Path(__file__).parent / "go"
VERSION = "v1.37.2"
_NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
_PACKAGES = (
    "go.etcd.io/etcd/server/v3",
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "k8s.io/kubernetes/cmd/kubectl",
)
_STAMP = "k8s.io/component-base/version"
_LDFLAGS = (
    f"-s -w -X {_STAMP}.gitVersion={VERSION} -X {_STAMP}.gitMajor={VERSION[1:].split('.')[0]} "
    f"-X {_STAMP}.gitMinor={VERSION.split('.')[1]}"
)
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
        return _checked(Path(assets))
    folder = cache_dir(f"controlplane-{_fingerprint()}")
    if _complete(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several that start at once, one builds
        if not _complete(folder):
            _build(folder)
    return folder


def _checked(folder: Path) -> Path:
    missing = [name for name in _NEEDED if not (folder / name).exists()]
    if missing:
        raise Unavailable(f"KUBEBUILDER_ASSETS={folder} lacks {', '.join(missing)}")
    return folder


def _complete(folder: Path) -> bool:
    return all((folder / name).exists() for name in _NEEDED)


def _fingerprint() -> str:
    content = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))
    return hashlib.sha256(content).hexdigest()[:12]


def _build(folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise Unavailable("the control plane is built with Go, and there is no `go` on the PATH")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        for package in _PACKAGES:
            _compile(go, package, Path(scratch))
        (Path(scratch) / "server").rename(Path(scratch) / "etcd")
        finished = folder.with_suffix(".new")
        shutil.rmtree(finished, ignore_errors=True)
        shutil.copytree(scratch, finished)
        finished.rename(folder)


def _compile(go: str, package: str, target: Path) -> None:
    begin = time.monotonic()
    done = threading.Event()
    threading.Thread(target=_report, args=(package, done), daemon=True).start()
    try:
        subprocess.run(
            [go, "build", "-trimpath", "-ldflags", _LDFLAGS, "-o", f"{target}/", package],
            cwd=MODULE,
            env={**os.environ, "GOFLAGS": "-mod=readonly"},
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"go build {package} failed with {error.returncode}") from None
    finally:
        done.set()
    _say(f"built {package} in {time.monotonic() - begin:.0f} s")


def _report(package: str, done: threading.Event) -> None:
    """Show that the build goes on: the first one takes some nine minutes on two cores."""
    begin = time.monotonic()
    _say(f"building {package}; the four programs take some nine minutes, once")
    while not done.wait(_REPORT_EVERY):
        _say(f"building {package}: {time.monotonic() - begin:.0f} s")


def _say(text: str) -> None:
    print(f"control plane: {text}", file=sys.stderr, flush=True)

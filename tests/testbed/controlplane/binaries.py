"""The programs of the control plane: the user's own, or built once from their Go modules into the cache."""

import os
import re
from pathlib import Path

from testbed.gomodule import BuildError, GoModule

MODULE = Path(__file__).parent / "go"
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}


def ensure() -> Path:
    """The folder with etcd, kube-apiserver, kube-controller-manager and kubectl, built if need be.

    KUBEBUILDER_ASSETS, the convention of Go operators, goes first.

    Raises:
        BuildError: there are none and Go is missing, or the build failed.
    """
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(assets)
    module = GoModule("control plane", MODULE, _PACKAGES, _version(), duration="some nine minutes")
    return module.ensure()


def find(folder: Path, program: str) -> Path:
    """The path of one program in what `ensure` returned.

    Raises:
        BuildError: it is not there; Go's own tools put no kube-controller-manager into KUBEBUILDER_ASSETS.
    """
    path = folder / program
    if not path.exists():
        raise BuildError(f"no {program} in {folder}; without KUBEBUILDER_ASSETS it would be built")
    return path


def _version() -> dict[str, str]:
    """What tells the programs their version, which is otherwise one that kubectl and helm cannot parse."""
    found = re.search(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\S*)", (MODULE / "go.mod").read_text())
    assert found
    values = zip(("gitVersion", "gitMajor", "gitMinor"), found.groups(), strict=True)
    return {f"k8s.io/component-base/version.{name}": value for name, value in values}

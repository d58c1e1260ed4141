"""The helm program, built once from its Go module into the cache."""

import re
from pathlib import Path

from testbed.gomodule import GoModule

_FOLDER = Path(__file__).parent / "go"


def ensure() -> Path:
    """The program, built if need be.

    Raises:
        BuildError: Go is missing, or the build failed.
    """
    version = re.search(r"helm\.sh/helm/v4 (v\S+)", (_FOLDER / "go.mod").read_text())
    assert version
    module = GoModule(
        name="helm",
        folder=_FOLDER,
        packages={"helm": "helm.sh/helm/v4/cmd/helm"},
        variables={"helm.sh/helm/v4/internal/version.version": version[1]},
        duration="some two minutes",
    )
    return module.ensure() / "helm"

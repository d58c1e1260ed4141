"""The chart, and helm run on it."""

import os
import subprocess
from pathlib import Path

from testbed.helm.binary import ensure

NAME = "elasticsearch-inference-operator"
CHART = Path(__file__).parents[3] / "deploy" / "helm" / NAME


class HelmError(RuntimeError):
    """Helm refused; the message is what it said."""


class Helm:
    """Helm for one cluster, or for none; what it keeps for its user goes into `directory`."""

    def __init__(self, directory: Path, kubeconfig: Path | None = None) -> None:
        self._program = ensure()
        own = {
            f"HELM_{kind}_HOME": str(directory / "helm" / kind.lower())
            for kind in ("CACHE", "CONFIG", "DATA")
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HELM_")}
        self._env = {**inherited, **own, "KUBECONFIG": str(kubeconfig or directory / "none")}

    def run(self, *arguments: str | Path) -> str:
        """What helm prints.

        Raises:
            HelmError: it failed.
        """
        done = subprocess.run(
            [self._program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=self._env,
        )
        if done.returncode != 0:
            raise HelmError(done.stderr.strip())
        return done.stdout

"""`python -m testbed.helm FILE`: writes deploy/install.yaml, which is the chart for those who do not use Helm."""

import sys
import tempfile
from pathlib import Path

from testbed.helm import CHART, NAME, Helm

_HEADER = f"""\
# generated from the chart by `make generate`; do not edit
#
#   kubectl apply --server-side --filename=deploy/install.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: {NAME}
  labels:
    app.kubernetes.io/name: {NAME}
    pod-security.kubernetes.io/enforce: restricted
"""


def manifest() -> str:
    """The whole file; Helm's own annotation would say nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        rendered = Helm(Path(folder)).run(
            "template", NAME, CHART, f"--namespace={NAME}", "--set=crds.keep=false"
        )
    return _HEADER + rendered


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(manifest(), encoding="utf-8")

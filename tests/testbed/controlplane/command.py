"""`python -m testbed control-plane`: a control plane to play with."""

import argparse
import contextlib
import signal
import tempfile
from pathlib import Path

from testbed.controlplane import ControlPlane


def main(arguments: list[str]) -> None:
    """Run a control plane until Ctrl-C."""
    argparse.ArgumentParser(prog="python -m testbed control-plane", description=main.__doc__).parse_args(
        arguments
    )
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="control-plane-") as folder,
        ControlPlane.start(Path(folder)) as plane,
    ):
        print(f"the API server answers at {plane.server}\nexport KUBECONFIG={plane.kubeconfig}", flush=True)
        signal.pause()

"""`python -m testbed prepare`: what takes minutes the first time, done ahead of the tests and the demo."""

import argparse
import sys

from testbed import elasticsearch, helm
from testbed.controlplane import binaries
from testbed.gomodule import BuildError

VERSIONS = ("9.4.3", "8.19.8")


def main(arguments: list[str]) -> None:
    """Build the control plane and helm, and fetch Elasticsearch; what is already there is left alone."""
    argparse.ArgumentParser(prog="python -m testbed prepare", description=main.__doc__).parse_args(arguments)
    try:
        print(f"control plane: {binaries.ensure()}")
        print(f"helm: {helm.ensure()}")
        for version in VERSIONS:
            elasticsearch.prepare(version)
    except (BuildError, elasticsearch.DistributionUnavailable) as error:
        sys.exit(f"prepare: {error}")

"""`python -m testbed prepare`: what takes minutes the first time, done ahead of the tests and the demo."""

import argparse
import sys

from testbed import elasticsearch
from testbed.controlplane import binaries


def main(arguments: list[str]) -> None:
    """Build the control plane and fetch Elasticsearch; what is already there is left alone."""
    argparse.ArgumentParser(prog="python -m testbed prepare", description=main.__doc__).parse_args(arguments)
    try:
        print(f"control plane: {binaries.ensure()}")
        elasticsearch.prepare()
    except (binaries.Unavailable, elasticsearch.DistributionUnavailable) as error:
        sys.exit(f"prepare: {error}")

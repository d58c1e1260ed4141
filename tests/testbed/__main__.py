"""`python -m testbed PART`: runs one part of the test bed until Ctrl-C, or prepares them all."""

import argparse
import importlib
import signal
import sys

# Each part is a module with `main(arguments: list[str]) -> None`.
PARTS = {
    "prepare": ("testbed.preparation", "build the control plane and fetch Elasticsearch, once"),
    "control-plane": ("testbed.controlplane.command", "run a Kubernetes control plane"),
    "elasticsearch": ("testbed.elasticsearch.command", "run a real Elasticsearch"),
    "provider": ("testbed.provider.command", "run a stub of a model provider"),
    "standin": ("testbed.standin.command", "run the stand-in for Elasticsearch"),
}


def main() -> None:
    """Run the part that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m testbed", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    for name, (_, help_text) in PARTS.items():
        parts.add_parser(name, help=help_text, add_help=False)
    chosen, rest = parser.parse_known_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every part cleans up
    try:
        importlib.import_module(PARTS[chosen.part][0]).main(rest)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

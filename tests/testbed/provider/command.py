"""`python -m testbed provider`: the stub until Ctrl-C."""

import argparse
import asyncio
import contextlib
from pathlib import Path

from testbed.provider.server import serve


def main(arguments: list[str]) -> None:
    """Print one line of JSON with the address once the stub listens."""
    parser = argparse.ArgumentParser(prog="python -m testbed provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--vendor-certificate", type=Path, help="answer for the vendors' host names too, on port 443"
    )
    options = parser.parse_args(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.vendor_certificate))

"""`python -m testbed elasticsearch`: an Elasticsearch and its provider stub until Ctrl-C."""

import argparse
import contextlib
import json
import signal
import tempfile
from pathlib import Path

from testbed.elasticsearch.distribution import DEFAULT_VERSION
from testbed.elasticsearch.server import Elasticsearch
from testbed.provider import Provider


def main(arguments: list[str]) -> None:
    """Print one line of JSON once all is up; keys are in files, not in the line."""
    parser = argparse.ArgumentParser(prog="python -m testbed elasticsearch", description=__doc__)
    parser.add_argument("--version", default=DEFAULT_VERSION)
    parser.add_argument("--licence", default="trial", choices=["trial", "basic"])
    options = parser.parse_args(arguments)
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="testbed-") as name:
        _run(Path(name), options)


def _run(folder: Path, options: argparse.Namespace) -> None:
    with (
        Provider.start(folder) as provider,
        Elasticsearch.start(
            folder, provider=provider, version=options.version, licence=options.licence
        ) as server,
    ):
        print(json.dumps(_facts(server, provider, folder)), flush=True)
        signal.pause()


def _facts(server: Elasticsearch, provider: Provider, folder: Path) -> dict[str, object]:
    key_file = folder / "elasticsearch-api-key"
    key_file.touch(mode=0o600)
    key_file.write_text(server.api_key)
    return {
        "url": server.url,
        "ca_file": str(server.ca_file),
        "api_key_file": str(key_file),
        "version": server.version,
        "provider_url": provider.url,
        "vendor_hosts": provider.vendor_hosts,
    }

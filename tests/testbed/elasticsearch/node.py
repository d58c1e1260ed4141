"""One node as a process: its folders, its configuration, and its removal without a trace."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from testbed.elasticsearch.configuration import Configuration
from testbed.elasticsearch.installation import Installation
from testbed.processes import Process, free_port
from testbed.provider import Provider


@dataclass
class Node:
    """A node that runs from `start` to `stop`, and may be restarted with its data in between."""

    installation: Installation
    configuration: Configuration
    temporary: tempfile.TemporaryDirectory[str]
    process: Process

    @property
    def folder(self) -> Path:
        """The node's folder for its configuration and state."""
        return Path(self.temporary.name)

    @classmethod
    def start(cls, installation: Installation, log: Path, provider: Provider | None, licence: str) -> Self:
        """Start a new, empty node; it answers some time later.

        Its folder is not the test's own, into which the user who runs Elasticsearch for root may not look.
        """
        temporary = tempfile.TemporaryDirectory(prefix="elasticsearch-", ignore_cleanup_errors=True)
        folder = Path(temporary.name)
        for name in ("config", "data", "logs", "tmp"):
            (folder / name).mkdir()
        configuration = Configuration(folder / "config", free_port(), licence, provider)
        configuration.write()
        _give(folder, installation.owner)
        process = Process(installation.command(folder), log=log, name="elasticsearch")
        return cls(installation, configuration, temporary, process)

    def restart(self) -> None:
        """Stop the node and start it again with what it has stored."""
        self.process.stop()
        command = self.installation.command(self.folder)
        self.process = Process(command, log=self.process.log, name=self.process.name)

    def stop(self) -> None:
        """Stop the node and remove its folder."""
        self.process.stop()
        self.installation.discard(self.folder)
        self.temporary.cleanup()


def _give(folder: Path, owner: int) -> None:
    if owner == os.geteuid():
        return
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, owner, owner)

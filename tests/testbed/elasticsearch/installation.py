"""The ways to run a node on this machine: an unpacked distribution, or the official image."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from testbed.elasticsearch.distribution import DEFAULT_VERSION, Progress, to_stderr, unpacked
from testbed.elasticsearch.jdk import require_jdk

NOBODY = 65534
IMAGE_USER = 1000
IMAGE = "docker.elastic.co/elasticsearch/elasticsearch"


class Installation(Protocol):
    """What starts a node; the folder holds its `config`, `data`, `logs` and `tmp`."""

    @property
    def owner(self) -> int:
        """The user whom the node runs as."""

    def command(self, folder: Path) -> list[str]:
        """The command that runs the node in the foreground."""

    def discard(self, folder: Path) -> None:
        """Remove what a killed command would leave behind."""


@dataclass(frozen=True)
class Distribution:
    """An unpacked distribution and the Java kit to run it with, if it has none of its own."""

    home: Path
    java: Path | None

    @property
    def owner(self) -> int:
        """Ourselves, but for root, as whom Elasticsearch refuses to run."""
        return os.geteuid() or NOBODY

    def command(self, folder: Path) -> list[str]:
        """The start script of the distribution."""
        java = [f"ES_JAVA_HOME={self.java}"] if self.java else []
        script = str(self.home / "bin" / "elasticsearch")
        return [*self._as_owner(), "env", *_environment(folder), *java, script]

    def discard(self, folder: Path) -> None:
        """Nothing: the process is all there is."""

    def _as_owner(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        # A change of user undoes the starter's order to die with it.
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL"]


@dataclass(frozen=True)
class Image:
    """The official image; the host's network lets the node reach the provider stub, and us the node."""

    name: str

    @property
    def owner(self) -> int:
        """Ourselves, but for root."""
        return os.geteuid() or IMAGE_USER

    def command(self, folder: Path) -> list[str]:
        """The start script of the image on our folders, which have the same path inside and outside."""
        run = [
            "docker",
            "run",
            "--rm",
            "--network=host",
            f"--name={folder.name}",
            f"--volume={folder}:{folder}",
        ]
        settings = [f"--env={variable}" for variable in _environment(folder)]
        # Group 0 is the one for which the image keeps its files readable, whoever the user is.
        script = "/usr/share/elasticsearch/bin/elasticsearch"
        return [*run, *settings, f"--user={self.owner}:0", f"--entrypoint={script}", self.name]

    def discard(self, folder: Path) -> None:
        """Killing the client leaves the container running."""
        subprocess.run(["docker", "rm", "--force", folder.name], capture_output=True, check=False)


def prepare(version: str = DEFAULT_VERSION, progress: Progress = to_stderr) -> None:
    """Bring here what a start will need, so that it is quick; nothing where `ES_URL` names a server."""
    if "ES_URL" not in os.environ:
        find(version, progress)


def find(version: str = DEFAULT_VERSION, progress: Progress = to_stderr) -> Installation:
    """Return the installation this machine offers; download it first where that is the only way."""
    if home := os.environ.get("ES_HOME"):
        return _distribution(Path(home), version)
    if _docker_works():
        name = f"{IMAGE}:{version}"
        progress(f"elasticsearch {version}: pulling {name}")
        subprocess.run(["docker", "pull", "--quiet", name], check=True)
        return Image(name)
    return _distribution(unpacked(version, progress), version)


def _distribution(home: Path, version: str) -> Distribution:
    bundled = any((home / folder).exists() for folder in ("jdk", "jdk.app"))
    return Distribution(home, None if bundled else require_jdk(version))


def _docker_works() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _environment(folder: Path) -> list[str]:
    """The folders of the node; the launcher's Java has its own idea of a folder for temporary files."""
    launcher = f"-Djava.io.tmpdir={folder / 'tmp'} -XX:-UsePerfData"
    return [
        f"ES_PATH_CONF={folder / 'config'}",
        f"ES_TMPDIR={folder / 'tmp'}",
        f"CLI_JAVA_OPTS={launcher}",
    ]

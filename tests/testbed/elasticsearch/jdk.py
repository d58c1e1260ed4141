"""Finds a Java development kit for a distribution without one of its own.

A runtime (JRE) is not enough: the server's own modules require the attach, link and debug modules of a full kit.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

REQUIRED_MODULES = {"jdk.attach", "jdk.jdi", "jdk.jlink"}
FOLDERS = ["/usr/lib/jvm", "/Library/Java/JavaVirtualMachines", "~/.sdkman/candidates/java"]
ALTERNATIVES = "or set ES_HOME, or ES_URL and ES_API_KEY, or run Docker"


class DistributionUnavailable(RuntimeError):
    """No Elasticsearch can be had here; the message says what is missing."""


def require_jdk(elasticsearch_version: str) -> Path:
    """Return the home of a kit that can run this Elasticsearch."""
    minimum = 21 if int(elasticsearch_version.split(".", maxsplit=1)[0]) >= 9 else 17
    for home in _candidates():
        if _suits(home, minimum):
            return home
    raise DistributionUnavailable(
        f"elasticsearch {elasticsearch_version} needs a full JDK {minimum} or newer; install one (JAVA_HOME), "
        f"{ALTERNATIVES}"
    )


def _candidates() -> Iterator[Path]:
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if variable in os.environ:
            yield Path(os.environ[variable])
    if java := shutil.which("java"):
        yield Path(java).resolve().parents[1]
    inner = "Contents/Home" if sys.platform == "darwin" else ""
    for folder in FOLDERS:
        yield from (home / inner for home in sorted(Path(folder).expanduser().glob("*"), reverse=True))


def _suits(home: Path, minimum: int) -> bool:
    """Judge by the file in which every kit describes itself; starting it would take a second each."""
    release = home / "release"
    facts = (
        dict(re.findall(r'^(\w+)="(.*)"$', release.read_text(), re.MULTILINE)) if release.is_file() else {}
    )
    version = re.match(r"\d+", facts.get("JAVA_VERSION", ""))
    modules = set(facts.get("MODULES", "").split())
    return version is not None and int(version[0]) >= minimum and modules >= REQUIRED_MODULES

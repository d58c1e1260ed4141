"""Where built or downloaded artefacts are kept between runs, one folder per user."""

import os
from pathlib import Path


def cache_dir(name: str) -> Path:
    """The cache folder called `name`; it may not exist yet."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "elasticsearch-inference-operator" / name

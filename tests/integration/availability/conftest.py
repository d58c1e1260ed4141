"""The operator in this process; what it waits for passes in no time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.rows.scene import Scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """An operator next to a cluster in which nothing is."""
    async with Scene.open(tmp_path, "9.4") as opened:
        yield opened

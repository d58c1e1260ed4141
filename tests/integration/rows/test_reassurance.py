"""Secrets are sent again once a day where that costs nothing: what somebody else has put in their place does not last."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.rows.scene import Scene, openai, told

DAY = 24 * 60 * 60


@pytest.fixture
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """An operator that has made an endpoint, next to a cluster of the version that a test gives."""
    async with Scene.open(tmp_path, getattr(request, "param", "9.4")) as opened:
        await opened.settle(openai())
        await opened.turn()
        yield opened


async def look(scene: Scene, seconds: float) -> list[str]:
    """What the operator asks Elasticsearch when so much time has passed."""
    scene.stage.pass_time(seconds)
    return [told(request) for request in await scene.turn()]


async def test_secrets_are_sent_again_after_a_day_and_nothing_else_is_written(scene: Scene) -> None:
    """The provider is not asked, as nothing has changed; nor is there anything to tell."""
    calls, writes = len(scene.elasticsearch.journal.probes), len(scene.stage.kubernetes.writes)
    assert await look(scene, DAY / 2) == ["GET"]
    assert await look(scene, DAY / 2) == ["GET", "UPDATE"]
    assert await look(scene, 0) == ["GET"]
    assert len(scene.elasticsearch.journal.probes) == calls
    assert len(scene.stage.kubernetes.writes) == writes


async def test_endpoint_that_somebody_made_anew_gets_its_secrets_back(scene: Scene) -> None:
    """It looks the same, as nobody can see its secrets."""
    scene.elasticsearch.endpoints["docs"].secrets["api_key"] = "a-key-of-somebody-else"
    assert await look(scene, DAY) == ["GET", "UPDATE"]
    assert scene.elasticsearch.endpoints["docs"].secrets["api_key"] == "key-1"


@pytest.mark.parametrize("scene", ["8.19"], indirect=True)
async def test_secrets_are_not_sent_again_where_it_would_reset_something(scene: Scene) -> None:
    """Before 9.4 every update is carried out, whatever it holds."""
    assert await look(scene, 2 * DAY) == ["GET"]


async def test_operator_that_starts_anew_does_not_wait_for_a_change(scene: Scene) -> None:
    """It does not know when the secrets were last sent, so it sends them within the day."""
    scene.ctx.memory.clear()
    assert await look(scene, 0) == ["GET"]
    assert await look(scene, DAY) == ["GET", "UPDATE"]

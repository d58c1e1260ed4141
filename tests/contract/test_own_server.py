"""What real servers do that no other test may have to live with: they lose their licence, or restart."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from contract.proofs import NEW, OLD
from contract.scenarios.table import BASIC
from contract.sides import RealSide, Sides, StandinSide
from testbed.elasticsearch import Elasticsearch
from testbed.processes import wait_for
from testbed.provider import Provider
from testbed.standin.client import Standin

pytestmark = [pytest.mark.soak, pytest.mark.real_es, pytest.mark.timeout(900)]

PATH = "/_inference/text_embedding/a"


@pytest.fixture(params=[NEW, OLD])
def server(
    request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elasticsearch]:
    """A real one of this version for one test alone."""
    folder = tmp_path_factory.mktemp("elasticsearch")
    with Elasticsearch.start(folder, provider=provider, version=request.param) as server:
        if not server.managed or server.version != request.param:
            pytest.skip("ES_URL or ES_HOME names another Elasticsearch, which is not ours to spoil")
        yield server


def outcome(client: httpx.Client) -> int | str:
    """What becomes of a GET: a status, or the word for a connection that fails."""
    try:
        return client.get(PATH).status_code
    except httpx.TransportError:
        return "refused"


def outcomes(client: httpx.Client, ended: Callable[[], bool]) -> set[int | str]:
    """What becomes of GETs until something has ended and one succeeds."""
    seen: set[int | str] = set()

    def shown() -> bool:
        now = outcome(client)
        seen.add(now)
        return now == 200 and ended()

    wait_for(shown, what="the endpoint is shown again", timeout=300)
    return seen


def test_while_a_node_restarts_no_endpoint_is_called_absent(
    server: Elasticsearch, provider: Provider, standin: Standin
) -> None:
    """The connection is refused, perhaps the endpoint cannot be loaded, and then it is shown."""
    provider.reset()
    provider.accept("a-key", label="a-key")
    settings = {"model_id": "m", "url": f"{provider.url}/v1/embeddings", "api_key": "a-key"}
    for admin in (server.admin, standin.admin):
        admin.put(PATH, json={"service": "openai", "service_settings": settings}).raise_for_status()
    with ThreadPoolExecutor(1) as pool:
        restart = pool.submit(server.restart)
        seen = outcomes(server.admin, restart.done)
    assert "refused" in seen
    assert seen <= {"refused", 500, 503, 200}
    standin.down()
    assert outcome(standin.admin) == "refused"
    standin.inject.shards_failed("a")
    standin.up()
    assert outcomes(standin.admin, lambda: True) == {500, 200}


def test_a_basic_licence_refuses_what_uses_a_model_and_still_reads_and_deletes(
    server: Elasticsearch, provider: Provider, standin: Standin
) -> None:
    """Create, update and inference are refused, with the feature that the licence lacks."""
    with (
        RealSide(server, provider) as real,
        StandinSide(standin, provider.url, server.version) as copy,
    ):
        both = Sides(server.version, real, copy)
        assert both.compare(BASIC) == []
        statuses = [answer.status for answer in copy.play(BASIC)]
    assert statuses == [200, 200, 403, 403, 403, 200, 200, 200, 200]

"""Elasticsearch misbehaves: answers get lost or lie, and the endpoint is neither made twice, nor lost, nor left behind."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from testbed.builders import Endpoint, endpoint
from testbed.processes import wait_for
from testbed.standin.client import Standin
from testbed.standin.journal import Operation
from testbed.target import KEY, NEXT_KEY
from testbed.world import World

pytestmark = pytest.mark.xdist_group("faults")

NAME = "docs"
UPDATE = rf"/_inference/text_embedding/{NAME}/_update"
ONE = rf"/_inference/{NAME}"
UNDECIDED = 21.0
"""Seconds during which a create without an answer may still take effect, if spec.timeout is 1s."""
RELEASED_BY = 40.0


def docs(name: str = NAME) -> Endpoint:
    """An endpoint that is compared every 30 s, and whose server is given one second."""
    url = "https://provider.example/v1/embeddings"
    made = endpoint(name, service="openai", model_id="embed-1", url=url)
    return made.with_secret("provider").every("30s").with_spec(timeout="1s")


def create_path(name: str = NAME) -> str:
    """Where an endpoint is created."""
    return f"/_inference/text_embedding/{name}"


def asked(es: Standin, method: str, path: str) -> list[Operation]:
    """The requests of that kind, oldest first."""
    return [seen for seen in es.operations() if (seen.method, seen.path) == (method, path)]


@pytest.fixture
def ready(world: World) -> World:
    """The world with one endpoint that is Ready."""
    world.apply(docs())
    world.wait_ready(NAME)
    return world


LOST: dict[str, dict[str, Any]] = {
    "is cut": {"drop": True},
    "is a 408": {"status": 408, "error": ("timeout_exception", "Request timed out")},
    "is a 500": {"status": 500, "error": ("exception", "boom")},
    "is a proxy's 504": {"status": 504, "body": "<html>gateway timeout</html>", "product": False},
    "is half a document": {"status": 200, "body": '{"inference_id":'},
}
lost = pytest.mark.parametrize("answer", LOST.values(), ids=[f"the answer {what}" for what in LOST])


@lost
def test_create_whose_answer_is_lost_is_found_and_not_sent_again(
    world: World, standin: Standin, answer: dict[str, Any]
) -> None:
    """The endpoint was stored; the claim in the status says that it is ours."""
    standin.fault("PUT", create_path(), when="after", **answer)
    world.apply(docs())
    world.wait_ready(NAME)
    assert len(asked(standin, "PUT", create_path())) == 1
    assert standin.secrets(NAME) == {"api_key": KEY}
    assert "operation" not in world.status(NAME)


@lost
def test_rotation_whose_answer_is_lost_is_sent_again(
    ready: World, standin: Standin, answer: dict[str, Any]
) -> None:
    """An update may be repeated; the endpoint is Ready all the time."""
    standin.fault("PUT", UPDATE, when="after", **answer)
    standin.clear()
    ready.change_secret("provider", api_key=NEXT_KEY)
    ready.wait(lambda: len(asked(standin, "PUT", UPDATE)) == 2, "the key was sent twice", NAME)
    assert standin.secrets(NAME) == {"api_key": NEXT_KEY}
    ready.wait_ready(NAME)


@lost
def test_deletion_whose_answer_is_lost_ends(ready: World, standin: Standin, answer: dict[str, Any]) -> None:
    """The endpoint is gone already when it is looked for again."""
    standin.fault("DELETE", ONE, when="after", **answer)
    ready.delete(NAME)
    ready.wait_gone(NAME)
    assert standin.endpoints() == {}
    assert len(asked(standin, "DELETE", ONE)) == 1


REFUSED: dict[str, dict[str, Any]] = {
    "503": {"status": 503, "error": ("exception", "no master")},
    "a proxy's 502": {"status": 502, "body": "<html>bad gateway</html>", "product": False},
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=[f"after {what}" for what in REFUSED])
def test_update_that_was_refused_is_made_a_little_later(
    ready: World, standin: Standin, answer: dict[str, Any]
) -> None:
    """The change is made once the server is well again."""
    standin.fault("PUT", UPDATE, times=2, **answer)
    ready.change(NAME, taskSettings={"user": "somebody"})
    ready.wait_ready(NAME)
    assert standin.endpoints()[NAME]["task_settings"] == {"user": "somebody"}
    assert len(asked(standin, "PUT", UPDATE)) == 3


@pytest.mark.parametrize(("wish", "least"), [("2", 2.0), ("0", 0.1), ("-1", 0.1), ("in a while", 0.1)])
def test_wish_of_an_overloaded_server_is_respected(
    world: World, standin: Standin, wish: str, least: float
) -> None:
    """429 means that nothing happened: the create is sent again, not before the server wants it, nor at once."""
    error = ("es_rejected_execution_exception", "too many requests")
    standin.fault("PUT", create_path(), status=429, error=error, headers={"Retry-After": wish})
    world.apply(docs())
    world.wait_ready(NAME)
    first, second = asked(standin, "PUT", create_path())
    assert second.time - first.time >= least


NOT_ABSENT: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "error": ("exception", "boom")},
    "503": {"status": 503, "error": ("exception", "no master")},
    "401": {"status": 401, "error": ("security_exception", "unable to authenticate"), "product": False},
    "403": {"status": 403, "error": ("security_exception", "action is unauthorized"), "product": False},
    "404 of another type": {
        "status": 404,
        "error": ("index_not_found_exception", "no such index [.inference]"),
    },
    "404 of a proxy": {"status": 404, "body": "<html>not found</html>", "product": False},
    "404 of a proxy that claims to be Elasticsearch": {"status": 404, "body": "not found"},
    "200 with no endpoints": {"status": 200, "body": {"endpoints": []}},
    "200 with nothing": {"status": 200, "body": None},
}
not_absent = pytest.mark.parametrize("answer", NOT_ABSENT.values(), ids=NOT_ABSENT.keys())


@not_absent
def test_answer_that_is_no_proof_of_absence_leads_to_no_write(
    ready: World, standin: Standin, answer: dict[str, Any]
) -> None:
    """The endpoint is neither made again nor, when its resource is deleted, forgotten."""
    fault = standin.fault("GET", ONE, times=None, **answer)
    standin.clear()
    ready.resync(NAME)
    wait_for(lambda: standin.hits(fault) >= 1, what="the endpoint is looked at", timeout=10)
    ready.delete(NAME)
    hits = standin.hits(fault)
    wait_for(lambda: standin.hits(fault) > hits, what="the deletion is tried", timeout=10)
    assert ready.get(NAME)["metadata"]["finalizers"]
    assert not [seen for seen in standin.operations() if seen.writes]
    standin.reset_faults()
    ready.wait_gone(NAME)
    assert standin.endpoints() == {}


NOT_DELETED = {what: NOT_ABSENT[what] for what in ("401", "403", "500", "503", "404 of a proxy")}


@pytest.mark.parametrize("answer", NOT_DELETED.values(), ids=NOT_DELETED.keys())
def test_deletion_that_is_refused_keeps_the_resource(
    ready: World, standin: Standin, answer: dict[str, Any]
) -> None:
    """It says why it waits, and goes once the endpoint is gone."""
    fault = standin.fault("DELETE", ONE, times=None, **answer)
    ready.delete(NAME)
    ready.wait(lambda: ready.condition(NAME, "DeletionBlocked"), "the deletion says why it waits", NAME)
    assert ready.get(NAME)["metadata"]["finalizers"]
    assert 1 <= standin.hits(fault) <= 5
    standin.reset_faults()
    ready.wait_gone(NAME)
    assert standin.endpoints() == {}


def test_create_without_an_answer_is_waited_for(world: World, standin: Standin) -> None:
    """Until its deadline nobody knows: no second PUT, no release; then what came of each is found.

    late: stored after the client had gone. orphan: the same, and its resource is deleted meanwhile.
    lost: never stored. proxied: never stored either, and answered by something that is not Elasticsearch.
    """
    late, orphan, lost_one, proxied = names = ("late", "orphan", "lost", "proxied")
    for name in (late, orphan):
        standin.fault("PUT", create_path(name), delay=14.0)
    standin.fault("PUT", create_path(lost_one), drop=True)
    standin.fault("PUT", create_path(proxied), status=500, body="<html>oops</html>", product=False)
    world.apply(*map(docs, names))
    for name in names:
        wait_until(partial(asked, standin, "PUT", create_path(name)), f"{name} is asked for")
    world.wait_reason(lost_one, "CreateUnresolved")
    world.delete(orphan)
    requests = len(standin.operations())
    wait_until(lambda: late in standin.endpoints(), "the slow create is stored")
    assert world.find(orphan) is not None
    assert len(standin.operations()) - requests < 60
    wait_until(lambda: world.find(orphan) is None, "the orphan's resource is gone")
    for name in (late, lost_one, proxied):
        wait_until(partial(is_ready, world, name), f"{name} is Ready")
    assert sorted(standin.endpoints()) == [late, lost_one, proxied]
    puts = {name: [seen.time for seen in asked(standin, "PUT", create_path(name))] for name in names}
    assert [len(puts[name]) for name in names] == [1, 1, 2, 2]
    for name in (lost_one, proxied):
        assert puts[name][1] - puts[name][0] >= UNDECIDED


def is_ready(world: World, name: str) -> bool:
    """Whether an endpoint is Ready."""
    return world.condition(name, "Ready").get("status") == "True"


def wait_until(so: Callable[[], object], what: str) -> None:
    """Wait for longer than a create may be undecided."""
    wait_for(so, what=what, timeout=RELEASED_BY)

"""Every service with every task type, in every phase of its life, on every version: as the version demands, by the logs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.builders import connection
from testbed.controlplane import ControlPlane
from testbed.pairs import PAIRS, Pair, secret_values
from testbed.pairs.expectation import Life
from testbed.pairs.matrix import Matrix, Row
from testbed.pairs.report import note
from testbed.pairs.servers import SERVERS, Kind, Server, Version
from testbed.pairs.stage import Log, ProxyLog, Stage, StandinLog
from testbed.pairs.trial import NOT_HERE, Trial
from testbed.pairs.unreachable import hindrance
from testbed.proxy import Proxies
from testbed.standin.client import Standin
from testbed.target import KEY, NEXT_KEY, OURS, RealTarget, StandinTarget, Target
from testbed.world import World

PATIENCE = 120.0  # seconds for one phase of all of them together; a quiet machine takes two

pytestmark = pytest.mark.timeout(600)


def column(server: Server) -> Any:
    """A server as a parameter; the stand-ins run one after the other in one process, with one operator."""
    real = {"real_elasticsearch": "real-es", "real_elasticsearch_8": "real-es-8"}
    marks = [pytest.mark.xdist_group(real.get(server.fixture, "pairs"))]
    marks += [pytest.mark.real_es, pytest.mark.timeout(900)] if server.kind is Kind.REAL else []
    return pytest.param(server, id=server.title.replace(" ", "-"), marks=marks)


@pytest.fixture(params=map(column, SERVERS))
def server(request: pytest.FixtureRequest) -> Server:
    """The column of the table."""
    return request.param  # type: ignore[no-any-return]  # pytest does not know


@pytest.fixture
def target(server: Server, request: pytest.FixtureRequest) -> Iterator[Target]:
    """Its Elasticsearch, and a provider that accepts KEY."""
    if server.kind is not Kind.REAL:
        standin: Standin = request.getfixturevalue("standin_process")
        standin.reset(profile=server.name)
        yield StandinTarget(standin)
        return
    real = RealTarget(request.getfixturevalue(server.fixture), request.getfixturevalue("provider"))
    yield real
    real.clean()


@pytest.fixture
def log(
    server: Server, target: Target, world: World, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Log]:
    """What the operator asks Elasticsearch; the real one keeps no such log, so a proxy before it does."""
    if server.kind is not Kind.REAL:
        yield StandinLog(request.getfixturevalue("standin_process"))
        return
    with Proxies.start(tmp_path) as proxies:
        front = proxies.in_front_of(target.url, target.ca_file)
        world.apply(connection(target).at(front.url).with_ca(front.ca_file.read_text()))
        world.wait_connected()
        yield ProxyLog(proxies)
        world.apply(connection(target))  # so that the operator leaves the proxy before that ends
        world.wait_connected()


def test_every_pair(
    world: World,
    target: Target,
    log: Log,
    server: Server,
    control_plane: ControlPlane,
    request: pytest.FixtureRequest,
) -> None:
    """All at once: created, left alone, rotated, changed, edited from outside, deleted, each as this version demands."""
    secrets = (
        secret_values("provider", KEY, target.provider_url),
        secret_values("provider", NEXT_KEY, target.provider_url),
    )
    target.accept(NEXT_KEY, *(secret.values["service_account_json"] for secret in secrets))
    version = Version.of(*release(target))
    rows = [row(pair, target, server, version, secrets[1]) for pair in PAIRS]
    shown = [one for one in rows if one.trial.outcome != NOT_HERE]
    stage = Stage(control_plane, world, target, log)
    stage.set_up()
    Matrix(stage, shown, secrets, PATIENCE).play()
    note(request, server, {one.trial.pair: (one.letters, one.trial.cell[1]) for one in rows})
    wrong = [fault for one in shown for fault in one.faults]
    if len(shown) < len(rows):
        wrong += machine_learning(target)
    if wrong:
        pytest.fail("\n".join(wrong))


def row(pair: Pair, target: Target, server: Server, version: Version, secret: Any) -> Row:
    """The pair with an endpoint for this server, which is looked at only when something happens."""
    endpoint = pair.endpoint(f"{OURS}{pair.name}", "provider", target.provider_url).every("24h")
    trial = Trial(pair, endpoint, version.release, hindrance(pair, server))
    return Row(trial, Life(pair, version, endpoint, secret))


def release(target: Target) -> tuple[str, str]:
    """Number and flavour of the Elasticsearch that the target is."""
    told = target.admin.get("/").raise_for_status().json()["version"]
    return told["number"], told["build_flavor"]


def machine_learning(target: Target) -> list[str]:
    """What is wrong about calling models in the cluster not possible here: that the server has the plugin for them.

    To try an endpoint would leave it behind, as without the plugin it cannot be deleted either.
    """
    answer = target.admin.get("/_ml/trained_models/x/_stats")
    absent = answer.status_code == 400 and "no handler found" in answer.text
    return [] if absent else ["there is machine learning here after all: change unreachable.py"]

"""Every service with every task type: what a version has becomes ready and is stored as asked, the rest is refused in words."""

import contextlib
from collections.abc import Iterable

import pytest

from testbed.builders import Manifest
from testbed.pairs import PAIRS, Pair, secret_values
from testbed.pairs.report import note
from testbed.pairs.trial import NOT_HERE, Trial
from testbed.pairs.unreachable import hindrance
from testbed.processes import wait_for
from testbed.target import KEY, OURS, SERVERS, Target, on
from testbed.world import World

PATIENCE = 180.0  # seconds for all of them together; a quiet machine takes ten

pytestmark = pytest.mark.timeout(300)


@on(*SERVERS)
def test_every_pair(world: World, target: Target, request: pytest.FixtureRequest) -> None:
    """All at once: each resource ends as this version demands, and what is stored is what it says."""
    server = request.node.callspec.params["target"]
    secret = secret_values("provider", KEY, target.provider_url)
    target.accept(secret.values["service_account_json"])
    trials = [trial(pair, target, server) for pair in PAIRS]
    shown = [one for one in trials if one.outcome != NOT_HERE]
    world.apply(secret, *(one.endpoint for one in shown))
    resources = settled(world, shown)
    possible = machine_learning(target)
    stored = {found["inference_id"]: found for found in target.admin.get("/_inference").json()["endpoints"]}
    judged = [
        (one, possible)
        if one.outcome == NOT_HERE
        else (one, one.mistakes(resources[one.endpoint.name], stored.get(one.endpoint.name), KEY))
        for one in trials
    ]
    note(request, server, {one.pair: ("FAILED", "") if mistakes else one.cell for one, mistakes in judged})
    if wrong := [f"{one.pair.name}: {mistake}" for one, mistakes in judged for mistake in mistakes]:
        pytest.fail("\n".join(wrong))


def trial(pair: Pair, target: Target, server: str) -> Trial:
    """The pair with an endpoint for this server."""
    endpoint = pair.endpoint(f"{OURS}{pair.name}", "provider", target.provider_url)
    return Trial(pair, endpoint, release(target), hindrance(pair, server))


def machine_learning(target: Target) -> list[str]:
    """What is wrong about calling models in the cluster not possible here: that the server has the plugin for them.

    To try an endpoint would leave it behind, as without the plugin it cannot be deleted either.
    """
    answer = target.admin.get("/_ml/trained_models/x/_stats")
    absent = answer.status_code == 400 and "no handler found" in answer.text
    return [] if absent else ["there is machine learning here after all: change unreachable.py"]


def release(target: Target) -> tuple[int, int]:
    """The release of Elasticsearch that the target is."""
    number = target.admin.get("/").json()["version"]["number"]
    major, minor, *_ = map(int, number.split("."))
    return major, minor


def settled(world: World, trials: Iterable[Trial]) -> dict[str, Manifest]:
    """The resources once all are where they should be, or as they are when that takes too long."""

    def seen() -> dict[str, Manifest]:
        return {found["metadata"]["name"]: found for found in world.all()}

    def all_settled() -> bool:
        resources = seen()
        return all(trial.settled(resources[trial.endpoint.name]) for trial in trials)

    with contextlib.suppress(TimeoutError):  # what has not settled is a mistake of its own
        wait_for(all_settled, what="all pairs have settled", timeout=PATIENCE)
    return seen()

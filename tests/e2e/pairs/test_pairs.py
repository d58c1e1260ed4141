"""Every service with every task type: what a version has becomes ready and is stored as asked, the rest is refused in words."""

import contextlib
from collections.abc import Iterable

import pytest

from testbed.builders import Manifest
from testbed.pairs import PAIRS, secret_values
from testbed.pairs.report import note
from testbed.pairs.trial import Trial, expected
from testbed.pairs.unreachable import unreachable
from testbed.processes import wait_for
from testbed.target import KEY, OURS, SERVERS, Target, on
from testbed.world import World

PATIENCE = 180.0  # seconds for all of them together; a quiet machine takes ten

pytestmark = pytest.mark.timeout(300)


@on(*SERVERS)
def test_every_pair(world: World, target: Target, request: pytest.FixtureRequest) -> None:
    """All at once: each resource ends as this version demands, and what is stored is what it says."""
    server = request.node.callspec.params["target"]
    reasons = unreachable(server)
    secret = secret_values("provider", KEY, target.provider_url)
    target.accept(secret.values["service_account_json"])
    trials = [
        Trial(
            pair,
            pair.endpoint(f"{OURS}{pair.name}", secret.name, target.provider_url),
            expected(pair, release(target), reasons),
        )
        for pair in PAIRS
    ]
    world.apply(secret, *(trial.endpoint for trial in trials))
    resources = settled(world, trials)
    stored = {found["inference_id"]: found for found in target.admin.get("/_inference").json()["endpoints"]}
    mistakes = {
        trial.pair: found
        for trial in trials
        if (found := trial.mistakes(resources[trial.endpoint.name], stored.get(trial.endpoint.name), KEY))
    }
    cells = {trial.pair: "FAILED" if trial.pair in mistakes else trial.outcome for trial in trials}
    note(request, server, cells, reasons)
    assert not mistakes, "\n".join(f"{pair.name}: {found}" for pair, found in mistakes.items())


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

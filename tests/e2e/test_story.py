"""The main story, on the stand-in and on the real Elasticsearch: an endpoint is made, kept true, and removed."""

from functools import partial
from typing import Any

import pytest

from testbed.ledger import reconciles, requests
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.target import KEY, NEXT_KEY, OURS, SERVERS, Target, on
from testbed.world import World

NAME = f"{OURS}story"
ROTATION_BUDGET = 2.0  # seconds; printed and not demanded, since machines may be busy


@pytest.fixture
def ready(world: World, target: Target) -> World:
    """The world with one endpoint that is Ready, and is looked at only when something happens."""
    world.apply(target.embeddings(NAME).every("24h"))
    world.wait_ready(NAME)
    return world


def settings(target: Target) -> dict[str, Any]:
    """The service settings in Elasticsearch."""
    found = target.shown(NAME)
    assert found is not None
    return dict(found["service_settings"])


def task_settings(target: Target) -> dict[str, Any]:
    """The task settings in Elasticsearch."""
    return dict((target.shown(NAME) or {}).get("task_settings", {}))


def test_applied_endpoint_exists_and_the_status_tells_the_truth(ready: World, target: Target) -> None:
    """Elasticsearch holds what the spec says, with the key, and the status names cluster, id and Secret."""
    found = target.shown(NAME)
    assert found is not None
    assert (found["task_type"], found["service"]) == ("text_embedding", "openai")
    assert settings(target)["model_id"] == "embed-1"
    target.wait_key(NAME, KEY)
    status = ready.status(NAME)
    assert status["inferenceId"] == NAME
    assert status["connection"]["clusterUUID"] == target.admin.get("/").json()["cluster_uuid"]
    assert status["applied"]["serviceSettings"]["model_id"] == "embed-1"
    assert [(s["path"], s["name"], s["key"]) for s in status["secrets"]] == [
        ("/serviceSettings/api_key", "provider", "api_key")
    ]
    assert "operation" not in status
    ready.wait_event(NAME, "Created")


def test_kubectl_get_shows_one_line_that_says_it_all(ready: World, target: Target) -> None:
    """The columns are those of the API."""
    cluster = target.admin.get("/").json()["cluster_name"]
    header, row = ready.kubectl("get", "iep").splitlines()
    assert header.split() == ["NAME", "ID", "TASK", "SERVICE", "CLUSTER", "READY", "REASON", "AGE"]
    assert row.split()[:7] == [NAME, NAME, "text_embedding", "openai", cluster, "True", "Synced"]
    wide = ready.kubectl("get", "iep", "--output=wide").splitlines()[0]
    assert wide.split()[8:] == ["SYNCED", "DRIFTED", "SUSPENDED", "LAST-WRITE"]


@on(*SERVERS)
def test_rotated_key_reaches_the_provider_at_once(ready: World, target: Target, record_property: Any) -> None:
    """Without a resync and without a change of the spec: the watch sees the changed Secret."""
    keys = [f"the-key-of-turn-{turn}" for turn in range(5)]
    target.accept(*keys)
    generation = ready.get(NAME)["metadata"]["generation"]
    took = [rotate(ready, target, key) for key in keys]
    times = ", ".join(f"{seconds:.3f}" for seconds in took)
    record_property("rotation_seconds", times)
    print(f"\nrotations reached the provider after {times} s; budget {ROTATION_BUDGET} s")
    ready.wait_event(NAME, "SecretRotated")
    target.wait_key(NAME, keys[-1])
    ready.wait_ready(NAME)
    assert ready.get(NAME)["metadata"]["generation"] == generation


def rotate(world: World, target: Target, key: str) -> float:
    """Put the key into the Secret; seconds until the provider was sent it."""
    changed = world.change_secret("provider", api_key=key)
    sent = wait_for(lambda: target.first_sent(NAME, key), what="the provider is sent the new key", timeout=15)
    world.wait_live(NAME, "provider")
    return sent - changed


def test_status_names_the_secret_version_that_is_live(ready: World, target: Target) -> None:
    """After a rotation the recorded version is the one that was applied."""
    target.accept(NEXT_KEY)
    ready.change_secret("provider", api_key=NEXT_KEY)
    ready.wait_live(NAME, "provider")


@on("standin-9.4", "real-9.4.3")
def test_refused_key_leaves_the_old_one_in_force_and_heals(ready: World, target: Target) -> None:
    """The reason says who refused what; Ready stays True, since the endpoint serves on; a good key mends it."""
    ready.change_secret("provider", api_key="a-key-nobody-accepts")
    verdict = ready.wait_reason(NAME, "ProviderRefusedKey")
    assert verdict["status"] == "True"
    assert "the previous key stays in force" in verdict["message"]
    assert ready.condition(NAME, "Stalled")["reason"] == "ProviderRefusedKey"
    assert ready.condition(NAME, "Synced")["status"] == "False"
    assert target.key_in_force(NAME) == KEY
    ready.wait_event(NAME, "ProviderRefusedKey")
    target.accept(NEXT_KEY)
    ready.change_secret("provider", api_key=NEXT_KEY)
    ready.wait_ready(NAME)
    target.wait_key(NAME, NEXT_KEY)


def test_endpoint_whose_first_key_is_refused_is_made_once_the_key_is_good(
    world: World, target: Target
) -> None:
    """Nothing is made with a refused key, and no spec needs to be touched afterwards."""
    world.change_secret("provider", api_key="a-key-nobody-accepts")
    world.apply(target.embeddings(NAME))
    verdict = world.wait_reason(NAME, "ProviderRefusedKey")
    assert verdict["status"] == "False"
    assert target.shown(NAME) is None
    world.change_secret("provider", api_key=KEY)
    world.wait_ready(NAME)
    target.wait_key(NAME, KEY)


def test_changed_task_setting_is_applied_in_place(ready: World, target: Target) -> None:
    """A change that Elasticsearch supports needs no new endpoint."""
    ready.change(NAME, taskSettings={"user": "alice"})
    ready.wait_ready(NAME)
    assert task_settings(target) == {"user": "alice"}
    ready.wait_event(NAME, "Updated")


def test_setting_edited_by_hand_is_put_back_at_the_interval(world: World, target: Target) -> None:
    """Nobody tells the operator; it looks."""
    world.apply(target.embeddings(NAME).with_task_settings(user="alice").every("30s"))
    world.wait_ready(NAME)
    target.edit(NAME, user="mallory")
    world.wait(lambda: task_settings(target) == {"user": "alice"}, "the setting is put back", NAME)
    world.wait_event(NAME, "DriftCorrected")
    world.wait_ready(NAME)


def test_setting_edited_by_hand_is_put_back_on_request(world: World, target: Target) -> None:
    """The annotation asks for a reconcile now."""
    world.apply(target.embeddings(NAME).with_task_settings(user="alice").every("24h"))
    world.wait_ready(NAME)
    target.edit(NAME, user="mallory")
    world.kubectl("annotate", "iep", NAME, "es-inference.dev/reconcile-requested-at=now")
    world.wait(lambda: task_settings(target) == {"user": "alice"}, "the setting is put back", NAME)
    world.wait_event(NAME, "DriftCorrected")


def test_endpoint_deleted_by_hand_comes_back(ready: World, target: Target) -> None:
    """It is made anew, with its key."""
    target.remove(NAME)
    ready.resync(NAME)
    ready.wait(lambda: target.shown(NAME), "the endpoint is there again", NAME)
    target.wait_key(NAME, KEY)
    ready.wait_event(NAME, "DriftCorrected")
    ready.wait_ready(NAME)


def asked_again(world: World, target: Target, operator: RunningOperator, reason: str) -> int:
    """How often the provider was asked while the endpoint was reconciled twice more."""
    before = len(target.trials())
    for _ in range(2):
        count = reconciles(operator, reason)
        world.resync(NAME)
        world.wait(partial(_more_than, count, operator, reason), "a further reconcile", NAME)
    return len(target.trials()) - before


def _more_than(count: float, operator: RunningOperator, reason: str) -> bool:
    return reconciles(operator, reason) > count


@pytest.mark.parametrize(
    ("change", "undo", "path"),
    [
        pytest.param(
            {"rate_limit": {"requests_per_minute": 7}},
            {"rate_limit": None},
            "/serviceSettings/rate_limit/requests_per_minute",
            id="a rate limit",
        ),
        pytest.param(
            {"model_id": "embed-2"}, {"model_id": "embed-1"}, "/serviceSettings/model_id", id="a model"
        ),
    ],
)
def test_change_that_the_server_ignores_is_not_called_ready(
    ready: World,
    target: Target,
    operator: RunningOperator,
    change: dict[str, Any],
    undo: dict[str, Any],
    path: str,
) -> None:
    """A 200 is no proof: the status says what was not taken over; it is not asked for again; undoing it heals."""
    ready.change(NAME, serviceSettings=change)
    verdict = ready.wait_reason(NAME, "UpdateNotApplied")
    assert verdict["status"] == "False"
    status = ready.status(NAME)
    assert [entry["path"] for entry in status["notApplied"]] == [path]
    assert ready.condition(NAME, "Synced")["reason"] == "UpdateNotApplied"
    assert ready.condition(NAME, "Stalled")["reason"] == "UpdateNotApplied"
    assert asked_again(ready, target, operator, "UpdateNotApplied") == 0
    ready.change(NAME, serviceSettings=undo)
    assert "notApplied" not in ready.wait_ready(NAME)
    assert settings(target)["model_id"] == "embed-1"


def test_change_that_needs_a_replace_is_refused_and_the_old_endpoint_serves_on(
    ready: World, target: Target
) -> None:
    """How texts are chunked cannot be changed in place on this version."""
    before = target.shown(NAME)
    chunking = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 0}
    ready.change(NAME, chunkingSettings=chunking)
    verdict = ready.wait_reason(NAME, "ReplaceRequired")
    assert verdict["status"] == "False"
    assert "serves on" in verdict["message"]
    assert ready.condition(NAME, "ReplaceRequired")["status"] == "True"
    assert target.shown(NAME) == before
    ready.change(NAME, chunkingSettings=None)
    ready.wait_ready(NAME)
    assert ready.condition(NAME, "ReplaceRequired") == {}


def test_setting_that_cannot_be_removed_stays_a_problem_until_it_is_back(
    world: World, target: Target, operator: RunningOperator
) -> None:
    """This version cannot take a setting away; that is not forgotten at the next look."""
    world.apply(target.embeddings(NAME).with_task_settings(user="alice").every("24h"))
    world.wait_ready(NAME)
    world.change(NAME, taskSettings=None)
    world.wait_reason(NAME, "ReplaceRequired")
    asked_again(world, target, operator, "ReplaceRequired")
    assert world.condition(NAME, "Ready")["reason"] == "ReplaceRequired"
    world.change(NAME, taskSettings={"user": "alice"})
    world.wait_ready(NAME)


def test_suspended_endpoint_is_left_alone_until_it_is_resumed_or_deleted(
    ready: World, target: Target
) -> None:
    """While suspend is true nothing is written; a deletion goes on all the same."""
    ready.change(NAME, suspend=True)
    ready.change(NAME, taskSettings={"user": "alice"})
    ready.apply(target.embeddings(f"{NAME}-2"))
    ready.wait_ready(f"{NAME}-2")  # by then the changes before it have been seen
    assert task_settings(target) == {}
    ready.change(NAME, suspend=False)
    ready.wait_ready(NAME)
    assert task_settings(target) == {"user": "alice"}
    ready.change(NAME, suspend=True)
    ready.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is None


def test_restarted_operator_changes_nothing_and_goes_on(
    ready: World, target: Target, operator: RunningOperator
) -> None:
    """What it knew stands in the status; the next rotation works as before."""
    version = ready.get(NAME)["metadata"]["resourceVersion"]
    operator.restart()
    target.accept(NEXT_KEY)
    wait_for(lambda: reconciles(operator, "Synced"), what="the endpoint was looked at", timeout=20)
    assert requests(operator, "GET") > 0
    assert requests(operator, "PUT") == 0
    assert ready.get(NAME)["metadata"]["resourceVersion"] == version
    ready.change_secret("provider", api_key=NEXT_KEY)
    target.wait_key(NAME, NEXT_KEY)

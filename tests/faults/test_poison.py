"""Objects that somebody has tampered with: at most they harm themselves, never the operator or other endpoints."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from testbed.builders import API_VERSION, Endpoint, Manifest, endpoint
from testbed.controlplane import ControlPlane
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.world import PATIENCE, World

pytestmark = pytest.mark.xdist_group("poison")

NAME = "docs"
DEEP = 9_000
"""Levels of nesting; the API server reads no more than 10,000."""


def docs(name: str = NAME) -> Endpoint:
    """An endpoint that is compared every 30 s."""
    url = "https://provider.example/v1/embeddings"
    made = endpoint(name, service="openai", model_id="embed-1", url=url)
    return made.with_secret("provider").every("30s")


@pytest.fixture
def tampered() -> bool:
    """They do."""
    return True


@pytest.fixture
def ready(world: World) -> World:
    """The world with one endpoint that is Ready."""
    world.apply(docs())
    world.wait_ready(NAME)
    return world


@pytest.fixture
def deep(world: World, control_plane: ControlPlane) -> Iterator[str]:
    """The path of an endpoint whose settings are nested as deeply as the API server lets pass.

    It goes by kubectl, as Python 3.11 cannot read it without care; that is the point.
    """
    path = f"/apis/{API_VERSION}/namespaces/{world.namespace}/inferenceendpoints"
    manifest = json.dumps(docs("deep").retained().manifests()[0]).replace('"embed-1"', nested())
    control_plane.kubectl("create", "--raw", path, "--filename=-", input=manifest)
    path = f"{path}/deep"
    yield path
    control_plane.kubectl("delete", "--raw", path)
    gone = partial(control_plane.kubectl, "get", "--raw", path, check=False)
    wait_for(lambda: "NotFound" in gone(), what="the deep one is gone", timeout=PATIENCE)


def nested() -> str:
    """A JSON document of that depth."""
    return '{"a":' * DEEP + "1" + "}" * DEEP


def still_works(world: World, standin: Standin, name: str) -> None:
    """A new endpoint becomes Ready, follows a change, and goes."""
    world.apply(docs(name))
    world.wait_ready(name)
    world.change(name, taskSettings={"user": "somebody"})
    world.wait(
        lambda: standin.endpoints()[name].get("task_settings") == {"user": "somebody"}, "the change", name
    )
    world.delete(name)
    world.wait_gone(name)


def test_object_that_is_nested_too_deeply_harms_nobody_else(
    world: World, deep: str, standin: Standin, operator: RunningOperator, control_plane: ControlPlane
) -> None:
    """Neither while the operator runs, nor when it starts and finds the object."""
    still_works(world, standin, "before-restart")
    operator.restart()
    still_works(world, standin, "after-restart")
    said = partial(control_plane.kubectl, "get", "--raw", deep)
    wait_for(lambda: '"InvalidSpec"' in said(), what="the object says what is wrong", timeout=PATIENCE)
    assert operator.running
    assert standin.endpoints() == {}


ANNOTATIONS = {
    "what Kopf would remember is no JSON": {"kopf.zalando.org/last-handled-configuration": "{"},
    "Kopf's handlers have succeeded already": {
        "kopf.zalando.org/inferenceendpoints": '{"success":true}',
        "kopf.zalando.org/on_event": '{"success":true}',
    },
    "Kopf is to wait for centuries": {
        "kopf.zalando.org/inferenceendpoints": '{"delayed":"2999-01-01T00:00:00","retries":1}'
    },
    "a reconcile is requested in strange words": {
        "es-inference.dev/reconcile-requested-at": "\u202e{%s}\x7f" * 99
    },
    "the release annotation is not quite true": {"es-inference.dev/release": "TRUE"},
}


@pytest.mark.parametrize("annotations", ANNOTATIONS.values(), ids=ANNOTATIONS.keys())
def test_tampered_annotations_change_nothing(
    ready: World, standin: Standin, annotations: dict[str, str]
) -> None:
    """A later change is applied, and the deletion deletes."""
    for annotation, value in annotations.items():
        ready.annotate(NAME, annotation, value)
    ready.change(NAME, taskSettings={"user": "somebody"})
    ready.wait_ready(NAME)
    assert standin.endpoints()[NAME]["task_settings"] == {"user": "somebody"}
    ready.delete(NAME)
    ready.wait_gone(NAME)
    assert standin.endpoints() == {}


def patch(world: World, *operations: Manifest, status: bool = False) -> None:
    """Change an object as somebody would who has the right to."""
    of_status = ["--subresource=status"] if status else []
    world.kubectl("patch", "iep", NAME, "--type=json", f"--patch={json.dumps(operations)}", *of_status)


def test_finalizer_that_somebody_took_away_is_put_back(ready: World, standin: Standin) -> None:
    """Without it, the endpoint would outlive its resource."""
    patch(ready, {"op": "remove", "path": "/metadata/finalizers"})
    ready.wait(lambda: ready.get(NAME)["metadata"].get("finalizers"), "the finalizer is back", NAME)
    ready.delete(NAME)
    ready.wait_gone(NAME)
    assert standin.endpoints() == {}


def test_finalizer_of_somebody_else_is_respected(ready: World, standin: Standin) -> None:
    """Our part of the deletion is done, once, and the resource stays for the other."""
    patch(ready, {"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/another"})
    ready.delete(NAME)
    ready.wait(lambda: ready.get(NAME)["metadata"]["finalizers"] == ["example.com/another"], "our part", NAME)
    assert standin.endpoints() == {}
    standin.clear()
    patch(ready, {"op": "remove", "path": "/metadata/finalizers"})
    ready.wait_gone(NAME)
    assert not [seen for seen in standin.operations() if seen.writes]


OPERATION = {
    "type": "Create",
    "clusterUUID": "the-uuid-of-another",
    "inferenceId": "another",
    "asked": {"taskType": "nonsense", "service": "nonsense"},
    "startedAt": "2020-01-01T00:00:00Z",
    "deadline": "2020-01-01T00:00:00Z",
}
REPAIRED: dict[str, Any] = {
    "is empty": {},
    "knows no conditions": {"conditions": []},
    "lies about what was applied": {
        "applied": {"generation": 99, "serviceSettings": {"model_id": "lies", "x": {"y": [1]}}}
    },
    "lies about the Secrets": {
        "secrets": [
            {
                "path": "/x",
                "name": "y",
                "key": "z",
                "resourceVersion": "0",
                "appliedAt": "2020-01-01T00:00:00Z",
            }
        ]
    },
    "lies about what is observed and ignored": {
        "observed": {"serviceSettings": "text"},
        "notApplied": [
            {"path": "/serviceSettings/model_id", "desired": '"embed-1"', "serverVersion": "9.4.3"}
        ],
        "drift": [{"path": "/a", "desired": "1", "observed": "2"}],
    },
}
HARMLESS: dict[str, Any] = {
    "claims an endpoint of another cluster": {"operation": OPERATION},
    "claims it at times that are none": {
        "operation": OPERATION
        | {"startedAt": "2020-01-01T00:00:00+99:99", "deadline": "0001-01-01T00:00:00+14:00"}
    },
    "claims it for centuries": {"operation": OPERATION | {"deadline": "9999-12-31T23:59:59Z"}},
    "is of another cluster": {
        "connection": {"clusterName": "x", "clusterUUID": "the-uuid-of-another", "version": "x"},
        "applied": {"generation": 1},
    },
    "has a condition of nobody": {
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Nonsense",
                "message": "",
                "observedGeneration": 1,
                "lastTransitionTime": "2020-01-01T00:00:00Z",
            }
        ]
    },
}


def garble(world: World, status: Manifest) -> None:
    """Replace the status, if the API server lets it pass."""
    patch(world, {"op": "replace", "path": "/status", "value": status}, status=True)


@pytest.mark.parametrize("status", REPAIRED.values(), ids=[f"a status that {what}" for what in REPAIRED])
def test_garbled_status_is_repaired(ready: World, standin: Standin, status: Manifest) -> None:
    """The next look at the endpoint tells the truth again, and the endpoint is not made anew."""
    standin.clear()
    garble(ready, status)
    ready.resync(NAME)
    found = ready.wait_ready(NAME)
    assert found["applied"]["serviceSettings"]["model_id"] == "embed-1"
    assert "notApplied" not in found
    assert {seen.path.rpartition("/")[2] for seen in standin.operations() if seen.writes} <= {"_update"}


@pytest.mark.parametrize("status", HARMLESS.values(), ids=[f"a status that {what}" for what in HARMLESS])
def test_garbled_status_harms_at_most_its_own_object(
    ready: World, standin: Standin, operator: RunningOperator, status: Manifest
) -> None:
    """Nothing is deleted, others go on, and the resource can be released."""
    ready.kubectl(
        "patch",
        "iep",
        NAME,
        "--subresource=status",
        "--type=merge",
        f"--patch={json.dumps({'status': status})}",
    )
    ready.resync(NAME)
    still_works(ready, standin, "another")
    assert list(standin.endpoints()) == [NAME]
    ready.release(NAME)
    ready.delete(NAME)
    ready.wait_gone(NAME)
    assert operator.running
    assert operator.probe("/livez") == 200

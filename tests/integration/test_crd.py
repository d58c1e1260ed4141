"""A real API server takes the CRDs, and judges each case of the table as the models do."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.client import CustomObjectsApi
from kubernetes.client.exceptions import ApiException

from inference_operator.api.schema import GROUP, VERSION
from testbed.controlplane import ControlPlane
from unit.api_cases import ACCEPTED, CARELESS, PASSWORD, REFUSED, Object, connection, endpoint

pytestmark = pytest.mark.xdist_group("control-plane")

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "deploy" / "samples").glob("*.yaml"))

Send = Callable[[Object], Object]


@pytest.fixture
def create(control_plane: ControlPlane) -> Send:
    """Has the API server check an object as strictly as kubectl asks for, without storing it."""
    api = CustomObjectsApi(control_plane.api)

    def send(body: Object) -> Object:
        plural = f"{body['kind'].lower()}s"
        return cast(
            "Object",
            api.create_namespaced_custom_object(
                GROUP, VERSION, "default", plural, body, dry_run="All", field_validation="Strict"
            ),
        )

    return send


def refusal(create: Send, body: Object) -> str:
    """What the API server says when it refuses an object as invalid."""
    with pytest.raises(ApiException) as error:
        create(body)
    assert error.value.status in {400, 422}
    return str(json.loads(error.value.body or "{}")["message"])


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(create: Send, case: Object) -> None:
    """The API server takes the spec, and keeps every field that was set."""
    assert case["spec"].keys() <= create(case)["spec"].keys()


@pytest.mark.parametrize(("case", "because"), REFUSED.values(), ids=REFUSED)
def test_refuses(create: Send, case: Object, because: str) -> None:
    """The API server refuses the spec, and its message names what is wrong."""
    assert because in refusal(create, case)


@pytest.mark.parametrize("case", CARELESS.values(), ids=CARELESS)
def test_refusal_repeats_no_value(create: Send, case: Object) -> None:
    """What was put in the wrong place does not turn up in terminals and in the logs of GitOps tools."""
    assert PASSWORD not in refusal(create, case)


@pytest.fixture(params=[endpoint, connection], ids=["endpoint", "connection"])
def stored(request: pytest.FixtureRequest, control_plane: ControlPlane) -> Iterator[Object]:
    """An object of each kind, as the API server has stored it."""
    body = request.param()
    created = json.loads(control_plane.kubectl("create", "-f-", "-ojson", input=json.dumps(body)))
    yield created
    control_plane.kubectl("delete", body["kind"], body["metadata"]["name"])


def test_new_object_has_a_status_that_is_never_current(stored: Object) -> None:
    """Flux, Helm and Argo CD wait instead of taking a new object for ready."""
    assert stored["metadata"]["generation"] == 1
    assert stored["status"] == {"observedGeneration": -1}


def test_defaults_are_written_out_and_empty_fields_are_not(create: Send) -> None:
    """A stored object shows the policies in force, and no settings that nobody gave."""
    assert create(endpoint())["spec"] == {
        "connectionRef": {"kind": "ElasticsearchConnection", "name": "es"},
        "taskType": "rerank",
        "service": "cohere",
        "managementPolicy": "Manage",
        "adoptionPolicy": "Match",
        "driftPolicy": "Correct",
        "replacePolicy": "Never",
        "deletionPolicy": "Delete",
        "suspend": False,
        "interval": "10m",
        "timeout": "30s",
    }


def test_users_cannot_write_the_status(create: Send) -> None:
    """What a manifest says of the status is dropped: only the operator writes it, as a resource of its own."""
    assert create({**endpoint(), "status": {"inferenceId": "x"}})["status"] == {"observedGeneration": -1}


SAME_ID = "inferenceId cannot be changed"
TRANSITIONS: dict[str, tuple[str, Object, Object, str]] = {
    "the name may be written out as the id": ("my-id", endpoint(), endpoint(inferenceId="my-id"), ""),
    "an id equal to the name may be left out": ("my-id", endpoint(inferenceId="my-id"), endpoint(), ""),
    "an id may stay": ("a", endpoint(inferenceId="my-id"), endpoint(inferenceId="my-id", suspend=True), ""),
    "an id cannot be set to something else than the name": (
        "a",
        endpoint(),
        endpoint(inferenceId="b"),
        SAME_ID,
    ),
    "an id other than the name cannot be left out": ("a", endpoint(inferenceId="b"), endpoint(), SAME_ID),
    "an id cannot be changed": ("a", endpoint(inferenceId="b"), endpoint(inferenceId="c"), SAME_ID),
    "an id cannot be changed to the name": (
        "a",
        endpoint(inferenceId="b"),
        endpoint(inferenceId="a"),
        SAME_ID,
    ),
    "everything else may be changed, and the cluster is asked": (
        "a",
        endpoint(),
        endpoint(
            connectionRef={"name": "other"},
            service="openai",
            taskType="completion",
            serviceSettings={"model_id": "m"},
            deletionPolicy="Retain",
        ),
        "",
    ),
}


@pytest.mark.parametrize(("name", "before", "after", "because"), TRANSITIONS.values(), ids=TRANSITIONS)
def test_transition(
    control_plane: ControlPlane, name: str, before: Object, after: Object, because: str
) -> None:
    """One resource stands for one endpoint for as long as it lives."""
    metadata = {"name": name, "namespace": "default"}
    control_plane.kubectl("create", "-f-", input=json.dumps({**before, "metadata": metadata}))
    try:
        said = control_plane.kubectl(
            "replace", "-f-", input=json.dumps({**after, "metadata": metadata}), check=False
        )
    finally:
        control_plane.kubectl("delete", "inferenceendpoint", name)
    assert because in said if because else "replaced" in said


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_accepted(control_plane: ControlPlane, sample: Path) -> None:
    """Every sample can be applied as it is."""
    said = control_plane.kubectl("apply", "--dry-run=server", "--validate=strict", f"-f{sample}")
    assert [line.split()[1] for line in said.splitlines()] == ["created"] * len(said.splitlines())


def table(text: str) -> dict[str, str]:
    """The only row of what `kubectl get` prints, by column."""
    header, row = (re.split(r"  +", line.strip()) for line in text.splitlines())
    return dict(zip(header, row, strict=True))


def show(control_plane: ControlPlane, body: Object, status: dict[str, Any], *options: str) -> dict[str, str]:
    """What `kubectl get` shows of an object with this status."""
    kind, name = body["kind"], body["metadata"]["name"]
    control_plane.kubectl("create", "-f-", input=json.dumps(body))
    try:
        patch = json.dumps({"status": status})
        control_plane.kubectl("patch", kind, name, "--subresource=status", "--type=merge", f"-p{patch}")
        return table(control_plane.kubectl("get", kind, name, *options))
    finally:
        control_plane.kubectl("delete", kind, name)


def condition(kind: str, status: str, reason: str) -> Object:
    """A condition as the operator writes it."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


ENDPOINT_STATUS: Object = {
    "observedGeneration": 1,
    "inferenceId": "the-id",
    "connection": {"clusterName": "prod", "clusterUUID": "u", "version": "9.4.3"},
    "conditions": [
        condition("Ready", "False", "InvalidSettings"),
        condition("Synced", "False", "InvalidSettings"),
    ],
    "lastWriteTime": "2026-01-01T00:00:00Z",
}


def test_columns_of_endpoints(control_plane: ControlPlane) -> None:
    """`kubectl get iep` answers: which endpoint, where, does it work, and if not, why."""
    shown = show(control_plane, endpoint(), ENDPOINT_STATUS)
    assert shown.pop("AGE")
    assert shown == {
        "NAME": "case",
        "ID": "the-id",
        "TASK": "rerank",
        "SERVICE": "cohere",
        "CLUSTER": "prod",
        "READY": "False",
        "REASON": "InvalidSettings",
    }


def test_wide_columns_of_endpoints(control_plane: ControlPlane) -> None:
    """`-o wide` adds what is asked for more rarely."""
    drifted = [*ENDPOINT_STATUS["conditions"], condition("Drifted", "True", "DriftCorrected")]
    shown = show(control_plane, endpoint(suspend=True), {**ENDPOINT_STATUS, "conditions": drifted}, "-owide")
    assert (shown["SYNCED"], shown["DRIFTED"], shown["SUSPENDED"]) == ("False", "True", "true")
    assert re.fullmatch(r"\d+[dhmsy]\w*", shown["LAST-WRITE"])


def test_columns_of_connections(control_plane: ControlPlane) -> None:
    """`kubectl get esconn` answers: which cluster, and can it be used."""
    status = {
        "observedGeneration": 1,
        "clusterName": "prod",
        "clusterUUID": "u-1",
        "version": "9.4.3",
        "flavor": "default",
        "conditions": [condition("Ready", "True", "Connected")],
    }
    shown = show(control_plane, connection(), status, "-owide")
    assert shown.pop("AGE")
    assert shown == {
        "NAME": "case",
        "URL": "https://es:9200",
        "VERSION": "9.4.3",
        "CLUSTER": "prod",
        "READY": "True",
        "REASON": "Connected",
        "UUID": "u-1",
    }


def test_names(control_plane: ControlPlane) -> None:
    """The kinds have short names for people, and one category for both."""
    served = json.loads(control_plane.kubectl("get", "--raw", f"/apis/{GROUP}/{VERSION}"))["resources"]
    assert {r["kind"]: (r["shortNames"], r["categories"]) for r in served if "shortNames" in r} == {
        "InferenceEndpoint": (["iep"], ["es-inference"]),
        "ElasticsearchConnection": (["esconn"], ["es-inference"]),
    }

"""What the statistics of a model deployment mean, what a failed create leaves, and how a deployment is started again.

Assumed, all of it: no real server with machine learning was there; the shapes are those of Elasticsearch's sources.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from inference_operator.deployment import (
    Judgement,
    Start,
    after_failed_create,
    attached_to,
    deployment_from_answer,
    judge,
    start_of,
)
from inference_operator.endpoint import Definition
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from unit.deployments import ADAPTIVE, ELSER, NODE_FULL, NODES_FAILED, NODES_FULL, route, told

# What the statistics tell; the reason, the class of the problem, and what the message holds.
JUDGEMENTS: dict[str, tuple[Mapping[str, Any], Reason, type[ReconcileError] | None, str]] = {
    "all allocations run": (told("started", 2, 2), Reason.DEPLOYED, None, "is deployed"),
    "some allocations run": (told("started", 1, 2), Reason.DEPLOYED, None, "fewer allocations"),
    "more run than are wanted, while it scales down": (
        told("started", 2, 1),
        Reason.DEPLOYED,
        None,
        "is deployed",
    ),
    "it has scaled itself to zero": (told("started", 0, 0), Reason.DEPLOYED, None, "zero"),
    "it has scaled itself to zero, and an older server calls that starting": (
        told("starting", 0, 0),
        Reason.DEPLOYED,
        None,
        "zero",
    ),
    "one node failed and another one serves": (
        told("started", 1, 2, nodes=[route("failed", "out of memory"), route("started")]),
        Reason.DEPLOYED,
        None,
        "fewer allocations",
    ),
    "it has just been started": (told("starting"), Reason.MODEL_STARTING, Transient, "is starting"),
    "a node is loading the model": (
        told("starting", nodes=[route("starting")]),
        Reason.MODEL_STARTING,
        Transient,
        "is starting",
    ),
    "it counts as started while its only node restarts": (
        told("started", 0, 1, nodes=[route("starting")]),
        Reason.MODEL_STARTING,
        Transient,
        "is starting",
    ),
    "one node failed and another one is loading the model": (
        told("starting", nodes=[route("failed", "out of memory"), route("starting")]),
        Reason.MODEL_STARTING,
        Transient,
        "out of memory",
    ),
    "no node has room": (told("starting", reason=NODE_FULL), Reason.NO_CAPACITY, Transient, NODE_FULL),
    "there are no machine learning nodes": (
        told("starting", reason="No ML nodes exist in the cluster"),
        Reason.NO_CAPACITY,
        Transient,
        "add a machine learning node",
    ),
    "one node is full and another one is loading the model": (
        told("starting", reason=NODE_FULL, nodes=[route("starting")]),
        Reason.MODEL_STARTING,
        Transient,
        "is starting",
    ),
    "all nodes failed": (
        told(
            "failed",
            reason="All node routes are failed; see node route reason for details",
            nodes=[route("failed", "out of memory"), route("failed", "out of memory")],
        ),
        Reason.DEPLOYMENT_FAILED,
        Stalled,
        "details; out of memory",
    ),
    "it failed without a word": (told("failed"), Reason.DEPLOYMENT_FAILED, Stalled, "no reason given"),
    "it is being stopped": (
        {k: v for k, v in told("stopping").items() if k != "allocation_status"},
        Reason.DEPLOYMENT_MISSING,
        Transient,
        "being stopped",
    ),
    "nothing is told of its allocations": (
        {"model_id": ELSER, "state": "started"},
        Reason.MODEL_STARTING,
        Transient,
        "is starting",
    ),
    "what is told has another shape": (
        {"allocation_status": [], "nodes": [None, {"routing_state": "failed"}], "state": None, "reason": 7},
        Reason.MODEL_STARTING,
        Transient,
        "is starting",
    ),
}


def judged(stats: Mapping[str, Any]) -> Judgement:
    """The judgement of a deployment of which that is told."""
    return judge(deployment_from_answer(stats))


@pytest.mark.parametrize(("stats", "reason", "problem", "said"), JUDGEMENTS.values(), ids=JUDGEMENTS)
def test_deployment_is_judged(
    stats: Mapping[str, Any], reason: Reason, problem: type[ReconcileError] | None, said: str
) -> None:
    """Available is what can answer, at once or after it has woken up; only a failure needs a person."""
    judgement = judged(stats)
    assert (judgement.reason, judgement.available) == (reason, problem is None)
    assert said in judgement.message
    found = judgement.problem
    assert (type(found), found.reason) == (problem, reason) if found else problem is None


def test_what_several_nodes_say_is_told_once() -> None:
    """They usually fail for the same reason."""
    failed = told("failed", nodes=[route("failed", "out of memory"), route("failed", "out of memory")])
    assert judged(failed).message.count("out of memory") == 1


def test_what_is_said_of_a_deployed_model_does_not_change_with_its_load() -> None:
    """Otherwise every look at an endpoint with adaptive allocations would write its status."""
    said = {judged(told("started", n, n)).message for n in range(1, 9)}
    assert len(said) == 1
    assert len({judged(told("started", n, 9, reason=f"{n} bytes free")).message for n in range(1, 9)}) == 1


# What the create failed with, and what is wrong then.
Failure = tuple[ReconcileError, type[ReconcileError], Reason]
AFTER_CREATE: dict[str, Failure] = {
    "408: the server waits no longer, but goes on": (
        Transient(Reason.TIMED_OUT, "Timed out after [30s] waiting for…", ambiguous=True),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "no answer at all": (
        Transient(Reason.UNREACHABLE, "the connection broke", ambiguous=True),
        Transient,
        Reason.MODEL_STARTING,
    ),
    "429: no node has room": (Transient(Reason.RATE_LIMITED, NODES_FULL), Transient, Reason.NO_CAPACITY),
    "400: not enough memory": (
        Stalled(Reason.INVALID_SETTINGS, "not enough memory on node [n1] to assign [1] allocations"),
        Transient,
        Reason.NO_CAPACITY,
    ),
    "409: the nodes are exhausted": (
        Transient(Reason.CHANGED_MEANWHILE, "the resources of all nodes are exhausted"),
        Transient,
        Reason.NO_CAPACITY,
    ),
    "500: the nodes could not load the model": (
        Transient(Reason.SERVER_ERROR, NODES_FAILED, ambiguous=True),
        Stalled,
        Reason.DEPLOYMENT_FAILED,
    ),
    "400: settings that exclude each other": (
        Stalled(Reason.INVALID_SETTINGS, "[number_of_allocations] cannot be set if adaptive…"),
        Stalled,
        Reason.INVALID_SETTINGS,
    ),
    "403: the licence": (
        Stalled(Reason.LICENSE_NON_COMPLIANT, "current license is non-compliant"),
        Stalled,
        Reason.LICENSE_NON_COMPLIANT,
    ),
    "429: overload": (
        Transient(Reason.RATE_LIMITED, "overloaded", retry_after=7.0),
        Transient,
        Reason.RATE_LIMITED,
    ),
}


@pytest.mark.parametrize(("error", "kind", "reason"), AFTER_CREATE.values(), ids=AFTER_CREATE)
def test_failed_create_that_stored_the_endpoint_is_named(
    error: ReconcileError, kind: type[ReconcileError], reason: Reason
) -> None:
    """What the create failed with tells what is wrong as long as the deployment is not there."""
    problem = after_failed_create(error)
    assert (type(problem), problem.reason) == (kind, reason)
    assert error.message in problem.message
    assert problem.retry_after == error.retry_after


def model(**settings: Any) -> Definition:
    """An endpoint in the cluster."""
    return Definition("sparse_embedding", "elasticsearch", {"model_id": ELSER, "num_threads": 2, **settings})


AGAIN: dict[str, tuple[Definition, Definition, Start | None]] = {
    "a fixed number of allocations": (
        model(num_allocations=3),
        model(num_allocations=3),
        Start(ELSER, "docs", 2, 3),
    ),
    "another number in the spec, which an update brings later": (
        model(num_allocations=4),
        model(num_allocations=3),
        Start(ELSER, "docs", 2, 3),
    ),
    "another model in the spec, which the endpoint cannot become": (
        model(model_id="other", num_allocations=1),
        model(num_allocations=1),
        Start(ELSER, "docs", 2, 1),
    ),
    "adaptive allocations, with the number of a moment": (
        model(adaptive_allocations=ADAPTIVE),
        model(adaptive_allocations=ADAPTIVE, num_allocations=2),
        Start(ELSER, "docs", 2, None, ADAPTIVE),
    ),
    "both, as the spec asks for, and as the server will refuse": (
        model(adaptive_allocations=ADAPTIVE, num_allocations=2),
        model(adaptive_allocations=ADAPTIVE, num_allocations=2),
        Start(ELSER, "docs", 2, 2, ADAPTIVE),
    ),
    "adaptive allocations that are switched off": (
        model(adaptive_allocations={"enabled": False}, num_allocations=2),
        model(adaptive_allocations={"enabled": False}, num_allocations=2),
        Start(ELSER, "docs", 2, 2),
    ),
    "an endpoint that tells nothing": (
        model(),
        Definition("sparse_embedding", "elasticsearch"),
        None,
    ),
}


@pytest.mark.parametrize(("desired", "observed", "start"), AGAIN.values(), ids=AGAIN)
def test_deployment_is_started_as_the_endpoint_says(
    desired: Definition, observed: Definition, start: Start | None
) -> None:
    """It becomes again what it was, whatever else the spec asks for by now."""
    assert start_of("docs", desired, observed) == start


@pytest.mark.parametrize(
    ("settings", "owner"),
    [({"deployment_id": "shared"}, "shared"), ({"deployment_id": None}, None), ({}, None)],
    ids=["a name", "null", "nothing"],
)
def test_deployment_of_others_is_known_by_its_name(settings: dict[str, Any], owner: str | None) -> None:
    """An endpoint that names a deployment in its settings does not own it."""
    assert attached_to(model(**settings)) == owner

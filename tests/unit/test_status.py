"""The status follows from what was seen and done, and from nothing else."""

import json
from typing import Any

import pytest

from inference_operator.api.v1alpha1 import InferenceEndpointStatus, LiveSecret
from inference_operator.conditions import merge, of_endpoint, timestamp
from inference_operator.endpoint import ABSENT, Definition, Difference
from inference_operator.findings import Ignored
from inference_operator.status import (
    Seen,
    after,
    applied_definition,
    asked_of,
    claimed_cluster,
    claimed_definition,
)
from unit.samples import CLUSTER, NOW, OPERATION

SECRET = LiveSecret(
    path="/serviceSettings/api_key",
    name="keys",
    key="k",
    resource_version="5",
    applied_at=timestamp(NOW),
    checked=True,
)


def definition(**settings: Any) -> Definition:
    """An endpoint with these service settings."""
    return Definition("rerank", "cohere", settings)


def seen(desired: Definition, observed: Definition | None = None, **more: Any) -> Seen:
    """What a reconcile of generation 7 found; as desired, if not said otherwise."""
    return Seen(7, CLUSTER, desired, desired if observed is None else observed, **more)


def status(**fields: Any) -> InferenceEndpointStatus:
    """A status as it is read back, its fields named as in Kubernetes."""
    return InferenceEndpointStatus.model_validate(fields)


def known(applied: dict[str, Any], **fields: Any) -> InferenceEndpointStatus:
    """The status of an endpoint whose service settings were once made these."""
    record = {"generation": 6, "serviceSettings": applied}
    return status(applied=record, taskType="rerank", service="cohere", inferenceId="docs", **fields)


def next_status(previous: InferenceEndpointStatus, found: Seen) -> dict[str, Any]:
    """The next status as Kubernetes stores it."""
    return after(previous, merge(previous.conditions, of_endpoint(None), 7, NOW), "docs", found).dump()


def test_status_tells_the_endpoint_and_its_cluster() -> None:
    """Who asks finds id, kind, cluster, what was applied, and what is there."""
    desired = definition(model_id="m")
    told = next_status(
        status(), seen(desired, definition(model_id="m", rate_limit={"requests_per_minute": 1}))
    )
    assert told["observedGeneration"] == 7
    assert (told["inferenceId"], told["taskType"], told["service"]) == ("docs", "rerank", "cohere")
    assert told["connection"] == {"clusterName": "prod", "clusterUUID": "u1", "version": "9.4.3"}
    assert told["applied"]["generation"] == 7
    assert told["applied"]["serviceSettings"] == {"model_id": "m"}
    assert told["observed"] == {
        "serviceSettings": {"model_id": "m", "rate_limit": {"requests_per_minute": 1}}
    }


def test_create_is_resolved_and_uses_are_forgotten() -> None:
    """Once the endpoint has been seen, nothing is under way any more and nothing blocks a deletion."""
    told = next_status(status(operation=OPERATION, references={"pipelines": ["p"]}), seen(definition()))
    assert told.keys() & {"operation", "references"} == set()


def test_second_look_at_the_same_gives_the_same_status() -> None:
    """Nothing changed means nothing is written."""
    found = seen(definition(model_id="m"), live=[SECRET], written_at=timestamp(NOW))
    first = InferenceEndpointStatus.model_validate(next_status(status(), found))
    assert next_status(first, seen(definition(model_id="m"))) == first.dump()


def test_secrets_and_write_time_stay_where_nothing_was_written() -> None:
    """They tell of the last write, not of the last look."""
    before = known({}, secrets=[SECRET.dump()], lastWriteTime="2026-01-01T00:00:00Z")
    told = next_status(before, seen(definition()))
    assert told["secrets"] == [SECRET.dump()]
    assert told["lastWriteTime"] == "2026-01-01T00:00:00Z"
    told = next_status(before, seen(definition(), live=[], written_at="2026-02-02T00:00:00Z"))
    assert told["secrets"] == []
    assert told["lastWriteTime"] == "2026-02-02T00:00:00Z"


def test_what_did_not_come_true_does_not_count_as_applied() -> None:
    """While something is wrong, the record of before stays, with what took effect."""
    found = seen(
        definition(a=2, b=2),
        definition(a=2, b=1),
        complete=False,
        asked=frozenset({"/serviceSettings/a", "/serviceSettings/b"}),
    )
    told = next_status(known({"a": 1, "b": 1}), found)
    assert told["applied"]["serviceSettings"] == {"a": 2, "b": 1}
    assert told["applied"]["generation"] == 7


def test_record_stays_with_its_generation_where_nothing_took_effect() -> None:
    """A generation of which nothing was applied is not one that was."""
    told = next_status(known({"a": 1}), seen(definition(a=2), definition(a=1), complete=False))
    assert told["applied"]["generation"] == 6


def test_what_was_ignored_and_what_drifted_is_told() -> None:
    """Path and values, as JSON; what is missing is absent."""
    found = seen(
        definition(),
        ignored=[Ignored("/serviceSettings/a", '"x"', "9.4.3")],
        drift=[Difference("/serviceSettings/b", {"c": 1}, ABSENT)],
    )
    told = next_status(status(), found)
    (ignored,) = told["notApplied"]
    assert (
        ignored.items() >= {"path": "/serviceSettings/a", "desired": '"x"', "serverVersion": "9.4.3"}.items()
    )
    assert (ignored["askedBy"], ignored["refused"]) == ("Update", False)
    assert told["drift"] == [{"path": "/serviceSettings/b", "desired": '{"c": 1}', "observed": "absent"}]


def test_long_drift_is_cut() -> None:
    """Twenty paths tell that somebody was busy there."""
    drift = [Difference(f"/serviceSettings/{n}", n, 0) for n in range(50)]
    assert len(next_status(status(), seen(definition(), drift=drift))["drift"]) == 20


def test_huge_endpoint_is_not_shown() -> None:
    """A status has its bounds; what is too long is left out whole, since half of it would be wrong."""
    assert "observed" in next_status(status(), seen(definition(x="y" * 16_000)))
    assert "observed" not in next_status(status(), seen(definition(x="y" * 16_384)))


def test_endpoint_that_is_nested_too_deeply_is_not_shown() -> None:
    """It could not be written as JSON; the rest of the status can."""
    settings: dict[str, Any] = {}
    for _ in range(300):
        settings = {"a": settings}
    assert "observed" not in next_status(status(), seen(definition(), definition(**settings)))


def test_status_is_json() -> None:
    """It can be sent as it is, and read back."""
    told = next_status(known({"a": 1}), seen(definition(a=[1, {"b": None}]), live=[SECRET]))
    assert after(status(), [], "docs", seen(definition())).operation is None
    assert InferenceEndpointStatus.model_validate(json.loads(json.dumps(told))).dump() == told


def test_applied_definition_is_read_back() -> None:
    """What was applied is compared with what the spec asks for now."""
    assert applied_definition(known({"a": 1})) == definition(a=1)
    assert applied_definition(status()) is None


def test_claim_tells_what_was_asked_for() -> None:
    """After a crash the record alone tells whether an endpoint is what we began to make, whatever the spec says then."""
    wish = Definition("text_embedding", "openai", {"model_id": "m"}, {"user": "u"}, {"strategy": "word"})
    operation = {**OPERATION, "asked": asked_of(wish).dump()}
    assert claimed_definition(status(operation=operation)) == wish
    assert claimed_definition(status()) is None


CLAIMS: dict[str, tuple[InferenceEndpointStatus, str | None]] = {
    "nothing was begun": (status(), None),
    "a create was begun": (status(operation=OPERATION), "u0"),
    "an endpoint was made": (known({}, connection=CLUSTER.dump()), "u1"),
    "a create was begun elsewhere since": (
        known({}, connection=CLUSTER.dump(), operation=OPERATION),
        "u0",
    ),
    "an endpoint was only looked at": (status(connection=CLUSTER.dump()), None),
}


@pytest.mark.parametrize(("known_", "cluster"), CLAIMS.values(), ids=CLAIMS)
def test_claim_is_on_a_cluster(known_: InferenceEndpointStatus, cluster: str | None) -> None:
    """The endpoint belongs to the cluster in which it was made, or in which a create was begun."""
    assert claimed_cluster(known_) == cluster

"""Of several mistakes in one PUT the server tells one: which, is a table for each version, asked in process, for its size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from integration.standin.inprocess import ask
from testbed.standin.models import Deployment
from testbed.standin.profiles import PROFILES
from testbed.standin.security import Security
from testbed.standin.state import Cluster, Reference

RECORDED = {"task_type": "text_embedding", "dimensions": 4, "similarity": "cosine"}


@dataclass
class Attempt:
    """A PUT that would be right, until mistakes are made."""

    cluster: Cluster
    privilege: str = "manage_inference"
    task_type: str = "text_embedding"
    inference_id: str = "new"
    parameters: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(
        default_factory=lambda: {"api_key": "k", "model_id": "m", "dimensions": 8, "similarity": "cosine"}
    )
    body: dict[str, Any] = field(default_factory=lambda: {"service": "openai"})
    empty: bool = False

    def send(self) -> str:
        """Makes the request as it is by now; why it is refused, or nothing."""
        path = f"/_inference/{self.task_type}/{self.inference_id}"
        body = None if self.empty else {"service_settings": self.settings, **self.body}
        answer = ask(self.cluster, "PUT", path, body, privilege=self.privilege, **self.parameters).json
        return str(answer.get("error", {}).get("reason", ""))

    def must_not_write(self) -> None:
        """For a cluster that is read-only."""
        self.cluster.block = "6/cluster read-only (api)"

    def deploy(self) -> None:
        """A deployment of the same name."""
        self.cluster.deployments[self.inference_id] = Deployment(self.inference_id, "model", 1, 1)


@dataclass(frozen=True)
class Mistake:
    """One mistake, what is told of it, and the part of the request that it spoils, which no other can then."""

    told: str
    spoil: Callable[[Attempt], Any]
    part: str = ""


MISTAKES = {
    "an unknown task type in the path": Mistake(
        "Unknown task_type [bad]", lambda it: setattr(it, "task_type", "bad"), "path"
    ),
    "no body": Mistake("request body is required", lambda it: setattr(it, "empty", True), "body"),
    "an unknown parameter": Mistake(
        "contains unrecognized parameter: [x]", lambda it: it.parameters.update(x="1")
    ),
    "an invalid id": Mistake(
        "Invalid inference_id; 'New'", lambda it: setattr(it, "inference_id", "New"), "id"
    ),
    "a privilege that lacks": Mistake(
        "is unauthorized", lambda it: setattr(it, "privilege", "monitor_inference")
    ),
    "a read-only cluster": Mistake(
        "blocked by: [FORBIDDEN/6/cluster read-only (api)]", Attempt.must_not_write
    ),
    "a task type that some nodes do not know": Mistake(
        "is not supported by all nodes",
        lambda it: setattr(it.cluster, "upgrading", {"text_embedding"}),
        "nodes path",
    ),
    "another task type in the body": Mistake(
        "Cannot resolve conflicting task_type", lambda it: it.body.update(task_type="rerank"), "body"
    ),
    "no service": Mistake(
        "is missing the [service] setting", lambda it: it.body.pop("service"), "service body"
    ),
    "no licence": Mistake(
        "current license is non-compliant", lambda it: setattr(it.cluster, "licensed", False)
    ),
    "an unknown service": Mistake(
        "Unknown service [bogus]", lambda it: it.body.update(service="bogus"), "service body"
    ),
    "a service that some nodes do not know": Mistake(
        "All nodes in the cluster are not aware of the service [openai].Wait",
        lambda it: setattr(it.cluster, "upgrading", {"openai"}),
        "nodes service body",
    ),
    "the name of a deployment": Mistake("Inference endpoint IDs must be unique", Attempt.deploy, "id"),
    "no service settings": Mistake(
        "Missing required field [service_settings]",
        lambda it: it.body.update(service_settings=None),
        "settings body",
    ),
    "an unknown setting": Mistake("bogus", lambda it: it.settings.update(bogus=1), "settings body"),
    "a mapping that contradicts": Mistake(
        "used in mappings with incompatible settings for indices: [idx]",
        lambda it: it.cluster.indices.update(idx=[Reference(it.inference_id, RECORDED)]),
        "id",
    ),
    "a key that the provider refuses": Mistake(
        "validation call to service threw an exception",
        lambda it: it.cluster.provider.refused.update(k="no"),
    ),
    "an id that is taken": Mistake("already exists", Attempt.send, "id"),
}
TOGETHER = (
    {"the name of a deployment", "a mapping that contradicts"},
    {"the name of a deployment", "an id that is taken"},
    {"a mapping that contradicts", "an id that is taken"},
)
"""Mistakes that spoil the same part without getting in each other's way."""


def order(profile: str) -> list[str]:
    """The mistakes, the one that is told first at the beginning."""
    names = list(MISTAKES)

    def move(name: str, before: str) -> None:
        names.remove(name)
        names.insert(names.index(before), name)

    if profile == "8.18":
        move("no licence", "a task type that some nodes do not know")
    if profile != "8.19":
        move("a key that the provider refuses", "a mapping that contradicts")
    if profile in ("8.18", "9.2"):
        names.remove("a mapping that contradicts")
    if profile not in ("9.5", "serverless"):
        names.remove("a task type that some nodes do not know")
    return names


def cases() -> Iterator[Any]:
    """Each mistake on each version."""
    for profile in sorted(PROFILES):
        for name in order(profile)[:-1]:
            yield pytest.param(profile, name, id=f"{name}, on {profile}")


def possible(one: str, other: str) -> bool:
    """Whether both can be made in one request."""
    parts = [set(MISTAKES[name].part.split()) for name in (one, other)]
    return not parts[0] & parts[1] or {one, other} in TOGETHER


def attempt(profile: str) -> Attempt:
    """A first one, on a new cluster."""
    return Attempt(Cluster(PROFILES[profile], Security()))


@pytest.mark.parametrize(("profile", "name"), list(cases()))
def test_a_mistake_is_told_before_all_that_come_after_it(profile: str, name: str) -> None:
    """Whatever else is wrong with the same request."""
    names = order(profile)
    later = [other for other in names[names.index(name) + 1 :] if possible(name, other)]
    assert later
    for other in later:
        request = attempt(profile)
        for mistake in (other, name):
            MISTAKES[mistake].spoil(request)
        assert MISTAKES[name].told in request.send(), other


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_each_mistake_alone_is_told(profile: str) -> None:
    """So that the table of pairs means something."""
    assert attempt(profile).send() == ""
    for name in order(profile):
        request = attempt(profile)
        MISTAKES[name].spoil(request)
        assert MISTAKES[name].told in request.send(), name

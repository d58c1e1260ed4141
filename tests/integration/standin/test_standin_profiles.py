"""The stand-in can be one version of Elasticsearch or another."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from integration.standin.inprocess import ask
from integration.standin.samples import PATH, error, openai
from testbed.builders import Secret
from testbed.pairs import PAIRS, PROVIDER, Pair, secret_values
from testbed.standin.client import Standin
from testbed.standin.offering import listing, services_of
from testbed.standin.profiles import PROFILES
from testbed.standin.security import Security
from testbed.standin.services import TASK_TYPES, services_answer
from testbed.standin.state import Cluster

LEGACY = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
UPDATE = f"{PATH}/_update"


@pytest.fixture(params=sorted(PROFILES))
def profile(request: pytest.FixtureRequest, standin: Standin) -> str:
    """Every version, which the stand-in then is."""
    standin.reset(profile=request.param)
    return str(request.param)


@pytest.fixture
def old(standin: Standin) -> Iterator[httpx.Client]:
    """A client of the stand-in as 8.19."""
    standin.reset(profile="8.19")
    with standin.client(standin.api_key) as client:
        yield client


def test_a_reset_without_a_name_brings_back_the_first_version(standin: Standin) -> None:
    """The shared stand-in is what it was for the next test."""
    first = standin.version
    standin.reset(profile="8.19")
    assert standin.version == "8.19.8"
    standin.reset()
    assert standin.version == first


def test_every_version_tells_its_own_number_and_services(profile: str, client: httpx.Client) -> None:
    """As recorded: 17 services with 46 pairs, and 24 with 71; the others as the catalogue says."""
    version = PROFILES[profile]
    assert client.get("/").json()["version"]["number"] == version.number
    services = listing(version)
    pairs = sum(len(service["task_types"]) for service in services)
    expected = {"8.18": (14, 30), "8.19": (17, 46), "9.2": (20, 56), "9.4": (24, 71)}.get(profile, (24, 73))
    assert (len(services), pairs) == expected
    answer = client.get("/_inference/_services")
    assert (answer.json() == services) if version.lists_services else (answer.status_code == 410)


def test_only_a_call_proves_a_key_that_was_not_validated(standin: Standin, old: httpx.Client) -> None:
    """8.19 stores a refused key with 200, without asking the provider."""
    standin.accept_keys(["good", "better"])
    old.put(PATH, json=openai("good")).raise_for_status()
    assert old.put(UPDATE, json={"service_settings": {"api_key": "bad"}}).is_success
    refused = old.post(PATH, json={"input": "ping"})
    assert (refused.status_code, "the api key is not valid" in error(refused)["reason"]) == (401, True)
    assert old.put(UPDATE, json={"service_settings": {"api_key": "better"}}).is_success
    assert len(old.post(PATH, json={"input": "ping"}).json()["text_embedding"]) == 1
    assert [call.outcome == "ok" for call in standin.provider_calls()] == [True, False, True]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"service_settings": {"api_key": "a-key"}}, id="the same key"),
        pytest.param({"task_settings": {"user": "u"}}, id="a task setting"),
    ],
)
def test_any_update_resets_the_chunking(old: httpx.Client, change: dict[str, Any]) -> None:
    """8.19 forgets what was asked for, whatever else is changed."""
    chunking = {"strategy": "sentence", "max_chunk_size": 50, "sentence_overlap": 0}
    created = old.put(PATH, json={**openai(), "chunking_settings": chunking}).json()
    assert created["chunking_settings"] == chunking
    assert old.put(UPDATE, json=change).json()["chunking_settings"] == LEGACY
    assert old.get(PATH).json()["endpoints"][0]["chunking_settings"] == LEGACY


def test_a_create_is_never_answered_while_a_mapping_names_the_id(standin: Standin, old: httpx.Client) -> None:
    """It needs to know what only its provider could tell; whoever tells it both gets an answer."""
    standin.reference("idx", "one")
    with pytest.raises(httpx.ReadTimeout):
        old.put(PATH, json=openai(dimensions=8), timeout=0.2)
    assert standin.endpoints() == {}
    assert standin.provider_calls() == []
    assert old.put(PATH, json=openai(dimensions=8, similarity="cosine")).is_success


@pytest.mark.usefixtures("profile")
def test_a_body_is_read_to_a_thousand_levels(client: httpx.Client) -> None:
    """A deeper one is refused, not a failure of the stand-in."""
    answers = [
        client.put(
            PATH, content='{"a":' * depth + "1" + "}" * depth, headers={"content-type": "application/json"}
        )
        for depth in (1_000, 1_001, 9_000)
    ]
    assert "missing the [service] setting" in error(answers[0])["reason"]
    for answer in answers[1:]:
        assert answer.status_code == 400
        assert error(answer)["type"] == "x_content_parse_exception"
        assert error(answer)["reason"].startswith("Document nesting depth (1001) exceeds the maximum allowed")


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_the_corrections_fit_what_the_server_lists(name: str) -> None:
    """Everything said about a task type is about one that the service has; of recorded servers, every service is there."""
    profile = PROFILES[name]
    services = services_of(profile)
    assert {entry["service"] for entry in listing(profile)} <= services.keys()
    if profile.assumed:
        return
    assert listing(profile) == services_answer(profile.services)
    for service in services.values():
        assert set(service.task_types) <= set(TASK_TYPES)
        for section in ("settings", "task_settings", "defaults", "rate_limit"):
            told = service.facts.get(section)
            assert not isinstance(told, dict) or told.keys() <= {"all", *service.task_types}, service.name


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize("task_type", ["completion", "text_embedding"])
def test_completions_may_take_longer_from_9_5_on(
    standin: Standin, client: httpx.Client, task_type: str
) -> None:
    """Two minutes if no timeout is asked for, half a minute otherwise."""
    standin.provider(failure="timeout")
    refused = client.put(f"/_inference/{task_type}/one", json=openai())
    release = next(one.release for one in PROFILES.values() if one.number == standin.version)
    seconds = 120 if release >= (9, 5) and task_type == "completion" else 30
    assert f"timed out after [{seconds}s]" in error(refused)["caused_by"]["reason"]


def test_a_profile_can_be_older_than_the_oldest() -> None:
    """As 8.17 was: only embeddings were tried out, empty task settings were shown, defaults were there to stay."""
    older = replace(
        PROFILES["8.18"],
        validated=frozenset({"text_embedding"}),
        shows_empty_task_settings=True,
        force_deletes_preconfigured=False,
    )
    cluster = Cluster(older, Security())
    created = ask(cluster, "PUT", "/_inference/completion/one", openai())
    assert (created.json["task_settings"], cluster.journal.probes) == ({}, [])
    ask(cluster, "PUT", "/_inference/text_embedding/two", openai())
    assert len(cluster.journal.probes) == 1
    kept = ask(cluster, "DELETE", "/_inference/.elser-2-elasticsearch", force="true")
    assert kept.json["error"]["reason"].endswith("Cannot delete a reserved inference endpoint.")


@pytest.mark.parametrize(
    ("task_type", "limit"),
    [("text_embedding", 5), ("sparse_embedding", 5), ("rerank", 1000), ("completion", 1000)],
)
def test_a_service_may_take_over_a_rate_limit_for_some_task_types_only(
    values: Secret, task_type: str, limit: int
) -> None:
    """As Alibaba's was seen to do on 9.4.3."""
    cluster, path = Cluster(PROFILES["9.4"], Security()), f"/_inference/{task_type}/one"
    ask(cluster, "PUT", path, Pair("alibabacloud-ai-search", task_type).body(values, PROVIDER))
    change = {"service_settings": {"api_key": "a-key", "rate_limit": {"requests_per_minute": 5}}}
    changed = ask(cluster, "PUT", f"{path}/_update", change).json
    assert changed["service_settings"]["rate_limit"] == {"requests_per_minute": limit}


def test_a_service_may_refuse_task_settings(values: Secret) -> None:
    """As SageMaker's models in Elastic's own format were seen to do on 9.4.3; in OpenAI's they are kept."""
    cluster, tasks = Cluster(PROFILES["9.4"], Security()), {"task_settings": {"session_id": "s"}}
    body = Pair("amazon_sagemaker", "rerank").body(values, PROVIDER) | {"task_settings": {}}
    ask(cluster, "PUT", "/_inference/rerank/one", body)
    refused = [
        ask(cluster, "PUT", "/_inference/rerank/one/_update", tasks),
        ask(cluster, "PUT", "/_inference/rerank/two", body | tasks),
    ]
    for answer in refused:
        assert answer.status == 400
        assert "task_settings is only supported during" in answer.json["error"]["reason"]
    other = Pair("amazon_sagemaker", "completion").body(values, PROVIDER) | tasks
    assert ask(cluster, "PUT", "/_inference/completion/three", other).status == 200


def test_only_what_a_real_server_was_asked_about_is_not_assumed() -> None:
    """The recordings are of two versions."""
    known = {name for name, version in PROFILES.items() if not version.assumed}
    assert known == {"8.19", "9.4"}


@pytest.fixture(scope="module")
def values() -> Secret:
    """The secrets of any service."""
    return secret_values("secret", "a-key", PROVIDER)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_pair_can_be_created_on_the_versions_that_have_it(name: str, values: Secret) -> None:
    """As the catalogue dates it; on the others the service, or its task type, is not known."""
    version = PROFILES[name]
    cluster = Cluster(version, Security())
    for pair in PAIRS:
        path = f"/_inference/{pair.task_type}/{pair.name}"
        created = ask(cluster, "PUT", path, pair.body(values, PROVIDER))
        offered = pair.known.offers(pair.task_type, version.release)
        assert (created.status == 200) == offered, (pair, created.json)
        if not offered:
            unknown = r"Unknown (service|task_type) \[|does not support task type"
            assert re.search(unknown, created.json["error"]["reason"]), created.json

"""The stand-in can be one version of Elasticsearch or another."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, error, openai
from testbed.standin.client import Standin
from testbed.standin.profiles import PROFILES
from testbed.standin.services import TASK_TYPES, load_services, services_answer

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
    """As recorded: 17 services with 46 pairs, and 24 with 71."""
    version = PROFILES[profile]
    assert client.get("/").json()["version"]["number"] == version.number
    services = client.get("/_inference/_services").json()
    pairs = sum(len(service["task_types"]) for service in services)
    assert (len(services), pairs) == {"8.19": (17, 46), "9.4": (24, 71)}[profile]


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
    """Every listed service is corrected, and everything said about a task type is about one that the service has."""
    profile = PROFILES[name]
    services = load_services(profile.services, profile.corrections)
    assert {entry["service"] for entry in services_answer(profile.services)} <= services.keys()
    for service in services.values():
        assert set(service.task_types) <= set(TASK_TYPES)
        for section in ("settings", "task_settings", "defaults", "rate_limit"):
            told = service.facts.get(section)
            assert not isinstance(told, dict) or told.keys() <= {"all", *service.task_types}, service.name

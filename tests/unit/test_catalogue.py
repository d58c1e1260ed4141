"""The service catalogue agrees with what real servers say about themselves, with the CRD, and with the page made from it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.derive import CORRECTIONS, as_text, merged
from catalogue.page import page
from inference_operator.api.v1alpha1 import SECRET_SETTINGS, InferenceEndpointSpec
from inference_operator.catalogue import Service, Setting, load
from testbed.pairs import PAIRS, Pair
from testbed.standin.services import services_answer

ROOT = Path(__file__).parents[2]
DATA = ROOT / "operator" / "inference_operator" / "catalogue.json"
SERVERS = {"services-9.4.3.json": (9, 4), "services-8.19.8.json": (8, 19)}
UNLISTED = {
    "custom": "servers take it, but do not list it",
    "elser": "an old name of `elasticsearch`, which they list",
    "watsonxai": "8.19.8 takes rerank, but does not list it",
}
"""Services of which servers have more than `_services` lists, and why."""
DIFFERENCES = {
    ("amazonbedrock", "dimensions"): "listed, but refused: recorded from both",
    ("azureopenai", "api_key"): "listed as optional, but needed unless another secret stands in its place",
    ("azureopenai", "tenant_id"): "listed as sensitive, but an id that GET shows",
    ("llama", "api_key"): "listed as required, but an endpoint without one is created: recorded from 9.4.3",
}
"""Where the catalogue says otherwise than `_services`, and why."""
TYPES = {"str": "string", "int": "integer", "bool": "boolean", "map": "object", "list": "list"}

servers = pytest.mark.parametrize("file", SERVERS)


def listed(file: str) -> dict[str, dict[str, Any]]:
    """What a real server answered to `GET _inference/_services`, by service."""
    return {entry["service"]: entry for entry in services_answer(file)}


def settings(file: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Each setting that a server lists, but for the rate limit: service, task type, name and what is said."""
    return [
        (service, task, name, said)
        for service, entry in listed(file).items()
        for name, said in entry["configurations"].items()
        for task in said["supported_task_types"]
        if name != "rate_limit.requests_per_minute" and (service, name) not in DIFFERENCES
    ]


def known(service: str, task_type: str, name: str) -> Setting:
    """What the catalogue says about it; it may be a task setting there."""
    found = load().services[service].settings(task_type)
    return found.get(f"/serviceSettings/{name}") or found[f"/taskSettings/{name}"]


def test_there_are_26_services_with_78_pairs() -> None:
    """All of the specification's 77 pairs, and the one that servers have beside these."""
    assert (len(load().services), len(PAIRS)) == (26, 78)
    assert "sparse_embedding" in load().services["hugging_face"].task_types


def test_data_is_as_the_generator_writes_it() -> None:
    """Nobody edited it by hand in another form, and it holds all corrections."""
    text = DATA.read_text()
    services = json.loads(text)["services"]
    assert as_text(json.loads(text)) == text
    for correction in yaml.safe_load(CORRECTIONS.read_text()):
        assert merged(services, correction["services"]) == services, correction["why"]


@servers
def test_pairs_are_those_that_the_server_lists(file: str) -> None:
    """None is missing, and none is too many but the ones that servers do not list."""
    release = SERVERS[file]
    offered = {(p.service, p.task_type) for p in PAIRS if p.known.offers(p.task_type, release)}
    expected = {(service, task) for service, entry in listed(file).items() for task in entry["task_types"]}
    assert offered >= expected
    assert {service for service, _ in offered - expected} <= UNLISTED.keys()


@servers
def test_settings_are_needed_and_secret_as_the_server_says(file: str) -> None:
    """Of each setting that a server lists: type, whether it is required, whether it is sensitive."""
    said = {(s, t, n): (TYPES[e["type"]], e["required"], e["sensitive"]) for s, t, n, e in settings(file)}
    have = {
        key: (setting.type, setting.required, setting.secret) for key in said for setting in [known(*key)]
    }
    assert have == said


@pytest.mark.parametrize(("service", "name"), DIFFERENCES)
def test_listed_differences_are_there(service: str, name: str) -> None:
    """One that is gone must be taken off the list."""
    said = listed("services-9.4.3.json")[service]["configurations"][name]
    task, *_ = said["supported_task_types"]
    setting = load().services[service].settings(task).get(f"/serviceSettings/{name}")
    assert setting is None or (setting.required, setting.secret) != (said["required"], said["sensitive"])


def test_secrets_are_those_that_the_crd_refuses_in_the_settings() -> None:
    """Each secret of a service is refused outside secretSettings, and nothing else is."""
    secrets = {
        path.rsplit("/", 1)[-1]
        for pair in PAIRS
        for path, setting in pair.known.settings(pair.task_type).items()
        if setting.secret
    }
    assert secrets == set(SECRET_SETTINGS)


def test_what_stands_in_the_place_of_a_required_setting_is_a_setting() -> None:
    """`unless` and `tasks` name what there is."""
    for service in load().services.values():
        for setting in [*service.service_settings.values(), *service.task_settings.values()]:
            assert set(setting.unless) <= service.service_settings.keys()
            assert set(setting.tasks) < service.task_types.keys()
            assert set(service.chunking_settings) <= service.task_types.keys()
            assert not setting.unless or setting.required


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_smallest_endpoint_of_each_pair_is_a_valid_resource(pair: Pair) -> None:
    """It has every required setting, each secret by reference."""
    [manifest] = pair.endpoint(pair.name, "provider").manifests()
    spec = InferenceEndpointSpec.model_validate(manifest["spec"])
    given = {f"/serviceSettings/{name}" for name in spec.service_settings}
    given |= {f"/taskSettings/{name}" for name in spec.task_settings}
    given |= {"/".join(secret.path.split("/")[:3]) for secret in spec.secret_settings}
    required = {path for path, setting in pair.known.settings(pair.task_type).items() if setting.required}
    assert required <= given
    assert None not in [*spec.service_settings.values(), *spec.task_settings.values()]


def test_page_is_current() -> None:
    """docs/services.md is what `make generate` writes."""
    assert (ROOT / "docs" / "services.md").read_text() == page()


@pytest.mark.parametrize(
    ("since", "release", "offered"),
    [
        ("8.18", (8, 18), True),
        ("8.19", (8, 18), False),
        ("8.19", (9, 0), False),
        ("8.19", (9, 1), True),
        ("9.4", (9, 10), True),
    ],
)
def test_releases_are_compared_as_they_came_out(since: str, release: tuple[int, int], offered: bool) -> None:
    """9.0 came out with 8.18, so it lacks what came with 8.19."""
    service = Service.model_validate(
        {"taskTypes": {"rerank": since}, "serviceSettings": {}, "taskSettings": {}, "chunkingSettings": []}
    )
    assert service.offers("rerank", release) is offered
    assert not service.offers("completion", release)

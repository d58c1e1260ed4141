"""Creating, reading, deleting, asking: a test for each rule of `/_inference` that Elasticsearch's versions follow."""

import re
from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, cohere, error, openai
from testbed.standin.client import Standin
from testbed.standin.profiles import PROFILES

every_version = pytest.mark.parametrize("standin", sorted(PROFILES), indirect=True)
E5 = {
    "service": "elasticsearch",
    "service_settings": {"model_id": ".multilingual-e5-small", "num_allocations": 1, "num_threads": 1},
}
WORDS = {
    "8.18": "Model configuration",
    "8.19": "Configuration",
    "9.2": "Model configuration",
    "9.4": "Configuration",
}
AZURE = {
    "service": "azureopenai",
    "service_settings": {
        "api_key": "k",
        "resource_name": "r",
        "deployment_id": "d",
        "api_version": "v",
        "tenant_id": "t",
    },
}
MISSING = "Validation Failed: 1: [service_settings] does not contain the required setting [model_id];"


def profile_of(client: httpx.Client) -> str:
    """The name of the version that answers."""
    version = client.get("/").json()["version"]
    found = {profile.number: name for name, profile in PROFILES.items()}
    return found[version["number"]]


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and reason of a refusal."""
    return answer.status_code, error(answer)["type"], error(answer)["reason"]


def without(name: str) -> dict[str, Any]:
    """A body that lacks a service setting."""
    body = openai()
    del body["service_settings"][name]
    return body


class TestCreate:
    @every_version
    @pytest.mark.parametrize(
        ("body", "status", "kind", "reason"),
        [
            pytest.param(
                {"service": "openai"},
                400,
                "status_exception",
                "Missing required field [service_settings]",
                id="no service settings",
            ),
            pytest.param(
                without("model_id"), 400, "validation_exception", MISSING, id="a setting that lacks"
            ),
            pytest.param(
                without("api_key"),
                400,
                "validation_exception",
                "Validation Failed: 1: [secret_settings] does not contain the required setting [api_key];",
                id="a secret that lacks",
            ),
            pytest.param(
                openai(dimensions=0),
                400,
                "validation_exception",
                "Validation Failed: 1: [service_settings] Invalid value [0]. [dimensions] must be a positive integer;",
                id="a number that is not positive",
            ),
            pytest.param(
                openai(dimensions=128.0),
                400,
                "validation_exception",
                "Validation Failed: 1: field [dimensions] is not of the expected type. "
                "The value [128.0] cannot be converted to a [Integer];",
                id="a number of the wrong type",
            ),
            pytest.param(
                openai(model_id=""),
                400,
                "validation_exception",
                "Validation Failed: 1: [service_settings] Invalid value empty string. [model_id] must be a non-empty string;",
                id="an empty text",
            ),
            pytest.param(
                openai(similarity="x"),
                400,
                "validation_exception",
                "Validation Failed: 1: [service_settings] Invalid value [x] received. "
                "[similarity] must be one of [cosine, dot_product, l2_norm];",
                id="a value that is none of those allowed",
            ),
            pytest.param(
                {"service": "elasticsearch", "service_settings": {}},
                400,
                "illegal_argument_exception",
                "Error parsing service settings, model_id must be provided",
                id="a model in the cluster without its name",
            ),
        ],
    )
    def test_a_wrong_body_is_refused_before_the_provider_is_asked(
        self,
        standin: Standin,
        client: httpx.Client,
        body: dict[str, Any],
        status: int,
        kind: str,
        reason: str,
    ) -> None:
        """The first mistake of a section is told, or all of them."""
        assert told(client.put(PATH, json=body)) == (status, kind, reason)
        assert (standin.endpoints(), standin.provider_calls()) == ({}, [])

    @every_version
    @pytest.mark.parametrize(
        ("path", "body", "setting", "parsed"),
        [
            pytest.param(PATH, openai(bogus=1), "bogus", True, id="a service setting"),
            pytest.param(
                PATH, openai() | {"task_settings": {"bogus": 1}}, "bogus", False, id="a task setting"
            ),
            pytest.param(PATH, openai() | {"bogus": 1}, "bogus", False, id="a section"),
            pytest.param(
                "/_inference/completion/one",
                {
                    "service": "azureaistudio",
                    "service_settings": {
                        "api_key": "k",
                        "target": "https://a.test",
                        "endpoint_type": "token",
                        "provider": "openai",
                        "bogus": 1,
                    },
                },
                "bogus",
                False,
                id="a setting of a service without a parser",
            ),
        ],
    )
    def test_what_no_one_knows_is_named(
        self, client: httpx.Client, path: str, body: dict[str, Any], setting: str, *, parsed: bool
    ) -> None:
        """In the words of the version; from 9.5 a parser names service settings, where the service has one."""
        version = profile_of(client)
        answer = told(client.put(path, json=body))
        if parsed and version in ("9.5", "serverless"):
            reason = f"[1:2] [service_settings] unknown field [{setting}]"
            assert answer == (400, "x_content_parse_exception", reason)
        else:
            words = WORDS.get(version, "Configuration")
            reason = f"{words} contains settings [{{{setting}=1}}] unknown to the [{body['service']}] service"
            assert answer == (400, "status_exception", reason)

    @every_version
    def test_a_timeout_is_a_parameter_of_a_create_since_8_19(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        """Before it is one that no one knows; where it is known, it is kept to."""
        standin.provider(delay=30)
        answer = client.put(PATH, params={"timeout": "10ms"}, json=openai())
        if profile_of(client) == "8.18":
            text = f"request [{PATH}] contains unrecognized parameter: [timeout]"
            assert told(answer) == (400, "illegal_argument_exception", text)
        else:
            assert error(answer)["caused_by"]["reason"].startswith("Request timed out after [10ms]")

    @every_version
    @pytest.mark.parametrize(
        ("task_type", "body"),
        [("text_embedding", openai()), ("completion", openai()), ("rerank", cohere())],
    )
    def test_every_task_type_is_tried_out_and_nothing_is_stored_if_that_fails(
        self, standin: Standin, client: httpx.Client, task_type: str, body: dict[str, Any]
    ) -> None:
        """Always a 400, with what the provider said as the cause."""
        standin.refuse_key("a-key")
        refused = client.put(f"/_inference/{task_type}/one", json=body)
        assert refused.status_code == 400
        assert error(refused)["reason"].endswith("validation call to service threw an exception.")
        assert (
            "status [401]. Error message: [the api key is not valid]" in error(refused)["caused_by"]["reason"]
        )
        assert (standin.endpoints(), len(standin.provider_calls())) == ({}, 1)

    @every_version
    def test_an_id_that_is_taken_costs_a_call_to_the_provider(
        self, standin: Standin, stored: httpx.Client
    ) -> None:
        """It is asked first; the wrong key of a second create is told, not that the id is taken."""
        assert told(stored.put(PATH, json=openai())) == (
            400,
            "resource_already_exists_exception",
            "Inference endpoint [one] already exists",
        )
        standin.refuse_key("wrong")
        assert "validation call" in error(stored.put(PATH, json=openai("wrong")))["reason"]
        assert len(standin.provider_calls()) == 3

    @every_version
    def test_a_create_adds_defaults_and_hides_secrets(self, client: httpx.Client) -> None:
        """The same in the answer and in what is read; sections that are empty are not shown."""
        created = client.put(PATH, json=openai()).json()
        assert created["service_settings"] == {
            "model_id": "m",
            "dimensions": 8,
            "similarity": "dot_product",
            "rate_limit": {"requests_per_minute": 3000},
        }
        assert created["chunking_settings"] == {
            "strategy": "sentence",
            "max_chunk_size": 250,
            "sentence_overlap": 1,
        }
        assert "task_settings" not in created
        assert client.get(PATH).json() == {"endpoints": [created]}

    @every_version
    def test_a_setting_of_the_cluster_skips_the_call_to_the_provider(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        """Then nothing is filled in that only the provider tells, and no model is started."""
        setting = {"persistent": {"xpack.inference.skip_validate_and_start": True}}
        standin.admin.put("/_cluster/settings", json=setting).raise_for_status()
        created = client.put(PATH, json=openai()).json()
        assert created["service_settings"].keys() == {"model_id", "rate_limit"}
        assert client.put("/_inference/text_embedding/e5", json=E5).is_success
        assert standin.provider_calls() == []
        assert client.get("/_ml/trained_models/e5/_stats").status_code != 200

    @every_version
    @pytest.mark.parametrize("dimensions", [8, 4])
    def test_mappings_bind_a_new_endpoint_where_they_are_looked_at(
        self, standin: Standin, client: httpx.Client, dimensions: int
    ) -> None:
        """8.18 and 9.2 let an endpoint of other dimensions take the place of the one that an index was made with."""
        standin.reference("idx", "one", task_type="text_embedding", dimensions=4, similarity="cosine")
        body = openai(dimensions=dimensions, similarity="cosine")
        answer = client.put(PATH, json=body)
        checked = profile_of(client) not in ("8.18", "9.2")
        assert answer.is_success == (dimensions == 4 or not checked)
        if answer.is_error:
            assert "in mappings with incompatible settings for indices: [idx]" in error(answer)["reason"]

    @every_version
    @pytest.mark.parametrize(
        ("body", "since"),
        [
            pytest.param(
                openai() | {"task_settings": {"headers": {}}}, 2, id="OpenAI's headers came with 9.2"
            ),
            pytest.param(AZURE, 3, id="Azure's tenant came with 9.4"),
            pytest.param(openai(token_url="https://a.test"), 4, id="OpenAI's token URL came with 9.5"),
        ],
    )
    def test_a_setting_that_came_later_is_unknown(
        self, client: httpx.Client, body: dict[str, Any], since: int
    ) -> None:
        """As the catalogue dates it, where no real server was asked."""
        answer = client.put(PATH, json=body)
        known = sorted(PROFILES).index(profile_of(client)) >= since
        assert answer.is_success == known, answer.json()
        assert known or re.search("unknown (to the|field)", error(answer)["reason"])

    @every_version
    @pytest.mark.parametrize(
        ("service", "task_type", "since"),
        [
            pytest.param("voyageai", "rerank", 1, id="Voyage came with 8.19"),
            pytest.param("llama", "completion", 2, id="Llama came with 9.2"),
            pytest.param("groq", "chat_completion", 3, id="Groq came with 9.3"),
            pytest.param("openai", "embedding", 4, id="multimodal OpenAI came with 9.5"),
        ],
    )
    def test_services_and_task_types_come_with_their_release(
        self, client: httpx.Client, service: str, task_type: str, since: int
    ) -> None:
        """Before it, the server says that it does not know them."""
        answer = client.put(f"/_inference/{task_type}/one", json={"service": service, "service_settings": {}})
        unknown = ("Unknown", "does not support task type")
        assert answer.status_code == 400
        refused = any(words in error(answer)["reason"] for words in unknown)
        assert refused == (sorted(PROFILES).index(profile_of(client)) < since)

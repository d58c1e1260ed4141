"""`_update`: a test for each rule that Elasticsearch's versions follow, which differ here most of all."""

from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, cohere, error, openai
from testbed.standin.client import Standin
from testbed.standin.profiles import PROFILES

UPDATE = f"{PATH}/_update"
SENTENCES = {"strategy": "sentence", "max_chunk_size": 100, "sentence_overlap": 0}
LEGACY = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
STRICT = ["9.5", "serverless"]
LAX = [name for name in PROFILES if name not in STRICT]
every_version = pytest.mark.parametrize("standin", sorted(PROFILES), indirect=True)
lax_versions = pytest.mark.parametrize("standin", LAX, indirect=True)
strict_versions = pytest.mark.parametrize("standin", STRICT, indirect=True)
RANK = "/_inference/rerank/two"
CUSTOM = {
    "service": "custom",
    "service_settings": {
        "secret_parameters": {"key": "a-key"},
        "url": "http://127.0.0.1/a",
        "request": "{}",
        "response": {"json_parser": {"completion_result": "$.a"}},
    },
}


def is_one_of(standin: Standin, *names: str) -> bool:
    """Whether one of these versions answers."""
    return standin.version in {PROFILES[name].number for name in names}


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and reason of a refusal."""
    return answer.status_code, error(answer)["type"], error(answer)["reason"]


class TestRefused:
    @every_version
    @pytest.mark.parametrize(
        ("path", "body", "status", "reason"),
        [
            pytest.param(
                "/_inference/one/_update",
                {"task_settings": {}},
                400,
                "model is missing required setting [task_type]",
                id="no task type in the path or the body",
            ),
            pytest.param(UPDATE, {}, 400, "Request body is empty", id="an empty body"),
            pytest.param(
                UPDATE,
                {"service": "openai"},
                400,
                "Request contained fields which cannot be updated, remove these fields and try again [{service=openai}]",
                id="the service",
            ),
            pytest.param(
                "/_inference/text_embedding/none/_update",
                {"task_settings": {"user": "u"}},
                404,
                "The inference endpoint [none] does not exist and cannot be updated",
                id="an endpoint that is not there",
            ),
            pytest.param(
                "/_inference/completion/one/_update",
                {"task_settings": {"user": "u"}},
                400,
                "Task type must match the task type of the existing endpoint",
                id="another task type",
            ),
        ],
    )
    def test_every_version_refuses_alike(
        self, stored: httpx.Client, path: str, body: dict[str, Any], status: int, reason: str
    ) -> None:
        """As a `status_exception`."""
        assert told(stored.put(path, json=body)) == (status, "status_exception", reason)

    @every_version
    def test_a_preconfigured_endpoint_cannot_be_changed(self, standin: Standin, client: httpx.Client) -> None:
        """From 9.5 it says so; before, it is the id that is wrong."""
        path = "/_inference/sparse_embedding/.elser-2-elasticsearch/_update"
        reason = told(client.put(path, json={"service_settings": {"num_allocations": 2}}))[2]
        if is_one_of(standin, *STRICT):
            assert reason == "Default endpoint [.elser-2-elasticsearch] cannot be updated"
        else:
            assert "Invalid inference_id; '.elser-2-elasticsearch'" in reason

    @every_version
    def test_secrets_may_be_left_out_from_9_5_on(self, standin: Standin, stored: httpx.Client) -> None:
        """Before, all of them must be in whatever changes the service settings; in an empty section, none."""
        answer = stored.put(UPDATE, json={"service_settings": {"rate_limit": {"requests_per_minute": 5}}})
        if is_one_of(standin, *LAX):
            text = "Validation Failed: 1: [secret_settings] does not contain the required setting [api_key];"
            assert told(answer) == (400, "validation_exception", text)
        else:
            assert answer.json()["service_settings"]["rate_limit"] == {"requests_per_minute": 5}
        assert standin.secrets("one") == {"api_key": "a-key"}
        assert stored.put(UPDATE, json={"service_settings": {}}).is_success

    @every_version
    def test_an_update_in_progress_locks_the_endpoint(self, standin: Standin, stored: httpx.Client) -> None:
        """For every version in the same words."""
        standin.lock("one")
        refused = told(stored.put(UPDATE, json={"service_settings": {"api_key": "b"}}))
        text = "Endpoint [one] is currently being updated. Try again once the update completes"
        assert refused == (409, "status_exception", text)

    @every_version
    def test_a_timeout_is_a_parameter_of_an_update_from_9_5_on(
        self, standin: Standin, stored: httpx.Client
    ) -> None:
        """It bounds the call to the provider."""
        standin.provider(delay=30)
        change = {"service_settings": {"api_key": "b"}}
        reason = told(stored.put(UPDATE, params={"timeout": "10ms"}, json=change))[2]
        if is_one_of(standin, *STRICT):
            assert reason.endswith("validation call to service threw an exception.")
        else:
            assert reason == f"request [{UPDATE}] contains unrecognized parameter: [timeout]"


class TestValidated:
    @every_version
    def test_a_wrong_key_is_refused_from_9_4_on(self, standin: Standin, stored: httpx.Client) -> None:
        """Then the old one stays in force; before, it is stored without a word."""
        standin.refuse_key("wrong")
        answer = stored.put(UPDATE, json={"service_settings": {"api_key": "wrong"}})
        validated = is_one_of(standin, "9.4", *STRICT)
        assert answer.is_error == validated
        assert standin.secrets("one") == {"api_key": "a-key" if validated else "wrong"}
        assert len(standin.provider_calls()) == (2 if validated else 1)

    @every_version
    def test_what_changes_nothing_asks_no_provider(self, standin: Standin, stored: httpx.Client) -> None:
        """The secrets are compared as well."""
        assert stored.put(UPDATE, json={"service_settings": {"api_key": "a-key"}}).is_success
        assert len(standin.provider_calls()) == 1


class TestChunking:
    @every_version
    @pytest.mark.parametrize(
        "change", [{"service_settings": {"api_key": "b"}}, {"task_settings": {"user": "u"}}]
    )
    def test_any_update_resets_chunking_settings_before_9_4(
        self, standin: Standin, client: httpx.Client, change: dict[str, Any]
    ) -> None:
        """To words; what else is asked for does not matter."""
        client.put(PATH, json=openai() | {"chunking_settings": SENTENCES}).raise_for_status()
        changed = client.put(UPDATE, json=change).json()
        assert changed["chunking_settings"] == (
            LEGACY if is_one_of(standin, "8.18", "8.19", "9.2") else SENTENCES
        )

    @lax_versions
    def test_chunking_settings_cannot_be_changed_before_9_5(self, stored: httpx.Client) -> None:
        """The section is refused."""
        reason = told(stored.put(UPDATE, json={"chunking_settings": SENTENCES}))[2]
        assert reason.startswith("Request contained fields which cannot be updated")

    @strict_versions
    def test_chunking_settings_are_replaced_as_a_whole(self, client: httpx.Client) -> None:
        """What the new ones leave out is filled in, not kept; without the section they stay."""
        client.put(PATH, json=openai() | {"chunking_settings": SENTENCES}).raise_for_status()
        change = {"chunking_settings": {"strategy": "sentence", "max_chunk_size": 50}}
        expected = {"strategy": "sentence", "max_chunk_size": 50, "sentence_overlap": 1}
        assert client.put(UPDATE, json=change).json()["chunking_settings"] == expected
        kept = client.put(UPDATE, json={"task_settings": {"user": "u"}}).json()
        assert kept["chunking_settings"] == expected

    @strict_versions
    def test_a_task_without_chunks_has_no_chunking_settings(self, client: httpx.Client) -> None:
        """They are as unknown to an update as to a create."""
        client.put(RANK, json=cohere()).raise_for_status()
        refused = client.put(f"{RANK}/_update", json={"chunking_settings": SENTENCES})
        assert "unknown to the [cohere] service" in told(refused)[2]


class TestLax:
    @lax_versions
    def test_other_settings_are_ignored_without_a_word(self, standin: Standin, stored: httpx.Client) -> None:
        """Known and unknown ones alike, and nulls clear nothing."""
        before = stored.get(PATH).json()["endpoints"][0]["service_settings"]
        change = {"api_key": "b", "model_id": "other", "dimensions": 3, "bogus": 1, "rate_limit": None}
        answer = stored.put(UPDATE, json={"service_settings": change, "task_settings": {"bogus": 1}})
        assert (answer.status_code, answer.json()["service_settings"]) == (200, before)
        assert standin.secrets("one") == {"api_key": "b"}

    @lax_versions
    def test_task_settings_are_merged_and_stay(self, client: httpx.Client) -> None:
        """What is left out or null is kept."""
        client.put(RANK, json=cohere(top_n=3)).raise_for_status()
        changed = client.put(f"{RANK}/_update", json={"task_settings": {"return_documents": True}})
        assert changed.json()["task_settings"] == {"top_n": 3, "return_documents": True}
        cleared = client.put(f"{RANK}/_update", json={"task_settings": {"top_n": None}})
        assert cleared.json()["task_settings"]["top_n"] == 3

    @lax_versions
    def test_few_services_take_over_a_rate_limit_and_only_on_9_4(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        """Cohere is one of them, OpenAI is not."""
        client.put(RANK, json=cohere()).raise_for_status()
        client.put(PATH, json=openai()).raise_for_status()
        change = {"service_settings": {"api_key": "a-key", "rate_limit": {"requests_per_minute": 5}}}
        changed = [client.put(f"{path}/_update", json=change).json() for path in (RANK, PATH)]
        limits = [one["service_settings"]["rate_limit"]["requests_per_minute"] for one in changed]
        assert limits == [5 if is_one_of(standin, "9.4") else 10000, 3000]


class TestStrict:
    @strict_versions
    @pytest.mark.parametrize("name", ["model_id", "url", "dimensions", "similarity", "bogus"])
    def test_a_setting_that_cannot_be_changed_is_refused_by_name(
        self, standin: Standin, stored: httpx.Client, name: str
    ) -> None:
        """Even with its own value, and with it everything else that is asked for."""
        change = {"api_key": "b", "rate_limit": {"requests_per_minute": 5}, name: "m"}
        text = f"[1:2] [service_settings] unknown field [{name}]"
        answer = told(stored.put(UPDATE, json={"service_settings": change}))
        assert answer == (400, "x_content_parse_exception", text)
        assert (standin.secrets("one"), len(standin.provider_calls())) == ({"api_key": "a-key"}, 1)

    @strict_versions
    def test_a_service_without_a_parser_refuses_in_its_own_name(self, client: httpx.Client) -> None:
        """All that it cannot change, as they are."""
        client.put("/_inference/completion/three", json=CUSTOM).raise_for_status()
        change = {"service_settings": {"bogus": 1, "similarity": "cosine"}}
        answer = told(client.put("/_inference/completion/three/_update", json=change))
        text = (
            "Configuration contains settings [{bogus=1, similarity=cosine}] unknown to the [custom] service"
        )
        assert answer == (400, "status_exception", text)

    @strict_versions
    @pytest.mark.parametrize(
        ("asked", "limit", "tokens"),
        [
            pytest.param({}, 7, 512, id="what is left out is kept"),
            pytest.param({"rate_limit": {"requests_per_minute": 9}}, 9, 512, id="a value replaces"),
            pytest.param({"rate_limit": {}}, 3000, 512, id="an empty rate limit goes back to the default"),
            pytest.param({"rate_limit": None}, 3000, 512, id="null goes back to the default"),
            pytest.param({"max_input_tokens": None}, 7, None, id="null removes what has no default"),
            pytest.param({"max_input_tokens": 64}, 7, 64, id="other settings may be changed too"),
        ],
    )
    def test_service_settings_have_three_states(
        self, client: httpx.Client, asked: dict[str, Any], limit: int, tokens: int | None
    ) -> None:
        """Without any secret in the request."""
        body = openai(rate_limit={"requests_per_minute": 7}, max_input_tokens=512)
        client.put(PATH, json=body).raise_for_status()
        changed = client.put(UPDATE, json={"service_settings": asked}).raise_for_status().json()
        settings = changed["service_settings"]
        assert settings["rate_limit"] == {"requests_per_minute": limit}
        assert settings.get("max_input_tokens") == tokens
        assert client.get(PATH).json()["endpoints"] == [changed]

    @strict_versions
    def test_a_null_inside_a_rate_limit_is_refused(self, stored: httpx.Client) -> None:
        """It may stand for the whole of it only."""
        change = {"service_settings": {"rate_limit": {"requests_per_minute": None}}}
        text = "[1:2] [service_settings] failed to parse field [rate_limit]"
        assert told(stored.put(UPDATE, json=change)) == (400, "x_content_parse_exception", text)

    @strict_versions
    def test_a_service_without_a_rate_limit_gets_none(self, client: httpx.Client) -> None:
        """It is as unknown as any other setting."""
        client.put("/_inference/completion/three", json=openai() | {"service": "deepseek"}).raise_for_status()
        change = {"service_settings": {"rate_limit": {"requests_per_minute": 5}}}
        reason = told(client.put("/_inference/completion/three/_update", json=change))[2]
        assert reason == "[1:2] [service_settings] unknown field [rate_limit]"

    @strict_versions
    def test_a_custom_service_can_be_sent_elsewhere(self, client: httpx.Client) -> None:
        """Its URL is a setting that can be changed."""
        client.put("/_inference/completion/three", json=CUSTOM).raise_for_status()
        change = {"service_settings": {"url": "http://127.0.0.1/b"}}
        changed = client.put("/_inference/completion/three/_update", json=change).json()
        assert changed["service_settings"]["url"] == "http://127.0.0.1/b"

    @strict_versions
    def test_task_settings_are_merged_and_null_clears(self, client: httpx.Client) -> None:
        """What is unknown is refused."""
        client.put(RANK, json=cohere(top_n=3, return_documents=True)).raise_for_status()
        changed = client.put(f"{RANK}/_update", json={"task_settings": {"top_n": None}}).json()
        assert changed["task_settings"] == {"return_documents": True}
        refused = client.put(f"{RANK}/_update", json={"task_settings": {"bogus": 1}})
        text = "Configuration contains settings [{bogus=1}] unknown to the [cohere] service"
        assert told(refused) == (400, "status_exception", text)

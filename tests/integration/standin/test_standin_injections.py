"""Each fault that can be injected by name does what it says, once, and is over then."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, cohere, error, openai
from testbed.processes import wait_for
from testbed.standin.client import Standin
from testbed.standin.profiles import PROFILES

UPDATE = f"{PATH}/_update"
CHANGE = {"service_settings": {"api_key": "another-key"}}
LISTS = ["/_inference", "/_inference/_all", "/_inference/*", "/_inference/rerank/_all"]
old = pytest.mark.parametrize("standin", ["8.19"], indirect=True)
EXISTS = "resource_already_exists_exception"


class TestCreate:
    def test_connection_is_cut_after_the_endpoint_is_stored(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        """The client does not know, and the next PUT is a second one."""
        number = standin.inject.drop_after_store("one")
        with pytest.raises(httpx.TransportError):
            client.put(PATH, json=openai())
        assert (client.get(PATH).status_code, standin.hits(number)) == (200, 1)
        assert error(client.put(PATH, json=openai()))["type"] == EXISTS

    @pytest.mark.parametrize("standin", sorted(PROFILES), indirect=True)
    def test_408_after_the_endpoint_is_stored(self, standin: Standin, client: httpx.Client) -> None:
        """With the type of error of the version."""
        standin.inject.timeout_after_store("one")
        late = client.put(PATH, json=openai())
        kind = (
            "status_exception" if standin.version.startswith("8.18") else "model_deployment_timeout_exception"
        )
        assert (late.status_code, error(late)["type"]) == (408, kind)
        assert client.get(PATH).is_success

    def test_put_that_is_refused_has_not_timed_out(self, standin: Standin, client: httpx.Client) -> None:
        """Only an endpoint that is stored can be."""
        standin.inject.timeout_after_store("one", times=None)
        assert client.put(PATH, json={"service": "no-such"}).status_code == 400

    def test_crossed_race_leaves_nothing(self, standin: Standin, client: httpx.Client) -> None:
        """Both callers are told that the id is taken, although both tried their keys; a third one creates."""
        standin.inject.crossed_race("one")
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda key: client.put(PATH, json=openai(key)), "ab"))
        assert [(one.status_code, error(one)["type"]) for one in answers] == [(400, EXISTS)] * 2
        assert (standin.endpoints(), len(standin.provider_calls())) == ({}, 2)
        assert client.put(PATH, json=openai()).is_success

    def test_secrets_that_are_left_cost_one_put(self, standin: Standin, stored: httpx.Client) -> None:
        """GET does not show them, the PUT that stumbles over them removes them."""
        standin.inject.secrets_left("one")
        assert stored.get(PATH).status_code == 404
        assert [stored.put(PATH, json=openai()).status_code for _ in "ab"] == [400, 200]

    def test_secrets_that_are_lost_cost_one_put(self, standin: Standin, stored: httpx.Client) -> None:
        """GET shows the rest, which nobody can use; the PUT that stumbles over it removes it."""
        standin.inject.secrets_lost("one")
        assert stored.get(PATH).is_success
        for answer in (stored.put(UPDATE, json=CHANGE), stored.post(PATH, json={"input": "ping"})):
            assert (answer.status_code, error(answer)["type"]) == (500, "illegal_state_exception")
            assert "Endpoint is in an invalid state" in error(answer)["reason"]
        assert [stored.put(PATH, json=openai()).status_code for _ in "ab"] == [400, 200]
        assert stored.put(UPDATE, json=CHANGE).is_success

    @pytest.mark.parametrize("left", ["secrets_lost", "secrets_left"])
    def test_half_an_endpoint_can_be_deleted_if_it_is_shown(
        self, standin: Standin, stored: httpx.Client, left: str
    ) -> None:
        """Secrets alone are not found."""
        getattr(standin.inject, left)("one")
        assert stored.delete(PATH).is_success == (left == "secrets_lost")


class TestUpdate:
    def test_update_is_acknowledged_and_ignored(self, standin: Standin, client: httpx.Client) -> None:
        """200 with the endpoint as it was."""
        client.put("/_inference/rerank/two", json=cohere(top_n=3)).raise_for_status()
        standin.inject.update_ignored("two")
        answers = [
            client.put("/_inference/rerank/two/_update", json={"task_settings": {"top_n": 9}}).json()
            for _ in "ab"
        ]
        assert [answer["task_settings"]["top_n"] for answer in answers] == [3, 9]

    def test_update_is_locked_for_a_while(self, standin: Standin, stored: httpx.Client) -> None:
        """409 to another update and to DELETE; then it is free by itself."""
        standin.inject.update_locked("one", seconds=0.3)
        locked = stored.put(UPDATE, json=CHANGE)
        assert (locked.status_code, "is currently being updated" in error(locked)["reason"]) == (409, True)
        assert "are currently being updated" in error(stored.delete(PATH))["reason"]
        wait_for(lambda: stored.put(UPDATE, json=CHANGE).is_success, what="the lock is gone", timeout=5)


class TestDelete:
    def test_delete_is_refused_and_then_not(self, standin: Standin, stored: httpx.Client) -> None:
        """As by an index that is deleted meanwhile; a forced one is never refused."""
        standin.inject.delete_refused("one", times=2)
        answers = [stored.delete(PATH) for _ in "abc"]
        assert [answer.status_code for answer in answers] == [409, 409, 200]
        assert "is being used in the mapping for indexes" in error(answers[0])["reason"]
        stored.put(PATH, json=openai()).raise_for_status()
        standin.inject.delete_refused("one", times=None)
        assert stored.delete(PATH, params={"force": "true"}).is_success

    @pytest.mark.parametrize(
        ("why", "status", "kind", "said"),
        [
            ("unknown_service", 404, "status_exception", "No service found for this inference endpoint one"),
            ("unparsable", 500, "status_exception", "Failed to parse model configuration"),
        ],
    )
    @pytest.mark.parametrize("standin", sorted(PROFILES), indirect=True)
    def test_endpoint_that_cannot_be_read_is_deleted_by_force_alone(
        self, standin: Standin, stored: httpx.Client, why: Any, status: int, kind: str, said: str
    ) -> None:
        """GET, lists and updates fail as well; in 8.18 even force does not help."""
        standin.inject.unreadable("one", why)
        failing = [stored.get(PATH), stored.get("/_inference"), stored.put(UPDATE, json=CHANGE)]
        assert [answer.status_code for answer in failing] == [500, 500, 500]
        refused = stored.delete(PATH)
        assert (refused.status_code, error(refused)["type"]) == (status, kind)
        assert said in error(refused)["reason"]
        forced = stored.delete(PATH, params={"force": "true"})
        assert forced.is_success == (not standin.version.startswith("8.18"))
        assert stored.get("/_inference").is_success == forced.is_success

    def test_preconfigured_endpoint_is_there_again_after_a_forced_delete(self, client: httpx.Client) -> None:
        """The next read makes it anew."""
        path = "/_inference/.elser-2-elasticsearch"
        assert client.delete(path, params={"force": "true"}).json()["acknowledged"] is True
        assert client.get(path).is_success


class TestReading:
    @pytest.mark.parametrize("path", LISTS)
    def test_list_fails_for_one_endpoint_in_it(
        self, standin: Standin, stored: httpx.Client, path: str
    ) -> None:
        """Each endpoint by itself is still shown."""
        standin.inject.list_fails()
        assert stored.get(PATH).is_success
        failed = stored.get(path)
        assert (failed.status_code, error(failed)["type"]) == (500, "status_exception")
        assert error(failed)["reason"].startswith("Unknown service [")
        assert stored.get(path).is_success

    def test_endpoint_cannot_be_loaded_while_a_node_starts(
        self, standin: Standin, stored: httpx.Client
    ) -> None:
        """Which does not mean that it is not there."""
        standin.inject.shards_failed("one", times=2)
        answers = [stored.get(PATH) for _ in "abc"]
        assert [answer.status_code for answer in answers] == [500, 500, 200]
        assert error(answers[0])["reason"].startswith("Failed to load inference endpoint [one]")

    def test_allocations_walk_by_themselves(self, standin: Standin, client: httpx.Client) -> None:
        """GET shows what the deployment has at the moment."""
        settings = {"model_id": ".elser_model_2", "num_allocations": 1, "num_threads": 1}
        body = {"service": "elasticsearch", "service_settings": settings}
        path = "/_inference/sparse_embedding/elser"
        client.put(path, json=body).raise_for_status()
        shown = []
        for allocations in (1, 4, 2):
            standin.deployment("elser", allocations=allocations)
            (found,) = client.get(path).json()["endpoints"]
            shown.append(found["service_settings"]["num_allocations"])
        assert shown == [1, 4, 2]


class TestCluster:
    def test_cluster_is_another_one_for_a_while(self, standin: Standin, client: httpx.Client) -> None:
        """Under the same URL."""
        standin.inject.another_cluster("other")
        seen = [client.get("/").json()["cluster_uuid"] for _ in "ab"]
        assert (seen[0], seen[1] == "other") == ("other", False)

    def test_answer_never_comes(self, standin: Standin, client: httpx.Client) -> None:
        """Until the client gives up; the next one comes."""
        standin.inject.hang("GET", PATH)
        with pytest.raises(httpx.ReadTimeout):
            client.get(PATH, timeout=0.1)
        assert client.get(PATH).status_code == 404

    def test_answer_leads_elsewhere(self, standin: Standin, client: httpx.Client) -> None:
        """A redirect, of which nothing is done here."""
        standin.inject.redirect("PUT", PATH, to="http://elsewhere.example/")
        led = client.put(PATH, json=openai())
        assert (led.status_code, led.headers["location"]) == (307, "http://elsewhere.example/")
        assert standin.endpoints() == {}


class TestUpgrade:
    @old
    def test_cluster_is_upgraded_and_keeps_its_endpoints(
        self, standin: Standin, stored: httpx.Client
    ) -> None:
        """Another number, other services and other rules for the same endpoint, secrets and all."""
        before = stored.get(PATH).json()
        standin.upgrade("9.4")
        assert stored.get("/").json()["version"]["number"] == "9.4.3"
        assert stored.get(PATH).json() == before
        assert standin.secrets("one") == {"api_key": "a-key"}
        standin.refuse_key("bad")
        refused = stored.put(UPDATE, json={"service_settings": {"api_key": "bad"}})
        assert refused.status_code == 400

    @old
    def test_new_version_shows_more(self, standin: Standin, client: httpx.Client) -> None:
        """What it adds by default appears in endpoints that an older one has stored."""
        body = {"service": "jinaai", "service_settings": {"api_key": "a-key", "model_id": "m"}}
        old = client.put(PATH, json=body).raise_for_status().json()["service_settings"]
        standin.upgrade("9.4")
        new = client.get(PATH).json()["endpoints"][0]["service_settings"]
        assert new.keys() - old.keys() == {"similarity", "dimensions"}

    def test_defaults_may_change(self, standin: Standin, stored: httpx.Client) -> None:
        """A test says what the new version thinks better."""
        standin.upgrade("9.5", service_settings={"rate_limit": {"requests_per_minute": 7}})
        settings = stored.get(PATH).json()["endpoints"][0]["service_settings"]
        assert settings["rate_limit"] == {"requests_per_minute": 7}
        assert settings["model_id"] == "m"


class TestProvider:
    def test_provider_has_an_answer_for_each_endpoint_and_counts_its_calls(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        """The others are answered as usual."""
        standin.provider("two", status=503, message="overloaded")
        paths = {name: f"/_inference/text_embedding/{name}" for name in ("one", "two")}
        assert client.put(paths["one"], json=openai()).is_success
        refused = error(client.put(paths["two"], json=openai()))
        assert "status [503]. Error message: [overloaded]" in refused["caused_by"]["reason"]
        standin.provider("two")
        assert client.put(paths["two"], json=openai()).is_success
        assert [len(standin.provider_calls(inference_id=name)) for name in paths] == [1, 2]

    def test_answer_for_a_key_goes_before_that_for_an_endpoint(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        """And both before the general one; each for as often as it is told."""
        standin.provider(dimensions=4)
        standin.provider("one", dimensions=5, times=1)
        standin.provider("special", dimensions=6)
        sizes = []
        for key in ("special", "usual", "usual"):
            created = client.put(PATH, json=openai(key)).raise_for_status().json()
            sizes.append(created["service_settings"]["dimensions"])
            client.delete(PATH).raise_for_status()
        assert sizes == [6, 5, 4]

    def test_provider_times_out_at_once(self, standin: Standin, client: httpx.Client) -> None:
        """For tests that need not wait."""
        standin.provider("one", failure="timeout")
        cause = error(client.put(PATH, json=openai()))["caused_by"]["reason"]
        assert cause == "Request timed out after [30s] for inference id [one]"
        assert standin.endpoints() == {}

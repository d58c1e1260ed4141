"""The stand-in is a faithful, stateful Elasticsearch; what no recording shows is shown here."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, cohere, error, openai
from testbed.processes import wait_for
from testbed.standin.client import Standin

ELSER = "/_inference/sparse_embedding/elser"
ELSER_BODY: dict[str, Any] = {
    "service": "elasticsearch",
    "service_settings": {"model_id": ".elser_model_2", "num_allocations": 1, "num_threads": 1},
}
WRAPPER = "Could not complete inference endpoint creation as validation call to service threw an exception."


class TestCreate:
    def test_a_second_put_asks_the_provider_before_it_says_that_the_id_is_taken(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        assert client.put(PATH, json=openai("first")).is_success
        standin.refuse_key("bad")
        assert error(client.put(PATH, json=openai("bad")))["reason"] == WRAPPER
        assert error(client.put(PATH, json=openai("other")))["type"] == "resource_already_exists_exception"
        assert [call.outcome == "ok" for call in standin.provider_calls()] == [True, False, True]
        assert standin.secrets("one") == {"api_key": "first"}

    def test_no_answer_shows_a_secret_and_the_control_side_does(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        answers = [client.put(PATH, json=openai("hidden")), client.get(PATH), client.get("/_inference")]
        assert all("hidden" not in answer.text for answer in answers)
        assert "hidden" not in str(standin.endpoints())
        assert standin.secrets("one") == {"api_key": "hidden"}

    def test_only_accepted_keys_pass_once_there_are_some(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        standin.accept_keys(["good"])
        refused = error(client.put(PATH, json=openai("other")))
        assert "status [401]. Error message: [the api key is not valid]" in refused["caused_by"]["reason"]
        assert standin.endpoints() == {}
        assert client.put(PATH, json=openai("good")).is_success

    def test_dimensions_that_the_provider_contradicts_are_refused(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        standin.provider(dimensions=4)
        reason = error(client.put(PATH, json=openai(dimensions=16)))["reason"]
        assert "embeddings size [4] does not match the size specified in the settings [16]" in reason
        assert client.put(PATH, json=openai()).json()["service_settings"]["dimensions"] == 4

    def test_what_an_index_has_recorded_of_an_id_binds_the_next_endpoint(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        text = {"type": "semantic_text", "inference_id": "one", "model_settings": {"dimensions": 8}}
        standin.admin.put("/idx", json={"mappings": {"properties": {"text": text}}}).raise_for_status()
        reason = error(client.put(PATH, json=openai(dimensions=16)))["reason"]
        assert "is being used in mappings with incompatible settings for indices: [idx]" in reason
        assert len(standin.provider_calls()) == 1
        assert client.put(PATH, json=openai(dimensions=8)).is_success

    def test_a_remnant_costs_one_put(self, standin: Standin, client: httpx.Client) -> None:
        client.put(PATH, json=openai())
        standin.remove("one", leave_remnant=True)
        statuses = [
            client.get(PATH).status_code,
            *(client.put(PATH, json=openai()).status_code for _ in "ab"),
        ]
        assert statuses == [404, 400, 200]


class TestUpdate:
    @pytest.mark.parametrize(
        ("settings", "probes"),
        [
            pytest.param({"service_settings": {"api_key": "a-key"}}, 0, id="the same key changes nothing"),
            pytest.param({"service_settings": {"api_key": "new"}}, 1, id="another key is tried out"),
            pytest.param({"task_settings": {"top_n": 3}}, 0, id="the same task setting changes nothing"),
            pytest.param({"task_settings": {"top_n": 4}}, 1, id="another task setting is tried out"),
            pytest.param({"task_settings": {"top_n": None}}, 0, id="null clears nothing"),
        ],
    )
    def test_the_provider_is_asked_only_if_something_changes(
        self, standin: Standin, client: httpx.Client, settings: dict[str, Any], probes: int
    ) -> None:
        client.put("/_inference/rerank/one", json=cohere(top_n=3))
        standin.clear()
        assert client.put("/_inference/rerank/one/_update", json=settings).is_success
        assert len(standin.provider_calls()) == probes

    def test_a_locked_endpoint_is_not_updated(self, standin: Standin, client: httpx.Client) -> None:
        client.put(PATH, json=openai())
        standin.lock("one")
        update = {"service_settings": {"api_key": "new"}}
        locked = client.put(f"{PATH}/_update", json=update)
        assert (locked.status_code, error(locked)["reason"]) == (
            409,
            "Endpoint [one] is currently being updated. Try again once the update completes",
        )
        standin.lock("one", held=False)
        assert client.put(f"{PATH}/_update", json=update).is_success

    def test_an_update_that_races_a_delete_brings_the_endpoint_back(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        client.put(PATH, json=openai())
        standin.provider(delay=0.3)
        with ThreadPoolExecutor() as pool:
            update = pool.submit(client.put, f"{PATH}/_update", json={"service_settings": {"api_key": "new"}})
            wait_for(lambda: len(standin.operations()) == 2, what="the update has arrived", timeout=5)
            assert client.delete(PATH).is_success
            assert update.result().is_success
        assert client.get(PATH).is_success


class TestDelete:
    def test_indices_and_pipelines_that_name_the_endpoint_are_told(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        client.put(PATH, json=openai())
        standin.reference("idx", "one")
        standin.reference("pipe", "one", pipeline=True)
        refused = client.delete(PATH)
        assert refused.status_code == 409
        assert "is referenced by pipelines: [pipe]" in error(refused)["reason"]
        assert "is being used in the mapping for indexes: [idx]" in error(refused)["reason"]
        for name in ("idx", "pipe"):
            standin.dereference(name)
        assert client.delete(PATH).json() == {"acknowledged": True, "pipelines": [], "indexes": []}

    def test_a_preconfigured_endpoint_comes_back(self, client: httpx.Client) -> None:
        path = "/_inference/.elser-2-elasticsearch"
        assert client.delete(path).status_code == 400
        assert client.delete(path, params={"force": "true"}).is_success
        assert client.get(path).is_success


class TestInClusterModels:
    def test_the_deployment_is_named_like_the_endpoint_and_ends_with_it(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        assert client.put(ELSER, json=ELSER_BODY).is_success
        statistics = client.get("/_ml/trained_models/elser/_stats").json()["trained_model_stats"]
        assert [one["deployment_stats"]["state"] for one in statistics] == ["started"]
        assert error(client.put(ELSER, json=ELSER_BODY))["reason"].startswith(
            "Inference endpoint IDs must be unique."
        )
        assert standin.provider_calls() == []
        assert client.delete(ELSER).is_success
        assert client.get("/_ml/trained_models/elser/_stats").status_code == 404

    def test_a_start_that_fails_leaves_the_endpoint_behind(self, client: httpx.Client) -> None:
        settings = {**ELSER_BODY["service_settings"], "adaptive_allocations": {"enabled": True}}
        failed = client.put(ELSER, json={**ELSER_BODY, "service_settings": settings})
        assert (failed.status_code, error(failed)["type"]) == (400, "action_request_validation_exception")
        assert client.get(ELSER).is_success

    def test_the_allocations_shown_are_those_of_the_deployment(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        client.put(ELSER, json=ELSER_BODY)
        standin.deployment("elser", allocations=3)
        assert client.get(ELSER).json()["endpoints"][0]["service_settings"]["num_allocations"] == 3
        client.put(f"{ELSER}/_update", json={"service_settings": {"num_allocations": 2}}).raise_for_status()
        assert client.get(ELSER).json()["endpoints"][0]["service_settings"]["num_allocations"] == 2


class TestSecurity:
    @pytest.mark.parametrize(
        ("held", "privilege", "has"),
        [
            pytest.param(["all"], "manage_security", True, id="all includes everything"),
            pytest.param(["manage"], "manage_inference", True, id="manage includes inference"),
            pytest.param(["manage"], "manage_security", False, id="manage does not include security"),
            pytest.param(["manage_inference"], "monitor_inference", True, id="writers may read"),
            pytest.param(["manage_inference"], "monitor", False, id="inference is not the cluster"),
            pytest.param(["monitor"], "manage_inference", False, id="readers may not write"),
        ],
    )
    def test_has_privileges_tells_what_a_key_may_do(
        self, standin: Standin, client: httpx.Client, held: list[str], privilege: str, has: bool
    ) -> None:
        standin.set_privileges(held)
        answer = client.post("/_security/user/_has_privileges", json={"cluster": [privilege]}).json()
        assert answer["username"] == "elastic"
        assert (answer["has_all_requested"], answer["cluster"]) == (has, {privilege: has})

    def test_a_key_loses_its_rights_and_then_itself(self, standin: Standin, client: httpx.Client) -> None:
        standin.set_privileges(["monitor"])
        refused = client.put(PATH, json=openai())
        assert refused.status_code == 403
        assert "granted by the cluster privileges [manage_inference,manage,all]" in error(refused)["reason"]
        standin.revoke()
        assert client.get("/").status_code == 401

    def test_users_and_further_keys_have_privileges_of_their_own(self, standin: Standin) -> None:
        standin.create_user("someone", "something", ["monitor_inference"])
        with httpx.Client(
            base_url=standin.url, auth=("someone", "something"), verify=trusting(standin), trust_env=False
        ) as someone:
            assert someone.get("/_inference").is_success
            refused = error(someone.delete(PATH))["reason"]
            assert "is unauthorized for user [someone] with effective roles [someone]" in refused
        with standin.client(standin.create_api_key(["monitor"])) as reader:
            assert reader.get("/").json()["version"]["number"] == standin.version
            who = reader.get("/_security/_authenticate").json()
            assert (who["username"], who["authentication_type"]) == ("elastic", "api_key")

    def test_the_certificate_is_trusted_only_with_the_authority(self, standin: Standin) -> None:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(standin.url, trust_env=False)
        assert httpx.get(standin.url, verify=trusting(standin), trust_env=False).status_code == 401


class TestJournal:
    def test_it_tells_who_asked_what_and_what_the_provider_was_asked(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        standin.label("old", "first key")
        client.put(PATH, json=openai("old"), params={"timeout": "5s"})
        client.get(PATH)
        put, get = standin.operations()
        assert (put.method, put.path, put.query, put.status, put.user, put.writes) == (
            *("PUT", PATH, {"timeout": "5s"}, 200, "operator", True),
        )
        assert put.body["service_settings"] == {"api_key": "first key", "model_id": "m"}
        assert (get.method, get.body, get.writes) == ("GET", None, False)
        (call,) = standin.provider_calls()
        assert (call.service, call.task_type, call.inference_id) == ("openai", "text_embedding", "one")
        assert (call.secrets, call.outcome) == ({"api_key": "first key"}, "ok")
        assert put.seq < call.seq < get.seq

    def test_a_secret_without_a_label_is_a_hash(self, standin: Standin, client: httpx.Client) -> None:
        client.put(PATH, json=openai("unlabelled"))
        assert "unlabelled" not in str(standin.operations() + standin.provider_calls())
        assert standin.operations()[0].body["service_settings"]["api_key"].startswith("sha256:")

    def test_what_happens_behind_the_back_is_not_in_it(self, standin: Standin, client: httpx.Client) -> None:
        client.put("/_inference/rerank/one", json=cohere(top_n=3))
        seen = standin.operations()[-1].seq
        standin.edit("one", {"task_settings": {"top_n": 5}, "service_settings": {"rate_limit": None}})
        assert client.get("/_inference/one").json()["endpoints"][0]["task_settings"] == {"top_n": 5}
        standin.remove("one")
        assert client.get("/_inference/one").status_code == 404
        assert [one.method for one in standin.operations(since=seen)] == ["GET", "GET"]
        standin.clear()
        assert standin.operations() == []


class TestIdentity:
    def test_version_and_uuid_can_be_changed_and_reset_undoes_it(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        before = client.get("/").json()
        standin.set_version("8.17.0")
        standin.set_cluster_uuid("another")
        client.put(PATH, json=openai())
        changed = client.get("/").json()
        assert (changed["version"]["number"], changed["cluster_uuid"]) == ("8.17.0", "another")
        standin.reset()
        assert client.get("/").json() == before
        assert standin.endpoints() == {}

    def test_latency_is_added_to_every_request(self, standin: Standin, client: httpx.Client) -> None:
        client.get("/")
        standin.set_latency(100)
        assert client.get("/").elapsed.total_seconds() >= 0.1

    def test_it_ends_with_its_block(self, tmp_path: Path) -> None:
        with Standin.start(tmp_path, tls=False, latency_ms=1) as es:
            assert es.ca_file is None
            assert es.admin.get("/").is_success
        with pytest.raises(httpx.ConnectError):
            httpx.get(es.url, trust_env=False)

    def test_tests_keep_their_connections(self, standin: Standin, client: httpx.Client) -> None:
        assert client.get("/").is_success
        standin.reset()
        assert client.get("/").is_success


def trusting(es: Standin) -> ssl.SSLContext:
    """A context that trusts the stand-in's authority."""
    return ssl.create_default_context(cafile=es.ca_file)

"""Credentials, privileges, blocks, parameters, licence: a test for each rule of the real server on what comes before the work."""

from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, error, openai
from testbed.standin.client import Standin
from testbed.standin.profiles import PROFILES

UPDATE = f"{PATH}/_update"
CHANGE = {"service_settings": {"api_key": "another-key"}}
CALLS: dict[str, tuple[str, str, Any]] = {
    "PUT": ("PUT", "/_inference/text_embedding/new", openai()),
    "an update": ("PUT", UPDATE, CHANGE),
    "DELETE": ("DELETE", "/_inference/one", None),
    "GET": ("GET", "/_inference/one", None),
    "a list": ("GET", "/_inference", None),
    "the services": ("GET", "/_inference/_services", None),
    "an inference": ("POST", PATH, {"input": "ping"}),
    "the root": ("GET", "/", None),
}
WRITES = ("PUT", "an update", "DELETE")
READS = ("GET", "a list", "the services", "an inference")
PROFILES_OF = {profile.number: profile for profile in PROFILES.values()}
every_call = pytest.mark.parametrize("call", CALLS)
every_version = pytest.mark.parametrize("standin", sorted(PROFILES), indirect=True)


def send(client: httpx.Client, call: str, **headers: str) -> httpx.Response:
    """One of the calls."""
    method, path, body = CALLS[call]
    return client.request(method, path, json=body, headers=headers)


class TestCredentials:
    @every_call
    @pytest.mark.parametrize(
        ("authorization", "reason"),
        [
            pytest.param("", "missing authentication credentials for REST request [", id="without"),
            pytest.param("ApiKey bm86eWVz", "unable to authenticate with provided credentials", id="wrong"),
            pytest.param("Basic bm86eWVz", "unable to authenticate user [no] for REST", id="nobody's"),
        ],
    )
    def test_without_valid_credentials_every_call_is_a_401_with_the_ways_to_authenticate(
        self, stored: httpx.Client, standin: Standin, call: str, authorization: str, reason: str
    ) -> None:
        """Nothing is done."""
        refused = send(stored, call, authorization=authorization)
        assert (refused.status_code, error(refused)["type"]) == (401, "security_exception")
        assert error(refused)["reason"].startswith(reason)
        assert refused.headers["www-authenticate"].startswith("Basic realm=")
        assert standin.endpoints().keys() == {"one"}

    def test_401_comes_before_everything_else(self, standin: Standin, client: httpx.Client) -> None:
        """Also before a parameter that nobody knows, and before a cluster that cannot."""
        standin.inject.hinder("no_master", times=None)
        refused = client.put(PATH, params={"x": "1"}, headers={"authorization": ""})
        assert refused.status_code == 401


class TestPrivileges:
    @pytest.mark.parametrize(
        ("privilege", "allowed"),
        [
            ("manage_inference", {*WRITES, *READS}),
            ("monitor_inference", {*READS}),
            ("monitor", {*READS, "the root"}),
            ("manage", {*WRITES, *READS, "the root"}),
            ("manage_security", set()),
        ],
    )
    def test_a_key_may_do_what_its_privilege_grants(
        self, standin: Standin, stored: httpx.Client, privilege: str, allowed: set[str]
    ) -> None:
        """Writing needs manage_inference, reading monitor_inference, the root monitor; the rest is a 403."""
        standin.set_privileges([privilege])
        answers = {call: send(stored, call) for call in (*READS, "the root", "PUT", "an update", "DELETE")}
        assert {call for call, answer in answers.items() if answer.is_success} == allowed
        for answer in answers.values():
            if not answer.is_success:
                assert (answer.status_code, error(answer)["type"]) == (403, "security_exception")
                assert "is unauthorized for API key id [" in error(answer)["reason"]

    def test_privileges_belong_to_a_key(self, standin: Standin, stored: httpx.Client) -> None:
        """Another key of the same owner may do more or less."""
        with standin.client(standin.create_api_key(["monitor_inference"])) as reader:
            assert send(reader, "GET").is_success
            assert send(reader, "DELETE").status_code == 403
        assert send(stored, "DELETE").is_success


class TestHindrances:
    @every_call
    @pytest.mark.parametrize(
        ("what", "status", "kind"),
        [
            ("no_master", 503, "master_not_discovered_exception"),
            ("not_recovered", 503, "cluster_block_exception"),
            ("queue_full", 429, "es_rejected_execution_exception"),
            ("circuit_breaker", 429, "circuit_breaking_exception"),
        ],
    )
    def test_a_cluster_that_cannot_says_why(
        self, standin: Standin, stored: httpx.Client, call: str, what: Any, status: int, kind: str
    ) -> None:
        """Once, and nothing is done or asked."""
        asked = len(standin.provider_calls())
        standin.inject.hinder(what)
        hindered = send(stored, call)
        assert (hindered.status_code, error(hindered)["type"]) == (status, kind)
        assert (set(standin.endpoints()), len(standin.provider_calls())) == ({"one"}, asked)
        assert send(stored, call).is_success

    def test_403_comes_before_a_cluster_that_cannot(self, standin: Standin, client: httpx.Client) -> None:
        """Who may not do something learns nothing else."""
        standin.set_privileges(["monitor"])
        standin.inject.hinder("not_recovered", times=None)
        assert client.put(PATH, json=openai()).status_code == 403
        assert client.get(PATH).status_code == 503

    @pytest.mark.parametrize("block", ["read_only", "read_only_allow_delete"])
    def test_a_read_only_cluster_answers_reads_and_refuses_writes(
        self, standin: Standin, stored: httpx.Client, block: str
    ) -> None:
        """403 cluster_block_exception, before the provider is asked, until the block is taken away."""
        settings: dict[str, Any] = {"persistent": {f"cluster.blocks.{block}": True}}
        shown = standin.admin.put("/_cluster/settings", json=settings).json()["persistent"]
        assert shown == {"cluster": {"blocks": {block: "true"}}}
        answers = {call: send(stored, call) for call in WRITES}
        assert {answer.status_code for answer in answers.values()} == {403}
        assert {error(answer)["type"] for answer in answers.values()} == {"cluster_block_exception"}
        assert len(standin.provider_calls()) == 1
        assert send(stored, "GET").is_success
        free = {"persistent": {"cluster": {"blocks": {block: None}}}}
        standin.admin.put("/_cluster/settings", json=free).raise_for_status()
        assert send(stored, "DELETE").is_success


class TestParameters:
    @every_version
    @every_call
    def test_a_parameter_that_nobody_knows_is_refused_by_name(
        self, stored: httpx.Client, call: str, standin: Standin
    ) -> None:
        """With the path, and nothing is done."""
        method, path, body = CALLS[call]
        refused = stored.request(method, path, json=body, params={"no_such": "1"})
        reason = f"request [{path}] contains unrecognized parameter: [no_such]"
        assert (refused.status_code, error(refused)["type"]) == (400, "illegal_argument_exception")
        assert error(refused)["reason"] == reason
        assert standin.endpoints().keys() == {"one"}

    @pytest.mark.parametrize(
        ("standin", "creating", "updating"),
        [
            pytest.param("8.18", 400, 400, id="8.18 knows no timeout"),
            pytest.param("8.19", 200, 400, id="8.19 knows that of a PUT"),
            pytest.param("9.2", 200, 400, id="9.2 knows that of a PUT"),
            pytest.param("9.4", 200, 400, id="9.4 knows that of a PUT"),
            pytest.param("9.5", 200, 200, id="9.5 knows also that of an update"),
            pytest.param("serverless", 200, 200, id="serverless knows both"),
        ],
        indirect=["standin"],
    )
    @pytest.mark.usefixtures("standin")
    def test_a_timeout_is_a_parameter_from_some_version_on(
        self, stored: httpx.Client, creating: int, updating: int
    ) -> None:
        """Where it is none it is refused as any other."""
        wait = {"timeout": "30s"}
        assert (
            stored.put("/_inference/text_embedding/new", params=wait, json=openai()).status_code == creating
        )
        assert stored.put(UPDATE, params=wait, json=CHANGE).status_code == updating


class TestRoot:
    @every_version
    def test_root_says_who_the_cluster_is(self, client: httpx.Client, standin: Standin) -> None:
        """Name, UUID, version with its flavour, and the tagline; with the header that official clients look for."""
        answer = client.get("/")
        assert answer.headers["x-elastic-product"] == "Elasticsearch"
        assert answer.json().keys() == {"name", "cluster_name", "cluster_uuid", "version", "tagline"}
        profile = PROFILES_OF[standin.version]
        version = answer.json()["version"]
        assert (version["number"], version["build_flavor"]) == (profile.number, profile.build_flavor)
        assert answer.json()["tagline"] == "You Know, for Search"


class TestLicence:
    @pytest.mark.parametrize("call", ["PUT", "an update", "an inference"])
    def test_a_basic_licence_refuses_what_uses_a_model(
        self, standin: Standin, stored: httpx.Client, call: str
    ) -> None:
        """With the feature that it lacks, in the error and in its root cause."""
        standin.admin.post("/_license/start_basic", params={"acknowledge": "true"}).raise_for_status()
        refused = send(stored, call)
        found = error(refused)
        assert (refused.status_code, found["type"]) == (403, "security_exception")
        assert found["reason"] == "current license is non-compliant for [inference]"
        lacking = [part["license.expired.feature"] for part in (found, *found["root_cause"])]
        assert lacking == ["inference", "inference"]

    def test_a_basic_licence_still_reads_and_deletes(self, standin: Standin, stored: httpx.Client) -> None:
        """GET, lists, services, dry run and DELETE."""
        standin.set_licensed(False)
        assert all(send(stored, call).is_success for call in ("GET", "a list", "the services"))
        assert stored.delete(PATH, params={"dry_run": "true"}).is_success
        assert stored.delete(PATH).is_success

    def test_a_licence_may_come_back(self, standin: Standin, client: httpx.Client) -> None:
        """Then everything works again."""
        standin.set_licensed(False)
        assert client.put(PATH, json=openai()).status_code == 403
        standin.set_licensed(True)
        assert client.put(PATH, json=openai()).is_success


class TestServices:
    @every_version
    def test_services_are_listed_but_on_serverless(self, client: httpx.Client, standin: Standin) -> None:
        """There the API is not for users."""
        answer = client.get("/_inference/_services")
        if PROFILES_OF[standin.version].lists_services:
            assert {"openai", "cohere"} <= {service["service"] for service in answer.json()}
        else:
            assert (answer.status_code, error(answer)["type"]) == (410, "api_not_available_exception")

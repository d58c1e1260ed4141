"""The stand-in misbehaves as it is told, and so does the provider behind it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, cohere, error, openai
from testbed.processes import wait_for
from testbed.standin.client import Standin

WRAPPER = "Could not complete inference endpoint creation as validation call to service threw an exception."
PROBLEM = httpx.TransportError  # what a client sees of a cut connection


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "status", "stored"),
        [
            pytest.param({}, 200, True, id="no fault"),
            pytest.param({"delay": 0.05}, 200, True, id="late"),
            pytest.param({"drop": True}, None, False, id="cut before the work"),
            pytest.param({"drop": True, "when": "after"}, None, True, id="cut after the work"),
            pytest.param({"status": 503, "error": ["some_exception", "why"]}, 503, False, id="an error"),
            pytest.param({"status": 502}, 502, False, id="an answer without a body"),
            pytest.param({"status": 408, "body": {}, "when": "after"}, 408, True, id="timed out but stored"),
            pytest.param(
                {"status": 429, "headers": {"Retry-After": "2"}}, 429, False, id="too many requests"
            ),
            pytest.param({"status": 500, "body": "<html>"}, 500, False, id="a page of HTML"),
            pytest.param(
                {"status": 307, "headers": {"Location": "http://x.test/"}}, 307, False, id="redirect"
            ),
            pytest.param({"ignore": True}, 200, False, id="acknowledged but ignored"),
            pytest.param({"padding": 100_000}, 200, True, id="a very long answer"),
        ],
    )
    def test_a_fault_decides_about_the_answer_and_about_the_work(
        self, standin: Standin, client: httpx.Client, fault: dict[str, Any], status: int | None, stored: bool
    ) -> None:
        number = standin.fault("PUT", "/_inference/.*", **fault)
        if status is None:
            with pytest.raises(PROBLEM):
                client.put(PATH, json=openai())
        else:
            answer = client.put(PATH, json=openai())
            assert answer.status_code == status
            assert (
                answer.headers.items() >= {k.lower(): v for k, v in fault.get("headers", {}).items()}.items()
            )
        assert ("one" in standin.endpoints()) == stored
        assert [(one.status, one.fault) for one in standin.operations()] == [(status, number)]
        assert standin.hits(number) == 1

    def test_a_fault_waits_for_its_turn_and_ends(self, standin: Standin, client: httpx.Client) -> None:
        standin.fault("GET", "/", nth=2, times=2, status=503)
        assert [client.get("/").status_code for _ in range(5)] == [200, 503, 503, 200, 200]
        standin.fault(status=500, times=None)
        assert [client.get("/").status_code for _ in range(3)] == [500, 500, 500]
        standin.reset_faults()
        assert client.get("/").status_code == 200

    def test_an_ignored_update_answers_with_the_endpoint_as_it_was(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        client.put("/_inference/rerank/one", json=cohere(top_n=3))
        standin.fault("PUT", ".*/_update", ignore=True)
        ignored = client.put("/_inference/rerank/one/_update", json={"task_settings": {"top_n": 9}})
        assert (ignored.status_code, ignored.json()["task_settings"]) == (200, {"top_n": 3})
        assert standin.endpoints()["one"]["task_settings"] == {"top_n": 3}

    def test_the_work_goes_on_when_the_client_is_gone(self, standin: Standin) -> None:
        standin.fault("PUT", delay=0.5)
        with standin.client(standin.api_key) as impatient, pytest.raises(httpx.ReadTimeout):
            impatient.put(PATH, json=openai(), timeout=0.1)
        assert standin.endpoints() == {}
        wait_for(lambda: "one" in standin.endpoints(), what="the slow PUT has stored", timeout=5)

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            pytest.param({"drop": True}, None, id="cut"),
            pytest.param({"status": 504}, 504, id="answered at once"),
            pytest.param({}, None, id="kept waiting"),
        ],
    )
    def test_a_put_that_is_put_off_stores_when_it_is_told_to(
        self, standin: Standin, client: httpx.Client, fault: dict[str, Any], status: int | None
    ) -> None:
        number = standin.fault("PUT", PATH, when="later", **fault)
        with standin.client(standin.api_key) as impatient:
            if status is None:
                with pytest.raises((PROBLEM, httpx.ReadTimeout)):
                    impatient.put(PATH, json=openai(), timeout=0.5)
            else:
                assert impatient.put(PATH, json=openai()).status_code == status
        assert client.delete(PATH).status_code == 404
        assert standin.provider_calls() == []
        assert standin.release(number) == [200]
        assert client.get(PATH).is_success

    def test_what_was_put_off_is_forgotten_by_the_reset(self, standin: Standin, client: httpx.Client) -> None:
        number = standin.fault("PUT", PATH, when="later", status=504)
        assert client.put(PATH, json=openai()).status_code == 504
        standin.reset_faults()
        with pytest.raises(ValueError, match="KeyError"):
            standin.release(number)
        assert standin.endpoints() == {}

    def test_a_request_that_hangs_is_cut_by_the_reset(self, standin: Standin, client: httpx.Client) -> None:
        standin.fault(hang=True)
        with ThreadPoolExecutor() as pool:
            hanging = pool.submit(client.get, "/")
            wait_for(standin.operations, what="the request has arrived", timeout=5)
            standin.reset_faults()
            assert isinstance(hanging.exception(), PROBLEM)

    @pytest.mark.parametrize(
        ("fault", "product", "same_cluster"),
        [
            pytest.param({"product": False}, None, True, id="not Elasticsearch"),
            pytest.param({"cluster_uuid": "other"}, "Elasticsearch", False, id="another cluster"),
        ],
    )
    def test_it_can_be_somebody_else_for_a_while(
        self,
        standin: Standin,
        client: httpx.Client,
        fault: dict[str, Any],
        product: str | None,
        same_cluster: bool,
    ) -> None:
        before = client.get("/").json()["cluster_uuid"]
        standin.fault("GET", "/", **fault)
        other = client.get("/")
        assert other.headers.get("X-elastic-product") == product
        assert (other.json()["cluster_uuid"] == before) == same_cluster
        assert client.get("/").json()["cluster_uuid"] == before

    def test_it_goes_down_and_comes_back_under_the_same_url(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        client.put(PATH, json=openai())
        standin.down()
        for seen in (PROBLEM, httpx.ConnectError):  # first the open connection, then a new one
            with pytest.raises(seen):
                client.get("/")
        standin.up()
        assert client.get(PATH).is_success


class TestProvider:
    @pytest.mark.parametrize(
        ("script", "cause"),
        [
            pytest.param({"status": 401}, "authentication error status code", id="401"),
            pytest.param({"status": 429}, "rate limit status code", id="429"),
            pytest.param({"status": 500, "message": "oh"}, "status [500]. Error message: [oh]", id="500"),
            pytest.param({"failure": "close"}, "Connection is closed", id="hangs up"),
            pytest.param({"failure": "refused"}, "Connection refused", id="refuses"),
            pytest.param({"failure": "unknown_host"}, "Invalid host", id="has no address"),
            pytest.param({"failure": "garbage"}, "Unexpected character", id="talks nonsense"),
            pytest.param({"delay": 5}, "Request timed out after [100ms]", id="is too slow"),
        ],
    )
    def test_every_failure_is_a_400_that_wraps_the_cause(
        self, standin: Standin, client: httpx.Client, script: dict[str, Any], cause: str
    ) -> None:
        standin.provider(times=1, **script)
        failed = client.put(PATH, json=openai(), params={"timeout": "100ms"})
        assert (failed.status_code, error(failed)["reason"]) == (400, WRAPPER)
        assert cause in error(failed)["caused_by"]["reason"]
        assert standin.endpoints() == {}
        assert client.put(PATH, json=openai()).is_success

    def test_a_slow_put_stores_after_a_later_put_and_a_delete(
        self, standin: Standin, client: httpx.Client
    ) -> None:
        standin.provider(delay=0.5, times=1)
        with ThreadPoolExecutor() as pool:
            slow = pool.submit(client.put, PATH, json=openai("slow"))
            wait_for(standin.operations, what="the slow PUT has arrived", timeout=5)
            assert client.get(PATH).status_code == 404
            assert client.put(PATH, json=openai("fast")).is_success
            assert client.delete(PATH).is_success
            assert slow.result().is_success
        assert standin.secrets("one") == {"api_key": "slow"}

    def test_of_parallel_puts_one_wins(self, standin: Standin, client: httpx.Client) -> None:
        standin.provider(delay=0.1)
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda key: client.put(PATH, json=openai(key)), "abcde"))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
        assert len(standin.provider_calls()) == 5

"""GET and DELETE of `/_inference`: a test for each rule that does not need anyone who uses the endpoint."""

import httpx
import pytest

from integration.standin.samples import PATH, error, openai
from testbed.standin.client import Standin
from testbed.standin.profiles import PROFILES

DEFAULTS = [".elser-2-elasticsearch", ".multilingual-e5-small-elasticsearch", ".rerank-v1-elasticsearch"]
every_version = pytest.mark.parametrize("standin", sorted(PROFILES), indirect=True)


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and reason of a refusal."""
    return answer.status_code, error(answer)["type"], error(answer)["reason"]


@pytest.fixture
def two(client: httpx.Client) -> httpx.Client:
    """The client, once there are two endpoints of different task types."""
    client.put(PATH, json=openai()).raise_for_status()
    client.put("/_inference/completion/a-two", json=openai()).raise_for_status()
    return client


class TestRead:
    @every_version
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            pytest.param("/_inference", [*DEFAULTS, "a-two", "one"], id="without a path"),
            pytest.param("/_inference/_all", [*DEFAULTS, "a-two", "one"], id="by the word for all"),
            pytest.param("/_inference/*", [*DEFAULTS, "a-two", "one"], id="by the wildcard"),
            pytest.param("/_inference/completion/_all", ["a-two"], id="by task type"),
            pytest.param("/_inference/one", ["one"], id="by id"),
            pytest.param("/_inference/text_embedding/one", ["one"], id="by task type and id"),
        ],
    )
    def test_endpoints_are_listed_by_id(self, two: httpx.Client, path: str, expected: list[str]) -> None:
        """The preconfigured ones among them."""
        found = [one["inference_id"] for one in two.get(path).json()["endpoints"]]
        assert found == sorted(found)
        assert [one for one in found if one in (*DEFAULTS, "a-two", "one")] == expected

    @every_version
    @pytest.mark.parametrize("path", ["one", "text_embedding", "o*", "one,two"])
    def test_any_other_word_is_an_id(self, client: httpx.Client, path: str) -> None:
        """Of an endpoint that does not exist."""
        text = f"Inference endpoint not found [{path}]"
        assert told(client.get(f"/_inference/{path}")) == (404, "resource_not_found_exception", text)

    @every_version
    def test_another_task_type_is_refused(self, two: httpx.Client) -> None:
        """For reading and deleting in the same words."""
        reason = (
            "Requested task type [rerank] does not match the inference endpoint's task type [text_embedding]"
        )
        for method in ("GET", "DELETE"):
            answer = two.request(method, "/_inference/rerank/one")
            assert told(answer) == (400, "status_exception", reason)


class TestDelete:
    @every_version
    def test_it_is_gone_for_good(self, standin: Standin, two: httpx.Client) -> None:
        """The second time it is not found."""
        gone = {"acknowledged": True, "pipelines": [], "indexes": []}
        assert two.delete("/_inference/one").json() == gone
        assert standin.endpoints().keys() == {"a-two"}
        missing = (404, "resource_not_found_exception", "Inference endpoint not found [one]")
        assert told(two.delete("/_inference/one")) == missing

    @every_version
    def test_a_preconfigured_endpoint_goes_by_force_and_comes_back(self, client: httpx.Client) -> None:
        """With the next read."""
        path = f"/_inference/{DEFAULTS[0]}"
        advice = "Use the force=true query parameter to delete the inference endpoint."
        reason = f"[{DEFAULTS[0]}] is a reserved inference endpoint. {advice}"
        assert told(client.delete(path)) == (400, "status_exception", reason)
        assert client.delete(path, params={"force": "true"}).is_success
        assert client.get(path).is_success

    @every_version
    def test_an_update_in_progress_keeps_it(self, standin: Standin, two: httpx.Client) -> None:
        """Until it is over."""
        standin.lock("one")
        text = "are currently being updated, please wait until after they are finished updating to delete."
        refused = told(two.delete("/_inference/one"))
        assert refused == (409, "status_exception", f"The inference endpoint(s) [one] {text}")
        standin.lock("one", held=False)
        assert two.delete("/_inference/one").is_success

    @every_version
    @pytest.mark.parametrize("why", ["unknown_service", "unparsable"])
    def test_what_the_server_cannot_read_goes_by_force_since_8_19(
        self, standin: Standin, two: httpx.Client, why: str
    ) -> None:
        """On 8.18 it never goes."""
        standin.inject.unreadable("one", why)  # type: ignore[arg-type]  # each of its values
        assert two.delete("/_inference/one").status_code == (404 if why == "unknown_service" else 500)
        forced = two.delete("/_inference/one", params={"force": "true"})
        assert forced.is_success == (standin.version != PROFILES["8.18"].number)
        assert ("one" in standin.endpoints()) != forced.is_success

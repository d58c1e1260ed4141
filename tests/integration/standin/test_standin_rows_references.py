"""What uses an endpoint: indices and pipelines that keep it from being deleted, and inference calls."""

from typing import Any

import httpx
import pytest

from integration.standin.samples import PATH, cohere, error
from testbed.standin.client import Standin

PIPELINES = {
    "a pipeline": {"processors": [{"inference": {"model_id": "one"}}]},
    "a processor within another": {
        "processors": [{"foreach": {"field": "f", "processor": {"inference": {"model_id": "one"}}}}]
    },
    "what a processor does on failure": {
        "processors": [
            {"set": {"field": "f", "value": 1, "on_failure": [{"inference": {"model_id": "one"}}]}}
        ]
    },
    "what a pipeline does on failure": {"on_failure": [{"inference": {"model_id": "one"}}], "processors": []},
}
BY_PIPELINE = (
    "Inference endpoint one is referenced by pipelines: [p]. Ensure that no pipelines are using this inference "
    "endpoint, or use force to ignore this warning and delete the inference endpoint."
)
BY_INDEX = (
    "Inference endpoint one is being used in the mapping for indexes: [i]. Ensure that no index mappings are using "
    "this inference endpoint, or use force to ignore this warning and delete the inference endpoint."
)


def mapping(**field: str) -> dict[str, Any]:
    """Fields of an index."""
    return {"properties": {"text": {"type": "semantic_text", **field}}}


class TestReferences:
    @pytest.mark.parametrize(
        ("used_by", "said"),
        [
            pytest.param({"p"}, BY_PIPELINE, id="a pipeline"),
            pytest.param({"i"}, BY_INDEX, id="an index"),
            pytest.param({"p", "i"}, f"{BY_PIPELINE} {BY_INDEX}", id="both"),
        ],
    )
    def test_an_endpoint_in_use_is_kept_and_its_users_are_named(
        self, standin: Standin, stored: httpx.Client, used_by: set[str], said: str
    ) -> None:
        """409 with the text, a dry run with the same text and the names; forced it goes all the same."""
        if "p" in used_by:
            body = PIPELINES["a pipeline"]
            standin.admin.put("/_ingest/pipeline/p", json=body).raise_for_status()
        if "i" in used_by:
            standin.admin.put("/i", json={"mappings": mapping(inference_id="one")}).raise_for_status()
        refused = stored.delete(PATH)
        assert (refused.status_code, error(refused)["type"]) == (409, "status_exception")
        assert error(refused)["reason"] == said
        tried = stored.delete(PATH, params={"dry_run": "true"}).raise_for_status().json()
        assert (tried["acknowledged"], tried["error_message"]) == (False, said)
        assert {*tried["pipelines"], *tried["indexes"]} == used_by
        gone = {"acknowledged": True, "pipelines": [], "indexes": []}
        assert stored.delete(PATH, params={"force": "true"}).json() == gone

    @pytest.mark.parametrize("where", PIPELINES)
    def test_a_pipeline_uses_what_any_of_its_processors_names(
        self, standin: Standin, stored: httpx.Client, where: str
    ) -> None:
        """Until it is deleted or changed."""
        standin.admin.put("/_ingest/pipeline/p", json=PIPELINES[where]).raise_for_status()
        assert stored.delete(PATH).status_code == 409
        standin.admin.put("/_ingest/pipeline/p", json={"processors": []}).raise_for_status()
        assert stored.delete(PATH).is_success
        assert standin.admin.delete("/_ingest/pipeline/p").is_success
        assert standin.admin.delete("/_ingest/pipeline/p").status_code == 404

    @pytest.mark.parametrize("field", ["inference_id", "search_inference_id"])
    def test_a_field_may_be_added_later(self, standin: Standin, stored: httpx.Client, field: str) -> None:
        """It uses the endpoint from then on, for indexing or for searching, until the index is deleted."""
        standin.admin.put("/i").raise_for_status()
        assert standin.admin.put("/i/_mapping", json=mapping(**{field: "one"})).is_success
        assert error(stored.delete(PATH))["reason"] == BY_INDEX
        standin.admin.delete("/i").raise_for_status()
        assert stored.delete(PATH).is_success
        assert standin.admin.put("/i/_mapping", json=mapping()).status_code == 404

    def test_a_dry_run_without_users_has_an_empty_message(self, stored: httpx.Client) -> None:
        """And deletes nothing."""
        tried = stored.delete(PATH, params={"dry_run": "true"}).json()
        assert tried == {"acknowledged": False, "pipelines": [], "indexes": [], "error_message": ""}
        assert stored.get(PATH).is_success


class TestInference:
    def test_an_endpoint_that_is_not_there_is_a_404(self, client: httpx.Client) -> None:
        """As for GET."""
        missing = client.post(PATH, json={"input": "ping"})
        assert (missing.status_code, error(missing)["type"]) == (404, "resource_not_found_exception")

    def test_another_task_type_is_a_400(self, stored: httpx.Client) -> None:
        """It names both."""
        other = stored.post("/_inference/completion/one", json={"input": "ping"})
        assert (other.status_code, "[completion]" in error(other)["reason"]) == (400, True)

    @pytest.mark.parametrize(("status", "told"), [(401, 401), (429, 429), (500, 400), (503, 400)])
    def test_a_refusal_of_the_provider_keeps_its_status_below_500(
        self, standin: Standin, stored: httpx.Client, status: int, told: int
    ) -> None:
        """What the provider said is the reason itself."""
        standin.provider(status=status, message="no")
        refused = stored.post(PATH, json={"input": "ping"})
        assert (refused.status_code, f"status [{status}]" in error(refused)["reason"]) == (told, True)

    def test_each_input_has_an_answer(self, stored: httpx.Client) -> None:
        """Under the name of the task type."""
        stored.put("/_inference/rerank/two", json=cohere()).raise_for_status()
        vectors = stored.post(PATH, json={"input": ["a", "b"]}).json()["text_embedding"]
        ranks = stored.post("/_inference/two", json={"query": "q", "input": ["a", "b"]}).json()["rerank"]
        assert (len(vectors), len(ranks)) == (2, 2)

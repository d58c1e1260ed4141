"""One pair on one server: what is to become of its endpoint, and whether it did."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.v1alpha1 import InferenceEndpointSpec
from inference_operator.catalogue import Release
from inference_operator.endpoint import definition_from_answer, definition_of, differences, leaves, same_kind
from inference_operator.errors import Reason
from testbed.builders import Endpoint, Manifest
from testbed.pairs import Pair

READY = "ready"
"""The endpoint is there as its resource says."""
REFUSED = "refused"
"""This version does not have the pair, and the resource says so."""
NOT_HERE = "not here"
"""The version has it, but it cannot be shown where the tests run."""

_UNHEARD_OF = {Reason.UNKNOWN_SERVICE, Reason.UNSUPPORTED_TASK_TYPE}
_ADDED = frozenset(
    {
        "/serviceSettings/batch_size",
        "/serviceSettings/dimensions",
        "/serviceSettings/dimensions_set_by_user",
        "/serviceSettings/input_type/default",
        "/serviceSettings/input_type/translation",
        "/serviceSettings/max_input_tokens",
        "/serviceSettings/provider",
        "/serviceSettings/response/json_parser/embedding_type",
        "/serviceSettings/similarity",
        "/serviceSettings/url",
        "/chunkingSettings/max_chunk_size",
        "/chunkingSettings/sentence_overlap",
        "/chunkingSettings/strategy",
    }
)
"""What servers add by themselves, besides the defaults that the catalogue knows."""
_RATE_LIMIT = "/serviceSettings/rate_limit/requests_per_minute"


def expected(pair: Pair, release: Release, unreachable: Mapping[Pair, str]) -> str:
    """What is to become of the pair on a server of this release."""
    if not pair.known.offers(pair.task_type, release):
        return REFUSED
    return NOT_HERE if pair in unreachable else READY


@dataclass(frozen=True)
class Trial:
    """The endpoint of a pair, applied to a server."""

    pair: Pair
    endpoint: Endpoint
    outcome: str

    def settled(self, resource: Manifest) -> bool:
        """Whether the resource has come to where it should, or cannot get there any more."""
        ready = _condition(resource, "Ready").get("status")
        if self.outcome == READY:
            return ready == "True" or bool(_condition(resource, "Stalled"))
        return ready in {"True", "False"}

    def mistakes(self, resource: Manifest, stored: Manifest | None, secret: str) -> list[str]:
        """What is not as it should be."""
        match self.outcome:
            case "ready":
                return [*self._not_ready(resource), *self._stored_otherwise(stored, secret)]
            case "refused":
                return [*self._not_refused(resource), *(["stored"] if stored else [])]
        ready = _condition(resource, "Ready").get("status") == "True"
        return ["it works here after all: take it out of unreachable.py"] if ready else []

    def _not_ready(self, resource: Manifest) -> Iterator[str]:
        ready = _condition(resource, "Ready")
        if ready.get("status") != "True":
            yield f"not ready: {ready.get('reason')}: {ready.get('message')}"

    def _not_refused(self, resource: Manifest) -> Iterator[str]:
        stalled = _condition(resource, "Stalled")
        reason, message = stalled.get("reason"), stalled.get("message", "")
        if reason not in _UNHEARD_OF or not {self.pair.service, self.pair.task_type} & _quoted(message):
            yield f"not refused as unknown: {_condition(resource, 'Ready')}"

    def _stored_otherwise(self, stored: Manifest | None, secret: str) -> Iterator[str]:
        if stored is None:
            yield "not stored"
            return
        desired = definition_of(InferenceEndpointSpec.model_validate(dict(self.endpoint.spec)))
        observed = definition_from_answer(stored)
        if not same_kind(desired, observed) or differences(desired, observed):
            yield f"stored otherwise: {stored}"
        asked = {path for path, _ in leaves(desired)}
        yield from (
            f"stored too: {p} = {v}"
            for p, v in leaves(observed)
            if p not in asked and not self._is_added(p, v)
        )
        if secret in json.dumps(stored):
            yield "the secret is shown"

    def _is_added(self, path: str, value: Any) -> bool:
        if path != _RATE_LIMIT:
            return path in _ADDED or self._is_default(path, value) or self._is_model_of_elser(path)
        return self._is_default("/serviceSettings/rate_limit", value)

    def _is_default(self, path: str, value: Any) -> bool:
        setting = self.pair.known.settings(self.pair.task_type).get(path)
        default = setting and setting.default
        return bool(value == (default.get(self.pair.task_type) if isinstance(default, Mapping) else default))

    def _is_model_of_elser(self, path: str) -> bool:
        return (self.pair.service, path) == ("elser", "/serviceSettings/model_id")


def _condition(resource: Manifest, kind: str) -> Mapping[str, Any]:
    """The condition, if it is about the newest generation."""
    conditions = resource.get("status", {}).get("conditions", [])
    generation = resource["metadata"]["generation"]
    return next((c for c in conditions if c["type"] == kind and c["observedGeneration"] == generation), {})


def _quoted(message: str) -> set[str]:
    """The words that the server names in brackets."""
    return {part.split("]")[0] for part in message.split("[")[1:]}

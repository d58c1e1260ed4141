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
from testbed.pairs.judgement import condition

READY = "ready"
"""The endpoint is there as its resource says."""
REFUSED = "refused"
"""This version does not have the pair, and the resource says so."""
NOT_HERE = "not here"
"""The version has it, but it cannot be shown where the tests run."""

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
    }
)
"""What servers add by themselves, besides chunking settings and the defaults that the catalogue knows."""
_RATE_LIMIT = "/serviceSettings/rate_limit/requests_per_minute"


@dataclass(frozen=True)
class Trial:
    """The endpoint of a pair on a server of a release; `hindrance` says why it cannot be shown there."""

    pair: Pair
    endpoint: Endpoint
    release: Release
    hindrance: str | None = None

    @property
    def outcome(self) -> str:
        """What is to become of it."""
        if not self._offers(self.pair.task_type):
            return REFUSED
        return NOT_HERE if self.hindrance else READY

    @property
    def cell(self) -> tuple[str, str]:
        """Its place in the table: the outcome, and why it is not possible."""
        return self.outcome, (self.hindrance or "") if self.outcome == NOT_HERE else ""

    def mistakes(self, resource: Manifest, stored: Manifest | None, secret: str) -> list[str]:
        """What is not as it should be."""
        if self.outcome == REFUSED:
            return [*self._not_refused(resource), *(["stored"] if stored else [])]
        return [*self._not_ready(resource), *self._stored_otherwise(stored, secret)]

    def _offers(self, task_type: str) -> bool:
        return self.pair.known.offers(task_type, self.release)

    def _not_ready(self, resource: Manifest) -> Iterator[str]:
        ready = condition(resource, "Ready")
        if ready.get("status") != "True":
            yield f"not ready: {ready.get('reason')}: {ready.get('message')}"

    def _not_refused(self, resource: Manifest) -> Iterator[str]:
        """The server's own words are that it knows no such service, or no such task type."""
        has_service = any(map(self._offers, self.pair.known.task_types))
        reason = Reason.UNSUPPORTED_TASK_TYPE if has_service else Reason.UNKNOWN_SERVICE
        word = self.pair.task_type if has_service else self.pair.service
        stalled = condition(resource, "Stalled")
        if stalled.get("reason") != reason or f"[{word}]" not in stalled["message"]:
            yield f"not refused with {reason}: {condition(resource, 'Ready')}"

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
        if path == _RATE_LIMIT:
            return self._is_default("/serviceSettings/rate_limit", value)
        if path.startswith("/chunkingSettings/"):
            return self.pair.task_type in self.pair.known.chunking_settings
        return path in _ADDED or self._is_default(path, value) or self._is_model_of_elser(path)

    def _is_default(self, path: str, value: Any) -> bool:
        setting = self.pair.known.settings(self.pair.task_type).get(path)
        default = setting and setting.default
        return bool(value == (default.get(self.pair.task_type) if isinstance(default, Mapping) else default))

    def _is_model_of_elser(self, path: str) -> bool:
        return (self.pair.service, path) == ("elser", "/serviceSettings/model_id")

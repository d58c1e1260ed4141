"""The inference API of one endpoint as a pure model: how the real server treats a definition, as far as a plan can tell.

It knows what 8.19, 9.4 and 9.5 do with the settings below; `rate_limit` stands for all that can be updated, `model_id` for
all that cannot, and `truncate` for words that come back in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inference_operator.endpoint import Definition, leaves

DEFAULT_LIMIT = {"requests_per_minute": 10000}
DEFAULT_CHUNKING = {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1}
AFTER_RESET = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
BAD_KEY = -1


class Refused(Exception):
    """The server answered 400 and changed nothing."""


@dataclass
class ModelServer:
    """A cluster of one version, with at most one endpoint."""

    version: str
    endpoint: Definition | None = None
    key: int | None = None
    writes: int = 0
    """How many writes it has answered with 200, whether or not they changed anything."""

    @property
    def is_strict(self) -> bool:
        """Whether it refuses what older versions ignore, and can clear settings and change chunking."""
        return self.version >= "9.5"

    @property
    def is_old(self) -> bool:
        """Whether an update is not tried at the provider, and resets the chunking settings."""
        return self.version < "9.4"

    def create(self, asked: Definition, key: int | None) -> Definition:
        """PUT: creates, never changes."""
        if self.endpoint is not None:
            raise AssertionError("the endpoint exists: a create must not be sent")
        if key == BAD_KEY:
            raise Refused("the provider refuses the key")
        self.key = key
        return self._store(_completed(asked))

    def update(
        self,
        service: Mapping[str, Any],
        task: Mapping[str, Any],
        chunking: Mapping[str, Any],
        key: int | None = None,
    ) -> Definition:
        """PUT …/_update: merges what it takes over, and answers 200 to much that it does not."""
        if not service and not task and not chunking and key is None:
            raise AssertionError("an update without anything in it must not be sent")
        if self.endpoint is None:
            raise AssertionError("there is no endpoint: an update must not be sent")
        self._check(service, chunking, key)
        before = self.endpoint
        changed = replace(
            before,
            service_settings={**before.service_settings, **self._limit(service)},
            task_settings=self._merged(before.task_settings, task),
            chunking_settings=AFTER_RESET if self.is_old else chunking or before.chunking_settings,
        )
        self.key = self.key if key is None else key
        return self._store(changed)

    def delete(self) -> None:
        """DELETE: the endpoint is gone."""
        self.endpoint = self.key = None
        self.writes += 1

    def _check(self, service: Mapping[str, Any], chunking: Mapping[str, Any], key: int | None) -> None:
        if key == BAD_KEY and not self.is_old:
            raise Refused("the provider refuses the key")
        if self.is_strict and service.keys() - {"rate_limit"}:
            raise Refused("unknown field")
        if not self.is_strict and chunking:
            raise AssertionError("chunking_settings must not be sent to this version")
        if not self.is_strict and service and self.key is not None and key is None:
            raise AssertionError("service_settings must not be sent without the secrets to this version")

    def _limit(self, service: Mapping[str, Any]) -> dict[str, Any]:
        if "rate_limit" not in service:
            return {}
        wanted = (service["rate_limit"] or {}).get("requests_per_minute")
        if wanted is None and not self.is_strict:
            return {}
        return {"rate_limit": {"requests_per_minute": wanted} if wanted else DEFAULT_LIMIT}

    def _merged(self, before: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
        merged = _lowered({**before, **{k: v for k, v in task.items() if v is not None}})
        cleared = {k for k, v in task.items() if v is None} if self.is_strict else set()
        return {k: v for k, v in merged.items() if k not in cleared}

    def _store(self, endpoint: Definition) -> Definition:
        self.writes += 1
        self.endpoint = endpoint
        return endpoint


def _completed(asked: Definition) -> Definition:
    service = {k: v for k, v in asked.service_settings.items() if v not in ({}, None)}
    return replace(
        asked,
        service_settings={"rate_limit": DEFAULT_LIMIT, **service},
        task_settings=_lowered({k: v for k, v in asked.task_settings.items() if v is not None}),
        chunking_settings=asked.chunking_settings or DEFAULT_CHUNKING,
    )


def _lowered(task: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.lower() if k == "truncate" else v for k, v in task.items()}


def settings_of(definition: Definition) -> dict[str, Any]:
    """All settings by path."""
    return dict(leaves(definition))

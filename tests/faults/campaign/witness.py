"""What must be so whenever the operator has done something, whatever went wrong: nobody is told a thing that is not so."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from crash.outcome import unmet_in_elasticsearch
from crash.stage import Stage
from crash.steps import Wish
from inference_operator.context import Context
from testbed import kstatus
from testbed.planted import finds

_ENDPOINTS, _CONNECTIONS = "inferenceendpoints", "elasticsearchconnections"


class Witness:
    """Looks at one resource, its connection and the events after each turn of the operator."""

    def __init__(self, stage: Stage, ctx: Context) -> None:
        self._stage = stage
        self._ctx = ctx
        self._keys: dict[str, str] = {}  # by version of the Secret
        self._seen = ""

    def complaints(self, wish: Wish) -> Iterator[str]:
        """What is not as it must be now."""
        endpoint = self._stage.kubernetes.get(_ENDPOINTS, wish.name)
        link = self._stage.kubernetes.get(_CONNECTIONS, wish.connection)
        yield from self._in_flight()
        text = json.dumps([endpoint, link, self._stage.kubernetes.events])
        if text == self._seen:
            return
        self._seen = text
        for resource in (endpoint, link):
            yield from _broken_rules(resource or {})
        yield from self._false_ready(wish, endpoint or {})
        yield from finds(text, self._planted(wish))

    def _in_flight(self) -> Iterator[str]:
        for session in self._ctx.sessions.values():
            if session.client and session.client._governor.in_flight:
                yield "a request holds its place although nobody waits for it"

    def _planted(self, wish: Wish) -> dict[str, str]:
        keys = {f"key {n}": Wish(wish.name, keys=n).key for n in range(max(wish.keys - 1, 0), wish.keys + 1)}
        return {**keys, "the key of the cluster": self._stage.api_key}

    def _false_ready(self, wish: Wish, resource: Mapping[str, Any]) -> Iterator[str]:
        """Ready for a generation whose settings the server does not hold, or with another key than the status says."""
        status = resource.get("status") or {}
        conditions = {c["type"]: c for c in status.get("conditions", [])}
        ready = conditions.get("Ready", {})
        metadata = resource.get("metadata") or {}
        said = ready.get("status"), ready.get("observedGeneration")
        if "deletionTimestamp" in metadata or said != ("True", metadata.get("generation")):
            return
        found = self._stage.elasticsearch.endpoints.get(wish.name)
        shown, key = (found.shown(), str(found.secrets.get("api_key"))) if found else (None, None)
        for unmet in unmet_in_elasticsearch(wish, shown, wish.key):
            yield f"Ready, but {unmet}"
        named = {self._key_of(entry) for entry in status.get("secrets", [])}
        if found and key not in {wish.key, *named}:
            yield f"the status names {named}, and {key} is in force"

    def _key_of(self, entry: Mapping[str, Any]) -> str | None:
        """The value of that version of the Secret."""
        secret = self._stage.kubernetes.get("secrets", entry["name"])
        if secret:
            value = base64.b64decode(secret["data"][entry["key"]]).decode()
            self._keys[secret["metadata"]["resourceVersion"]] = value
        return self._keys.get(entry["resourceVersion"])


def _broken_rules(resource: Mapping[str, Any]) -> Iterator[str]:
    try:
        kstatus.check(resource)
    except AssertionError as broken:
        yield str(broken)

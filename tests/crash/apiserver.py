"""An API server in memory: what the operator's own calls need, and what a user does.

Versions, generations, finalizers and the tests of a JSON patch are as in Kubernetes; there is one namespace.
"""

import base64
import copy
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from aiohttp import web

from testbed.builders import Manifest

NAMESPACE = "default"
Listener = Callable[[str, str, Manifest], None]
"""Told of each change: which resource, which event, the object."""
_PLURALS = {
    "InferenceEndpoint": "inferenceendpoints",
    "ElasticsearchConnection": "elasticsearchconnections",
    "Secret": "secrets",
    "ConfigMap": "configmaps",
}
_TIME = "2026-01-01T00:00:{:02}Z"


class ApiServer:
    """The objects by resource and name."""

    def __init__(self, listener: Listener) -> None:
        self.writes: list[str] = []
        """Which objects were patched, oldest first."""
        self.events: list[Manifest] = []
        """What was said about the objects."""
        self._objects: dict[tuple[str, str], Manifest] = {}
        self._listener = listener
        self._numbers = count(1)

    # What a user does

    def get(self, plural: str, name: str) -> Manifest | None:
        """The object, if it is there."""
        return self._objects.get((plural, name))

    def apply(self, manifest: Manifest) -> None:
        """Make the object, or give it another spec or data."""
        plural, name = _PLURALS[manifest["kind"]], manifest["metadata"]["name"]
        content = {k: v for k, v in manifest.items() if k in {"spec", "data"}}
        if texts := manifest.get("stringData"):
            content["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in texts.items()}
        known = self.get(plural, name) or {"metadata": self._birth(name)}
        metadata = {**known["metadata"]}
        metadata["generation"] += known.get("spec") != content.get("spec")
        self._store(plural, {**known, **content, "metadata": metadata})

    def delete(self, plural: str, name: str) -> None:
        """Delete the object, or mark it if something holds it."""
        known = self.get(plural, name)
        if known and "deletionTimestamp" not in known["metadata"]:
            metadata = {**known["metadata"], "deletionTimestamp": _TIME.format(0)}
            metadata["generation"] += 1
            self._store(plural, {**known, "metadata": metadata})

    def lose(self, plural: str, name: str) -> None:
        """Remove the object and whatever holds it, as if it had never been."""
        known = self._objects.pop((plural, name))
        self._listener(plural, "DELETED", known)

    def _birth(self, name: str) -> Manifest:
        number = next(self._numbers)
        born = {"uid": f"uid-{number}", "creationTimestamp": _TIME.format(number % 60), "generation": 0}
        return {"name": name, "namespace": NAMESPACE, **born}

    def _store(self, plural: str, changed: Manifest) -> Manifest:
        """The object in its new version, which goes if it is deleted and nothing holds it."""
        metadata = {**changed["metadata"], "resourceVersion": str(next(self._numbers))}
        stored = copy.deepcopy({**changed, "metadata": metadata})
        goes = "deletionTimestamp" in metadata and not metadata.get("finalizers")
        if goes:
            self._objects.pop((plural, metadata["name"]), None)
        else:
            self._objects[plural, metadata["name"]] = stored
        self._listener(plural, "DELETED" if goes else "MODIFIED", stored)
        return stored

    # What the operator asks

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if request.method == "POST":
            self.events.append(await request.json())
            return web.json_response({}, status=201)
        body = await request.json() if request.can_read_body else []
        plural, *name = _parts(request.path)
        if not name:
            items = [item for (kind, _), item in self._objects.items() if kind == plural]
            return web.json_response({"metadata": {}, "items": items})
        known = self.get(plural, name[0])
        if known is None:
            return web.json_response({"reason": "NotFound"}, status=404)
        if request.method == "GET":
            return web.json_response(known)
        self.writes.append("/".join([plural, *name]))
        return self._patch(plural, known, body)

    def _patch(self, plural: str, known: Manifest, operations: list[Any]) -> web.Response:
        *tests, change = operations
        if any(_at(known, test["path"]) != test["value"] for test in tests):
            return web.json_response({"reason": "Invalid"}, status=422)
        changed = copy.deepcopy(known)
        parent, _, last = change["path"].rpartition("/")
        _at(changed, parent)[last] = change["value"]
        return web.json_response(self._store(plural, changed))


def _parts(path: str) -> list[str]:
    """The resource and, if one is meant, the name and the subresource."""
    _, _, within = path.partition("/v1")
    parts = within.removeprefix("alpha1").strip("/").split("/")
    return parts[2:] if parts[0] == "namespaces" else parts


def _at(node: Mapping[str, Any], path: str) -> Any:
    for part in filter(None, path.split("/")):
        node = node.get(part, {})
    return node

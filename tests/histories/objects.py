"""Kubernetes in memory, with the interface through which the operator sees the real one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from crash.apiserver import NAMESPACE, ApiServer, Listener
from inference_operator.conditions import timestamp
from inference_operator.kube import Conflict
from inference_operator.objects import Key, Kind, Raw, Secret, decoded
from testbed.builders import Manifest

T = TypeVar("T")


class Passage(Protocol):
    """What every call of an operator passes on its way out and back."""

    async def __call__(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, unless the operator dies before; its answer is lost if it dies afterwards."""


class Objects(ApiServer):
    """The objects, as users and the operator change them; time is virtual."""

    def __init__(self, listener: Listener, now: Callable[[], datetime]) -> None:
        super().__init__(listener)
        self._now = now

    def all(self, plural: str) -> list[Manifest]:
        """Every object of one resource."""
        return [item for (kind, _), item in self._objects.items() if kind == plural]

    def annotate(self, plural: str, name: str, annotations: Mapping[str, str]) -> None:
        """Give the object these annotations."""
        if known := self.get(plural, name):
            self._store(
                plural, {**known, "metadata": {**known["metadata"], "annotations": dict(annotations)}}
            )

    def change(self, plural: str, known: Manifest, **parts: Any) -> Manifest:
        """The object with another status or other metadata."""
        return self._store(plural, {**known, **parts})

    def _store(self, plural: str, changed: Manifest) -> Manifest:
        """As there, but nothing is copied: nobody here changes what was handed out."""
        metadata = {**changed["metadata"], "resourceVersion": str(next(self._numbers))}
        stored = {**changed, "metadata": metadata}
        goes = "deletionTimestamp" in metadata and not metadata.get("finalizers")
        if goes:
            self._objects.pop((plural, metadata["name"]), None)
        else:
            self._objects[plural, metadata["name"]] = stored
        self._listener(plural, "DELETED" if goes else "MODIFIED", stored)
        return stored

    def _birth(self, name: str) -> Manifest:
        return {**super()._birth(name), "creationTimestamp": timestamp(self._now())}


class MemoryKube:
    """One operator's way to the objects; like `Kube`, and read like a `SecretReader`."""

    def __init__(self, objects: Objects, passage: Passage) -> None:
        self._objects = objects
        self._pass = passage

    def may_write(self) -> bool:
        """There is one operator."""
        return True

    async def list_objects(self, kind: Kind) -> AsyncIterator[Raw]:
        """Every object of `kind`."""
        for raw in self._objects.all(kind.plural):
            yield raw

    async def list_secrets(self) -> AsyncIterator[Raw]:
        """Every Secret."""
        for raw in self._objects.all("secrets"):
            yield raw

    async def get(self, key: Key) -> Raw | None:
        """The object as it is now."""
        return await self._pass(lambda: _soon(self._objects.get(key.kind.plural, key.name)))

    async def read(self, namespace: str, name: str) -> Secret | None:
        """A Secret as it is now."""
        assert namespace == NAMESPACE
        return await self._pass(lambda: _soon(self._secret(name)))

    def _secret(self, name: str) -> Secret | None:
        raw = self._objects.get("secrets", name)
        if raw is None:
            return None
        return Secret(raw["metadata"]["uid"], raw["metadata"]["resourceVersion"], decoded(raw["data"]))

    async def patch_finalizers(self, key: Key, raw: Raw, finalizers: Sequence[str]) -> Raw | None:
        """Set the finalizers of exactly this version."""
        return await self._pass(lambda: self._patch(key, raw, finalizers=list(finalizers)))

    async def patch_status(
        self, key: Key, raw: Raw, status: Raw, *, same_version: bool = False
    ) -> Raw | None:
        """Replace the status of this object, or with `same_version` of exactly this version of it."""
        return await self._pass(lambda: self._patch(key, raw, same_version=same_version, status=status))

    async def _patch(
        self,
        key: Key,
        raw: Raw,
        *,
        same_version: bool = True,
        finalizers: list[str] | None = None,
        status: Raw | None = None,
    ) -> Raw | None:
        known = self._objects.get(key.kind.plural, key.name)
        self._objects.writes.append(f"{key.kind.plural}/{key.name}")
        if known is None:
            return None
        names = ("uid", "resourceVersion") if same_version else ("uid",)
        if any(known["metadata"][n] != raw["metadata"][n] for n in names):
            raise Conflict
        if finalizers is None:
            return self._objects.change(key.kind.plural, known, status=status)
        metadata = {**known["metadata"], "finalizers": finalizers}
        return self._objects.change(key.kind.plural, known, metadata=metadata)

    async def post_event(self, namespace: str, event: Raw) -> None:
        """Keep an event."""
        assert namespace == NAMESPACE
        self._objects.events.append(dict(event))

    async def close(self) -> None:
        """Nothing is open."""


async def _soon(value: T) -> T:
    await asyncio.sleep(0)
    return value

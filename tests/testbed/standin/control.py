"""What a test can do to a stand-in beside talking to it: `POST /_control/{verb}` on a socket of its own.

That socket is plain HTTP on the loopback interface and works while the cluster is down, slow or misbehaving;
what is done through it is not among the requests of the journal.
"""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Literal

from aiohttp import web

from testbed.standin.merging import merged
from testbed.standin.models import Deployment, Model
from testbed.standin.profiles import PROFILES
from testbed.standin.provider import REFUSED, Script
from testbed.standin.server import Server
from testbed.standin.state import Cluster, Reference
from testbed.standin.upgrade import upgrade


class Control:
    """The verbs; each takes the JSON object of the request as keyword arguments and answers with a JSON value."""

    def __init__(self, server: Server, fresh: Callable[[str | None], Cluster], key_id: str) -> None:
        self.server = server
        self.fresh = fresh
        self.key_id = key_id
        self.latency_ms = server.latency_ms

    @property
    def cluster(self) -> Cluster:
        """The cluster as it is now."""
        return self.server.cluster

    async def reset(self, profile: str | None = None) -> None:
        """Brings everything back to the beginning; URL, UUID and first credentials stay the same."""
        self.cluster.faults.reset()
        self.server.cluster = self.fresh(profile)
        self.server.latency_ms = self.latency_ms
        await self.server.up()

    async def version(self) -> str:
        """The version number that the cluster tells."""
        return self.cluster.version

    async def deployment_timeout(self) -> str:
        """The type of error that this version answers if a model is not started in time."""
        return self.cluster.profile.deployment_timeout

    async def down(self) -> None:
        """Takes the cluster off the network."""
        await self.server.down()

    async def up(self) -> None:
        """Brings it back on the same port."""
        await self.server.up()

    async def latency(self, milliseconds: float) -> None:
        """Delays every request."""
        self.server.latency_ms = milliseconds

    async def journal(self, since: int = 0) -> dict[str, Any]:
        """Requests and provider calls after that number."""
        return self.cluster.journal.since(since)

    async def clear(self) -> None:
        """Empties the journal."""
        self.cluster.journal.clear()

    async def label(self, value: str, name: str) -> None:
        """Names a secret value in the journal."""
        self.cluster.journal.labels[value] = name

    async def endpoints(self) -> dict[str, Any]:
        """The endpoints as GET shows them, by id, without the preconfigured ones."""
        return {name: endpoint.shown() for name, endpoint in sorted(self.cluster.endpoints.items())}

    async def secrets(self, inference_id: str) -> dict[str, Any]:
        """The secret values that an endpoint holds."""
        return self.cluster.endpoints[inference_id].secrets

    async def edit(self, inference_id: str, changes: dict[str, Any]) -> None:
        """Changes a stored endpoint; None removes a key."""
        stored = self.cluster.endpoints[inference_id]
        self.cluster.endpoints[inference_id] = replace(stored, **merged(asdict(stored), changes))

    async def remove(self, inference_id: str, *, leave_remnant: bool = False) -> None:
        """Deletes an endpoint, or only the half of it that answers show."""
        del self.cluster.endpoints[inference_id]
        if leave_remnant:
            self.cluster.remnants.add(inference_id)

    async def lose_secrets(self, inference_id: str) -> None:
        """Deletes the half of an endpoint that answers do not show."""
        stored = self.cluster.endpoints[inference_id]
        self.cluster.endpoints[inference_id] = replace(stored, secrets={})
        self.cluster.remnants.add(inference_id)

    async def unreadable(self, inference_id: str, why: Literal["unknown_service", "unparsable"]) -> None:
        """Lets the cluster no longer know what it has stored."""
        self.cluster.unreadable[inference_id] = why

    async def lock(self, inference_id: str, *, held: bool = True, seconds: float | None = None) -> None:
        """Lets an `_update` of the endpoint seem to be under way, for ever or for a while."""
        updating = self.cluster.updating
        updating.discard(inference_id)
        if held:
            updating.add(inference_id)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, updating.discard, inference_id)

    async def upgrade(self, profile: str, changes: dict[str, Any]) -> None:
        """Makes the cluster another version that keeps what it has stored; `changes` are laid over each endpoint."""
        upgrade(self.cluster, PROFILES[profile], changes)

    async def reference(
        self, name: str, inference_id: str, *, pipeline: bool = False, **settings: Any
    ) -> None:
        """Lets an index, or an ingest pipeline, name an endpoint; `settings` are what its mapping has recorded."""
        if pipeline:
            self.cluster.pipelines.setdefault(name, set()).add(inference_id)
        else:
            self.cluster.indices.setdefault(name, []).append(Reference(inference_id, settings))

    async def dereference(self, name: str) -> None:
        """Removes an index or a pipeline."""
        self.cluster.indices.pop(name, None)
        self.cluster.pipelines.pop(name, None)

    async def deployment(self, deployment_id: str, **fields: Any) -> None:
        """Adds or changes a model deployment."""
        known = self.cluster.deployments.get(deployment_id) or Deployment(deployment_id, deployment_id, 1, 1)
        self.cluster.deployments[deployment_id] = replace(known, **fields)

    async def undeploy(self, deployment_id: str) -> None:
        """Removes a model deployment, whatever uses it."""
        del self.cluster.deployments[deployment_id]

    async def load_model(self, model_id: str, dimensions: int | None, aliases: list[str]) -> None:
        """Adds a model as Eland does."""
        self.cluster.models[model_id] = Model(dimensions, tuple(aliases))

    async def fault(self, **what: Any) -> int:
        """Adds a fault; its number."""
        return self.cluster.faults.add(**what).id

    async def hits(self, fault: int) -> int:
        """How often a fault was applied."""
        return self.cluster.faults.find(fault).hits

    async def release(self, fault: int) -> list[int]:
        """Serves what a fault has put off; the statuses."""
        return await self.cluster.faults.find(fault).release()

    async def reset_faults(self) -> None:
        """Removes all faults; requests that hang are cut."""
        self.cluster.faults.reset()

    async def keys(self, accepted: list[str] | None = None) -> None:
        """Which secret values the provider takes; None: all."""
        self.cluster.provider.accepted = None if accepted is None else set(accepted)
        self.cluster.provider.refused.clear()

    async def refuse(self, key: str, words: str = REFUSED) -> None:
        """Lets the provider refuse one more key."""
        self.cluster.provider.refused[key] = words

    async def provider(self, caller: str | None = None, **script: Any) -> None:
        """How the provider behaves, to all or to one key or inference id; nothing: as usual."""
        self.cluster.provider.scripts[caller] = Script(**script)
        if not script:
            del self.cluster.provider.scripts[caller]

    async def cluster_state(self, **fields: Any) -> None:
        """Changes what the cluster is: version, uuid, licensed, block."""
        for name, value in fields.items():
            setattr(self.cluster, name, value)

    async def privileges(self, names: list[str], key_id: str | None = None) -> None:
        """Gives an API key these cluster privileges and no others."""
        self.cluster.security.keys[key_id or self.key_id].privileges = set(names)

    async def revoke(self, key_id: str | None = None) -> None:
        """Invalidates an API key."""
        self.cluster.security.keys[key_id or self.key_id].invalidated = True

    async def create_api_key(self, privileges: list[str], name: str = "test") -> str:
        """A further API key, encoded."""
        return self.cluster.security.create_key("elastic", name, set(privileges)).encoded_key()

    async def create_user(self, name: str, password: str, privileges: list[str]) -> None:
        """A user with a role of its own."""
        self.cluster.security.roles[name] = set(privileges)
        self.cluster.security.create_user(name, password, [name])


def application(control: Control) -> web.Application:
    """The verbs as a web application."""

    async def handle(request: web.Request) -> web.Response:
        verb = getattr(control, request.match_info["verb"], None)
        if not inspect.iscoroutinefunction(verb):
            raise web.HTTPNotFound
        arguments = await request.json() if request.can_read_body else {}
        try:
            return web.json_response(await verb(**arguments))
        except (KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text=f"{type(error).__name__}: {error}") from error

    app = web.Application()
    app.router.add_post("/_control/{verb}", handle)
    return app

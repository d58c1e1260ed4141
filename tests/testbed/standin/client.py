"""A test's handle on a stand-in: where it is, what it was asked, what it holds, and how it is to misbehave."""

import base64
import json
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from testbed.processes import Process, wait_for
from testbed.standin.address import READY_FILE, Address
from testbed.standin.injections import Injections
from testbed.standin.journal import Operation, ProviderCall
from testbed.standin.models import Starts

SOURCES = Path(__file__).parents[2]


class Standin:
    """A running stand-in; leaving the `with` block ends it."""

    def __init__(self, process: Process, address: Address) -> None:
        self.url = address.url
        self.ca_file = None if address.ca_file is None else Path(address.ca_file)
        self.api_key = address.api_key
        self.user = address.user
        self.password = address.password
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        self.admin = self._client(f"Basic {basic}")
        self._process = process
        self._control = httpx.Client(base_url=address.control, trust_env=False, timeout=10)
        self.inject = Injections(self._ask)
        """What goes wrong, by name."""

    @classmethod
    def start(
        cls, directory: Path, *, tls: bool = True, latency_ms: float = 0, profile: str = "9.4", port: int = 0
    ) -> Self:
        """Starts a process and waits until it listens; `directory` is its own."""
        ready = directory / READY_FILE
        ready.unlink(missing_ok=True)
        options = [
            f"--directory={directory}",
            f"--latency-ms={latency_ms}",
            f"--profile={profile}",
            f"--port={port}",
        ]
        command = [sys.executable, "-m", "testbed", "standin", *options, *([] if tls else ["--no-tls"])]
        environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
        process = Process(command, log=directory / "standin.log", name="standin", env=environment)
        try:
            wait_for(ready.exists, what="the stand-in to listen", timeout=20, process=process)
        except BaseException:
            process.kill()
            raise
        return cls(process, Address(**json.loads(ready.read_text())))

    def stop(self) -> None:
        """Ends the process."""
        self.admin.close()
        self._control.close()
        self._process.stop()

    def __enter__(self) -> Self:
        """The stand-in itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process."""
        self.stop()

    def client(self, api_key: str) -> httpx.Client:
        """A client that uses `api_key` (the encoded form)."""
        return self._client(f"ApiKey {api_key}")

    @property
    def version(self) -> str:
        """The version number that `GET /` tells."""
        return str(self._ask("version"))

    def reset(self, *, profile: str | None = None) -> None:
        """Brings everything but URL, UUID and first credentials back to the beginning; as another version if it is named."""
        self._ask("reset", profile=profile)

    def upgrade(self, profile: str, **changes: Any) -> None:
        """Makes it another version that keeps what it holds; changes, as `service_settings={…}`, appear in each endpoint."""
        self._ask("upgrade", profile=profile, changes=changes)

    # What happened

    def operations(self, since: int = 0) -> list[Operation]:
        """The requests after that number, without those that only this class made."""
        return [Operation(**entry) for entry in self._ask("journal", since=since)["requests"]]

    def provider_calls(self, since: int = 0, inference_id: str | None = None) -> list[ProviderCall]:
        """The calls to the provider after that number, for all endpoints or one."""
        calls = [ProviderCall(**entry) for entry in self._ask("journal", since=since)["probes"]]
        return [call for call in calls if inference_id in (None, call.inference_id)]

    def clear(self) -> None:
        """Forgets both; the numbers go on."""
        self._ask("clear")

    def label(self, value: str, name: str) -> None:
        """Shows a secret value under that name in operations and provider calls."""
        self._ask("label", value=value, name=name)

    # What it holds

    def endpoints(self) -> dict[str, dict[str, Any]]:
        """The endpoints as GET shows them, by id, without the preconfigured ones."""
        return dict(self._ask("endpoints"))

    def secrets(self, inference_id: str) -> dict[str, Any]:
        """The secret values that an endpoint holds."""
        return dict(self._ask("secrets", inference_id=inference_id))

    def edit(self, inference_id: str, changes: dict[str, Any]) -> None:
        """Changes a stored endpoint, as `{"service_settings": {…}}`; None removes a key."""
        self._ask("edit", inference_id=inference_id, changes=changes)

    def remove(self, inference_id: str, *, leave_remnant: bool = False) -> None:
        """Deletes an endpoint; with a remnant, GET says 404 and the next PUT "already exists"."""
        self._ask("remove", inference_id=inference_id, leave_remnant=leave_remnant)

    def lock(self, inference_id: str, *, held: bool = True) -> None:
        """Lets an `_update` of the endpoint seem to be under way."""
        self._ask("lock", inference_id=inference_id, held=held)

    def reference(
        self, name: str, inference_id: str, *, pipeline: bool = False, **model_settings: Any
    ) -> None:
        """Lets an index (or an ingest pipeline) name an endpoint, with what its mapping has recorded of it."""
        self._ask("reference", name=name, inference_id=inference_id, pipeline=pipeline, **model_settings)

    def dereference(self, name: str) -> None:
        """Removes an index or a pipeline."""
        self._ask("dereference", name=name)

    def deployment(self, deployment_id: str, **fields: Any) -> None:
        """Adds or changes a model deployment; `fields` are those of `models.Deployment`."""
        self._ask("deployment", deployment_id=deployment_id, **fields)

    def undeploy(self, deployment_id: str) -> None:
        """Removes a model deployment, whatever uses it."""
        self._ask("undeploy", deployment_id=deployment_id)

    def load_model(self, model_id: str, dimensions: int | None = 384, aliases: Sequence[str] = ()) -> None:
        """Adds a model as Eland does; without dimensions it cannot embed anything."""
        self._ask("load_model", model_id=model_id, dimensions=dimensions, aliases=list(aliases))

    # How it misbehaves

    def fault(self, method: str | None = None, path: str = ".*", **what: Any) -> int:
        """Adds a fault, see `faults.Fault` for what it can do; its number, for `hits`."""
        return int(self._ask("fault", method=method, path=path, **what))

    def hits(self, fault: int) -> int:
        """How often a fault was applied."""
        return int(self._ask("hits", fault=fault))

    def release(self, fault: int) -> list[int]:
        """Serves, now, what a fault has put off with `when="later"`; the statuses of what is done then."""
        return list(self._ask("release", fault=fault))

    def reset_faults(self) -> None:
        """Removes all faults; requests that hang are cut, those put off are never served."""
        self._ask("reset_faults")

    def down(self) -> None:
        """Takes it off the network: connections are cut, new ones refused."""
        self._ask("down")

    def up(self) -> None:
        """Brings it back under the same URL."""
        self._ask("up")

    def set_latency(self, milliseconds: float) -> None:
        """Delays every request."""
        self._ask("latency", milliseconds=milliseconds)

    def accept_keys(self, keys: Sequence[str] | None) -> None:
        """The secret values that the provider takes; None: all."""
        self._ask("keys", accepted=keys if keys is None else list(keys))

    def refuse_key(self, key: str, **words: str) -> None:
        """Lets the provider refuse a key; `words`: what it says then."""
        self._ask("refuse", key=key, **words)

    def provider(self, caller: str | None = None, **script: Any) -> None:
        """How the provider behaves, to all callers or to one key or inference id; nothing: as usual.

        `dimensions` of its embeddings, or `status` with `message`, or `failure` (timeout, close, refused, garbage,
        unknown_host, null); after `delay` seconds; `times`: for so many calls.
        """
        self._ask("provider", caller=caller, **script)

    # Who it is, and who may do what

    def set_version(self, number: str) -> None:
        """The number that `GET /` tells; nothing else changes."""
        self._ask("cluster_state", version=number)

    def set_cluster_uuid(self, uuid: str) -> None:
        """The UUID that `GET /` tells."""
        self._ask("cluster_state", uuid=uuid)

    def set_licensed(self, licensed: bool) -> None:
        """Whether its licence includes inference."""
        self._ask("cluster_state", licensed=licensed)

    def set_upgrading(self, *unknown: str) -> None:
        """The services and task types that nodes of the version before do not know; none: all nodes are alike."""
        self._ask("cluster_state", upgrading=unknown)

    def set_model_starts(self, how: Starts) -> None:
        """What becomes of the models that are to be started from now on."""
        self._ask("cluster_state", starts=how)

    def set_machine_learning(self, present: bool) -> None:
        """Whether its nodes have the machine-learning module; without it the `elasticsearch` service fails."""
        self._ask("cluster_state", machine_learning=present)

    def set_privileges(self, privileges: Sequence[str]) -> None:
        """Gives the API key these cluster privileges and no others."""
        self._ask("privileges", names=list(privileges))

    def revoke(self) -> None:
        """Invalidates the API key."""
        self._ask("revoke")

    def create_api_key(self, privileges: Sequence[str]) -> str:
        """A further API key, encoded."""
        return str(self._ask("create_api_key", privileges=list(privileges)))

    def create_user(self, name: str, password: str, privileges: Sequence[str]) -> None:
        """A user with these cluster privileges."""
        self._ask("create_user", name=name, password=password, privileges=list(privileges))

    def _client(self, authorization: str) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.ca_file)
        headers = {"Authorization": authorization}
        return httpx.Client(base_url=self.url, headers=headers, verify=trust, timeout=30, trust_env=False)

    def _ask(self, verb: str, **arguments: Any) -> Any:
        answer = self._control.post(f"/{verb}", json=arguments)
        if answer.is_error:
            raise ValueError(f"{verb}: {answer.text}")
        return answer.json()

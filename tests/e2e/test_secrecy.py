"""No secret is written anywhere, whatever goes wrong: not at log level DEBUG, and not when the server echoes it."""

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from testbed.builders import Connection, connection, secret
from testbed.controlplane import ControlPlane
from testbed.planted import finds, spoken
from testbed.processes import wait_for
from testbed.running_operator import RunningOperator
from testbed.standin.client import Standin
from testbed.target import OURS, StandinTarget
from testbed.world import CONNECTIONS, World

pytestmark = pytest.mark.xdist_group("secrecy")

NAME = f"{OURS}secret"
PLACES = ("log", "events", "objects", "metrics", "command line", "environment")


def _key(name: str) -> str:
    """A key with characters that every encoding writes in another way."""
    return f"sk-{name}/{secrets.token_hex(8)}+{secrets.token_hex(8)}=~?"


class Exercise:
    """One life of an endpoint and its connections in which everything goes wrong once."""

    def __init__(self, world: World, es: Standin) -> None:
        self.world, self.es, self.target = world, es, StandinTarget(es)
        self.private_key = secrets.token_hex(24)
        account = json.dumps({"type": "account", "private_key": f"BEGIN\n{self.private_key}\nEND"}, indent=1)
        self.keys = {name: _key(name) for name in ("first", "refused", "failed", "invalid", "last")}
        self.keys["account"] = account
        self.password, self.token = _key("password"), _key("token")
        self.target.accept(self.keys["first"], self.keys["last"], account)

    @property
    def planted(self) -> dict[str, str]:
        """All that must not be seen."""
        decoded = base64.b64decode(self.es.api_key).decode()
        return {
            **{f"the {name} provider key": key for name, key in self.keys.items()},
            "the private key in the account": self.private_key,
            "the API key": self.es.api_key,
            "the decoded API key": decoded,
            "the second half of the API key": decoded.partition(":")[2],
            "the password": self.password,
            "the user with the password": f"planted:{self.password}",
            "the bearer token": self.token,
        }

    def run(self) -> None:
        """All of it, one after the other."""
        self._connect()
        self.world.apply(secret("provider", api_key=self.keys["first"]), self.target.embeddings(NAME))
        self.world.wait_ready(NAME)
        self._let_the_provider_refuse()
        self._let_updates_fail()
        self._let_the_server_return_secrets()
        self._end()

    def _connect(self) -> None:
        """Once well, once with the wrong CA, and with credentials that are refused aloud."""
        self.world.apply(connection(self.es))
        self.world.wait_connected()
        stranger = trustme.CA().cert_pem.bytes().decode()
        self._apply_failing(connection(self.es, "stranger").with_ca(stranger), "TLSVerificationFailed")
        self._refuse_aloud(self.password)
        self._apply_failing(connection(self.es, "user").with_user("planted", self.password), "Unauthorized")
        self._refuse_aloud(self.token)
        bearer = {"bearerToken": {"secretKeyRef": {"name": "token-credentials", "key": "api_key"}}}
        token = connection(self.es, "token").with_spec(auth=bearer)
        token = replace(token, credentials=secret("token-credentials", api_key=self.token))
        self._apply_failing(token, "Unauthorized")
        self.es.reset_faults()

    def _refuse_aloud(self, value: str) -> None:
        self.es.reset_faults()
        echo = ("security_exception", f"this is wrong: {self._aloud(value)}")
        self.es.fault("GET", "/", status=401, error=echo, times=None)

    def _apply_failing(self, wrong: Connection, reason: str) -> None:
        self.world.apply(wrong)
        self.world.wait_reason(wrong.name, reason, CONNECTIONS)

    @staticmethod
    def _aloud(value: str) -> str:
        """The value in all its forms, as an indiscreet server might repeat it."""
        return " ".join(spoken(value).values())

    def _let_the_provider_refuse(self) -> None:
        self.es.provider(
            status=401, message=f"Incorrect API key provided: {self._aloud(self.keys['refused'])}"
        )
        self.world.change_secret("provider", api_key=self.keys["refused"])
        self.world.wait_reason(NAME, "ProviderRefusedKey")
        self.es.provider()

    def _let_updates_fail(self) -> None:
        """With an error of the server, with a page of HTML, and with a validation error that repeats the key."""
        echo = self._aloud(self.keys["failed"])
        path = f"/_inference/.*{NAME}/_update"
        self.es.fault("PUT", path, status=500, error=("some_exception", echo), times=None)
        self.world.change_secret("provider", api_key=self.keys["failed"])
        self.world.wait_reason(NAME, "ServerError")
        self.es.reset_faults()
        page = self.es.fault("PUT", path, status=502, body=f"<html>{echo}</html>", times=None)
        wait_for(lambda: self.es.hits(page) > 2, what="the page of HTML is seen", timeout=20)
        self.es.reset_faults()
        echo = self._aloud(self.keys["invalid"])
        self.es.fault("PUT", path, status=400, error=("validation_exception", echo), times=None)
        self.world.change_secret("provider", api_key=self.keys["invalid"])
        self.world.wait_reason(NAME, "InvalidSettings")
        self.es.reset_faults()

    def _let_the_server_return_secrets(self) -> None:
        """As a setting of the endpoint, which the status shows."""
        self.world.change_secret("provider", api_key=self.keys["account"])
        self.world.wait_ready(NAME)
        self.world.change_secret("provider", api_key=self.keys["last"])
        self.world.wait_ready(NAME)
        copies = {"api_key": self.keys["last"], "organization_id": self.keys["last"]}
        self.es.edit(NAME, {"service_settings": copies, "task_settings": {"user": self.keys["account"]}})
        self._look()

    def _look(self) -> None:
        before = len(self.es.operations())
        self.world.resync(NAME)
        wait_for(lambda: len(self.es.operations()) > before, what="a further look", timeout=20)
        self.world.wait_ready(NAME)

    def _end(self) -> None:
        self.es.reference(f"{OURS}documents", NAME)
        self.world.delete(NAME)
        self.world.wait_blocked(NAME, "InUse")


@pytest.fixture(scope="module")
def exercise(
    control_plane: ControlPlane, operator: RunningOperator, standin_process: Standin
) -> Iterator[Exercise]:
    """The exercise, done."""
    assert operator.running
    standin_process.reset()
    with World.create(control_plane) as world:
        done = Exercise(world, standin_process)
        done.run()
        yield done
    standin_process.reset()


@pytest.fixture(scope="module")
def written(exercise: Exercise, operator: RunningOperator) -> dict[str, str]:
    """All that can be read afterwards, by place."""
    world = exercise.world
    process = Path("/proc", str(operator.pid))
    return {
        "log": operator.log.read_text(),
        "events": str(world.core.list_namespaced_event(world.namespace).to_dict()),
        "objects": json.dumps(world.all(), ensure_ascii=False),
        "metrics": operator.metrics(),
        "command line": process.joinpath("cmdline").read_text(),
        "environment": process.joinpath("environ").read_text(),
    }


@pytest.mark.parametrize("place", PLACES)
def test_no_planted_secret_is_found(place: str, written: dict[str, str], exercise: Exercise) -> None:
    """Neither as it is nor in any encoding."""
    assert len(written[place]) > 20, "there must be something to be searched"
    assert not list(finds(written[place], exercise.planted))


def test_search_finds_what_is_there(exercise: Exercise) -> None:
    """The Secrets themselves hold the keys in base64: the search is not blind."""
    listed = exercise.world.core.list_namespaced_secret(exercise.world.namespace)
    found = list(finds(str(listed.to_dict()), exercise.planted))
    assert any("the last provider key (base64)" in find for find in found)
    assert any("the API key (base64)" in find for find in found)


def test_everything_went_wrong_as_planned(written: dict[str, str]) -> None:
    """The log tells of each failure, and was written at DEBUG."""
    reasons = [
        "TLSVerificationFailed",
        "Unauthorized",
        "ProviderRefusedKey",
        "ServerError",
        "InvalidSettings",
    ]
    assert [reason for reason in reasons if f'"{reason}"' not in written["log"]] == []
    assert "managedFields" in written["objects"]

"""A real Elasticsearch for tests and the demo: a given one, or one started here and removed afterwards."""

import base64
import os
import ssl
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from testbed.elasticsearch import installation
from testbed.elasticsearch.configuration import ADMIN
from testbed.elasticsearch.distribution import DEFAULT_VERSION, Progress, to_stderr
from testbed.elasticsearch.jdk import DistributionUnavailable
from testbed.elasticsearch.node import Node
from testbed.processes import wait_for
from testbed.provider import Provider

OPERATOR_PRIVILEGES = ["manage_inference", "monitor"]
START_SECONDS = 300


class Elasticsearch:
    """A running server.

    `api_key` is one with the operator's privileges, `admin` a client that may do everything; both are the
    given key where `ES_URL` names the server, and then `managed` is false and nothing is started or stopped.
    """

    def __init__(self, url: str, ca_file: Path | None, authorization: str, node: Node | None = None) -> None:
        self.url = url
        self.ca_file = ca_file
        self.admin = self._client(authorization)
        self.api_key = ""
        self.version = ""
        self._node = node

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        provider: Provider | None,
        version: str = DEFAULT_VERSION,
        licence: str = "trial",
        progress: Progress = to_stderr,
    ) -> Self:
        """Start a node that keeps its certificate and log in `directory`, or take the server of `ES_URL`."""
        if "ES_URL" in os.environ:
            return cls._given()
        found = installation.find(version, progress)
        node = Node.start(found, directory / "elasticsearch.log", provider, licence)
        try:
            ca_file = directory / "elasticsearch-ca.pem"
            node.configuration.authority.cert_pem.write_to_path(ca_file)
            url = f"https://127.0.0.1:{node.configuration.http_port}"
            server = cls(url, ca_file, _basic(ADMIN, node.configuration.password), node)
            server._wait_until_ready(version, node, progress)
            server.api_key = server.create_api_key(OPERATOR_PRIVILEGES)
        except BaseException:
            node.stop()
            raise
        return server

    @classmethod
    def _given(cls) -> Self:
        ca_file, key = os.environ.get("ES_CA_FILE"), os.environ.get("ES_API_KEY")
        if not key:
            raise DistributionUnavailable("ES_URL is set, but not ES_API_KEY")
        server = cls(os.environ["ES_URL"], Path(ca_file) if ca_file else None, f"ApiKey {key}")
        server.api_key = key
        server.version = server._number()
        return server

    @property
    def managed(self) -> bool:
        """Whether this test run started the server, and may do with it as it likes."""
        return self._node is not None

    def client(self, api_key: str) -> httpx.Client:
        """A client that uses `api_key` (the encoded form)."""
        return self._client(f"ApiKey {api_key}")

    def create_api_key(self, cluster_privileges: list[str]) -> str:
        """Create an API key with exactly these privileges and return it in its encoded form."""
        role = {"cluster": cluster_privileges, "indices": []}
        body = {"name": "-".join(["testbed", *cluster_privileges]), "role_descriptors": {"testbed": role}}
        created = self.admin.post("/_security/api_key", json=body).raise_for_status()
        return str(created.json()["encoded"])

    def restart(self, progress: Progress = to_stderr) -> None:
        """Restart the node; what it has stored stays."""
        if self._node:
            self._node.restart()
            self._wait_until_ready(self.version, self._node, progress)

    def stop(self) -> None:
        """Stop the node if it was started here."""
        self.admin.close()
        if self._node:
            self._node.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _client(self, authorization: str) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.ca_file)
        headers = {"Authorization": authorization}
        return httpx.Client(base_url=self.url, headers=headers, verify=trust, timeout=120, trust_env=False)

    def _wait_until_ready(self, version: str, node: Node, progress: Progress) -> None:
        progress(f"elasticsearch {version}: starting, a quarter of a minute or so")
        begin = time.monotonic()
        wait_for(self._is_ready, what="elasticsearch is ready", timeout=START_SECONDS, process=node.process)
        self.version = self._number()
        progress(f"elasticsearch {self.version}: ready after {time.monotonic() - begin:.0f} s")

    def _is_ready(self) -> bool:
        try:
            health = self.admin.get("/_cluster/health", params={"wait_for_status": "yellow", "timeout": "1s"})
        except httpx.TransportError:
            return False
        return health.status_code == 200

    def _number(self) -> str:
        return str(self.admin.get("/").raise_for_status().json()["version"]["number"])


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

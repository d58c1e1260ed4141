"""The stand-in answers as the real Elasticsearch did: every recorded request is sent again, in order, and compared."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from testbed.standin.client import Standin

STANDIN = Path(__file__).parents[2] / "testbed" / "standin"
VERSIONS = {"8.19.8": "8.19", "9.4.3": "9.4"}
RECORDED = {(path.parent.name, path.stem): path for path in (STANDIN / "recorded").glob("*/*.jsonl")}
UNASKED = {"cohere rerank fault key sleep-35"}
"""Takes the full 30 seconds; `timeout=1ms` shows the same."""
NO_ANSWER_SECONDS = 0.5
"""How long to wait for an answer that the real server never gave."""


@cache
def differences(version: str, file: str) -> set[str]:
    """The requests of a file that the stand-in answers differently; the reasons stand in the list that is read here."""
    reasons = yaml.safe_load((STANDIN / "recorded" / version / "differences.yaml").read_text())
    return {note for notes in reasons.values() for note in notes.get(file, [])}


def exchanges(version: str, file: str) -> list[dict[str, Any]]:
    """The recorded requests of a file with their answers."""
    return [json.loads(line) for line in RECORDED[version, file].read_text().splitlines()]


@dataclass
class Difference:
    note: str
    what: str
    recorded: Any
    answered: Any


@dataclass
class Replay:
    """Sends one file; where a recording needs a key made earlier, it remembers it."""

    es: Standin
    client: httpx.Client
    version: str
    file: str
    key: str = ""
    names: dict[str, str] = field(default_factory=dict)

    def run(self) -> Iterator[Difference]:
        """All that differs."""
        for exchange in exchanges(self.version, self.file):
            if exchange["note"] not in UNASKED:
                yield from self.compare(exchange, self.send(exchange))

    def send(self, exchange: dict[str, Any]) -> httpx.Response | None:
        """The request, as it was sent, with the provider behaving as it did."""
        script_provider(self.es, self.file, exchange)
        body = exchange.get("body")
        content = body if body is None or isinstance(body, str) else json.dumps(body)
        content = self.with_own_names(content)
        usual = {} if content is None else {"Content-Type": "application/json"}
        headers = exchange.get("headers", usual)
        if headers == {}:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = {name: value for name, value in headers.items() if value is not None}
        if authorization := self.authorization(exchange["note"]):
            headers = {**headers, "Authorization": authorization}
        method, path = exchange["method"], exchange["path"]
        timeout = 30 if exchange["status"] else NO_ANSWER_SECONDS
        try:
            return self.client.request(method, path, content=content, headers=headers, timeout=timeout)
        except httpx.ReadTimeout:
            return None

    def compare(self, exchange: dict[str, Any], response: httpx.Response | None) -> Iterator[Difference]:
        """The differences of one answer, also between one and none."""
        note, recorded = exchange["note"], exchange["answer"]
        if response is None or exchange["status"] is None:
            status = None if response is None else response.status_code
            if exchange["status"] != status:
                yield Difference(note, "status", exchange["status"], status)
            return
        if recorded == f"services-{self.version}.json":
            recorded = services_for(exchange["path"], recorded)
        is_json = "json" in response.headers["content-type"]
        answered = (response.json() if is_json else response.text) if response.content else None
        self.remember(recorded, answered)
        if response.status_code != exchange["status"]:
            yield Difference(note, "status", exchange["status"], response.status_code)
        if self.normalised(recorded) != self.normalised(answered):
            yield Difference(note, "answer", recorded, answered)
        expected = {"X-elastic-product": "Elasticsearch", "content-type": "application/json"}
        for name, value in (expected | exchange.get("answer_headers", {})).items():
            if response.headers.get(name) != value:
                yield Difference(note, name, value, response.headers.get(name))

    def authorization(self, note: str) -> str | None:
        """The recordings do not hold credentials, but their notes tell which were used."""
        if note.startswith("no credentials"):
            return None
        wrong = {
            "wrong password": basic("elastic", "wrong"),
            "garbage ApiKey": "ApiKey " + base64.b64encode(b"garbage:x").decode(),
            "malformed ApiKey": "ApiKey !!!",
            "garbage bearer": "Bearer garbage",
            "user with manage_inference PUT": basic("op", "operator1"),
        }
        keyed = re.match(r"(monitor_inference|manage_inference|manage|monitor|none): ", note)
        if keyed or note in ("before invalidation", "after invalidation", "expired key"):
            if note == "expired key":
                time.sleep(1)  # its lifetime
            return f"ApiKey {self.key}"
        return wrong.get(note, basic(self.es.user, self.es.password))

    def remember(self, recorded: Any, answered: Any) -> None:
        """Notes the id and the secret of a key that both made."""
        if isinstance(recorded, dict) and "encoded" in recorded:
            self.key = answered["encoded"]
            self.names[recorded["id"]] = answered["id"]

    def with_own_names(self, text: str | None) -> str | None:
        """The text with the ids that the stand-in gave."""
        for theirs, ours in self.names.items():
            text = text and text.replace(theirs, ours)
        return text

    def normalised(self, answer: Any) -> Any:
        """The answer without what is different in every run."""
        text = self.with_own_names(json.dumps(answer)) or ""
        text = re.sub(r"/[\w-]{22}\]", "/…]", text)  # the UUID of an index
        return json.loads(text, object_hook=without_chance)


def without_chance(value: dict[str, Any]) -> dict[str, Any]:
    """An object of an answer without ids, times, names of cluster and superuser, and what the provider made up."""
    changing = {"cluster_uuid", "cluster_name", "index_uuid", "api_key", "encoded", "expiration"}
    changing |= {"username", "authentication_realm", "lookup_realm", "embedding"}
    return {name: "…" if name in changing else item for name, item in value.items()}


def script_provider(es: Standin, file: str, exchange: dict[str, Any]) -> None:
    """Lets the provider do what the recording stub did for this URL or key."""
    body = json.dumps(exchange.get("body", "")).replace("\\", "")
    url, key = (
        m[1] if (m := re.search(rf'"{name}": ?"([^"]*)"', body)) else "" for name in ("url", "api_key")
    )
    how = re.match(r"http://127\.0\.0\.1:9271/(\w+)/", url)
    if url.startswith("ftp:"):
        es.provider(failure="ftp protocol is not supported")
    elif url.startswith("http://127.0.0.1:1/"):
        es.provider(failure="refused")
    elif file == "services":
        es.provider(**vendor(exchange, key))
    elif key and not url and file in ("validation", "provider_errors", "parsing"):
        es.provider(failure="unknown_host")
    elif how and how[1].isdigit():
        es.provider(status=int(how[1]), message=f"fake provider says {how[1]}")
    elif how and how[1] in ("garbage", "close"):
        es.provider(failure=how[1])
    else:
        es.provider()


def vendor(exchange: dict[str, Any], key: str) -> dict[str, Any]:
    """What the stub answered in the name of a vendor."""
    if key.startswith("status-"):
        return {"status": int(key.removeprefix("status-")), "message": ""}
    if key in ("garbage", "close"):
        return {"failure": key}
    if "alibabacloud" in exchange["path"]:
        return {"failure": "null"}
    small = ("x-cohere-text-embedding", "x-googleaistudio-text-embedding")
    return {"dimensions": 4} if exchange["path"].split("/")[3] in small else {}


def leave_over(earlier: Replay, note: str) -> None:
    """Sends one request of the file before, whose endpoint was still there."""
    found = next(one for one in exchanges(earlier.version, earlier.file) if one["note"] == note)
    answer = earlier.send(found)
    assert answer is not None
    assert answer.is_success


def services_for(path: str, file: str) -> list[dict[str, Any]]:
    """The recorded `_services` answer, of all services or those of one task type."""
    task_type = path.removeprefix("/_inference/_services").strip("/")
    services: list[dict[str, Any]] = json.loads((STANDIN / "data" / file).read_text())
    return [service for service in services if not task_type or task_type in service["task_types"]]


def basic(user: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """A stand-in without TLS for all files."""
    with Standin.start(tmp_path_factory.mktemp("standin"), tls=False) as es:
        yield es


CASES = [pytest.param(*case, id="-".join(case)) for case in sorted(RECORDED)]


@pytest.mark.parametrize(("version", "file"), CASES)
def test_recorded_exchanges_are_answered_alike(plain: Standin, version: str, file: str) -> None:
    """Status, error type, reason, body and headers are those of the real server, but for the differences that are listed."""
    plain.reset(profile=VERSIONS[version])
    plain.set_machine_learning(False)
    if file == "semantics":
        plain.accept_keys(["good", "good2"])
    else:
        for key in ("bad", "bad1"):
            plain.refuse_key(key, words="Incorrect API key provided")
    with httpx.Client(base_url=plain.url, trust_env=False) as client:
        del client.headers["accept"]  # the recorded requests had none
        if file == "delete_in_use":
            leave_over(Replay(plain, client, version, "provider_errors"), "hugging_face ok")
        found = list(Replay(plain, client, version, file).run())
    listed = differences(version, file)
    assert [one for one in found if one.note not in listed] == []
    assert {one.note for one in found} == listed

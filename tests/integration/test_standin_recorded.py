"""The stand-in answers as Elasticsearch 9.4.3 did: every recorded request is sent again, in order, and compared."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from testbed.standin.client import Standin

STANDIN = Path(__file__).parents[1] / "testbed" / "standin"
RECORDED = STANDIN / "recorded"
FILES = sorted(path.stem for path in RECORDED.glob("*.jsonl"))

# What the stand-in answers differently, and why.
NO_DOCUMENTS = "the stand-in has no documents"
NO_BREAKER = "the stand-in has no circuit breaker but by a fault"
NO_STATS = "the stand-in does not show indices and their statistics"
NO_LICENCE = "the stand-in does not show its licence"
ML_PATHS = "the stand-in has the paths of machine learning even without the module"
NO_INDEX_LIST = "DELETE / is a path of its own on the real server"
OWN_USER = "the text names the user, who is called otherwise"
ANY_ORDER = "the order of the names is that of a Java hash set"
JAVA_DNS = "Java words a failure to resolve a name in several ways"
VENDOR_ANSWER = (
    "the recording stub answered this vendor wrongly; the stand-in's provider answers every service"
)
STUB_WORDS = "the words and numbers of the recording stub"
NO_INPUT_TYPES = "the stand-in takes every input_type when it is asked for an inference"
SLOW = "takes the full 30 seconds; `timeout=1ms` shows the same"
DIFFERENT = {
    "cluster_faults": {"tiny inflight breaker": NO_BREAKER, "PUT while breaker": NO_BREAKER},
    "delete_in_use": {"index a document": NO_DOCUMENTS, "_stats?": NO_STATS},
    "license": {"license": NO_LICENCE},
    "parsing": {
        "2 hp": OWN_USER,
        '24 chunk {"strategy": "sentence", "max_chunk_size": 100, "overlap": 1, "x": 2}': ANY_ORDER,
        "60 PUT /_inference/rerank/nope": JAVA_DNS,
        "65 GET /cidx": NO_STATS,
        "100 POST /": NO_INDEX_LIST,
        "101 GET /_ml/trained_models/x/_stats": ML_PATHS,
        "153 cohere return_documents=None": JAVA_DNS,
    },
    "provider_errors": {"cohere embedding, provider unreachable": JAVA_DNS},
    "semantics": {
        "30 PUT /_inference/text_embedding/m1/_update": STUB_WORDS,
        "79 POST /_inference/text_embedding/m1": STUB_WORDS,
        "80 POST /_inference/text_embedding/m1": NO_INPUT_TYPES,
        "94 POST /_inference/chat_completion/cc/_stream": STUB_WORDS,
    },
    "services": {
        "nvidia rerank": VENDOR_ANSWER,
        "hugging_face sparse_embedding": VENDOR_ANSWER,
        "llama text_embedding": VENDOR_ANSWER,
        "amazonbedrock text_embedding": VENDOR_ANSWER,
        "googlevertexai rerank": VENDOR_ANSWER,
        "watsonxai text_embedding": VENDOR_ANSWER,
    },
}
UNASKED = {"services": {"cohere rerank fault key sleep-35": SLOW}}


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
    file: str
    key: str = ""
    names: dict[str, str] = field(default_factory=dict)

    def run(self) -> Iterator[Difference]:
        """All that differs."""
        for line in (RECORDED / f"{self.file}.jsonl").read_text().splitlines():
            exchange = json.loads(line)
            if exchange["note"] not in UNASKED.get(self.file, {}):
                yield from self.compare(exchange, self.send(exchange))

    def send(self, exchange: dict[str, Any]) -> httpx.Response:
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
        return self.client.request(exchange["method"], exchange["path"], content=content, headers=headers)

    def compare(self, exchange: dict[str, Any], response: httpx.Response) -> Iterator[Difference]:
        """The differences of one answer."""
        note, recorded = exchange["note"], exchange["answer"]
        if recorded == "services-9.4.3.json":
            recorded = services_for(exchange["path"])
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
    """An object of an answer without ids, times, and names of cluster and superuser."""
    changing = {"cluster_uuid", "cluster_name", "index_uuid", "api_key", "encoded", "expiration"}
    changing |= {"username", "authentication_realm", "lookup_realm"}
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
    lines = (RECORDED / f"{earlier.file}.jsonl").read_text().splitlines()
    assert earlier.send(next(line for line in map(json.loads, lines) if line["note"] == note)).is_success


def services_for(path: str) -> list[dict[str, Any]]:
    """The recorded `_services` answer, of all services or those of one task type."""
    task_type = path.removeprefix("/_inference/_services").strip("/")
    services: list[dict[str, Any]] = json.loads((STANDIN / "data" / "services-9.4.3.json").read_text())
    return [service for service in services if not task_type or task_type in service["task_types"]]


def basic(user: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """A stand-in without TLS for all files."""
    with Standin.start(tmp_path_factory.mktemp("standin"), tls=False) as es:
        yield es


@pytest.mark.parametrize("file", FILES)
def test_recorded_exchanges_are_answered_alike(plain: Standin, file: str) -> None:
    """Status, error type, reason, body and headers are those of the real server, but for the differences listed above."""
    plain.reset()
    plain.set_machine_learning(False)
    plain.accept_keys(["good", "good2"] if file == "semantics" else None)
    for key in ("bad", "bad1"):
        plain.refuse_key(key)
    with httpx.Client(base_url=plain.url, trust_env=False) as client:
        del client.headers["accept"]  # the recorded requests had none
        if file == "delete_in_use":
            leave_over(Replay(plain, client, "provider_errors"), "hugging_face ok")
        differences = list(Replay(plain, client, file).run())
    unexpected = [one for one in differences if one.note not in DIFFERENT.get(file, {})]
    assert unexpected == []
    assert {one.note for one in differences} == DIFFERENT.get(file, {}).keys()

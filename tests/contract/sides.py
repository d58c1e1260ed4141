"""The two that are compared: a real Elasticsearch with the stub of a provider, and the stand-in for both."""

import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from contract import steps
from contract.comparison import Answer, Difference, compare, read
from contract.scenarios import SCENARIOS
from contract.steps import INDICES, KEY, NEW_KEY, PROVIDER, Meanwhile, Request, Step, Together
from testbed.elasticsearch import Elasticsearch
from testbed.processes import wait_for
from testbed.provider import Provider
from testbed.standin.client import Standin

NO_KEY = ""
"""What the provider is sent for an endpoint without a key."""
GARBAGE = "<html>not json</html>"


class Side(ABC):
    """An Elasticsearch, and how its provider is told what to do."""

    def __init__(self, es: Elasticsearch | Standin, provider_url: str) -> None:
        trust = ssl.create_default_context(cafile=es.ca_file)
        self._client = httpx.Client(base_url=es.url, verify=trust, timeout=60, trust_env=False)
        self._admin = es.admin
        self._provider_url = provider_url
        self._keys: dict[tuple[str, ...], str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @abstractmethod
    def begin(self) -> None:
        """Bring everything to where a scenario begins."""

    @abstractmethod
    def order(self, provider: steps.Provider) -> None:
        """Let the provider behave so."""

    @abstractmethod
    def asked(self) -> int:
        """How often something has been asked so far."""

    def play(self, scenario: Sequence[Step]) -> list[Answer]:
        """The answers to the requests of a scenario."""
        self.begin()
        return list(self._answers(scenario))

    def _answers(self, steps: Sequence[Step]) -> Iterator[Answer]:
        for step in steps:
            match step:
                case Request():
                    yield self._send(step)
                case Together():
                    yield from self._send_together(step)
                case Meanwhile():
                    yield from self._send_slowly(step)
                case _:
                    self.order(step)

    def _send_together(self, step: Together) -> list[Answer]:
        with ThreadPoolExecutor(step.times) as pool:
            return sorted(pool.map(self._send, [step.request] * step.times), key=lambda one: one.status)

    def _send_slowly(self, step: Meanwhile) -> Iterator[Answer]:
        with ThreadPoolExecutor(1) as pool:
            before = self.asked()
            slow = pool.submit(self._send, step.slow)
            wait_for(lambda: self.asked() > before, what=f"the {step.slow.method} is under way", timeout=10)
            yield from self._answers(step.steps)
            yield slow.result()

    def _send(self, request: Request) -> Answer:
        text = request.body if isinstance(request.body, str | None) else json.dumps(request.body)
        content = text and text.replace(PROVIDER, self._provider_url)
        headers = {"Content-Type": "application/json"} if content is not None else {}
        headers |= self._authorization(request.who) | dict(request.headers)
        try:
            response = self._client.request(
                request.method, request.path, content=content, headers=headers, timeout=request.patience
            )
        except httpx.ReadTimeout:
            return Answer(0, {}, "no answer")
        return read(response, self._provider_url)

    def _authorization(self, who: str | tuple[str, ...]) -> dict[str, str]:
        match who:
            case "nobody":
                return {}
            case "superuser":
                return {"Authorization": self._admin.headers["Authorization"]}
            case str():
                return {"Authorization": who}
        if who not in self._keys:
            self._keys[who] = self._create_key(who)
        return {"Authorization": f"ApiKey {self._keys[who]}"}

    def _create_key(self, privileges: Sequence[str]) -> str:
        role = {"cluster": list(privileges), "indices": []}
        body = {"name": "contract", "role_descriptors": {"contract": role}}
        made = self._admin.post("/_security/api_key", json=body).raise_for_status()
        return str(made.json()["encoded"])


class RealSide(Side):
    """The real one."""

    def __init__(self, es: Elasticsearch, provider: Provider) -> None:
        super().__init__(es, provider.url)
        self._provider = provider

    def begin(self) -> None:
        """Remove what the scenario before has left behind."""
        self.order(steps.Provider())
        self._admin.delete("/" + ",".join(INDICES), params={"ignore_unavailable": "true"}).raise_for_status()
        found = self._admin.get("/_inference").raise_for_status().json()["endpoints"]
        for name in (one["inference_id"] for one in found if not one["inference_id"].startswith(".")):
            self._admin.delete(f"/_inference/{name}", params={"force": "true"}).raise_for_status()

    def order(self, provider: steps.Provider) -> None:
        """Tell the stub."""
        self._provider.reset()
        for key in (KEY, NEW_KEY, NO_KEY):
            self._provider.accept(key, label=key)
        if provider.failure == "garbage":
            self._provider.fail(status=200, body=GARBAGE)
        elif provider != steps.Provider():
            close = provider.failure == "close"
            self._provider.fail(status=provider.status, close=close, delay=provider.delay)

    def asked(self) -> int:
        """The requests that the stub has seen."""
        return len(self._provider.requests())


class StandinSide(Side):
    """The stand-in for one version, which answers for the provider too."""

    def __init__(self, es: Standin, provider_url: str, version: str) -> None:
        super().__init__(es, provider_url)
        self._es = es
        self._profile = version.rpartition(".")[0]

    def begin(self) -> None:
        """Make it new, and as poor as the real one of the test bed, which has no machine learning."""
        self._es.reset(profile=self._profile)
        self._keys.clear()
        self._es.set_machine_learning(False)
        self._es.accept_keys([KEY, NEW_KEY])

    def order(self, provider: steps.Provider) -> None:
        """Tell the control side; the words are those of the stub."""
        message = provider.status and f"provider fault {provider.status}"
        self._es.provider(
            status=provider.status, message=message, failure=provider.failure, delay=provider.delay
        )

    def asked(self) -> int:
        """The requests that the stand-in has seen; it asks its provider without delay."""
        return len(self._es.operations())


@dataclass(frozen=True)
class Sides:
    """Both, for one version."""

    version: str
    real: RealSide
    standin: StandinSide
    played: dict[str, tuple[list[Answer], list[Answer]]] = field(default_factory=dict)

    def compare(self, scenario: Sequence[Step]) -> list[Difference]:
        """What the two answer differently."""
        return compare(scenario, self.real.play(scenario), self.standin.play(scenario))

    def play(self, name: str) -> tuple[list[Answer], list[Answer]]:
        """What both answer to a scenario; it is played once, however many tests look at it."""
        if name not in self.played:
            scenario = SCENARIOS[name]
            self.played[name] = self.real.play(scenario), self.standin.play(scenario)
        return self.played[name]

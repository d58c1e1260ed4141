"""The tests' handle on a provider stub in a process of its own."""

import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from testbed.processes import Process, wait_for
from testbed.provider.state import ProviderRequest
from testbed.provider.vendors import write_certificate


class Provider:
    """A running stub: `url` for services whose URL is a setting, and perhaps the vendors' host names."""

    def __init__(self, process: Process, ready: dict[str, Any], ca_file: Path) -> None:
        self.url: str = ready["url"]
        self.vendor_address: str | None = ready["vendor_address"]
        self.ca_file = ca_file
        self._process = process
        self._keys: dict[str, str] = {}
        self._control = httpx.Client(base_url=f"{self.url}/_control", trust_env=False)

    @classmethod
    def start(cls, directory: Path, *, vendor_hosts: bool = True) -> Self:
        """Start a stub that keeps its files in `directory` and accepts no key yet."""
        certificate, authority = write_certificate(directory)
        command = [sys.executable, "-m", "testbed", "provider", "--port", "0"]
        command += ["--vendor-certificate", str(certificate)] if vendor_hosts else []
        log = directory / "provider.log"
        log.unlink(missing_ok=True)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = Process(command, log=log, name="provider", env=environment)
        ready = wait_for(
            lambda: _announcement(log), what="the provider stub is up", timeout=30, process=process
        )
        return cls(process, ready, authority)

    @property
    def vendor_hosts(self) -> bool:
        """Whether the stub also answers for the vendors' own host names."""
        return self.vendor_address is not None

    def accept(self, key: str, label: str) -> None:
        """Let `key` pass (an empty one: requests without any); its requests are reported under `label`."""
        self._keys[key] = label
        self._order("keys", accepted=self._keys)

    def revoke(self, key: str) -> None:
        """Refuse `key` from now on."""
        self._keys.pop(key, None)
        self._order("keys", accepted=self._keys)

    def fail(
        self,
        *,
        status: int | None = None,
        body: object = None,
        delay: float = 0,
        close: bool = False,
        times: int | None = None,
        label: str | None = None,
    ) -> None:
        """Misbehave for the next `times` requests, or until the reset; see `testbed.provider.state.Fault`."""
        self._order("fault", status=status, body=body, delay=delay, close=close, times=times, label=label)

    def reset(self) -> None:
        """Forget all keys, faults and requests."""
        self._keys.clear()
        self._order("reset")

    def requests(self) -> list[ProviderRequest]:
        """What reached the stub since the reset, oldest first."""
        answer = self._control.get("/requests").raise_for_status()
        return [ProviderRequest(**seen) for seen in answer.json()]

    def stop(self) -> None:
        """End the process."""
        self._control.close()
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _order(self, order: str, **body: object) -> None:
        self._control.post(f"/{order}", json=body).raise_for_status()


def _announcement(log: Path) -> dict[str, Any] | None:
    """The line of JSON that the stub prints when it listens."""
    lines = [line for line in log.read_text().splitlines(keepends=True) if line.startswith("{")]
    return json.loads(lines[0]) if lines and lines[0].endswith("\n") else None

"""The operator under test: the real program, as a process with a ServiceAccount's token and deploy/install.yaml's rights."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from testbed.controlplane import ControlPlane
from testbed.installation import access
from testbed.processes import Process, free_port, wait_for

ROOT = Path(__file__).parents[2]
NAMESPACE = "elasticsearch-inference-operator"
_START_TIMEOUT = 60.0


class RunningOperator:
    """One operator process; `restart` and `kill` keep its settings."""

    def __init__(self, directory: Path, plane: ControlPlane, **settings: object) -> None:
        plane.kubectl("apply", "--server-side", "--filename=-", input=access())
        self._plane = plane
        self._directory = directory
        self._port = free_port()
        kubeconfig = plane.service_account_kubeconfig(NAMESPACE, NAMESPACE)
        given = {"log_level": "DEBUG", "http_host": "127.0.0.1", "http_port": self._port, **settings}
        self._env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("INFERENCE_OPERATOR_")},
            **{f"INFERENCE_OPERATOR_{k.upper()}": str(v) for k, v in given.items()},
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": str(ROOT / "operator"),
        }
        self.log = directory / "operator.log"
        self._process: Process | None = None

    @classmethod
    @contextmanager
    def start(cls, directory: Path, plane: ControlPlane, **settings: object) -> Iterator[Self]:
        """An operator that is ready; `settings` are those of the product, in lower case."""
        operator = cls(directory, plane, **settings)
        try:
            operator.run()
            yield operator
        finally:
            operator.stop()

    def through(self, url: str, ca_file: Path | None = None) -> Self:
        """Let it reach the API server through what answers at `url`, from its next run on."""
        kubeconfig = Path(self._env["KUBECONFIG"])
        text = kubeconfig.read_text().replace(self._plane.server, url)
        kubeconfig.write_text(text.replace(str(self._plane.ca_file), str(ca_file or self._plane.ca_file)))
        return self

    def run(self) -> None:
        """Start the process and wait until it is ready."""
        argv = [sys.executable, "-m", "inference_operator", "run"]
        self._process = Process(argv, log=self.log, name="operator", env=self._env, cwd=self._directory)
        wait_for(self.is_ready, what="the operator", timeout=_START_TIMEOUT, process=self._process)

    def stop(self) -> None:
        """End it as a kubelet would."""
        if self._process:
            self._process.stop(grace=30.0)
            self._process = None

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Stop it and run it again."""
        self.stop()
        self.run()

    @property
    def pid(self) -> int:
        """Process id while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.running

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        return self.probe("/readyz") == 200

    def probe(self, path: str) -> int:
        """The status with which a probe answers; 0 if nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def metrics(self) -> str:
        """What /metrics serves."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def log_lines(self) -> list[dict[str, Any]]:
        """Its log; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line]

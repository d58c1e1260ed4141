"""The operator as a process: how it starts, what it tells about itself, how it ends."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from testbed.builders import connection, endpoint, secret
from testbed.controlplane import ControlPlane, apply_crds
from testbed.fixtures import CRDS
from testbed.processes import wait_for
from testbed.running_operator import ROOT, RunningOperator
from testbed.standin.client import Standin
from testbed.world import CONNECTIONS, World

pytestmark = pytest.mark.xdist_group("startup")

NAME = "docs"
KEY = "a-key-that-is-nobody's-business"
QUICKLY = 5.0


@pytest.fixture(scope="module")
def operator_settings() -> dict[str, object]:
    """An operator that may reach the stand-in by name, also without TLS."""
    return {"allowed_hosts": "localhost", "allow_http": True}


def apply_docs(world: World, standin: Standin) -> None:
    """A connection by name, and an endpoint that is Ready."""
    url = "https://provider.example/v1/embeddings"
    docs = endpoint(NAME, service="openai", model_id="embed-1", url=url).with_secret("provider")
    by_name = connection(standin).at(standin.url.replace("127.0.0.1", "localhost"))
    world.apply(by_name, secret("provider", api_key=KEY), docs)
    world.wait_ready(NAME)


def test_probes_and_metrics_tell_how_it_is(
    operator: RunningOperator, control_plane: ControlPlane, standin: Standin
) -> None:
    """Alive, ready, and the numbers that a dashboard shows; nothing in them is secret."""
    with World.create(control_plane) as world:
        apply_docs(world, standin)
        assert (operator.probe("/livez"), operator.probe("/readyz"), operator.probe("/")) == (200, 200, 404)
        metrics = operator.metrics()
    for expected in (
        r'inference_operator_endpoints\{ready="True",reason="Synced"\} 1\.0',
        r'inference_operator_reconciles_total\{kind="InferenceEndpoint",reason="Synced"\} [1-9]',
        r'inference_operator_reconciles_total\{kind="ElasticsearchConnection",reason="Connected"\} [1-9]',
        r'inference_operator_elasticsearch_requests_total\{status="200",verb="PUT"\} [1-9]',
        r"inference_operator_queue_depth \d",
        r"inference_operator_watch_restarts_total \d",
    ):
        assert re.search(expected, metrics), expected
    assert KEY not in metrics


def test_plain_http_works_where_the_administrator_allows_it(
    operator: RunningOperator, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """For clusters behind a service mesh, or on a laptop."""
    assert operator.running
    with World.create(control_plane) as world, Standin.start(tmp_path, tls=False) as es:
        apply_docs(world, es)
        assert es.secrets(NAME) == {"api_key": KEY}


def test_loopback_is_refused_by_address_where_only_its_name_is_allowed(
    operator: RunningOperator, control_plane: ControlPlane, standin: Standin
) -> None:
    """The list of allowed hosts holds what stands in the URL."""
    assert operator.running
    with World.create(control_plane) as world:
        standin.clear()
        world.apply(connection(standin))
        world.wait_reason("main", "AddressNotAllowed", CONNECTIONS)
        assert standin.operations() == []


def test_log_is_json_and_nothing_else(operator: RunningOperator) -> None:
    """Each line has time, level, logger and message, at debug level too, and none holds a key."""
    lines = operator.log_lines()
    assert lines
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys(), line
        assert line["level"] in {"debug", "info", "warning", "error"}, line
    assert KEY not in operator.log.read_text()


def test_operator_waits_for_its_kinds(
    operator: RunningOperator, control_plane: ControlPlane, standin: Standin
) -> None:
    """Without CRDs it lives and is not ready; once they are there it works, without a restart."""
    operator.stop()
    control_plane.kubectl("delete", f"--filename={CRDS}", "--wait")
    with ThreadPoolExecutor(max_workers=1) as beside:
        started = beside.submit(operator.run)
        try:
            wait_for(lambda: operator.probe("/livez") == 200, what="the operator lives", timeout=20)
            assert operator.probe("/readyz") == 503
        finally:
            apply_crds(control_plane, CRDS)
        started.result(timeout=60)
    with World.create(control_plane) as world:
        apply_docs(world, standin)
        world.change(NAME, taskSettings={"user": "somebody"})
        world.wait_ready(NAME)
        world.delete(NAME)
        world.wait_gone(NAME)


def test_kinds_that_go_and_come_back_are_watched_again(
    operator: RunningOperator, control_plane: ControlPlane, standin: Standin
) -> None:
    """As when a chart is uninstalled, CRDs included, and installed anew under a running operator."""
    pid = operator.pid
    control_plane.kubectl("delete", f"--filename={CRDS}", "--wait")
    apply_crds(control_plane, CRDS)
    with World.create(control_plane) as world:
        apply_docs(world, standin)
    assert operator.pid == pid


def test_sigterm_ends_it_quickly(operator: RunningOperator) -> None:
    """A kubelet gives 30 seconds; an operator that is idle needs few."""
    begin = time.monotonic()
    operator.stop()
    assert time.monotonic() - begin < QUICKLY
    assert operator.log_lines()[-1]["message"] == "stopping"


MISTAKES = {
    "an unknown variable": ({"INTERVALL_SCALE": "1"}, "INFERENCE_OPERATOR_INTERVALL_SCALE"),
    "two mistakes at once": ({"WORKERS": "0", "ALLOW_HTTP": "perhaps"}, "ALLOW_HTTP.*; .*_WORKERS"),
}


@pytest.mark.parametrize(("given", "named"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_in_the_environment_is_named(given: dict[str, str], named: str) -> None:
    """The process ends at once, with one line that names the variable and does not repeat its value."""
    environment = {**os.environ, **{f"INFERENCE_OPERATOR_{k}": v for k, v in given.items()}}
    done = subprocess.run(
        [sys.executable, "-m", "inference_operator", "run"],
        env=environment | {"PYTHONPATH": str(ROOT / "operator")},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert re.fullmatch(rf"inference-operator: .*{named}.*\n", done.stderr), done.stderr
    assert not any(value in done.stderr for value in given.values() if value.isalpha())

"""An operator whose requests all pass proxies, and the table of crash points at the end of the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.campaign import Campaign
from crash.users import ClusterUser
from testbed.builders import connection
from testbed.controlplane import ControlPlane
from testbed.proxy import Proxies
from testbed.running_operator import RunningOperator
from testbed.tables import noted, publish
from testbed.target import Target
from testbed.world import World

BUSY = {"workers": 256, "max_concurrency": 256, "backoff_base": 0.2, "backoff_cap": 1.0}
"""A worker for each endpoint that is held."""


@pytest.fixture
def proxies(tmp_path: Path) -> Iterator[Proxies]:
    """The proxies, as yet of nobody."""
    with Proxies.start(tmp_path) as running:
        yield running


@pytest.fixture
def campaign(
    control_plane: ControlPlane, proxies: Proxies, target: Target, tmp_path: Path
) -> Iterator[Campaign]:
    """A namespace, and an operator of its own."""
    main = proxies.in_front_of(target.url, target.ca_file)
    front = proxies.in_front_of(control_plane.server, control_plane.ca_file)
    operator = RunningOperator(tmp_path, control_plane, allowed_hosts="127.0.0.1", **BUSY)
    try:
        operator.through(front.url, front.ca_file).run()
        with World.create(control_plane) as world:
            yield Campaign(
                world=world,
                operator=operator,
                proxies=proxies,
                target=target,
                user=ClusterUser(control_plane, world),
                main=connection(target).at(main.url).with_ca(main.ca_file.read_text()),
            )
    finally:
        operator.kill()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how many points there were, and how it went on."""
    rows = sorted(noted(terminalreporter, "crash"))
    if not rows:
        return
    lines = [f"{how:<30}{scenario:<34}{points:>7}{wrong:>7}" for how, scenario, points, wrong in rows]
    points, wrong = sum(row[2] for row in rows), sum(row[3] for row in rows)
    head = f"{'the operator is':<30}{'while it does':<34}{'points':>7}{'wrong':>7}"
    text = "\n".join([head, *lines, f"{'':<64}{points:>7}{wrong:>7}"])
    publish(terminalreporter, "crash", "crash points", text)

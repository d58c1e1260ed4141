"""Each version of Elasticsearch with the profile of the stand-in that stands for it, and the count of what was compared."""

from collections import Counter
from collections.abc import Iterator

import pytest

from contract.sides import RealSide, Sides, StandinSide
from testbed import tables
from testbed.provider import Provider
from testbed.standin.client import Standin
from testbed.target import SERVERS, targets


@pytest.fixture(scope="session", params=targets("real-9.4.3", "real-8.19.8"))
def sides(request: pytest.FixtureRequest, provider: Provider, standin_process: Standin) -> Iterator[Sides]:
    """The real one and the stand-in of one version."""
    es = request.getfixturevalue(SERVERS[request.param])
    version = request.param.removeprefix("real-")
    if not es.managed:
        pytest.skip("each scenario begins on an empty server, and the one of ES_URL is not ours to empty")
    if es.version != version:
        pytest.skip(f"the stand-in has no profile for the Elasticsearch {es.version} of ES_HOME")
    with RealSide(es, provider) as real, StandinSide(standin_process, provider.url, version) as standin:
        yield Sides(version, real, standin)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was compared, and how much differs for a listed reason."""
    counts: dict[str, Counter[str]] = {}
    for version, count in tables.noted(terminalreporter, "contract"):
        counts.setdefault(version, Counter()).update(count)
    lines = [
        f"{version}: {count['scenarios']} scenarios, {count['requests']} requests compared, "
        f"{count['listed']} differ for a listed reason"
        for version, count in counts.items()
    ]
    if lines:
        title = "the stand-in against real servers"
        tables.publish(terminalreporter, "contract", title, "\n".join(lines))

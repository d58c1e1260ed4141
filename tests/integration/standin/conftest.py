"""The operator's view of the stand-in."""

from collections.abc import Iterator

import httpx
import pytest

from testbed.standin.client import Standin


@pytest.fixture
def client(standin: Standin) -> Iterator[httpx.Client]:
    """A client with the operator's API key."""
    with standin.client(standin.api_key) as client:
        yield client

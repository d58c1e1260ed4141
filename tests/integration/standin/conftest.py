"""The operator's view of the stand-in."""

from collections.abc import Iterator

import httpx
import pytest

from integration.standin.samples import PATH, openai
from testbed.standin.client import Standin


@pytest.fixture
def client(standin: Standin) -> Iterator[httpx.Client]:
    """A client with the operator's API key."""
    with standin.client(standin.api_key) as client:
        yield client


@pytest.fixture
def stored(client: httpx.Client) -> httpx.Client:
    """The client, once there is an endpoint."""
    client.put(PATH, json=openai()).raise_for_status()
    return client

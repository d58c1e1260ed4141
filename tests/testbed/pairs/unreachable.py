"""What the real servers have, but cannot be shown where the tests run, and why."""

from testbed.pairs import Pair
from testbed.pairs.servers import Kind, Server

_NO_MODELS = "the distribution has no machine-learning plugin, without which no model can be started"


def hindrance(pair: Pair, server: Server) -> str | None:
    """Why the pair cannot be shown on that server; the stand-in can do all."""
    return _NO_MODELS if pair.in_cluster and server.kind is Kind.REAL else None

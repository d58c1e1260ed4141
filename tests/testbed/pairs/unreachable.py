"""What the real servers have, but cannot be shown where the tests run, and why."""

from testbed.pairs import Pair

_NO_MODELS = "the distribution has no machine-learning plugin, without which no model can be started"
_REASONS = {"elasticsearch": _NO_MODELS, "elser": _NO_MODELS}


def hindrance(pair: Pair, server: str) -> str | None:
    """Why the pair cannot be shown on that server; the stand-in can do all."""
    return _REASONS.get(pair.service) if server.startswith("real") else None

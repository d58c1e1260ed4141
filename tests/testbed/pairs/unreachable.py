"""What the real servers have, but cannot be shown where the tests run, and why."""

from collections.abc import Mapping

from testbed.pairs import PAIRS, Pair

_REASONS = {  # by service, or by service and task type
    "elasticsearch": "the distribution comes without the machine-learning plugin",
    "elser": "the distribution comes without the machine-learning plugin",
}


def unreachable(server: str) -> Mapping[Pair, str]:
    """The reasons by pair; the stand-in can do all."""
    if server.startswith("standin"):
        return {}
    reasons = ((pair, _REASONS.get(pair.service) or _REASONS.get(pair.name)) for pair in PAIRS)
    return {pair: reason for pair, reason in reasons if reason}

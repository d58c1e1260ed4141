"""The circuit breaker for requests in flight, which a setting makes so small that it breaks."""

from testbed.standin.refusal import Refusal
from testbed.standin.state import Cluster

SETTING = "network.breaker.inflight_requests.limit"


def check_size(cluster: Cluster, size: int) -> None:
    """Refuses a request whose body does not fit; it is counted when it arrives and when it is read."""
    limit, wanted = cluster.breaker, 2 * size + cluster.profile.request_overhead
    if limit is None or wanted <= limit:
        return
    text = f"data for [<http_request>] would be [{wanted}/{_text(wanted)}]"
    larger = f"which is larger than the limit of [{limit}/{_text(limit)}]"
    reason = f"[inflight_requests] Data too large, {text}, {larger}{cluster.profile.breaker_advice}"
    details = {"bytes_wanted": wanted, "bytes_limit": limit, "durability": "TRANSIENT"}
    raise Refusal(429, "circuit_breaking_exception", reason, details=details)


def read_limit(value: str | None) -> int | None:
    """The bytes that a setting names; None: as many as usual, which is no limit here."""
    return None if value is None else int(value.removesuffix("b"))


def _text(size: int) -> str:
    return f"{size}b" if size < 1024 else f"{size * 10 // 1024 / 10}kb"

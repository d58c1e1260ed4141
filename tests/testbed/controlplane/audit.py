"""The API server's audit log: what was asked, by whom, and how it ended."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Only finished requests, and nothing of the control plane's own.
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- {level: None, users: ["system:apiserver", "system:kube-controller-manager"]}
- {level: None, nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/openapi*", "/version"]}
- {level: Metadata}
"""


@dataclass(frozen=True)
class AuditEntry:
    """One request to the API server."""

    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    code: int
    uri: str

    @property
    def is_write(self) -> bool:
        """Whether the request was to change something."""
        return self.verb in {"create", "update", "patch", "delete", "deletecollection"}


def read(path: Path, offset: int = 0) -> Iterator[AuditEntry]:
    """The entries that stand in the log from byte `offset` on."""
    with path.open("rb") as log:
        log.seek(offset)
        for line in log:
            if line.endswith(b"\n"):
                yield _entry(json.loads(line))


def _entry(event: dict[str, dict[str, str] | str]) -> AuditEntry:
    target, user, status = (event.get(k) or {} for k in ("objectRef", "user", "responseStatus"))
    assert isinstance(target, dict)
    assert isinstance(user, dict)
    assert isinstance(status, dict)
    return AuditEntry(
        verb=str(event.get("verb", "")),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=user.get("username", ""),
        user_agent=str(event.get("userAgent", "")),
        code=int(status.get("code", 0)),
        uri=str(event.get("requestURI", "")),
    )

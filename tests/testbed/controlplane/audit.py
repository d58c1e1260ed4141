"""The API server's audit log: what was asked, by whom, and how it ended."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
            if line.endswith(b"\n"):  # the last one may still be being written
                yield _entry(json.loads(line))


def _entry(event: dict[str, Any]) -> AuditEntry:
    target = event.get("objectRef", {})
    return AuditEntry(
        verb=event["verb"],
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"].get("username", ""),
        user_agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        uri=event["requestURI"],
    )

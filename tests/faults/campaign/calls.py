"""The requests that an undisturbed operator makes: each is one to be spoiled."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from testbed.standin.journal import Operation


class Kind(StrEnum):
    """What a request asks for."""

    WHO = "GET /"
    RIGHTS = "_has_privileges"
    SERVICES = "_services"
    READ = "GET"
    CREATE = "PUT"
    PREFLIGHT = "preflight PUT"
    CLEAN_UP = "preflight DELETE"
    UPDATE = "_update"
    DRY_RUN = "DELETE dry run"
    DELETE = "DELETE"


WRITES = frozenset({Kind.CREATE, Kind.PREFLIGHT, Kind.CLEAN_UP, Kind.UPDATE, Kind.DELETE})
LOOKS = frozenset({Kind.WHO, Kind.RIGHTS, Kind.SERVICES, Kind.READ})
CREATES = frozenset({Kind.CREATE, Kind.PREFLIGHT})
_TEMPORARY = "-preflight-"
_PATHS = {
    "/": Kind.WHO,
    "/_security/user/_has_privileges": Kind.RIGHTS,
    "/_inference/_services": Kind.SERVICES,
}


@dataclass(frozen=True)
class Call:
    """Request number `nth` of its kind."""

    kind: Kind
    method: str
    path: str
    nth: int

    @property
    def title(self) -> str:
        """As messages name it."""
        return str(self.kind) if self.nth == 1 else f"{self.kind} number {self.nth}"

    def rule(self) -> dict[str, Any]:
        """Which requests of another run are the same, as faults name them."""
        path = re.sub(rf"{_TEMPORARY}[^/]+", f"{_TEMPORARY}[^/]+", self.path)
        dry_run = "true" if self.kind is Kind.DRY_RUN else None
        return {"method": self.method, "path": path, "query": {"dry_run": dry_run}, "nth": self.nth}


def kind_of(request: Operation) -> Kind:
    """What a request asks for."""
    return _PATHS.get(request.path) or _about_endpoint(request)


def _about_endpoint(request: Operation) -> Kind:
    temporary = _TEMPORARY in request.path
    if request.method == "PUT":
        if request.path.endswith("/_update"):
            return Kind.UPDATE
        return Kind.PREFLIGHT if temporary else Kind.CREATE
    if request.method == "DELETE":
        if request.query.get("dry_run") == "true":
            return Kind.DRY_RUN
        return Kind.CLEAN_UP if temporary else Kind.DELETE
    return Kind.READ


def calls(requests: Iterable[Operation]) -> Iterator[Call]:
    """Each request, with its number among its like."""
    seen: Counter[tuple[str, str, Kind]] = Counter()
    for request in requests:
        like = request.method, request.path, kind_of(request)
        seen[like] += 1
        yield Call(like[-1], request.method, request.path, seen[like])


def excess(requests: Iterable[Operation], undisturbed: Iterable[Operation], times: int) -> Iterator[str]:
    """What was asked too often where `times` requests went wrong: each costs four looks at most, and one more write."""
    usual = Counter(map(kind_of, undisturbed))
    for kind, number in Counter(map(kind_of, requests)).items():
        most = usual[kind] + (4 * times if kind in LOOKS else times + 1)
        if number > most:
            yield f"{kind}: {number} times, where {most} suffice"

"""The servers that the pairs are tried on, the columns of the table: each is real, a stand-in, or an assumed version."""

from dataclasses import dataclass
from enum import StrEnum

from testbed.pairs import Pair
from testbed.standin.offering import services_of
from testbed.standin.profiles import PROFILES, Profile
from testbed.standin.services import IN_CLUSTER, Service

_NEWEST = (99, 0)
"""A serverless cluster has what the newest release has."""
ALLOCATIONS = "/serviceSettings/num_allocations"
"""Of a model in the cluster; can be changed on every version."""


class Kind(StrEnum):
    """How much a column proves."""

    REAL = "real"
    STANDIN = "stand-in"
    """It was compared with a real server of its version."""
    ASSUMED = "assumed"
    """A stand-in for a version that no real server was asked of."""


@dataclass(frozen=True)
class Server:
    """One column: a stand-in of that profile, or the real server that a fixture starts."""

    name: str
    kind: Kind
    fixture: str = ""

    @property
    def title(self) -> str:
        """As the table names it."""
        return f"{self.name} {self.kind}"


def _standin(name: str, profile: Profile) -> Server:
    return Server(name, Kind.ASSUMED if profile.assumed else Kind.STANDIN)


SERVERS = (
    *(_standin(name, profile) for name, profile in PROFILES.items()),
    Server("8.19.8", Kind.REAL, "real_elasticsearch_8"),
    Server("9.4.3", Kind.REAL, "real_elasticsearch"),
)


@dataclass(frozen=True)
class Version:
    """What a version of Elasticsearch is known to do with its endpoints; the profiles hold that knowledge."""

    profile: Profile

    @classmethod
    def of(cls, number: str, flavor: str) -> "Version":
        """The newest known version that is not newer than what the server says it is."""
        if flavor == "serverless":
            return cls(PROFILES["serverless"])
        major, minor, *_ = map(int, number.split("-", maxsplit=1)[0].split("."))
        known = [profile for profile in PROFILES.values() if profile.build_flavor != "serverless"]
        not_newer = [profile for profile in known if profile.release <= (major, minor)]
        return cls(max(not_newer, key=lambda profile: profile.release))

    @property
    def release(self) -> tuple[int, int]:
        """The release whose services it has."""
        return _NEWEST if self.profile.build_flavor == "serverless" else self.profile.release

    def service(self, pair: Pair) -> Service:
        """What it knows of the service of a pair."""
        name = IN_CLUSTER if pair.in_cluster else pair.service
        return services_of(self.profile)[name]

    def changes(self, pair: Pair, path: str) -> bool:
        """Whether an update changes the setting at that path of the spec; strict versions refuse what they do not change."""
        section, name = path.split("/")[1:3]
        if section == "taskSettings" or path == ALLOCATIONS:
            return True
        strict, service = self.profile.update_is_strict, self.service(pair)
        if name == "rate_limit":
            told = service.fact("updates_rate_limit")
            limited = pair.task_type in told if isinstance(told, list) else bool(told)
            return strict or limited
        return strict and name in (service.fact("mutable") or [])

    def wants_allocations(self, pair: Pair) -> bool:
        """Whether every update must name the allocations: one that does not is refused, whatever it is about."""
        return pair.in_cluster and self.release < (8, 19)

    def resets_chunking(self, pair: Pair) -> bool:
        """Whether an update, of whatever, makes the chunking settings those of long ago."""
        return self.profile.update_resets_chunking and not self.service(pair).fact("keeps_chunking")

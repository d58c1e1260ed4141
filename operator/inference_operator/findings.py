"""What is wrong with an endpoint, sorted by what can be done about it: pure, and shared by plan and verification.

A setting is wrong where it is not as desired, or where it was applied, is desired no longer and is still there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.capabilities import Capabilities
from inference_operator.endpoint import (
    ABSENT,
    SERVICE_ALIASES,
    Definition,
    Difference,
    as_json,
    differences,
    removed,
    same_kind,
    shown,
    value_at,
)

AFTER_RESET = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
"""The chunking settings that any update leaves behind where `update_keeps_chunking` is not given."""


AFTER_CREATE = {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1}
"""The chunking settings of an endpoint that was made without any."""


class DriftPolicy(StrEnum):
    """What to do with what somebody else has changed."""

    CORRECT = "Correct"
    WARN = "Warn"
    IGNORE = "Ignore"


class ReplacePolicy(StrEnum):
    """What to do with a change that cannot be made in place."""

    NEVER = "Never"
    WHEN_UNUSED = "WhenUnused"
    FORCE = "Force"


class AdoptionPolicy(StrEnum):
    """What to do with an endpoint that somebody else has made."""

    MATCH = "Match"
    OVERWRITE = "Overwrite"
    NEVER = "Never"


@dataclass(frozen=True, slots=True)
class Desired:
    """The endpoint that should exist, and how far one may go for it."""

    inference_id: str
    definition: Definition
    secrets: frozenset[str] = frozenset()
    """The paths of the secret settings."""
    drift: DriftPolicy = DriftPolicy.CORRECT
    replacement: ReplacePolicy = ReplacePolicy.NEVER
    adoption: AdoptionPolicy = AdoptionPolicy.MATCH

    @property
    def has_secrets(self) -> bool:
        """Whether there is a secret to be sent."""
        return bool(self.secrets)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A setting that the server did not take over when it was asked for."""

    path: str
    desired: str
    server_version: str
    by_create: bool = False
    """It was a create that did not take it over, so no replace will help."""
    refused: bool = False
    """It was refused by name; else it was passed over with 200."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of earlier reconciles of the same resource."""

    applied: Definition | None = None
    claimed: Definition | None = None
    """What a create without outcome asked for."""
    replacing: bool = False
    """That create is the second half of a replace."""
    unresolved: bool = False
    """Whether that create may still take effect."""
    ignored: Sequence[Ignored] = ()
    secrets: frozenset[str] = frozenset()
    """The paths of those that were sent, where the service would also do without."""
    secretless: bool = False
    """It was created without secrets, and is of a kind that cannot be given any later."""
    secrets_changed: bool = True
    secrets_unsent: bool = False
    """Whoever made the endpoint gave it its secrets; this resource never has."""
    secrets_due: bool = False
    """It is long ago that they were sent."""
    disputed: frozenset[str] = frozenset()
    """The paths that were put back again and again in vain; that of the endpoint itself is empty."""

    def before(self, observed: Definition) -> Definition | None:
        """What was made true, or was at least asked for and is so."""
        if self.claimed is not None and (self.applied is None or not differs(self.claimed, observed)):
            return self.claimed
        return self.applied

    def made(self, observed: Definition) -> bool:
        """Whether the endpoint is there because of us; a mere claim counts only where it equals what was asked for."""
        return self.applied is not None or (self.claimed is not None and not differs(self.claimed, observed))

    def knows(self, difference: Difference, version: str) -> Ignored | None:
        """The record that this version was asked for the same, in vain."""
        wanted = as_json(difference.desired)
        same = (
            i
            for i in self.ignored
            if (i.path, i.desired, i.server_version) == (difference.path, wanted, version)
        )
        return next(same, None)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong; each difference is in one of the lists."""

    fixed: Sequence[Difference] = ()
    """This version cannot change it in place."""
    reset: Sequence[Difference] = ()
    """An update has put it to the server's default, and no update brings it back."""
    refused: Sequence[Difference] = ()
    """It was asked for before, and refused by name."""
    in_vain: Sequence[Difference] = ()
    """It was asked for before, and passed over with 200."""
    missing: Sequence[Difference] = ()
    """Not even the create took it over."""
    disputed: Sequence[Difference] = ()
    """It was put back often enough."""
    left: Sequence[Difference] = ()
    """Somebody else has changed it, and the policy leaves it so."""
    open: Sequence[Difference] = ()
    """It can be asked for."""
    drift: Sequence[Difference] = ()
    """Those of all of them that somebody else has changed."""

    @property
    def replaceable(self) -> list[Difference]:
        """What a replace would bring."""
        return [*self.fixed, *self.reset, *self.refused, *self.in_vain]


def findings(
    desired: Desired, observed: Definition, past: Past, capabilities: Capabilities, version: str
) -> Findings:
    """Sort what is wrong with an endpoint of the desired kind."""
    found = wrong(desired, observed, past)
    reset = chunking_reset(found, observed, past, capabilities)
    drift = tuple(d for d in found if _edited_by_others(d, past) and d not in reset)

    def place(difference: Difference) -> str:
        known = past.knows(difference, version)
        if difference in drift and desired.drift is not DriftPolicy.CORRECT:
            return "left"
        if difference in drift and difference.path in past.disputed:
            return "disputed"
        if known is not None and known.by_create:
            return "missing"
        if difference in reset:
            return "reset"
        return "fixed" if is_fixed(difference, desired, capabilities) else _asked_before(known)

    sorted_: dict[str, list[Difference]] = {"fixed": _fixed_secrets(desired, past)}
    for difference in found:
        sorted_.setdefault(place(difference), []).append(difference)
    return Findings(drift=drift, **{name: tuple(some) for name, some in sorted_.items()})


def _fixed_secrets(desired: Desired, past: Past) -> list[Difference]:
    """Secrets that no update brings, or takes away."""
    late = desired.secrets if past.secretless else frozenset()
    gone = past.secrets - desired.secrets
    return [Difference(path, "a secret" if path in late else ABSENT, ABSENT) for path in sorted(late | gone)]


def _asked_before(known: Ignored | None) -> str:
    if known is None:
        return "open"
    return "refused" if known.refused else "in_vain"


def differs(desired: Definition, observed: Definition) -> bool:
    """Whether the endpoint is not what is desired."""
    return not same_kind(desired, observed) or bool(differences(desired, observed))


def wrong(desired: Desired, observed: Definition, past: Past) -> list[Difference]:
    """Every setting that is not as desired, those included that are desired no longer."""
    before = past.before(observed)
    no_longer = removed(before, desired.definition, observed) if before is not None else []
    return differences(desired.definition, observed) + no_longer


def is_remade(desired: Desired, past: Past) -> bool:
    """Of an endpoint of another kind: whether it was of the desired one when this resource last made it so."""
    return past.applied is not None and same_kind(desired.definition, past.applied)


def kind_differences(desired: Definition, observed: Definition) -> list[Difference]:
    """Service and task type, where they are not as desired."""
    service = SERVICE_ALIASES.get(desired.service, desired.service)
    pairs = (("/service", service, observed.service), ("/taskType", desired.task_type, observed.task_type))
    return [Difference(path, want, have) for path, want, have in pairs if want != have]


def chunking_reset(
    found: Sequence[Difference], observed: Definition, past: Past, capabilities: Capabilities
) -> list[Difference]:
    """Of what is wrong, the chunking settings that an update has reset to the server's default: ours or another's."""
    if capabilities.update_keeps_chunking or observed.chunking_settings != AFTER_RESET:
        return []
    chunking = [d for d in found if d.section == "chunkingSettings"]
    before = past.before(observed)
    # What was applied and is still so is no reset: there it is the spec that has changed.
    return [d for d in chunking if before is None or value_at(before, d.path) != d.observed]


def is_fixed(difference: Difference, desired: Desired, capabilities: Capabilities) -> bool:
    """Whether this version cannot make the change at all; what it merely ignores is found out by asking."""
    if difference.section == "chunkingSettings":  # they are replaced as a whole, by something
        return not (capabilities.update_changes_chunking and desired.definition.chunking_settings)
    return difference.desired is ABSENT and not capabilities.update_clears


def _edited_by_others(difference: Difference, past: Past) -> bool:
    """The spec has not changed since it was applied, so somebody else has changed the endpoint."""
    return past.applied is not None and value_at(past.applied, difference.path) == difference.desired


def paths(found: Iterable[Difference]) -> str:
    """The first few differences, as a message names them."""
    return ", ".join(
        f"{d.path} (asked for {shown(d.desired)}, found {shown(d.observed)})" for d in list(found)[:5]
    )

"""The comparison after every request: 200 is no proof, so the last answer is held against what is desired.

Pure, like the plan whose notion of "wrong" it shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference_operator.capabilities import Capabilities
from inference_operator.endpoint import (
    ABSENT,
    Definition,
    Difference,
    as_json,
    differences,
    same_kind,
)
from inference_operator.errors import Reason, Stalled
from inference_operator.findings import (
    Desired,
    DriftPolicy,
    Findings,
    Ignored,
    Past,
    findings,
    is_remade,
    kind_differences,
    paths,
)
from inference_operator.plan import ITSELF, Update


@dataclass(frozen=True, slots=True)
class Verified:
    """What is still wrong once everything was asked for that can be asked for."""

    problem: Stalled | None = None
    ignored: Sequence[Ignored] = ()
    left: Sequence[Difference] = ()
    """What somebody else has changed and is left so, as far as it is to be told."""


def verify(
    desired: Desired, observed: Definition, past: Past, capabilities: Capabilities, version: str
) -> Verified:
    """Compare the last answer with what is desired."""
    if not same_kind(desired.definition, observed):
        return _verify_other_kind(desired, observed, past)
    found = findings(desired, observed, past, capabilities, version)
    if capabilities.update_clears:
        # Such a version answers 200 only if it took the null, so what is there is its default.
        found = replace(found, open=[d for d in found.open if d.desired is not ABSENT])
    ignored = (
        *(_ignored(d, version, by_create=True) for d in found.missing),
        *(_ignored(d, version, refused=True) for d in found.refused),
        *(_ignored(d, version) for d in (*found.reset, *found.in_vain, *found.open)),
    )
    ignored = tuple(sorted(ignored, key=lambda i: i.path))  # whenever each of them was asked for
    left = found.left if desired.drift is DriftPolicy.WARN else ()
    return Verified(_problem(found), ignored, left)


def verify_created(desired: Desired, observed: Definition, version: str) -> Verified:
    """Compare the answer to a create with what it asked for; what it lacks, no further request will bring."""
    found = differences(desired.definition, observed)
    return Verified(
        _not_applied(found) if found else None, tuple(_ignored(d, version, by_create=True) for d in found)
    )


def refused(action: Update, settings: Sequence[str], version: str) -> list[Ignored]:
    """What an update that was refused for these settings asked for, and need not ask for again.

    `settings` are names as the answer has them: of settings within their section, or of a whole section.
    """
    names = set(settings)
    return [_ignored(d, version, refused=True) for d in action.because if names & _names(d.path)]


def _names(path: str) -> set[str]:
    """The names under which an answer may speak of a setting."""
    section, first = path.split("/")[1:3]
    return {first, f"{section.removesuffix('Settings')}_settings"}


def _verify_other_kind(desired: Desired, observed: Definition, past: Past) -> Verified:
    found = kind_differences(desired.definition, observed)
    edited = is_remade(desired, past)
    if not edited or desired.drift is DriftPolicy.CORRECT:
        return Verified(_disputed(found) if edited and ITSELF in past.disputed else _replace(found))
    return Verified(left=found if desired.drift is DriftPolicy.WARN else ())


def _ignored(
    difference: Difference, version: str, *, by_create: bool = False, refused: bool = False
) -> Ignored:
    return Ignored(difference.path, as_json(difference.desired), version, by_create, refused)


def _problem(found: Findings) -> Stalled | None:
    """The one that tells most: a change that the user is to undo goes before what happened by itself."""
    for some, problem in (
        ([*found.fixed, *found.refused], _replace),
        (found.reset, _reset),
        ([*found.missing, *found.in_vain, *found.open], _not_applied),
        (found.disputed, _disputed),
    ):
        if some:
            return problem(sorted(some, key=lambda d: d.path))
    return None


_WAYS_OUT = "undo the change, set replacePolicy, or delete this resource and create it again"


def _replace(found: Sequence[Difference]) -> Stalled:
    return Stalled(
        Reason.REPLACE_REQUIRED,
        f"{', '.join(d.path for d in found)} cannot be changed in place; the endpoint serves on as it was: {_WAYS_OUT}",
    )


def _reset(found: Sequence[Difference]) -> Stalled:
    return Stalled(
        Reason.CHUNKING_RESET,
        f"this version of elasticsearch resets the chunking settings at every update: {paths(found)}; the endpoint "
        "serves on with those: take them over into the spec, set replacePolicy, or delete this resource and create it "
        "again",
    )


def _not_applied(found: Sequence[Difference]) -> Stalled:
    return Stalled(
        Reason.UPDATE_NOT_APPLIED,
        f"elasticsearch answered 200 and did not take over {paths(found)}; {_WAYS_OUT}",
    )


def _disputed(found: Sequence[Difference]) -> Stalled:
    return Stalled(
        Reason.TUG_OF_WAR,
        f"somebody else changes the endpoint again and again, so it is not put back any more: {paths(found)}; find out "
        "who, then change the spec or ask for a reconcile",
    )

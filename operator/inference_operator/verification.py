"""The comparison after every request: 200 is no proof, so the last answer is held against what is desired.

Pure, like the plan whose notion of "wrong" it shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference_operator.capabilities import Capabilities
from inference_operator.endpoint import ABSENT, Definition, Difference, as_json, same_kind
from inference_operator.errors import Reason, Stalled
from inference_operator.plan import Desired, Ignored, Past, chunking_reset, is_fixed, paths, wrong


@dataclass(frozen=True, slots=True)
class Verified:
    """What is still wrong once everything was asked for that can be asked for."""

    problem: Stalled | None = None
    ignored: Sequence[Ignored] = ()


def verify(
    desired: Desired, observed: Definition, past: Past, capabilities: Capabilities, version: str
) -> Verified:
    """Compare the last answer with what is desired."""
    if not same_kind(desired.definition, observed):
        return Verified(_replace(["/service", "/taskType"]))
    found = wrong(desired, observed, past)
    if capabilities.update_clears:
        # Such a version answers 200 only if it took the null, so what is there is its default.
        found = [d for d in found if d.desired is not ABSENT or is_fixed(d, desired, capabilities)]
    reset = chunking_reset(found, observed, past, capabilities)
    fixed = [d.path for d in found if is_fixed(d, desired, capabilities) and d not in reset]
    ignored = [d for d in found if d.path not in fixed]
    problem = _problem(fixed, reset, ignored)
    return Verified(problem, tuple(Ignored(d.path, as_json(d.desired), version) for d in ignored))


def _problem(
    fixed: Sequence[str], reset: Sequence[Difference], ignored: Sequence[Difference]
) -> Stalled | None:
    """The one that tells most: a change that the user is to undo goes before what happened by itself."""
    if fixed:
        return _replace(fixed)
    if reset:
        return _reset(reset)
    return _not_applied(ignored) if ignored else None


def _replace(fixed: Sequence[str]) -> Stalled:
    return Stalled(
        Reason.REPLACE_REQUIRED,
        f"{', '.join(fixed)} cannot be changed in place; the endpoint serves on as it was: undo the change, "
        "or delete this resource and create it again",
    )


def _reset(reset: Sequence[Difference]) -> Stalled:
    return Stalled(
        Reason.CHUNKING_RESET,
        f"this version of elasticsearch resets the chunking settings at every update: {paths(reset)}; the endpoint "
        "serves on with those: take them over into the spec, or delete this resource and create it again",
    )


def _not_applied(ignored: Sequence[Difference]) -> Stalled:
    return Stalled(
        Reason.UPDATE_NOT_APPLIED,
        f"elasticsearch answered 200 and did not take over {paths(ignored)}; undo the change, "
        "or delete this resource and create it again",
    )

"""Errors say what must happen next, and why."""

import re

import pytest

from inference_operator.errors import (
    ABOUT_CONNECTION,
    ABOUT_SECRETS,
    Reason,
    ReconcileError,
    Stalled,
    Transient,
    Waiting,
)


@pytest.mark.parametrize("kind", [Stalled, Waiting, Transient])
def test_error_carries_reason_and_message(kind: type[ReconcileError]) -> None:
    """Conditions and events take both apart; a log line shows both."""
    error = kind(Reason.IN_USE, "pipeline p uses it")
    assert (error.reason, error.message) == (Reason.IN_USE, "pipeline p uses it")
    assert str(error) == "InUse: pipeline p uses it"
    assert isinstance(error, ReconcileError)


def test_each_kind_carries_what_its_retry_needs() -> None:
    """Who waits may know how long; a transient failure may have taken effect; by default neither is so."""
    assert Waiting(Reason.IN_USE, "m").retry_after is None
    assert Waiting(Reason.IN_USE, "m", retry_after=60.0).retry_after == 60.0
    assert Transient(Reason.TIMED_OUT, "m").ambiguous is False
    lost = Transient(Reason.TIMED_OUT, "m", retry_after=5.0, ambiguous=True)
    assert (lost.retry_after, lost.ambiguous) == (5.0, True)


def test_what_must_happen_next_is_never_two_things() -> None:
    """The three kinds are siblings: who handles one does not catch another by chance."""
    assert {kind.__bases__ for kind in (Stalled, Waiting, Transient)} == {(ReconcileError,)}


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_one_word_that_kubernetes_takes(reason: Reason) -> None:
    """Reasons of conditions are CamelCase, and each name in the code says the same as its value."""
    assert re.fullmatch(r"[A-Z][A-Za-z]*", reason)
    assert reason.name.replace("_", "") == reason.value.upper()


def test_reasons_are_distinct() -> None:
    """An enum would make the second of two equal reasons an alias without a word."""
    assert len(Reason.__members__) == len(Reason)


def test_reasons_about_one_thing_are_about_one_thing() -> None:
    """A reason asks to look at the connection or at the Secrets, not at both."""
    assert not ABOUT_CONNECTION & ABOUT_SECRETS

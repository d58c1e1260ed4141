"""When to stop putting a setting back."""

from datetime import UTC, datetime, timedelta

import pytest

from inference_operator.struggle import Struggle

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WISH = (1, None)

COURSES: dict[str, tuple[list[int], bool]] = {
    "three within six intervals are enough": ([0, 2, 4], True),
    "two are not": ([0, 2], False),
    "three over a longer time are not": ([0, 4, 8], False),
    "the last three count": ([0, 10, 12, 14], True),
}


@pytest.mark.parametrize(("minutes", "given_up"), COURSES.values(), ids=COURSES)
def test_corrections_are_counted(minutes: list[int], given_up: bool) -> None:
    """Each path for itself, within six resync intervals."""
    struggle = Struggle(WISH)
    for minute in minutes:
        struggle.note(["/a"], NOW + minute * MINUTE, MINUTE)
    struggle.note(["/b"], NOW, MINUTE)
    assert struggle.disputed(WISH) == frozenset({"/a"} if given_up else ())


@pytest.mark.parametrize(
    "wish", [(2, None), (1, "now")], ids=["the spec changed", "a reconcile was asked for"]
)
def test_count_begins_anew(wish: tuple[int, str | None]) -> None:
    """Somebody has decided."""
    struggle = Struggle(WISH)
    for _ in range(3):
        struggle.note(["/a"], NOW, MINUTE)
    assert struggle.disputed(WISH) == {"/a"}
    assert struggle.disputed(wish) == frozenset()
    struggle.note(["/a"], NOW, MINUTE)
    assert struggle.disputed(wish) == frozenset()

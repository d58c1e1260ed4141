"""Whatever happens, in whatever order: the operator comes to rest, says Ready only where all is as asked, and leaves nothing.

The real reconcile lives through it under virtual time, with Kubernetes and the stand-in in its own process. Each course has
a seed of its own, so that every run plays the same histories; SOAK_SEED and SOAK_HISTORIES choose others in `make soak`.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from histories.machine import History
from histories.sockets import SocketWorld
from histories.world import World

SOAK_SEED = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
SOAK_HISTORIES = int(os.environ.get("SOAK_HISTORIES", "3000"))
_STEPS = 7
_FEW_STEPS = 4


@dataclass(frozen=True)
class Course:
    """Which server it begins with, and what that becomes."""

    versions: tuple[str, ...]
    number: int
    """Of histories in `make test`."""

    @property
    def title(self) -> str:
        """The versions in their order."""
        return " then ".join(self.versions)


COURSES = (
    Course(("8.18", "8.19", "9.2"), 250),
    Course(("8.19",), 300),
    Course(("8.19", "9.4"), 250),
    Course(("9.2", "9.4"), 250),
    Course(("9.4",), 350),
    Course(("9.4", "9.5"), 200),
    Course(("9.5",), 250),
    Course(("serverless",), 150),
)
SHORT_COURSES = (Course(("8.19", "9.4"), 25), Course(("9.4",), 25))


def play(
    course: Course, number: int, first: int, begins: Callable[[str], World] = World, steps: int = _STEPS
) -> None:
    """Play so many histories."""
    begin, *later = course.versions
    choices = {"profile": begin, "upgrades": tuple(later), "begins": staticmethod(begins)}
    chosen = seed(first)(type("Chosen", (History,), choices))
    limits = settings(
        max_examples=number,
        stateful_step_count=steps,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(chosen, settings=limits)


def test_there_are_two_thousand() -> None:
    """The courses are many enough."""
    assert sum(course.number for course in COURSES) == 2000


@pytest.mark.timeout(900)
@pytest.mark.parametrize("course", COURSES, ids=lambda c: c.title)
def test_history(course: Course) -> None:
    """In the end all is as it is told, and one more look changes nothing."""
    play(course, course.number, first=COURSES.index(course))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("course", SHORT_COURSES, ids=lambda c: c.title)
def test_history_over_sockets(course: Course, tmp_path: Path) -> None:
    """The same with the operator's own clients, which reach both servers over sockets."""
    authority = tmp_path / "ca.crt"  # nobody's; but loading the system's in each life would be slow
    trustme.CA().cert_pem.write_to_path(authority)
    begins = type("Here", (SocketWorld,), {"ca_file": authority})
    play(course, course.number, first=1, begins=begins, steps=_FEW_STEPS)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("course", COURSES, ids=lambda c: c.title)
def test_more_histories(course: Course) -> None:
    """The same with others each time."""
    print(f"\nSOAK_SEED={SOAK_SEED} SOAK_HISTORIES={SOAK_HISTORIES}", flush=True)
    play(course, SOAK_HISTORIES, first=SOAK_SEED)

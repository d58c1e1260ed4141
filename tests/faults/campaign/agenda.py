"""The operator's work queue under a clock that can be skipped: which object is to be looked at next, and when."""

from collections.abc import Callable
from datetime import datetime, timedelta

from inference_operator.objects import Key
from inference_operator.workqueue import WorkQueue


class Agenda(WorkQueue[Key]):
    """Keys with their times; whoever works takes the earliest."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._due: dict[Key, datetime] = {}
        self.failing: set[Key] = set()
        """Whose last turn went wrong in a way that passes by itself."""

    def add(self, key: Key) -> None:
        """Work on it at once."""
        self._due[key] = self._now()

    def add_after(self, key: Key, delay: float) -> None:
        """Work on it in `delay` seconds, or earlier if that was asked for already."""
        then = self._now() + timedelta(seconds=max(delay, 0.0))
        self._due[key] = min(then, self._due.get(key, then))

    def fail(self, key: Key) -> int:
        """It went wrong once more."""
        self.failing.add(key)
        return super().fail(key)

    def forget(self, key: Key) -> None:
        """It went well, or there is something new to try."""
        super().forget(key)
        self.failing.discard(key)

    def discard(self, key: Key) -> None:
        """Forget all about it."""
        super().discard(key)
        self._due.pop(key, None)

    def holds(self, key: Key) -> bool:
        """Whether it will be worked on."""
        return key in self._due

    def take(self) -> tuple[Key, datetime]:
        """What is to be done first, and when."""
        key = min(self._due, key=lambda k: self._due[k])
        return key, self._due.pop(key)

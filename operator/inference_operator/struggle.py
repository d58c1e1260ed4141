"""Two who put the same setting right, each in their own way: noticed, and given up until somebody decides."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ENOUGH = 3
"""Corrections of one path within the window, after which it is left as it is."""
WINDOW = 6
"""Length of the window, in resync intervals."""

Wish = tuple[int, str | None]
"""Generation of the spec and the latest request for a reconcile: with a new one the count begins anew."""


@dataclass(slots=True)
class Struggle:
    """Which paths were put back, and when, as long as the wish is the same."""

    wish: Wish | None = None
    put_back: dict[str, list[datetime]] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)

    def disputed(self, wish: Wish) -> frozenset[str]:
        """The paths that are not to be put back any more."""
        if wish != self.wish:
            self.wish, self.put_back, self.given_up = wish, {}, set()
        return frozenset(self.given_up)

    def note(self, paths: Iterable[str], now: datetime, interval: timedelta) -> None:
        """These paths have been put back; what has been so often enough within the window is given up."""
        begin = now - WINDOW * interval
        for path in paths:
            times = self.put_back[path] = [t for t in self.put_back.get(path, ()) if t > begin] + [now]
            if len(times) >= ENOUGH:
                self.given_up.add(path)

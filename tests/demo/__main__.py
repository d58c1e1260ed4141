"""`python -m demo`: tells the story, sums it up, and leaves nothing running; its exit code is 0 only if all was verified."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from demo import cluster, narration
from demo.encore import encore
from demo.narration import Outcome
from demo.stage import Stage, build
from demo.story import Story

START = "Start a control plane, Elasticsearch and the operator"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def perform(number: int, title: str, step: Callable[[], str]) -> Outcome:
    """Run one step and tell how it ended; a failure does not end the story."""
    narration.heading(number, title)
    begin = time.monotonic()
    try:
        verified, words = True, step()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and everything is still cleaned up
        verified, words = False, f"{type(error).__name__}: {error}"
    outcome = Outcome(title, verified, time.monotonic() - begin, words)
    narration.verdict(outcome)
    return outcome


def start(stack: ExitStack) -> Stage:
    """Everything that the story needs; it ends with `stack`."""
    if cluster.may_be_elsewhere():
        narration.say(
            "ES_URL names another host. The provider stub listens on the loopback address of this one: unless that "
            "server runs here it cannot reach the stub, and no endpoint can be created."
        )
    return stack.enter_context(build())


def tell(stack: ExitStack) -> tuple[list[Outcome], Story | None]:
    """The whole story, as far as there is something to tell it with."""
    stages: list[Stage] = []

    def opening() -> str:
        stages.append(start(stack))
        return f"a Kubernetes API server, {stages[0].cluster.title} and the operator answer"

    outcomes = [perform(1, START, opening)]
    if not stages:
        return outcomes, None
    story = Story(stages[0])
    for number, (title, step) in enumerate(story.steps(), 2):
        outcomes.append(perform(number, title, step))
        if not outcomes[-1].verified:
            narration.show("\n".join(stages[0].trouble()))
        if not outcomes[1].verified:  # without the endpoints there is nothing else to show
            break
    return outcomes, story


def run() -> list[Outcome]:
    """Tell the story, sum it up, and clean up, for which nothing is allowed to disturb us."""
    with ExitStack() as stack:
        try:
            outcomes, story = tell(stack)
            narration.table(outcomes)
            if story and os.environ.get("KEEP", "0") not in {"", "0"}:
                encore(story)
        finally:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
    return outcomes


def main() -> int:
    """Run it; Ctrl-C and SIGTERM end it early, and clean up as well."""
    for number in _SIGNALS:
        signal.signal(number, signal.default_int_handler)  # also where a shell started us with it ignored
    try:
        outcomes = run()
    except KeyboardInterrupt:
        print("   interrupted; everything is stopped", flush=True)
        return 130
    return 0 if all(o.verified for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())

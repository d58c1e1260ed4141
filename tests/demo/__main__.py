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
from demo.story import NotSo, Story
from testbed.controlplane.binaries import Unavailable
from testbed.elasticsearch import DistributionUnavailable

START = "Start a control plane, Elasticsearch and the operator"


def perform(number: int, title: str, step: Callable[[], str]) -> Outcome:
    """Run one step and tell how it ended; a failure does not end the story."""
    narration.heading(number, title)
    begin = time.monotonic()
    try:
        verified, words = True, step()
    except (NotSo, RuntimeError, TimeoutError, OSError) as error:
        verified, words = False, str(error)
    outcome = Outcome(title, verified, time.monotonic() - begin, words)
    narration.verdict(outcome)
    return outcome


def tell(stack: ExitStack) -> list[Outcome]:
    """The whole story; what was started ends with `stack`."""
    stages: list[Stage] = []

    def start() -> str:
        if cluster.may_be_elsewhere():
            narration.say(
                "ES_URL names another host. The provider stub listens on the loopback address of this one, so "
                "that server cannot reach it unless it runs here: creating the endpoints will fail otherwise."
            )
        stages.append(stack.enter_context(build()))
        return f"a Kubernetes API server, {stages[0].cluster.title} and the operator answer"

    outcomes = [perform(1, START, start)]
    if not stages:
        return outcomes
    story = Story(stages[0])
    for number, (title, step) in enumerate(story.steps(), 2):
        outcomes.append(perform(number, title, step))
        if number == 2 and not outcomes[-1].verified:
            narration.say("Nothing else can be shown without these.")
            break
    narration.table(outcomes)
    if os.environ.get("KEEP", "0") not in {"", "0"}:
        encore(story)
    return outcomes


def main() -> int:
    """Tell the story; Ctrl-C and SIGTERM end it early, and clean up as well."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started us with it ignored
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            outcomes = tell(stack)
    except KeyboardInterrupt:
        print("\n   interrupted; everything was stopped", flush=True)
        return 130
    except (Unavailable, DistributionUnavailable) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0 if all(o.verified for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())

"""How the demo speaks: headings, commands, what they show, verdicts, and the table at the end."""

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
_BOLD, _DIM, _GREEN, _RED = "1", "2", "32", "31"
_COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


@dataclass(frozen=True)
class Outcome:
    """How one step ended."""

    step: str
    verified: bool
    seconds: float
    words: str


def say(text: str) -> None:
    """Tell the reader something, wrapped."""
    print(textwrap.fill(text, WIDTH, initial_indent="   ", subsequent_indent="   "), flush=True)


def progress(text: str) -> None:
    """Tell that something goes on; used by several threads at once."""
    print(f"   .. {text}", flush=True)


def heading(number: int, title: str) -> None:
    """Begin a step."""
    print(f"\n{_styled(_BOLD, f'== {number}. {title} '.ljust(WIDTH, '='))}\n", flush=True)


def command(text: str) -> None:
    """Show what is done, as a person would type it."""
    first, *rest = text.splitlines()
    print(_styled(_BOLD, "\n".join([f"   $ {first}", *(f"     {line}" for line in rest)])), flush=True)


def show(text: str) -> None:
    """Show what came of it, as it is."""
    print(textwrap.indent(text.strip("\n"), "     "), end="\n\n", flush=True)


def verdict(outcome: Outcome) -> None:
    """End a step."""
    word = _styled(_GREEN, "verified") if outcome.verified else _styled(_RED, "NOT VERIFIED")
    text = textwrap.fill(outcome.words, WIDTH, subsequent_indent="      ")
    print(f"   => {word} after {outcome.seconds:.1f} s: {text}", flush=True)


def table(outcomes: Sequence[Outcome]) -> None:
    """Sum up."""
    width = max(len(o.step) for o in outcomes)
    titles = f"{'step':<{width}}  verified  seconds"
    print(f"\n   {_styled(_BOLD, titles)}")
    for outcome in outcomes:
        word = _styled(_GREEN, "yes     ") if outcome.verified else _styled(_RED, "NO      ")
        print(f"   {outcome.step:<{width}}  {word}  {outcome.seconds:>7.1f}")
    verified = sum(o.verified for o in outcomes)
    total = sum(o.seconds for o in outcomes)
    print(f"\n   {verified} of {len(outcomes)} steps verified in {total:.0f} s", flush=True)


def _styled(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if _COLOURED else text

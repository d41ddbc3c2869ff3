"""What is being done, and how far it is: a line on a terminal that is written over, a line at its end elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def say(message: str) -> None:
    """Tell, apart from the results."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def shown() -> Iterator[Callable[[str, int, int], None]]:
    """A function that is told what is being done, how much of it is done, and of how much."""
    last, at = "", 0.0

    def told(what: str, done: int, total: int) -> None:
        nonlocal last, at
        now = time.monotonic()
        if what != last or (sys.stderr.isatty() and now - at > 0.1):
            end = "\r" if sys.stderr.isatty() else "\n"
            print(f"{what}: {done:,} of {total:,}  ", end=end, file=sys.stderr, flush=True)
            last, at = what, now

    yield told
    if last and sys.stderr.isatty():
        print(file=sys.stderr)

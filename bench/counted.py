"""Our command line, and what it asks of its database, counted in a small file that another process reads meanwhile.

`python -m bench.counted FILE worker` is `pmhc worker` with three listeners; nothing else of it is different.
"""

import mmap
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

FIELDS = ("statements", "transactions", "seconds")
LAYOUT = struct.Struct(f"{len(FIELDS)}d")


def read(file: Path) -> dict[str, float]:
    """The counts up to now."""
    return dict(zip(FIELDS, LAYOUT.unpack(file.read_bytes()), strict=True))


def prepare(file: Path) -> Path:
    """A file to count in."""
    file.write_bytes(bytes(LAYOUT.size))
    return file


def count(file: Path) -> None:
    """Count statements, transactions that were written, and the seconds they took, waiting for them included."""
    with file.open("r+b") as opened:
        counts = memoryview(mmap.mmap(opened.fileno(), LAYOUT.size)).cast("d")

    @event.listens_for(Engine, "before_cursor_execute")
    def _before(*given: Any) -> None:
        given[4]._began = time.perf_counter()  # noqa: SLF001 - the context of one execution, there for such notes

    @event.listens_for(Engine, "after_cursor_execute")
    def _after(*given: Any) -> None:
        counts[0] += 1
        counts[2] += time.perf_counter() - given[4]._began  # noqa: SLF001

    ending: Callable[..., None] = DefaultDialect.do_commit

    def _commit(self: DefaultDialect, connection: Any) -> None:
        began = time.perf_counter()
        ending(self, connection)
        counts[1] += 1
        counts[2] += time.perf_counter() - began

    DefaultDialect.do_commit = _commit  # type: ignore[method-assign]


if __name__ == "__main__":
    from app.cli import main

    count(Path(sys.argv.pop(1)))
    main()

"""Measure everything and print one table. It reports, and never fails for a figure that is missed."""

import argparse
import importlib
import json
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.beside import Bench, Skip
from bench.cases import CASES
from bench.data import Store
from bench.figures import Figure, table
from bench.load import Load, find_wrk
from bench.machine import LOAD_CORE, SERVER_CORE, busy
from bench.progress import say, shown


def options() -> argparse.Namespace:
    """What can be asked of a run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 second: a first impression")
    parser.add_argument("--rounds", type=int, help="rounds of each measurement (5)")
    parser.add_argument("--seconds", type=int, help="seconds of a round (3)")
    parser.add_argument("--only", help=f"these cases, separated by commas, of {', '.join(CASES)}")
    parser.add_argument("--sites", type=int, default=10_000, help="made-up learning sites (10000)")
    parser.add_argument("--topics", type=int, default=10_000, help="made-up topics (10000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every value there, - for standard output")
    parser.add_argument("--minutes", type=int, default=60, help="give up after so many (60)")
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (2 if chosen.quick else 5)
    chosen.seconds = chosen.seconds or (1 if chosen.quick else 3)
    chosen.cases = chosen.only.split(",") if chosen.only else list(CASES)
    if unknown := set(chosen.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    return chosen


def measure(chosen: argparse.Namespace) -> list[Figure]:
    """Run every case in a folder of its own, which is gone afterwards."""
    load = Load(find_wrk())
    cores = (
        f"server on core {SERVER_CORE}, {load.name} on core {LOAD_CORE}" if LOAD_CORE is not None else "cores shared"
    )
    say(f"{chosen.rounds} rounds of {chosen.seconds} s, 32 connections kept alive, {cores}.")
    if busy() > 0.5:
        say(f"This machine is busy (load {busy():.1f}): take the figures for what they are.")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder, shown() as progress:
        store = Store(Path(folder), chosen.sites, chosen.topics, progress)
        bench = Bench(Path(folder), store, load, chosen.rounds, chosen.seconds)
        for name in chosen.cases:
            try:
                for figure in importlib.import_module(f"bench.cases.{name}").measure(bench):
                    figures.append(figure)
                    say("\n".join("  ".join(cell for cell in row if cell) for row in figure.rows()))
            except Skip as reason:
                say(f"\n*** {name} IS SKIPPED: {reason} ***\n")
    return figures


def told(chosen: argparse.Namespace, figures: list[Figure]) -> dict[str, Any]:
    """The whole run for a program."""
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "rounds": chosen.rounds,
        "seconds": chosen.seconds,
        "sites": chosen.sites,
        "topics": chosen.topics,
        "figures": [figure.told() for figure in figures],
    }


def main() -> None:
    """Measure and report."""
    chosen = options()
    # A run that is ended, or hangs, still stops its servers and removes its folder.
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit("bench: ended before its time"))
    signal.alarm(chosen.minutes * 60)
    figures = measure(chosen)
    print(table(figures))
    if chosen.json:
        text = json.dumps(told(chosen, figures), indent=1) + "\n"
        if str(chosen.json) == "-":
            print(text)
        else:
            chosen.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

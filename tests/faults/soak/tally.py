"""What was counted in a soak run, and was a promise broken?"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

_MOST_LINES = 40  # of what was seen: the rest is only counted


class Tally:
    """Counts, of which some are of broken promises and must stay 0.

    Parameters
    ----------
    name : str
        What the table is called.
    promises : str
        What is promised, as the row of the table that counts how often it was broken.
    """

    def __init__(self, name: str, *promises: str) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self.breaches: Counter[str] = Counter(dict.fromkeys(promises, 0))
        self._began = time.monotonic()

    def breach(self, promise: str, where: str, seen: str = "") -> None:
        """Count a broken promise; the first ones are printed at once."""
        assert promise in self.breaches, promise
        self.breaches[promise] += 1
        if self.breaches.total() <= _MOST_LINES:
            print(f"BROKEN {promise}: {where}: {seen.strip()[-300:]}", flush=True)

    def show(self) -> int:
        """Print the table; the exit code."""
        print(f"\n{self.name}, {time.monotonic() - self._began:.0f} s")
        for name, count in self.counts.items():
            print(f"  {count:7}  {name}")
        for name, count in self.breaches.items():
            print(f"  {count:7}  {name}{'   <- BROKEN' if count else ''}")
        return int(self.breaches.total() > 0)


def arguments(about: str | None, rounds: int) -> argparse.ArgumentParser:
    """A parser that knows ``--rounds`` and ``--seed``."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"how many (default {rounds})")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is left to chance")
    return parser


def skip(reason: str) -> None:
    """End the process with a reason why nothing can be tried here, as a success."""
    print(f"skipped: {reason}")
    sys.exit(0)

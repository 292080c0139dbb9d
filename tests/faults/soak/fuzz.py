"""What do parsers make of mutated input? Our own errors only, soon, in bounded memory; and a run says what is wrong.

One round is one mutated input for each group of parsers, and every sixteenth a folder of mutated files through run and
check. ``--each 100000`` gives so many to each group, one after another, and prints what each took.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import imgbatch as ib
from tests.faults.soak import inputs
from tests.faults.soak.parsers import OURS, PARSERS, WORDS
from tests.faults.soak.tally import Tally, arguments

_SECONDS = 5.0  # of processor for one input
_MOST_MEMORY = 64 << 20  # bytes that one input may add to the process
UNHANDLED, SLOW, MEMORY, INTERNAL, PYTHON = (
    "unhandled exception of a parser", "slow", "much memory", "kind internal, operation or crash",
    "Python's words in a message",
)  # fmt: skip
_PYTHON = (
    "unpack_from requires", "unpack requires", "index out of range", "NoneType", "codec can't", "ValueError",
    "TypeError", "KeyError", "IndexError", "AttributeError", "RuntimeError", "OverflowError",
)  # fmt: skip
_GROUPS = {"pictures": [name for name in PARSERS if name not in WORDS], "words": [*WORDS], "files": ["files"]}
_SUFFIXES = (".jpg", ".png", ".webp", ".gif", ".tif", ".bmp", ".avif")
_FOLDER_EVERY, _FILES, _MAX_PIXELS = 16, 8, 4_000_000
RECIPES = (
    ib.Recipe(outputs=[ib.Output(strip="gps")]),
    ib.Recipe(outputs=[ib.Output(keep="artist,copyright")]),
    ib.Recipe(outputs=[ib.Output()]),
    ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp", frames="first")]),
    ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="tiff", frames="first")]),
    ib.Recipe(ops=[ib.Rotate(90)], outputs=[ib.Output(strip="gps,thumbnail", frames="first")]),
    ib.Recipe(ops=[ib.Resize("30")], outputs=[ib.Output(format="jpeg", icc="srgb", frames="first", strip="serial")]),
)


class TooSlow(BaseException):
    """The time of one input is over; no parser may catch it."""


def _ring(number: int, frame: FrameType | None) -> None:
    raise TooSlow


@contextlib.contextmanager
def time_limit() -> Iterator[None]:
    """TooSlow after some seconds of processor."""
    signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@dataclass
class Row:
    """What the inputs of a group came to; seconds are of processor, for one function."""

    inputs: int = 0
    functions: int = 0
    errors: int = 0
    exceptions: int = 0
    slowest: float = 0.0
    slowest_at: str = ""
    bytes: int = 0

    def line(self, name: str) -> str:
        """The row of the table."""
        return (
            f"{name:14} {self.functions:4} {self.inputs:8} {self.errors:9} {self.exceptions:10} "
            f"{self.slowest:8.3f} {self.bytes / 2**20:7.1f}  {self.slowest_at}"
        )


#: Above the rows.
HEAD = f"{'group':14} {'func':>4} {'inputs':>8} {'refused':>9} {'exceptions':>10} {'slowest':>8} {'MiB':>7}  of"


def _reset_peak() -> int:
    """Let the peak of the process's memory begin anew; bytes that it has now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_bytes(b"5")
    return _peak()


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Fuzzer:
    """Inputs that broke a promise are kept in `folder`, one of each kind, where one is given."""

    def __init__(self, seed: int, tally: Tally, folder: Path | None) -> None:
        self.seed, self.tally, self.folder = seed, tally, folder
        self.chance = random.Random(seed)
        self.kinds: Counter[str] = Counter()
        self.rows = {name: Row() for name in PARSERS}

    def parser(self, name: str, number: int) -> None:
        """One input for one group, for each of its functions; the same for the same seed and number."""
        chance = random.Random(f"{self.seed} {name} {number}")
        feed, functions = PARSERS[name]
        data, row = feed(chance), self.rows[name]
        row.inputs, row.functions = row.inputs + 1, len(functions)
        before = _reset_peak()
        for parse in functions:
            place = f"{parse.__qualname__} (input {number})"
            start = time.process_time()
            try:
                with time_limit(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    parse(chance, data)
            except OURS as error:
                row.errors += 1
                if isinstance(error, ib.ImageError) and error.kind == "memory":
                    self._report(MEMORY, place, str(error), data)
            except TooSlow:
                self._report(SLOW, place, "", data)
            except Exception as error:  # noqa: BLE001 - anything but our own errors is what is looked for
                row.exceptions += 1
                last = traceback.extract_tb(error.__traceback__)[-1]
                at = f"{type(error).__name__} at {os.path.basename(last.filename)}:{last.lineno}"
                self._report(UNHANDLED, f"{parse.__qualname__}: {at}", f"(input {number}) {error}", data)
            took = time.process_time() - start
            if took > row.slowest:
                row.slowest, row.slowest_at = took, place
        added = _peak() - before
        row.bytes = max(row.bytes, added)
        if added > _MOST_MEMORY:
            self._report(MEMORY, f"{name}: {added >> 20} MiB", f"input {number}", data)

    def folder_of_files(self) -> None:
        """Mutated files through a run without workers, and through check."""
        with tempfile.TemporaryDirectory(prefix="soak-") as top:
            data = {}
            for number in range(_FILES):
                suffix = self.chance.choice(_SUFFIXES)
                picture = self.chance.choice(inputs.samples(suffix))
                data[f"{number}{suffix}"] = inputs.mutate(self.chance, picture, 6, self.chance.choice([600, None]))
            (Path(top) / "in").mkdir()
            for name, content in data.items():
                (Path(top) / "in" / name).write_bytes(content)
            self.tally.counts["files through run and check"] += len(data)
            source, recipe = Path(top) / "in", self.chance.choice(RECIPES)
            try:
                with time_limit():
                    run = ib.run([source], Path(top) / "out", recipe, ledger=False, workers=0, max_pixels=_MAX_PIXELS)
                with time_limit():
                    check = ib.check([source], workers=0, max_pixels=_MAX_PIXELS)
            except TooSlow:
                self._report(SLOW, "a folder", traceback.format_exc(), b"")
                return
        for outcome in (*run.outcomes, *check.outcomes):
            if outcome.error is not None:
                self._judge(outcome.error.kind, outcome.error.message, data[outcome.source.relative])

    def _judge(self, kind: str, message: str, data: bytes) -> None:
        if kind in ("internal", "operation", "crash"):
            self._report(INTERNAL, f"{kind}: {message[:60]}", message, data)
        if words := next((words for words in _PYTHON if words in message), ""):
            self._report(PYTHON, f"{kind}: {words}", message, data)

    def campaign(self, names: list[str], first: int, count: int) -> None:
        """So many inputs for each group, from a number on; prints a row for each."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where libtiff talks
        print(HEAD, flush=True)
        for name in names:
            for number in range(first, first + count):
                self.parser(name, number)
            print(self.rows[name].line(name), flush=True)

    def _report(self, promise: str, kind: str, seen: str, data: bytes) -> None:
        """Only the first of a kind is told and kept."""
        self.kinds[kind] += 1
        if self.kinds[kind] > 1:
            self.tally.breaches[promise] += 1
            return
        self.tally.breach(promise, kind, seen)
        if self.folder is not None:
            self.folder.mkdir(exist_ok=True, parents=True)
            (self.folder / f"{len(self.kinds):03}").write_bytes(data)


def main() -> int:
    parser = arguments(__doc__, 200)
    parser.add_argument("--parser", choices=[*PARSERS, "files"], action="append", help="only this group")
    parser.add_argument("--keep", type=Path, help="folder for inputs that broke a promise")
    parser.add_argument("--each", type=int, metavar="N", help="N inputs for each group, instead of rounds")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first input (default 0)")
    parser.add_argument(
        "--only", choices=_GROUPS, help="parsers of pictures, of words that users write, or whole files"
    )
    words = parser.parse_args()
    tally = Tally("fuzz", UNHANDLED, SLOW, MEMORY, INTERNAL, PYTHON)
    fuzzer = Fuzzer(words.seed, tally, words.keep)
    names = words.parser or (_GROUPS[words.only] if words.only else [*PARSERS, "files"])
    if words.each is not None:
        fuzzer.campaign([name for name in names if name in PARSERS], words.first, words.each)
        return tally.show()
    for number in range(words.first, words.first + words.rounds):
        for name in names:
            if name != "files":
                fuzzer.parser(name, number)
            elif number % _FOLDER_EVERY == 0:
                fuzzer.folder_of_files()
    tally.counts |= {f"inputs: {name}": row.inputs for name, row in fuzzer.rows.items() if row.inputs}
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())

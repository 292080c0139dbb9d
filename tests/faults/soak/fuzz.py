"""What do parsers make of mutated input? Our own errors only, soon; and a run and a check name what is wrong in words.

One round is one mutated input for each parser, and every sixteenth a folder of mutated files through run and check.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import imgbatch as ib
from tests.faults.soak import inputs
from tests.faults.soak.parsers import OURS, PARSERS
from tests.faults.soak.tally import Tally, arguments

_SECONDS = 5.0  # of processor for one input
UNHANDLED, SLOW, INTERNAL, PYTHON = (
    "unhandled exception of a parser", "slow", "kind internal, operation or crash", "Python's words in a message"
)  # fmt: skip
_PYTHON = (
    "unpack_from requires", "unpack requires", "index out of range", "NoneType", "codec can't", "ValueError",
    "TypeError", "KeyError", "IndexError", "AttributeError", "RuntimeError", "OverflowError",
)  # fmt: skip
_WORDS = ["cube", "recipe", "words", "template"]
_GROUPS = {"pictures": [name for name in PARSERS if name not in _WORDS], "words": _WORDS, "files": ["files"]}
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


class Fuzzer:
    """Inputs that broke a promise are kept in `folder`, one of each kind, where one is given."""

    def __init__(self, chance: random.Random, tally: Tally, folder: Path | None) -> None:
        self.chance, self.tally, self.folder = chance, tally, folder
        self.kinds: Counter[str] = Counter()

    def parser(self, name: str) -> None:
        """One input for one parser, for each of its functions."""
        feed, functions = PARSERS[name]
        data = feed(self.chance)
        self.tally.counts[f"inputs: {name}"] += 1
        for parse in functions:
            try:
                with time_limit(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    parse(self.chance, data)
            except OURS:
                continue
            except TooSlow:
                self._report(SLOW, parse.__qualname__, "", data)
            except Exception as error:  # noqa: BLE001 - anything but our own errors is what is looked for
                place = traceback.extract_tb(error.__traceback__)[-1]
                at = f"{type(error).__name__} at {os.path.basename(place.filename)}:{place.lineno}"
                self._report(UNHANDLED, f"{parse.__qualname__}: {at}", str(error), data)

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
    parser.add_argument("--parser", choices=[*PARSERS, "files"], action="append", help="only this one")
    parser.add_argument("--keep", type=Path, help="folder for inputs that broke a promise")
    parser.add_argument(
        "--only", choices=_GROUPS, help="parsers of pictures, of words that users write, or whole files"
    )
    words = parser.parse_args()
    tally = Tally("fuzz", UNHANDLED, SLOW, INTERNAL, PYTHON)
    fuzzer = Fuzzer(random.Random(words.seed), tally, words.keep)
    names = words.parser or (_GROUPS[words.only] if words.only else [*PARSERS, "files"])
    for number in range(words.rounds):
        for name in names:
            if name != "files":
                fuzzer.parser(name)
            elif number % _FOLDER_EVERY == 0:
                fuzzer.folder_of_files()
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())

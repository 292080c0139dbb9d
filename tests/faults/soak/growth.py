"""Does reading take ten times the time where the input has ten times the size? 100 kB against 1 MB of the worst.

Each case is read in a process of its own, whose time of processor is limited; --rounds is how often, the best counts.
``--found 20`` tries every function that the fuzzer has found, with 20 inputs in which a few bytes of a real one are
repeated: so a new parser is measured, too, before anybody has thought of its worst input.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import resource
import signal
import sys
import warnings

from tests.faults.soak.found import Parse
from tests.faults.soak.parsers import PARSERS, WORDS, Feed
from tests.faults.soak.tally import Tally, arguments
from tests.faults.soak.worst import CASES, Make, Use

_SIZES = (100_000, 1_000_000)
_MOST_SECONDS = {100_000: 2.0, 1_000_000: 10.0}  # of processor: more is a bomb, however it grows
_FACTOR, _SLACK = 25.0, 0.1  # linear is 10; seconds that are noise
GROWS, BOMB = "grows faster than its input", "2 s for 100 kB, or 10 s for 1 MB"


def found_cases(seed: int, count: int) -> dict[str, tuple[Make, Use]]:
    """So many stretched inputs for each function of the fuzzer."""
    return {
        f"{parse.__qualname__}, {number}": (_stretch(feed, f"{seed} {name} {number}"), _use(parse))
        for name, (feed, functions) in PARSERS.items()
        if name not in WORDS
        for parse in functions
        for number in range(count)
    }


def _stretch(feed: Feed, seed: str) -> Make:
    """An input of the size asked for, in which a few bytes stand again and again."""

    def make(size: int) -> bytes:
        chance = random.Random(seed)
        data = feed(chance) or b"?"
        at, length = chance.randrange(len(data)), chance.randrange(1, 80)
        part = data[at : at + length]
        return data[:at] + part * max(1, (size - len(data)) // len(part)) + data[at:]

    return make


def _use(parse: Parse) -> Use:
    return lambda data: parse(random.Random(1), data)


def seconds(case: tuple[Make, Use], size: int, name: str) -> float:
    """The time of processor that a case takes; infinite where it was ended for it."""
    make, use = case
    data = make(size)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            before = resource.getrusage(resource.RUSAGE_SELF)
            signal.setitimer(signal.ITIMER_PROF, _MOST_SECONDS[size])
            warnings.simplefilter("ignore")
            with contextlib.suppress(Exception):  # what it says of the input is for the fuzzer
                use(data)
            after = resource.getrusage(resource.RUSAGE_SELF)
            took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            os.write(writer, str(took).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == -signal.SIGPROF:
        return math.inf
    assert status == 0, f"{name} ended with {status}"
    return float(said)


def main() -> int:
    parser = arguments(__doc__, 3)
    parser.add_argument("--case", choices=CASES, action="append", help="only this one (may be repeated)")
    parser.add_argument("--found", type=int, metavar="N", help="N stretched inputs for each function of the fuzzer")
    words = parser.parse_args()
    cases = CASES if words.found is None else found_cases(words.seed, words.found)
    tally = Tally("growth", GROWS, BOMB)
    print(f"{'seconds for':40} {'100 kB':>9} {'1 MB':>9}")
    for name in words.case or cases:
        small = min(seconds(cases[name], _SIZES[0], name) for _ in range(words.rounds))
        large = math.inf
        for _ in range(words.rounds if math.isfinite(small) else 0):
            large = min(large, seconds(cases[name], _SIZES[1], name))
            if math.isinf(large):
                break
        if words.found is None or large > _SLACK:
            print(f"{name:40} {small:9.3f} {large:9.3f}", flush=True)
        tally.counts["cases"] += 1
        if math.isinf(large):
            tally.breach(BOMB, name, f"{small:.3f} s for 100 kB")
        elif large > _FACTOR * small + _SLACK:
            tally.breach(GROWS, name, f"{small:.3f} s, {large:.3f} s")
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())

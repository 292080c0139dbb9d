"""How strong are the tests? ``python -m tests.mutants --seed N --total 200 [--rooms originals,ledger] [--jobs 1]``

Each mutant is one change of the package's behavior, made in a copy of the tree. One line is printed for each: killed
by a test, by the time limit (a change that makes tests hang is seen, too), survived, or equivalent, which is a change
that cannot be seen and is named with its reason in ``equivalent.txt``. The exit code is 1 when one survived.
"""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants.draw import EQUIVALENT, draw, key, reasons
from tests.mutants.mutations import Mutation
from tests.mutants.trial import PACKAGE, Trials, Verdict

ROOT = Path(__file__).parents[2]


def judge(trials: Sequence[Trials], mutations: Sequence[Mutation], seconds: float) -> Iterator[Verdict]:
    """The verdicts as they come: one thread for each copy of the tree, no new trial after `seconds`."""
    known = reasons(EQUIVALENT.read_text().splitlines())
    jobs: queue.SimpleQueue[Mutation] = queue.SimpleQueue()
    verdicts: queue.SimpleQueue[Verdict | BaseException | None] = queue.SimpleQueue()
    for mutation in mutations:
        if key(mutation) in known:
            verdicts.put(Verdict(mutation, "equivalent", known[key(mutation)], 0.0))
        else:
            jobs.put(mutation)
    end = time.monotonic() + seconds

    def work(one: Trials) -> None:
        try:
            while time.monotonic() < end:
                verdicts.put(one.verdict(jobs.get_nowait()))
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asks
            verdicts.put(error)
        finally:
            verdicts.put(None)

    for one in trials:
        threading.Thread(target=work, args=(one,), daemon=True).start()
    left = len(trials)
    while left:
        verdict = verdicts.get()
        if isinstance(verdict, BaseException):
            raise verdict
        if verdict is None:
            left -= 1
        else:
            yield verdict


def summary(verdicts: Sequence[Verdict], total: int) -> str:
    """The last line: how many of the mutants that can be seen were seen."""
    counts = Counter(verdict.state for verdict in verdicts)
    kills = counts["killed"] + counts["timeout"]
    visible = kills + counts["survived"]
    share = f"{100 * kills / visible:.1f} %" if visible else "none"
    rest = f", {total - len(verdicts)} not tried" if total > len(verdicts) else ""
    return (
        f"{len(verdicts)} mutants: {kills} killed ({counts['timeout']} by the time limit), {counts['survived']} "
        f"survived, {counts['equivalent']} equivalent{rest}; {share} of those that can be seen"
    )


def main(words: Sequence[str] | None = None) -> int:
    """The command; 0 when no mutant survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="what the mutants are drawn by")
    parser.add_argument("--total", type=int, default=200, help="how many mutants (default 200)")
    parser.add_argument("--rooms", default="", help="rooms, paths or modules, such as originals,ledger,strip")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time, each in a copy of its own (default 1)")
    parser.add_argument("--only", default="", help="only the mutants with these numbers, such as 3,17")
    parser.add_argument("--narrow", action="store_true", help="do not show survivors to all other tests")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no mutant after so long")
    parser.add_argument("--draw", action="store_true", help="print the mutants and try none")
    given = parser.parse_args(words)
    rooms = [room for room in given.rooms.split(",") if room]
    try:
        mutations = draw(ROOT / PACKAGE, rooms, given.seed, given.total)
    except ValueError as error:
        parser.error(str(error))
    numbers = {one: number for number, one in enumerate(mutations)}
    if given.only:
        mutations = [mutations[int(number)] for number in given.only.split(",")]
    if given.draw:
        for one in mutations:
            print(f"{numbers[one]:4} {one}")
        return 0
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        trials = [Trials(ROOT, Path(scratch, str(job)), wide=not given.narrow) for job in range(given.jobs)]
        for verdict in judge(trials, mutations, given.seconds):
            print(f"{numbers[verdict.mutation]:4} {verdict}", flush=True)
            verdicts.append(verdict)
    print(summary(verdicts, len(mutations)))
    return 1 if any(verdict.state == "survived" for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())

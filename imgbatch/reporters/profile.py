"""Profile: where did the time of a run go? By phase, format and operation, and which resource was the limit.

Every Outcome has the milliseconds of its phases, and of a profiled run its Cost. The workers' milliseconds are compared
with the wall clock: workers without work say that the parent or the start was the limit, workers that read and write
say the disk, those that do neither say that others have the processors or the memory, and those that compute say the
processors.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from imgbatch.core.errors import PHASES
from imgbatch.core.job import Cost, Outcome
from imgbatch.core.report import Report
from imgbatch.reporters.base import Reporter

#: Shares of the time from which on something is the limit.
_PARENT, _IDLE, _DISK, _WAITING = 0.8, 0.6, 0.5, 0.6
_EARLY_PHASES = ("read", "decode")  # a job that failed in one of these


class Profile(Reporter):
    """Tells after the run where the time went; measures the parent's processor time from its own making on.

    Parameters
    ----------
    say : callable
        Takes a line for the user.
    workers : int
        How many worker processes there are; 0: the work is done in this process.
    cpu : callable
        Seconds of processor time of this process.
    """

    def __init__(self, say: Callable[[str], None], workers: int, cpu: Callable[[], float] = time.process_time) -> None:
        self._say, self._workers, self._cpu = say, workers, cpu
        self._began = cpu()

    def finish(self, report: Report) -> None:
        """Say where the time went."""
        parent = self._cpu() - self._began if self._workers else 0.0
        tally = Tally(report.outcomes)
        lost_count = report.counts["timeout"] + report.counts["crashed"]
        losses = f"{'1 file that' if lost_count == 1 else f'{lost_count} files that'} timed out or crashed"
        if not tally.files:
            self._say(
                f"profile: nothing was finished; not counted: {losses}" if lost_count else "profile: nothing was done"
            )
            return
        workers = max(1, min(self._workers, tally.files))
        pixels = tally.pixels / 1e6
        count = "1 file" if tally.files == 1 else f"{tally.files} files"
        where = "in this process" if not self._workers else "1 worker" if workers == 1 else f"{workers} workers"
        rate = f", {pixels / report.seconds:.1f} MPix/s" if report.seconds else ""
        self._say(f"profile: {count}, {pixels:.1f} MPix, {report.seconds:.2f} s{rate}, {where}")
        for table in (phases(tally), formats(tally), operations(tally)):
            for line in table:
                self._say("  " + line)
        if lost_count:  # what their workers did in this time is not known, so neither is what the others waited for
            self._say(f"  not counted: {losses}")
            return
        self._say(f"  limit: {limit(tally, report.seconds, workers, parent)}")


class Tally:
    """What outcomes have cost, added up; those that have no milliseconds were not done, and do not count.

    Attributes
    ----------
    files : int
    pixels : int
        Of the sources that were decoded: a header may promise what no decoder has ever seen.
    times : Counter
        Milliseconds of each phase.
    formats : dict
        The sums of the files of each format that a profiled run did.
    operation_times, operation_files : Counter
        Milliseconds of each operation, and how many files had it.
    cpu_ms : float
        Processor time of what a profiled run did.
    """

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self.files = self.pixels = 0
        self.times: Counter[str] = Counter()
        self.formats: dict[str, FormatSums] = {}
        self.operation_times: Counter[str] = Counter()
        self.operation_files: Counter[str] = Counter()
        self.cpu_ms = 0.0
        for outcome in outcomes:
            if outcome.ms:
                self.files += 1
                self.times.update(outcome.ms)
                if outcome.cost is not None:
                    self._add_cost(outcome, outcome.cost)

    def _add_cost(self, outcome: Outcome, cost: Cost) -> None:
        is_decoded = outcome.error is None or outcome.error.phase not in _EARLY_PHASES
        pixels = cost.pixels if is_decoded else 0
        self.pixels += pixels
        sums = self.formats.setdefault(cost.format, FormatSums())
        sums.files, sums.pixels, sums.ms = sums.files + 1, sums.pixels + pixels, sums.ms + sum(outcome.ms.values())
        self.operation_times.update(cost.steps)
        self.operation_files.update(cost.steps.keys())
        self.cpu_ms += cost.cpu_ms


@dataclass
class FormatSums:
    """Files, pixels and milliseconds of one format."""

    files: int = 0
    pixels: int = 0
    ms: float = 0.0


def phases(tally: Tally) -> list[str]:
    """The table of phases: seconds, share, milliseconds a file."""
    total = sum(tally.times.values()) or 1.0
    rows = [("phase", "seconds", "share", "ms a file")]
    for phase in PHASES:
        if phase in tally.times:
            rows.append((phase, *_figures(tally.times[phase], total, tally.files)))
    return _align(rows)


def formats(tally: Tally) -> list[str]:
    """MPix/s are those of one worker."""
    rows = [("format", "files", "MPix", "ms a file", "MPix/s a worker")]
    for kind, sums in sorted(tally.formats.items(), key=lambda item: -item[1].files):
        pixels = sums.pixels / 1e6
        rate = f"{pixels / sums.ms * 1000:.1f}" if sums.ms else ""
        rows.append((kind or "not known", str(sums.files), f"{pixels:.1f}", f"{sums.ms / sums.files:.2f}", rate))
    return _align(rows) if len(rows) > 1 else []


def operations(tally: Tally) -> list[str]:
    """Shares are of all time, as those of the phases."""
    total = sum(tally.times.values()) or 1.0
    rows = [("operation", "seconds", "share", "ms a file")]
    rows += [
        (name, *_figures(ms, total, tally.operation_files[name])) for name, ms in tally.operation_times.most_common()
    ]
    return _align(rows) if len(rows) > 1 else []


def limit(tally: Tally, seconds: float, workers: int, parent: float) -> str:
    """Which resource the run waited for, and the figure that says so.

    Parameters
    ----------
    tally : Tally
    seconds : float
        Wall clock of the run.
    workers : int
    parent : float
        Seconds of processor time of the parent; 0 where it did the work itself.
    """
    times = tally.times
    busy = sum(times.values()) / 1000
    if seconds and parent / seconds >= _PARENT:
        return f"the parent process, which was busy {parent / seconds:.0%} of the time"
    if seconds and busy / (seconds * workers) < _IDLE:
        return f"start-up and waiting for work: workers were busy {busy / (seconds * workers):.0%} of the time"
    disk = (times["read"] + times["write"]) / 1000 / busy if busy else 0.0
    if disk >= _DISK:
        return f"the disk: reading and writing took {disk:.0%} of the workers' time"
    cpu_seconds = tally.cpu_ms / 1000
    phase, ms = max(times.items(), key=lambda item: item[1])
    if busy and cpu_seconds and cpu_seconds / busy < _WAITING:
        share = f"workers computed {cpu_seconds / busy:.0%} of their time"
        return f"waiting for a processor or for memory: {share}; most of it went by in {phase}"
    return f"the processors, in {phase} ({ms / 1000 / busy if busy else 0:.0%} of the workers' time)"


def _figures(ms: float, total: float, files: int) -> tuple[str, str, str]:
    return f"{ms / 1000:.2f}", f"{ms / total:.0%}", f"{ms / files:.2f}"


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(max(widths[0], 9)), *map(str.rjust, row[1:], widths[1:])]) for row in rows]

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
        outcomes = [outcome for outcome in report.outcomes if outcome.ms]
        lost_count = sum(outcome.status in ("timeout", "crashed") for outcome in report.outcomes)
        losses = f"{'1 file that' if lost_count == 1 else f'{lost_count} files that'} timed out or crashed"
        if not outcomes:
            self._say(
                f"profile: nothing was finished; not counted: {losses}" if lost_count else "profile: nothing was done"
            )
            return
        workers = max(1, min(self._workers, len(outcomes)))
        pixels = megapixels(outcomes)
        count = "1 file" if len(outcomes) == 1 else f"{len(outcomes)} files"
        where = "in this process" if not self._workers else "1 worker" if workers == 1 else f"{workers} workers"
        rate = f", {pixels / report.seconds:.1f} MPix/s" if report.seconds else ""
        self._say(f"profile: {count}, {pixels:.1f} MPix, {report.seconds:.2f} s{rate}, {where}")
        for table in (phases(outcomes), formats(outcomes), operations(outcomes)):
            for line in table:
                self._say("  " + line)
        if lost_count:  # what their workers did in this time is not known, so neither is what the others waited for
            self._say(f"  not counted: {losses}")
            return
        self._say(f"  limit: {limit(outcomes, report.seconds, workers, parent)}")


def costs(outcomes: Iterable[Outcome]) -> list[Cost]:
    """What is known of the files that a profiled run did."""
    return [outcome.cost for outcome in outcomes if outcome.cost is not None]


def megapixels(outcomes: Iterable[Outcome]) -> float:
    """Of the sources that were decoded: a header may promise what no decoder has ever seen."""
    pictures = (outcome for outcome in outcomes if outcome.error is None or outcome.error.phase not in _EARLY_PHASES)
    return sum(cost.pixels for cost in costs(pictures)) / 1e6


def phase_times(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Milliseconds of each phase, all files together."""
    times: Counter[str] = Counter()
    for outcome in outcomes:
        times.update(outcome.ms)
    return times


def phases(outcomes: Sequence[Outcome]) -> list[str]:
    """The table of phases: seconds, share, milliseconds a file."""
    times = phase_times(outcomes)
    total = sum(times.values()) or 1.0
    rows = [("phase", "seconds", "share", "ms a file")]
    for phase in PHASES:
        if phase in times:
            rows.append((phase, *_figures(times[phase], total, len(outcomes))))
    return _align(rows)


def formats(outcomes: Sequence[Outcome]) -> list[str]:
    """MPix/s are those of one worker."""
    rows = [("format", "files", "MPix", "ms a file", "MPix/s a worker")]
    kinds = Counter(outcome.cost.format for outcome in outcomes if outcome.cost is not None)
    for kind, files in kinds.most_common():
        these = [outcome for outcome in outcomes if outcome.cost is not None and outcome.cost.format == kind]
        pixels, ms = megapixels(these), sum(phase_times(these).values())
        rate = f"{pixels / ms * 1000:.1f}" if ms else ""
        rows.append((kind or "not known", str(files), f"{pixels:.1f}", f"{ms / files:.2f}", rate))
    return _align(rows) if len(rows) > 1 else []


def operations(outcomes: Sequence[Outcome]) -> list[str]:
    """Shares are of all time, as those of the phases."""
    times: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for cost in costs(outcomes):
        times.update(cost.steps)
        counts.update(cost.steps.keys())
    total = sum(phase_times(outcomes).values()) or 1.0
    rows = [("operation", "seconds", "share", "ms a file")]
    rows += [(name, *_figures(ms, total, counts[name])) for name, ms in times.most_common()]
    return _align(rows) if len(rows) > 1 else []


def limit(outcomes: Sequence[Outcome], seconds: float, workers: int, parent: float) -> str:
    """Which resource the run waited for, and the figure that says so.

    Parameters
    ----------
    seconds : float
        Wall clock of the run.
    parent : float
        Seconds of processor time of the parent; 0 where it did the work itself.
    """
    times = phase_times(outcomes)
    busy = sum(times.values()) / 1000
    if seconds and parent / seconds >= _PARENT:
        return f"the parent process, which was busy {parent / seconds:.0%} of the time"
    if seconds and busy / (seconds * workers) < _IDLE:
        return f"start-up and waiting for work: workers were busy {busy / (seconds * workers):.0%} of the time"
    disk = (times["read"] + times["write"]) / 1000 / busy if busy else 0.0
    if disk >= _DISK:
        return f"the disk: reading and writing took {disk:.0%} of the workers' time"
    cpu_seconds = sum(cost.cpu_ms for cost in costs(outcomes)) / 1000
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

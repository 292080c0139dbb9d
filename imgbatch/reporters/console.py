"""Console: what does somebody at a terminal see? A bar, a line for every failure, and one sentence at the end.

Everything goes to one stream (stderr at the shell): stdout is for data. A bar is only drawn when asked for; otherwise
a line a minute says that the run is alive.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TextIO

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import NO_ATTEMPT, Outcome
from imgbatch.core.report import WRONG, Report
from imgbatch.reporters.base import Reporter, explanation, location, printable
from imgbatch.reporters.summary import stop_line

if TYPE_CHECKING:
    from tqdm import tqdm

EVERY = 60.0  # seconds between two lines where there is no bar
_RED, _PLAIN = "\x1b[31m", "\x1b[0m"
_ENDLESS_BAR = "{n_fmt} files [{elapsed}, {rate_fmt}{postfix}]"
_BAR = "{percentage:3.0f}%|{bar}| {n_fmt}B/{total_fmt}B [{elapsed}<{remaining}{postfix}]"


@frozen
class ConsoleStyle:
    """How much the console writes, and how: `verbose` counts -v, `quiet` leaves only errors, `warnings` need no -v."""

    verbose: int = 0
    quiet: bool = False
    bar: bool = False
    color: bool = False
    progress: bool = True  # without a bar: whether it writes a line a minute
    warnings: bool = False
    columns: int | None = None  # the bar's width; None: the terminal's, which may change
    is_endless: bool = False  # whether nobody knows how many files there will be


class Console(Reporter):
    """Progress, failures as they happen and the summary, for people.

    Parameters
    ----------
    stream : text file
    look : ConsoleStyle
        How much is shown, and in which form.
    clock : callable
        Seconds, monotonic.
    """

    reads_outcomes = False

    def __init__(
        self,
        stream: TextIO,
        look: ConsoleStyle = ConsoleStyle(),  # noqa: B008 - it cannot change
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._look = look
        self._clock = clock
        self._bar: tqdm[NoReturn] | None = None
        self._total = self._complete_count = self._wrong = 0
        self._next = 0.0

    @property
    def lists_warnings(self) -> bool:
        """Whether warnings are listed as each file is done."""
        return bool(self._look.verbose or self._look.warnings)

    def start(self, total: int, total_bytes: int) -> None:
        """Draw the bar, if one is asked for."""
        self._total = total
        self._next = self._clock() + EVERY
        if self._look.bar and not self._look.quiet and (total or self._look.is_endless):
            self._bar = _bar(self._stream, None if self._look.is_endless else total_bytes, self._look.columns)

    def grow(self, total: int, total_bytes: int) -> None:
        """Draw the bar from now on as a part of so many bytes."""
        self._total = total
        if self._bar is not None and not self._look.is_endless:
            self._bar.total = total_bytes

    def outcome(self, outcome: Outcome) -> None:
        """Name what went wrong, with -v every file; move the bar, or say once a minute how far the run is."""
        self._complete_count += 1
        wrong = outcome.status in WRONG
        self._wrong += wrong
        if wrong or self._look.verbose or (self.lists_warnings and outcome.warnings):
            for line in self.lines(outcome):
                self.say(line)
        if self._bar is not None:
            self._bar.set_postfix_str(self._counts(), refresh=False)
            size = 0 if outcome.status == "unchanged" else outcome.source.size
            self._bar.update(1 if self._look.is_endless else size)
        elif self._look.progress and not self._look.quiet and self._clock() >= self._next:
            self._next = self._clock() + EVERY
            self.say(self._counts())

    def finish(self, report: Report) -> None:
        """Say why the run ended early, and the sums."""
        self.close()
        if report.reason:
            self.say(stop_line(report))
        if not self._look.quiet:
            self.say(report.sentence())

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def lines(self, outcome: Outcome) -> list[str]:
        """The messages about one outcome, each on one line, whatever characters its name holds."""
        where = printable(location(outcome.source))
        lines = []
        if outcome.error is not None:
            status = f"{_RED}{outcome.status}{_PLAIN}" if self._look.color else outcome.status
            lines.append(f"{status}: {where}: {printable(explanation(outcome))}")
        elif outcome.status in WRONG:
            lines.append(f"{outcome.status}: {where}")
        if self._look.verbose and not self._look.quiet and outcome.status in ("skipped", "unchanged"):
            lines.append(f"{outcome.status}: {where}")
        if self.lists_warnings and not self._look.quiet:
            lines += [f"warning: {where}: {printable(text)}" for text in outcome.warnings]
        if self._look.verbose and not self._look.quiet:
            changes = [text for text in outcome.changes if not text.startswith(NO_ATTEMPT)]
            lines += [f"change: {where}: {printable(text)}" for text in changes]
        return lines

    def say(self, line: str) -> None:
        """One line, above the bar where there is one. A reader who left (a closed pipe) is not an error."""
        try:
            if self._bar is not None:
                self._bar.write(line, file=self._stream)
            else:
                print(line, file=self._stream, flush=True)
        except (OSError, ValueError):
            return

    def _counts(self) -> str:
        wrong = f", {self._wrong} failed" if self._wrong else ""
        if self._look.is_endless:
            return wrong.removeprefix(", ") if self._bar is not None else f"{self._complete_count} files{wrong}"
        return f"{self._complete_count} of {self._total} files{wrong}"


def _bar(stream: TextIO, total_bytes: int | None, columns: int | None) -> tqdm[NoReturn]:
    """A bar over bytes, without tqdm's own thread and lock between processes: one thread of one process draws it.

    Parameters
    ----------
    total_bytes : int or None
        None: nobody knows how much will come, and files are counted.
    columns : int or None
        As :class:`ConsoleStyle` has it.
    """
    import threading

    from tqdm import tqdm

    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    is_endless = total_bytes is None
    return tqdm(
        total=total_bytes, file=stream, unit=" files" if is_endless else "B", unit_scale=not is_endless, miniters=1,
        bar_format=_ENDLESS_BAR if is_endless else _BAR, ncols=columns, nrows=24, dynamic_ncols=columns is None,
        leave=False,
    )  # fmt: skip

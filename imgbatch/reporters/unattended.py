"""Unattended report: is there anything to wake somebody for? ``--unattended``: not a word, unless there is news.

News is a file that failed and had not failed before, one that failed before and is well now, and a run that was
stopped early. Then these are listed, and one line says all of the run; what was broken yesterday and still is stays in
the report, not in the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from imgbatch.core.job import Outcome
from imgbatch.core.report import WRONG, Report
from imgbatch.reporters.base import Reporter, location, printable
from imgbatch.reporters.summary import night_line

MOST = 50  # lines of each kind; the summary has the numbers


class UnattendedReporter(Reporter):
    """What is new since the last run, at its end.

    Parameters
    ----------
    say : callable
        Takes a line.
    earlier_failures : collection of str
        The paths (absolute) of the sources that were failing before this run.
    lines : callable
        What is said of an outcome that is wrong, as the console says it.
    """

    reads_outcomes = False

    def __init__(
        self, say: Callable[[str], None], earlier_failures: Collection[str], lines: Callable[[Outcome], list[str]]
    ) -> None:
        self._say, self._earlier_failures, self._lines = say, earlier_failures, lines
        self._failures: list[Outcome] = []
        self._recoveries: list[Outcome] = []

    def outcome(self, outcome: Outcome) -> None:
        """Keep what is news."""
        if outcome.status in WRONG and not outcome.is_known:
            self._failures.append(outcome)
        elif outcome.status in ("ok", "unchanged") and outcome.source.path in self._earlier_failures:
            self._recoveries.append(outcome)

    def finish(self, report: Report) -> None:
        """List the news and say all in one line; nothing where there is no news."""
        if not self._failures and not self._recoveries and report.stopped is None:
            return
        self._say_most([line for outcome in self._failures for line in self._lines(outcome)], "failed")
        self._say_most(
            [f"recovered: {printable(location(outcome.source))}" for outcome in self._recoveries], "recovered"
        )
        self._say(night_line(report, len(self._recoveries)))

    def _say_most(self, lines: list[str], what: str) -> None:
        for line in lines[:MOST]:
            self._say(line)
        if len(lines) > MOST:
            self._say(f"({len(lines) - MOST} more {what})")

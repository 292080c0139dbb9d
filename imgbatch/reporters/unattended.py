"""Unattended report: is there anything to wake somebody for? ``--unattended``: not a word, unless there is news.

News is a file that failed and had not failed before, one that failed before and is well now, and a run that was
stopped early. Then these are listed and the summary follows; what was broken yesterday and still is stays in the
report, not in the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from imgbatch.core.job import Outcome
from imgbatch.core.report import WRONG, Report
from imgbatch.reporters.base import Reporter, location, printable
from imgbatch.reporters.summary import stop_line

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
        is_known = outcome.source.path in self._earlier_failures
        if outcome.status in WRONG and not is_known:
            self._failures.append(outcome)
        elif is_known and outcome.status in ("ok", "unchanged"):
            self._recoveries.append(outcome)

    def finish(self, report: Report) -> None:
        """List the news and say the sums; nothing where there is no news."""
        if not self._failures and not self._recoveries and report.stopped is None:
            return
        self._say_most([line for outcome in self._failures for line in self._lines(outcome)], "failed")
        self._say_most(
            [f"recovered: {printable(location(outcome.source))}" for outcome in self._recoveries], "recovered"
        )
        if report.stopped is not None and report.reason:
            self._say(stop_line(report))
        self._say(report.sentence())

    def _say_most(self, lines: list[str], what: str) -> None:
        for line in lines[:MOST]:
            self._say(line)
        if len(lines) > MOST:
            self._say(f"({len(lines) - MOST} more {what})")

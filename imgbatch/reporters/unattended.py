"""Is there anything to wake somebody for? ``--unattended``: not a word, unless there is news.

News is a file that failed and had not failed before, one that failed before and is well now, and a run that was
stopped early. Then these are listed and the summary follows; what was broken yesterday and still is stays in the
report, not in the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from imgbatch.core.job import Outcome
from imgbatch.core.report import WRONG, Report
from imgbatch.reporters.base import Reporter, location, shown

MOST = 50  # lines of each kind; the summary has the numbers


class News(Reporter):
    """What is new since the last run, at its end.

    Parameters
    ----------
    say : callable
        Takes a line.
    known : collection of str
        The paths (absolute) of the sources that were failing before this run.
    lines : callable
        What is said of an outcome that is wrong, as the console says it.
    """

    def __init__(
        self, say: Callable[[str], None], known: Collection[str], lines: Callable[[Outcome], list[str]]
    ) -> None:
        self._say, self._known, self._lines = say, known, lines
        self._failed: list[Outcome] = []
        self._recovered: list[Outcome] = []

    def outcome(self, outcome: Outcome) -> None:
        known = outcome.source.path in self._known
        if outcome.status in WRONG and not known:
            self._failed.append(outcome)
        elif known and outcome.status in ("ok", "unchanged"):
            self._recovered.append(outcome)

    def finish(self, report: Report) -> None:
        if not self._failed and not self._recovered and report.stopped is None:
            return
        self._listed([line for outcome in self._failed for line in self._lines(outcome)], "failed")
        self._listed([f"recovered: {shown(location(outcome.source))}" for outcome in self._recovered], "recovered")
        if report.stopped is not None and report.reason:
            self._say(f"stopped: {shown(report.reason)}")
        self._say(report.sentence())

    def _listed(self, lines: list[str], what: str) -> None:
        for line in lines[:MOST]:
            self._say(line)
        if len(lines) > MOST:
            self._say(f"({len(lines) - MOST} more {what})")

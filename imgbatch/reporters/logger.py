"""Logger: how does a program that uses the library hear of its runs? By the records of the logger ``imgbatch``.

There is no handler of ours, and none is needed: where the program has none either, nothing is said (logging itself
would print warnings then). ``logging`` is not loaded for it: a program without it listens to nobody. The lines are
those of ``--log`` (log.py).
"""

from __future__ import annotations

from imgbatch.core.errors import sentence
from imgbatch.core.job import Outcome
from imgbatch.core.report import WRONG, ExitCode, Report
from imgbatch.reporters.base import Reporter, explanation, location, printable

NAME = "imgbatch"
DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50  # logging's


class Logger(Reporter):
    """The records of one run; a file that went well is one of level DEBUG. Each has its Outcome as ``outcome``."""

    reads_outcomes = False

    def __init__(self, base: str) -> None:
        import logging  # whoever asks has seen that it is loaded

        logger = logging.getLogger(NAME)
        self._logger = logger if logger.hasHandlers() else None
        self._base = base

    def start(self, total: int, total_bytes: int, is_listed: bool = True) -> None:
        """Tell how many files there are.

        Parameters
        ----------
        total : int
            How many are known.
        total_bytes : int
            Those of the sources.
        is_listed : bool
            Whether these are all.
        """
        self._say(INFO, start_line(total, self._base, is_listed))

    def outcome(self, outcome: Outcome) -> None:
        """Tell what became of a file."""
        if self._logger is not None:
            level, line = outcome_line(outcome)
            self._say(DEBUG if level == INFO and outcome.ok else level, line, outcome)

    def finish(self, report: Report) -> None:
        """Tell what is odd, and the sums."""
        for warning in report.warnings:
            self._say(WARNING, warning)
        self._say(*end_line(report))

    def tell_break(self, error: BaseException) -> None:
        """Tell why the run ended in an exception."""
        self._say(CRITICAL, f"broken off: {sentence(error)}")

    def _say(self, level: int, line: str, outcome: Outcome | None = None) -> None:
        if self._logger is not None:
            self._logger.log(level, "%s", printable(line), extra={"outcome": outcome})


def start_line(total: int, base: str, is_listed: bool = True) -> str:
    """The message of a run's start.

    Parameters
    ----------
    total : int
        How many files are known.
    base : str
        The output folder; "" where there is none.
    is_listed : bool
        Whether these are all.
    """
    return f"start: {total}{'' if is_listed else ' or more'} files{f' for {printable(base)}' if base else ''}"


def outcome_line(outcome: Outcome) -> tuple[int, str]:
    """The level and the message of an outcome; what had failed before wakes nobody."""
    wrong = outcome.status in WRONG and not outcome.is_known
    cause = f": {explanation(outcome)}" if outcome.error else ""
    line = " | ".join([f"{outcome.status}: {location(outcome.source)}{cause}", *outcome.warnings])
    return ERROR if wrong else WARNING if outcome.warnings and not outcome.is_known else INFO, line


def end_line(report: Report, *more: str) -> tuple[int, str]:
    """The level and the message of a run's end, with `more` to say."""
    level = {ExitCode.OK: INFO, ExitCode.FAILURES: ERROR}.get(report.exit_code, CRITICAL)
    cause = f"; stopped: {report.reason}" if report.stopped is not None else ""
    words = "; ".join([f"{report.sentence()}{cause}", *filter(None, more)])
    return level, f"end: {words}, exit code {int(report.exit_code)}"

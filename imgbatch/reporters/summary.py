"""Summary: what does a run say at its end? Why it stopped, the sums in one sentence, and what is worth knowing.

The sentence is :meth:`imgbatch.Report.sentence`, for those who call the library, too; its words are in core/report.py.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from imgbatch.core.report import ExitCode, Report
from imgbatch.reporters.base import printable


def night_line(report: Report, recoveries: int = 0) -> str:
    """All of a run that nobody watched: the sums, what recovered, why it stopped, its exit code, and what to do."""
    stop = [stop_line(report)] if report.stopped is not None and report.reason else []
    news = [f"{recoveries} recovered"] if recoveries else []
    code = f"exit code {int(report.exit_code)}"
    return "; ".join([report.sentence(), *news, *stop, code, *filter(None, [next_step(report)])])


def next_step(report: Report) -> str:
    """What somebody has to do who finds this in the morning; "" where that is nothing."""
    if report.stopped in (ExitCode.STOPPED, ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        return "the next run goes on" if report.remaining else ""
    news = report.wrong - report.known
    if not news:
        return ""
    what = "the file that failed" if report.wrong == 1 else "what failed" + " and is new" * bool(report.known)
    return f"repair or remove {what}: it is tried again when it has changed"


def stop_line(report: Report) -> str:
    """Why the run ended early."""
    return f"stopped: {printable(report.reason)}"


def hints(
    report: Report,
    total: int,
    skip_reasons: Sequence[str],
    next_step: str,
    lists_skips: bool = False,
    lists_warnings: bool = False,
) -> list[str]:
    """What is worth knowing after the sums, a line each.

    Parameters
    ----------
    total : int
        How many images were found.
    skip_reasons : sequence of str
        Of each file that is no source, why.
    next_step : str
        What to do after an early stop.
    lists_skips, lists_warnings : bool
        Whether the console lists these files, or the warnings.
    """
    lines = []
    if not total:
        lines.append("(no images were found)")
    if skip_reasons and not lists_skips:
        lines.append(f"({_count_by_reason(skip_reasons)}; -v lists them)")
    if report.warned and not lists_warnings:
        lines.append(f"({report.warned} with warnings; -v lists them)")
    if report.located:
        files = "1 file says" if report.located == 1 else f"{report.located} files say"
        lines.append(f"({files} where the picture was taken; --strip gps takes that out)")
    if report.stopped is not None or report.reason:
        lines.append(next_step)
    return lines


def folder_hints(removals: int, undo_folder: str | None, state: str | None = None) -> list[str]:
    """What happened to files that were there before, a line each.

    Parameters
    ----------
    removals : int
        How many outputs were removed because their sources are gone.
    undo_folder : str or None
        The folder in which originals were replaced.
    state : str, optional
        The folder of the state that was asked for, which the command has to name, too.
    """
    lines = [f"({removals} removed: the source is gone)"] if removals else []
    if undo_folder is not None:
        words = [undo_folder, *(["--state", state] if state else [])]
        command = f"imgbatch undo {printable(shlex.join(words))}"
        lines.append(f"(originals are kept; to take it back: {command})")
    return lines


def _count_by_reason(reasons: Sequence[str]) -> str:
    counts = Counter(map(printable, reasons))
    if len(counts) == 1:
        return f"{len(reasons)} skipped: {next(iter(counts))}"
    return f"{len(reasons)} skipped: " + ", ".join(f"{n} {reason}" for reason, n in counts.most_common())

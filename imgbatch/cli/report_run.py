"""Telling of a run: who is told how a run, a check, a survey or a packing goes, and in which order?

The commands share it: each makes what is to be carried out, and this carries it out while the reporters are told.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Container, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch.cli.arguments import ReportArguments
from imgbatch.cli.signals import stopping
from imgbatch.cli.standard_streams import abandon_stdout, complain
from imgbatch.core.errors import UsageError
from imgbatch.core.job import Outcome
from imgbatch.core.report import ExitCode, Report
from imgbatch.reporters import Console, Look, Reporter, report_to, shown

if TYPE_CHECKING:
    from imgbatch.runs.base import Run

AGAIN = "run the same command again to go on"


def look(report: ReportArguments, json: bool = False) -> Look:
    """How much is said: a bar only on a terminal that `json` on stdout, or its lines, do not share."""
    terminal = sys.stderr.isatty()
    shared = (json or report.json_lines) and sys.stdout.isatty()
    return Look(
        verbose=report.verbose,
        quiet=report.quiet,
        bar=terminal and report.progress and not shared,
        color=terminal and not os.environ.get("NO_COLOR"),
        progress=report.progress,
        columns=_columns() if terminal else None,
    )


def _columns() -> int | None:
    """The width that COLUMNS asks for, or 80 where the terminal does not know its own; None: ask the terminal."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    try:
        return None if os.get_terminal_size(sys.stderr.fileno()).columns else 80
    except OSError:
        return 80


def file_reporters(
    report: ReportArguments, console: Console, null: bool, srcset: str | None = None, stats: str | None = None
) -> list[Reporter]:
    """The reporters that write files; a name that cannot be one is refused before the run.

    Parameters
    ----------
    console : Console
        Gets what a reporter has to say to the user.
    null : bool
        Whether NUL separates the paths of the list of failures.
    srcset, stats : str or None
        The files of ``--srcset`` and ``--stats``; the reporter of the latter is made by the run.
    """
    for path in (*report.report_files, *filter(None, (report.failed_list, srcset, stats))):
        if os.path.isdir(path):
            raise UsageError(f"expected a file name for a report, got the folder {path!r}")
    reporters = [report_to(path) for path in report.report_files]
    if srcset is not None:
        from imgbatch.reporters import SrcSet

        reporters.append(SrcSet(srcset))
    if report.failed_list is not None:
        from imgbatch.reporters import FailedList

        reporters.append(FailedList(report.failed_list, null, console.say))
    return reporters


def refuse_taken(taken: Container[str], report: ReportArguments, *others: str | None) -> None:
    """A report must not replace a picture: a flag whose value was forgotten takes the next word for it.

    Parameters
    ----------
    taken : container of str
        Absolute paths of sources and outputs.
    report : ReportArguments
        Names report files.
    others : str or None
        More files that the command writes.
    """
    for path in (*report.report_files, report.failed_list, *others):
        if path and (os.path.abspath(path) in taken or os.path.realpath(path) in taken):
            raise UsageError(f"expected a file name of its own for a report, got the picture {path!r}")


def told(
    batch: Run,
    report: ReportArguments,
    console: Console,
    files: Sequence[Reporter],
    after_a_stop: str = AGAIN,
    teller: Reporter | None = None,
) -> int:
    """Carry out the batch and tell everybody; the exit code. `teller` speaks to the user where `console` shall not."""
    speaking = teller or console
    lines: list[Reporter] = []
    if report.json_lines:
        from imgbatch.reporters import JsonLines

        lines = [JsonLines(sys.stdout.buffer, batch.report.base)]
    if report.verbose and not report.quiet:
        for skipped in batch.skipped:
            console.say(f"skipped: {shown(os.path.join(skipped.root, skipped.relative))}: {shown(skipped.reason)}")
    with stopping(batch, report.quiet):  # until the reports are written: a late signal must not cost them
        try:
            lost = _followed(batch, lines, [speaking, *files])
        finally:
            console.close()
        unwritten = _finished([*([] if lost else lines), *files], batch.report)
    speaking.finish(batch.report)
    if not report.quiet:
        for line in hints(batch, report.verbose, after_a_stop, console.warns):
            console.say(line)
    code = int(batch.report.exit_code)
    if code != ExitCode.OK or not (unwritten or lost):
        return code
    if lost:  # all was done when the last line was lost: nothing else has said it
        complain(f"imgbatch: {lost}; what it should have got last is lost")
    return int(ExitCode.STOPPED)


def _followed(batch: Run, lines: Sequence[Reporter], others: Sequence[Reporter]) -> str:
    """Tell the reporters all outcomes; why the run was stopped, if stdout, where `lines` go, takes no more."""
    with _closing(batch.outcomes()) as outcomes:
        for reporter in (*lines, *others):
            reporter.start(batch.total, batch.total_bytes)
        for outcome in outcomes:
            for reporter in others:
                reporter.outcome(outcome)
            try:
                for reporter in lines:
                    reporter.outcome(outcome)
            except OSError as error:
                reason = f"stdout takes no more: {error.strerror or error}"
                batch.stop(ExitCode.STOPPED, reason)
                abandon_stdout()
                return reason
    return ""


@contextlib.contextmanager
def _closing(outcomes: Iterator[Outcome]) -> Iterator[Iterator[Outcome]]:
    """The outcomes, and whatever happens to them here, a clean stop."""
    try:
        yield outcomes
    finally:
        if isinstance(outcomes, Generator):
            outcomes.close()


def _finished(reporters: Sequence[Reporter], report: Report) -> bool:
    """Finish the reporters; whether one of them could not write its file."""
    unwritten = False
    for reporter in reporters:
        try:
            reporter.finish(report)
        except BrokenPipeError:  # the last line of --json; all work is done
            abandon_stdout()
        except OSError as error:
            where = shown(getattr(reporter, "path", "stdout"))
            complain(f"imgbatch: the report {where} could not be written: {error.strerror or error}")
            unwritten = True
    return unwritten


def hints(batch: Run, verbose: int, after_a_stop: str = AGAIN, warned: bool = False) -> list[str]:
    """What is worth knowing after the summary; `warned`: the warnings have been told."""
    report = batch.report
    made = []
    if not batch.total:
        made.append("(no images were found)")
    if batch.skipped and not verbose:
        made.append(f"({_counted(batch)}; -v lists them)")
    if report.warned and not verbose and not warned:
        made.append(f"({report.warned} with warnings; -v lists them)")
    if report.located:
        files = "1 file says" if report.located == 1 else f"{report.located} files say"
        made.append(f"({files} where the picture was taken; --strip gps takes that out)")
    if report.stopped is not None or report.reason:
        made.append(after_a_stop)
    return made


def _counted(batch: Run) -> str:
    reasons = Counter(skipped.reason for skipped in batch.skipped)
    if len(reasons) == 1:
        return f"{len(batch.skipped)} skipped: {shown(next(iter(reasons)))}"
    return f"{len(batch.skipped)} skipped: " + ", ".join(f"{n} {shown(reason)}" for reason, n in reasons.most_common())

"""Run and its reporters: how do run, check, stats and pack carry out a run and report it?"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.cli.arguments import ReportArguments
from imgbatch.cli.signals import stop_at_signals
from imgbatch.cli.standard_streams import abandon_stdout, print_stderr, verdict
from imgbatch.core.errors import HostWarning, UsageError
from imgbatch.core.job import Outcome
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import UnattendedSettings
from imgbatch.planning.source_filter import looks_like_source
from imgbatch.reporters.base import Reporter, printable
from imgbatch.reporters.console import Console, ConsoleStyle
from imgbatch.reporters.registry import make_reporter, reporter_for, srcset_reporter
from imgbatch.reporters.summary import hints
from imgbatch.storage.registry import refuse_remote
from imgbatch.storage.temporary import sweep

if TYPE_CHECKING:
    from imgbatch.runs.base import Run

NEXT_STEP = "run the same command again to go on"


def console_style(report: ReportArguments, json: bool = False) -> ConsoleStyle:
    """How the console writes: a bar only on a terminal that does not also show the JSON of stdout."""
    terminal = sys.stderr.isatty()
    same_terminal = (json or report.json_lines) and sys.stdout.isatty()
    return ConsoleStyle(
        verbose=report.verbose,
        quiet=report.quiet,
        bar=terminal and report.progress and not same_terminal,
        color=terminal and not os.environ.get("NO_COLOR"),
        progress=report.progress,
        columns=_columns() if terminal else None,
    )


def _columns() -> int | None:
    """The width that COLUMNS asks for, or 80 where the terminal does not know its own; None: ask the terminal."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
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
    paths = [*dict.fromkeys(report.report_files), *filter(None, (report.failed_list, srcset, stats))]
    for path in paths:
        refuse_remote("a report", path)
        if os.path.isdir(path):
            raise UsageError(f"expected a file name for a report, got the folder {path!r}")
    if len({*map(os.path.realpath, paths)}) < len(paths):  # the last would replace the others
        raise UsageError(f"expected a file name of its own for each report, got {', '.join(map(repr, paths))}")
    reporters = [reporter_for(path) for path in report.report_files]
    if srcset is not None:
        reporters.append(srcset_reporter(srcset))
    if report.failed_list is not None:
        reporters.append(make_reporter("--failed-list", report.failed_list, null, console.say))
    return reporters


def refuse_pictures(pictures: Iterable[str], report: ReportArguments, *others: str | None) -> None:
    """A report must not replace a picture: a flag whose value was forgotten takes the next word for it.

    Parameters
    ----------
    pictures : iterable of str
        Absolute paths of sources and outputs; only asked for where there is a report.
    report : ReportArguments
        Names report files.
    others : str or None
        More files that the command writes.
    """
    names = {
        place(path): path
        for place in (os.path.realpath, os.path.abspath)
        for path in (*report.report_files, report.failed_list, *others)
        if path
    }
    for picture in pictures if names else ():
        if picture in names:
            raise UsageError(f"expected a file name of its own for a report, got the picture {names[picture]!r}")


def refuse_sources(run: Run, report: ReportArguments, *others: str | None) -> None:
    """As :func:`refuse_pictures`, for a run that only reads: it is listed to its end only if a report may be a source.

    Parameters
    ----------
    run : Run
        Is prepared.
    report : ReportArguments
        Names report files.
    others : str or None
        More files that the command writes.
    """
    operands = {os.path.abspath(path) for path in run.paths}
    paths = [path for path in (*report.report_files, report.failed_list, *others) if path]
    if any(os.path.abspath(path) in operands or looks_like_source(path) for path in paths):
        refuse_pictures((job.source.path for job in run.todo), report, *others)


def carry_out(
    run: Run,
    report: ReportArguments,
    console: Console,
    files: Sequence[Reporter],
    next_step: str = NEXT_STEP,
    user_reporter: Reporter | None = None,
    grace: float = UnattendedSettings.grace,
    hook: Callable[[Report], object] | None = None,
) -> int:
    """Carry out a run, tell all reporters, and give the exit code.

    Parameters
    ----------
    run : Run
        Is prepared.
    report : ReportArguments
    console : Console
        Gets the hints after the sums.
    files : sequence of Reporter
        Those that write files.
    next_step : str
        What to do after an early stop.
    user_reporter : Reporter or None
        Speaks to the user instead of the console.
    grace : float
        Seconds that a first SIGTERM leaves the files in hand.
    hook : callable or None
        Called at the end of a run that has to end within a file; else the caller has its time.
    """
    speaker = user_reporter or console
    lines: list[Reporter] = []
    if report.json_lines:
        lines = [make_reporter("--json", sys.stdout.buffer, run.report.base)]
    skip_count = 0  # of those that were listed

    def say_skips() -> None:
        nonlocal skip_count
        if report.verbose and not report.quiet:
            for file in run.skipped[skip_count:]:
                path = os.path.join(file.root, file.relative)
                console.say(f"skipped: {printable(path)}: {printable(file.reason)}")
            skip_count = len(run.skipped)

    say_skips()

    def last_words() -> None:
        run.complete_report()
        finish_reporters([*lines, *files], run.report)
        speaker.finish(run.report)
        if hook is not None:
            hook(run.report)

    # Until the reports are written: a late signal must not cost them
    with stop_at_signals(run, report.quiet, grace, last_words), host_warnings(console, report.quiet):
        try:
            stdout_failure = _forward_outcomes(run, lines, [speaker, *files])
        except (Exception, KeyboardInterrupt) as error:
            records = report.report_files if run.report.outcomes else ()  # else those of the last run stay
            tell_break(error, run.report, [file for file in files if file.of_every_run or file.path in records])
            raise
        finally:
            console.close()
        if any(file.shows_pictures for file in files):
            from imgbatch.runs.review.review_run import lend_review

            lend_review(run, files)
        file_failure = finish_reporters([*([] if stdout_failure else lines), *files], run.report)
    say_skips()
    speaker.finish(run.report)
    if not report.quiet:
        reasons = [file.reason for file in run.skipped]
        verbose = report.verbose > 0
        for line in hints(run.report, run.total, reasons, next_step, verbose, verbose or console.lists_warnings):
            console.say(line)
    code = int(run.report.exit_code)
    if code != ExitCode.OK or not (file_failure or stdout_failure):
        return code
    if stdout_failure:  # all files are done, and no other message reports the loss
        print_stderr(f"imgbatch: {stdout_failure}; what it should have got last is lost")
    return int(ExitCode.STOPPED)


@contextlib.contextmanager
def host_warnings(console: Console, quiet: bool) -> Iterator[None]:
    """Within the block the console says what the machine does not give, unless all shall be quiet."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, HostWarning):
            before(message, category, *where, **more)
        elif not quiet:
            console.say(f"warning: {message}")

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def tell_break(error: BaseException, report: Report, reporters: Sequence[Reporter]) -> None:
    """Tell reporters that a run has ended in an error, which may be a refusal of it.

    Parameters
    ----------
    error : BaseException
        Gives the exit code and the reason.
    report : Report
        What was counted until then; gets both.
    reporters : sequence of Reporter
        Each is finished.
    """
    code, report.reason = verdict(error)
    report.stopped = ExitCode(code)
    finish_reporters(reporters, report)


def every_run_reporters(report: ReportArguments) -> list[Reporter]:
    """Those of the files of ``--report`` that tell of every run, of one that could not begin, too."""
    return [one for one in map(reporter_for, report.report_files) if one.of_every_run]


def _forward_outcomes(run: Run, lines: Sequence[Reporter], others: Sequence[Reporter]) -> str:
    """Tell the reporters all outcomes; why the run was stopped, if stdout, where `lines` go, takes no more."""
    with _close_at_end(run.outcomes()) as outcomes:
        for reporter in (*lines, *others):
            reporter.start(run.total, run.total_bytes)
        is_listed = run.is_listed
        for outcome in outcomes:
            if not is_listed:
                is_listed = run.is_listed
                for reporter in others:
                    reporter.grow(run.total, run.total_bytes)
            for reporter in others:
                reporter.outcome(outcome)
            try:
                for reporter in lines:
                    reporter.outcome(outcome)
            except OSError as error:
                reason = f"stdout takes no more: {error.strerror or error}"
                run.stop(ExitCode.STOPPED, reason)
                abandon_stdout()
                return reason
    return ""


@contextlib.contextmanager
def _close_at_end(outcomes: Iterator[Outcome]) -> Iterator[Iterator[Outcome]]:
    """The outcomes; when the block ends early, the run is stopped cleanly."""
    try:
        yield outcomes
    finally:
        if isinstance(outcomes, Generator):
            outcomes.close()


def finish_reporters(reporters: Sequence[Reporter], report: Report) -> bool:
    """Finish the reporters; whether one of them could not write its file."""
    failure = False
    paths = [str(reporter.path) for reporter in reporters if hasattr(reporter, "path")]
    for folder in {os.path.dirname(path) or os.curdir for path in paths}:
        sweep(folder)  # what a run that was killed while it wrote them has left
    for reporter in reporters:
        try:
            reporter.finish(report)
        except BrokenPipeError:  # the last line of --json; all work is done
            abandon_stdout()
        except OSError as error:
            where = printable(getattr(reporter, "path", "stdout"))
            print_stderr(f"imgbatch: the report {where} could not be written: {error.strerror or error}")
            failure = True
    return failure

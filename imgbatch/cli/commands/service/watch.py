"""Watch command: what does ``imgbatch watch`` do? It does what is there, then what comes; a service."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, cast

from imgbatch.cli.arguments import RecipeArguments, ReportArguments, SourceArguments
from imgbatch.cli.environment.service_manager import ALIVE, READY, STOPPING, notify
from imgbatch.cli.environment.state_home import with_state
from imgbatch.cli.flag_table import Command, watch_flags
from imgbatch.cli.manual.command_pages import WATCH_ABOUT, WATCH_AFTER, WATCH_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import run_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, finish_reporters
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.report import ExitCode
from imgbatch.reporters.base import Reporter, printable
from imgbatch.reporters.console import Console
from imgbatch.reporters.registry import make_reporter
from imgbatch.runs.watch.watch import REFUSALS, Watch

if TYPE_CHECKING:
    from imgbatch.runs.base import Run

_NO_END = "it is written at the end, and a watch has none; use --json or --log FILE"
_TRIES = "a watch does what it says; try it with imgbatch run, which has the same flags"
_CLUSTER = "worker processes of this machine do the work of a watch (-j N); for a cluster use imgbatch schedule"
_FLAG_REFUSALS = {
    **{f"--{name.replace('_', '-')}": reason for name, reason in REFUSALS.items()},
    **dict.fromkeys(("-n", "--dry-run", "--explain", "--estimate", "--profile"), _TRIES),
    **dict.fromkeys(("--executor", "--executor-timeout", "--retries"), _CLUSTER),
    "--failed-list": _NO_END,
    "--files-from": "name the folders; a list that is still being written is for imgbatch run --stream",
    "--keep-backups": "there are none without --in-place; leave it out",
    "--save-recipe": "save it with imgbatch run, and watch with -r FILE.toml",
    "--srcset": "it tells of all files; imgbatch run --srcset FILE with the same flags makes none of them again",
    "--stats": "they are those of all files; use imgbatch stats on the output folder",
}
_NEXT_STEP = "start the watch again to go on"


@frozen
class WatchArguments:
    """What was typed for ``imgbatch watch``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    recipe: RecipeArguments = field(default_factory=RecipeArguments)
    report: ReportArguments = field(default_factory=ReportArguments)
    poll: float | None = None


WATCH = Command("watch", WatchArguments, watch_flags, WATCH_USAGE, WATCH_ABOUT, WATCH_AFTER, _FLAG_REFUSALS)


class _Service(Watch):
    """A watch whose end the service manager hears of first."""

    def stop(self, code: ExitCode, reason: str) -> None:
        notify(STOPPING)
        super().stop(code, reason)


def watch(words: Sequence[str]) -> int:
    """Carry out ``imgbatch watch``; the exit code."""
    arguments = parse(words, WATCH)
    if arguments is None:
        return print_help(WATCH, words)
    request = run_request(arguments.sources, arguments.recipe)
    report, unattended = arguments.report, request.unattended_settings
    _refuse_whole_reports(report)
    if unattended.unattended:
        from imgbatch.executors.priority import lower

        lower()
        report = dataclasses.replace(report, quiet=True, progress=False)
    console = Console(sys.stderr, dataclasses.replace(console_style(report), is_endless=True))
    files = file_reporters(report, console, arguments.sources.null)
    settings = with_state(request.run_settings, request.output)
    run = _Service(
        request.paths, request.output, request.recipe, settings, request.filters, poll=arguments.poll
    )
    run.prepare()
    if unattended.log is not None:
        files.append(
            make_reporter("--log", unattended.log, unattended.log_format, run.folder, everything=report.verbose > 0)
        )
    metrics: list[Reporter] = [one for one in files if one.of_every_run and one.path in report.report_files]

    def after_round() -> None:
        run.complete_report()
        finish_reporters(metrics, run.report)

    beats = iter([READY])
    run.on_round = after_round
    run.on_beat = lambda: notify(next(beats, ALIVE))
    run.on_word = lambda text: console.say(printable(text))
    hook = None
    if unattended.on_finish is not None:
        from imgbatch.cli.on_finish import run_hook

        hook = functools.partial(run_hook, unattended.on_finish)
    like_a_run = cast("Run", run)  # in all that is asked of it there
    code = carry_out(like_a_run, report, console, files, _NEXT_STEP, grace=unattended.grace, hook=hook)
    if hook is not None:
        hook(run.report)
    return code


def _refuse_whole_reports(report: ReportArguments) -> None:
    """UsageError for reports of all files of a run, which never ends here."""
    for path in report.report_files:
        if not path.lower().endswith(".prom"):
            raise UsageError(
                f"expected --report X.prom for a watch, got {path!r}: it has no end at which a record of all "
                "files could be written; use --json or --log FILE"
            )

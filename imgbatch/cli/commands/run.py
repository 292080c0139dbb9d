"""Run command: what does ``imgbatch run`` do? It asks for a Batch and reports it, or shows what the Batch would do."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from imgbatch import executors
from imgbatch.cli.arguments import RecipeArguments, ReportArguments, SourceArguments
from imgbatch.cli.environment.state_home import folder_in_place, state_home, with_state
from imgbatch.cli.flag_table import Command, run_flags
from imgbatch.cli.manual.command_pages import RUN_ABOUT, RUN_AFTER, RUN_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import RunRequest, load, run_request, unattended_settings_of
from imgbatch.cli.report_run import (
    NEXT_STEP,
    carry_out,
    console_style,
    every_run_reporters,
    file_reporters,
    refuse_pictures,
    tell_break,
)
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.report import ExitCode, Report, format_bytes
from imgbatch.core.run_settings import AUTO_STATE, Settings
from imgbatch.planning.source_filter import looks_like_source
from imgbatch.reporters.base import Reporter, need_outcomes, printable
from imgbatch.reporters.console import Console
from imgbatch.reporters.registry import make_reporter
from imgbatch.reporters.summary import folder_hints
from imgbatch.storage.registry import absolute, without_secrets

if TYPE_CHECKING:
    from imgbatch.runs.batch import Batch


@frozen
class RunArguments:
    """What was typed for ``imgbatch run``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    recipe: RecipeArguments = field(default_factory=RecipeArguments)
    report: ReportArguments = field(default_factory=ReportArguments)
    save_recipe: str | None = None
    dry_run: bool = False
    explain: bool = False
    estimate: bool = False
    srcset: str | None = None
    stats: str | None = None


RUN = Command("run", RunArguments, run_flags, RUN_USAGE, RUN_ABOUT, RUN_AFTER)


class _Progress:
    """How far a run has come, for the reports of a run that ends in an error."""

    batch: Batch | None = None
    step: Literal["plan", "run", "hook"] = "plan"


def run(words: Sequence[str]) -> int:
    """Carry out ``imgbatch run``; the exit code."""
    arguments = parse(words, RUN)
    if arguments is None:
        return print_help(RUN, words)
    progress = _Progress()
    try:
        return _run(words, arguments, progress)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if not (arguments.dry_run or arguments.explain or arguments.estimate):
            _tell_error(error, arguments, progress)
        raise


def _run(words: Sequence[str], arguments: RunArguments, progress: _Progress) -> int:
    looks_only = arguments.dry_run or arguments.explain
    request = run_request(arguments.sources, arguments.recipe, execute=not looks_only)
    recipe_file = arguments.recipe.recipe_file
    if looks_only and recipe_file is not None and not arguments.report.quiet:
        from imgbatch.cli.commands.recipe_effects import tell_effects

        tell_effects(recipe_file, load(recipe_file, execute=False), request)
    if request.unattended_settings.unattended:
        from imgbatch.executors.priority import lower

        lower()
        arguments = dataclasses.replace(
            arguments, report=dataclasses.replace(arguments.report, quiet=True, progress=False)
        )
    settings = request.run_settings
    folder = request.output or (folder_in_place(request.paths) if settings.in_place else os.curdir)
    settings = with_state(settings, folder)
    if settings.shard is not None:
        from imgbatch.cli.environment.job_array import with_shard_number

        settings = with_shard_number(settings)
        arguments = _in_shard_folder(arguments, request.output, settings)
    report = arguments.report
    console = Console(sys.stderr, dataclasses.replace(console_style(report), is_endless=settings.stream))
    files = file_reporters(report, console, arguments.sources.null, srcset=arguments.srcset, stats=arguments.stats)
    keeps_timeout = executors.choose(settings.workers, word=settings.executor).keeps_timeout
    if request.unattended_settings.unattended and settings.timeout is None and keeps_timeout and not settings.untrusted:
        settings = dataclasses.replace(settings, timeout=request.unattended_settings.timeout_s)
    batch = progress.batch = _batch(request, arguments, settings)
    batch.preparation.state_home = home if os.path.isdir(home := state_home()) else None
    batch.command = shlex.join(["imgbatch", "run", *map(without_secrets, words)])
    batch.prepare(hold=not (arguments.dry_run or arguments.estimate or arguments.explain))
    for warning in batch.report.warnings:
        console.say(f"warning: {printable(warning)}")
    preview_code = _preview(batch, request.output, arguments, console)
    if preview_code is not None:
        return preview_code
    pictures = itertools.chain(
        (path for job in batch.todo for path in (job.source.path, *(target.path for target in job.targets))),
        (outcome.source.path for outcome in itertools.chain(batch.unchanged, batch.kept)),
    )
    refuse_pictures(pictures, report, arguments.srcset, arguments.stats, arguments.save_recipe)
    if arguments.save_recipe is not None:
        _save(arguments.save_recipe, request, arguments, console)
    return _carry_out(batch, request, arguments, console, files, progress)


def _save(path: str, request: RunRequest, arguments: RunArguments, console: Console) -> None:
    """Write what was typed as a recipe, and say what is not in it."""
    from imgbatch.cli.recipe_writer import gaps, save

    names_sources = arguments.sources.files_from is None
    save(path, request, names_sources)
    others = ("--srcset", arguments.srcset), ("--stats", arguments.stats)
    for line in () if arguments.report.quiet else gaps(path, request, names_sources, arguments.report, *others):
        console.say(line)


def _batch(request: RunRequest, arguments: RunArguments, settings: Settings) -> Batch:
    """The run that was asked for; one that is a stream reads its list while it is at work."""
    stats, placeholders = arguments.stats is not None, arguments.srcset is not None
    output, recipe, filters = request.output or None, request.recipe, request.filters
    if not settings.stream:
        from imgbatch.runs.batch import Batch

        return Batch(request.paths, output, recipe, settings, filters, stats=stats, placeholders=placeholders)
    for name in ("dry_run", "explain", "estimate"):
        if getattr(arguments, name):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"expected --stream or {flag}, got both: it has to see all files; leave --stream out")
    report = arguments.report
    for path in (*report.report_files, report.failed_list, arguments.srcset, arguments.stats, arguments.save_recipe):
        if path and looks_like_source(path):  # it may be one: they are still to come
            raise UsageError(f"expected a file name of its own for a report, got the picture {path!r}")
    from imgbatch.runs.stream.lines import Lines
    from imgbatch.runs.stream.stream_batch import StreamBatch

    sources = arguments.sources
    words: Iterable[object] = request.paths
    if sources.files_from is not None:
        words = Lines(sources.files_from, sources.null, request.paths)
    return StreamBatch(words, output, recipe, settings, filters, stats=stats, placeholders=placeholders)


def _in_shard_folder(arguments: RunArguments, output: str, settings: Settings) -> RunArguments:
    """The arguments with report files in the shard's folder: all shards are typed alike, and each writes its own."""
    from imgbatch.ledger.rows import state_folder
    from imgbatch.ledger.shards.shard import REPORTS, Shard

    state = Shard.of(settings.shard or "").state(state_folder(absolute(output), settings.state))
    report = arguments.report
    paths = {*filter(None, (*report.report_files, report.failed_list, arguments.srcset, arguments.stats))}
    if len({*map(os.path.basename, paths)}) < len(paths):
        raise UsageError(f"expected reports of different names, for a shard's lie in one folder, got {sorted(paths)}")

    def place(path: str | None) -> str | None:
        return path and os.path.join(state, REPORTS, os.path.basename(path))

    report_files = tuple(place(path) or "" for path in report.report_files)
    report = dataclasses.replace(report, report_files=report_files, failed_list=place(report.failed_list))
    return dataclasses.replace(arguments, report=report, srcset=place(arguments.srcset), stats=place(arguments.stats))


def _tell_error(error: BaseException, arguments: RunArguments, progress: _Progress) -> None:
    """Tell log, .prom and the command at the end of a run that ends in an error, be it a refusal."""
    from imgbatch.cli.mistakes.recipe_rest import output_of

    unattended_settings, batch = unattended_settings_of(arguments.recipe), progress.batch
    report = Report(base=output_of(arguments.recipe)) if batch is None else batch.report
    if progress.step == "plan":
        reporters: list[Reporter] = []
        with contextlib.suppress(UsageError):  # that is what was refused
            reporters += every_run_reporters(arguments.report)
        with contextlib.suppress(UsageError):
            if unattended_settings.log is not None:
                reporters.append(
                    _log(unattended_settings.log, unattended_settings.log_format, report.base, everything=False)
                )
        tell_break(error, report, reporters)
    if progress.step != "hook" and unattended_settings.on_finish is not None:
        _call_hook(unattended_settings.on_finish, report)


def _preview(batch: Batch, output: str, arguments: RunArguments, console: Console) -> int | None:
    """The exit code of a run that only shows what it would do; None: it is to be carried out."""
    looks = {"-n": arguments.dry_run, "--explain": arguments.explain, "--estimate": arguments.estimate}
    look = next((flag for flag, is_typed in looks.items() if is_typed), None)
    if look and arguments.save_recipe is not None and not arguments.report.quiet:
        console.say(f"note: {printable(arguments.save_recipe)} is not written: {look} writes nothing")
    if arguments.dry_run:
        from imgbatch.cli.commands.dry_run import show_plan

        return show_plan(batch, output, arguments.report)
    if arguments.explain:
        from imgbatch.cli.commands.dry_run import show_explanation

        return show_explanation(batch, output, arguments.report, console)
    if arguments.estimate:
        from imgbatch.cli.commands.estimate import show_estimate

        return show_estimate(batch, arguments.report, console)
    return None


def _carry_out(
    batch: Batch,
    request: RunRequest,
    arguments: RunArguments,
    console: Console,
    files: list[Reporter],
    progress: _Progress,
) -> int:
    """Carry out and report a run; its exit code."""
    unattended_settings, report = request.unattended_settings, arguments.report
    if arguments.stats is not None:
        files.append(make_reporter("--stats", arguments.stats, lambda: batch.statistics().to_json()))
    if unattended_settings.log is not None:
        files.append(_log(unattended_settings.log, unattended_settings.log_format, batch.folder, report.verbose > 0))
    user_reporter: Reporter = console
    if unattended_settings.unattended:
        user_reporter = make_reporter("--unattended", console.say, batch.failing, console.lines)
    shortage = batch.shortage
    if shortage is not None and not report.quiet:
        size, free = map(format_bytes, shortage)
        console.say(
            f"warning: the disk of {printable(request.output)} may become full: about {size} to write, {free} free"
        )
    profile = _profile(console, request.settings) if request.settings.profile else None
    batch.keeps_outcomes = need_outcomes(files if profile is None else [*files, profile])
    progress.step = "run"
    batch.thumbnails = max((file.thumbnails for file in files), default=0)
    hook = None
    if (command := unattended_settings.on_finish) is not None:
        hook = functools.partial(_call_hook, command, output=batch.folder, command_line=batch.command)
    code = carry_out(batch, report, console, files, NEXT_STEP, user_reporter, unattended_settings.grace, hook)
    if not report.quiet:
        replaces = batch.preparation.destination.replaces_sources and batch.report.counts["ok"]
        state = request.settings.state  # of "auto" undo finds the folder, too
        undo = (batch.folder if replaces else None, None if state == AUTO_STATE else state)
        for line in folder_hints(len(batch.pruned), *undo):
            console.say(line)
    if profile is not None:
        profile.finish(batch.report)
    if hook is not None:
        progress.step = "hook"
        if not hook(batch.report) and code == ExitCode.OK:
            return int(ExitCode.STOPPED)
    return code


def _call_hook(command: str, report: Report, **words: str) -> bool:
    from imgbatch.cli.on_finish import run_hook

    return run_hook(command, report, **words)


def _profile(console: Console, settings: Settings) -> Reporter:
    """Where the time goes; it has to know how many worker processes there will be at most."""
    from imgbatch.executors.host_limits import auto_workers

    return make_reporter(
        "--profile", console.say, auto_workers() if settings.workers == "auto" else int(settings.workers)
    )


def _log(path: str, form: str, folder: str, everything: bool) -> Reporter:
    return make_reporter("--log", path, form, folder, everything=everything)

"""Merge command: what does ``imgbatch merge`` do? It joins the shards of a folder, and reports them as one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from imgbatch.cli.arguments import ReportArguments
from imgbatch.cli.commands.history import folder_settings, state_of
from imgbatch.cli.flag_table import Command, merge_flags
from imgbatch.cli.manual.command_pages import MERGE_ABOUT, MERGE_AFTER, MERGE_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.report_run import console_style, file_reporters, finish_reporters, refuse_pictures
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.report import ExitCode, Report
from imgbatch.reporters.base import printable
from imgbatch.reporters.console import Console
from imgbatch.reporters.registry import make_reporter


@frozen
class MergeArguments:
    """What was typed for ``imgbatch merge``."""

    operands: tuple[str, ...] = ()
    null: bool = False
    srcset: str | None = None
    stats: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


MERGE = Command("merge", MergeArguments, merge_flags, MERGE_USAGE, MERGE_ABOUT, MERGE_AFTER)


def merge(words: Sequence[str]) -> int:
    """Carry out ``imgbatch merge``; the exit code."""
    arguments = parse(words, MERGE)
    if arguments is None:
        return print_help(MERGE, words)
    if len(arguments.operands) != 1:
        raise UsageError(f"expected one DIR for merge, got {len(arguments.operands)}; see {MERGE_USAGE}")
    from imgbatch.runs.state.merge import ShardMerge

    report = arguments.report
    console = Console(sys.stderr, console_style(report))
    files = file_reporters(report, console, arguments.null, srcset=arguments.srcset, stats=arguments.stats)
    settings = folder_settings(arguments.settings)
    folder = arguments.operands[0]
    shards = ShardMerge(
        folder, state=state_of(settings, folder), wait=settings.wait, trust_state=settings.trust_state,
        placeholders=arguments.srcset is not None, known_failures=settings.known_failures or "fail",
    )  # fmt: skip
    figures = ""

    def check(result: Report) -> None:
        """What has to be right before anything is changed."""
        nonlocal figures
        names = filter(None, (*report.report_files, report.failed_list, arguments.srcset, arguments.stats))
        paths = {place(name) for name in names for place in (os.path.abspath, os.path.realpath)}
        pictures: set[str] = set()  # few of a million
        for outcome in result.outcomes if paths else ():
            pictures |= paths.intersection((outcome.source.path, *(output.path for output in outcome.outputs)))
        refuse_pictures(pictures, report, arguments.srcset, arguments.stats)
        if arguments.stats is not None:
            figures = shards.statistics().to_json()

    result = shards.carry_out(check)
    if arguments.stats is not None:
        files.append(make_reporter("--stats", arguments.stats, lambda: figures))
    for warning in result.warnings:
        console.say(f"warning: {printable(warning)}")
    is_incomplete = finish_reporters(files, result)
    console.finish(result)
    code = int(result.exit_code)
    return int(ExitCode.STOPPED) if code == ExitCode.OK and is_incomplete else code

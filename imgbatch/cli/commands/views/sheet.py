"""Sheet command: what does ``imgbatch sheet`` do? It asks for a SheetRun and reports it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from imgbatch.cli.arguments import ReportArguments, SourceArguments
from imgbatch.cli.flag_table import Command, sheet_flags
from imgbatch.cli.manual.command_pages import SHEET_ABOUT, SHEET_AFTER, SHEET_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import read_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, refuse_pictures
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import from_table
from imgbatch.reporters.base import printable
from imgbatch.reporters.console import Console


@frozen
class SheetArguments:
    """What was typed for ``imgbatch sheet``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    layout: dict[str, Any] = field(default_factory=dict)
    auto_orient: bool = True
    output: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


SHEET = Command("sheet", SheetArguments, sheet_flags, SHEET_USAGE, SHEET_ABOUT, SHEET_AFTER)


def sheet(words: Sequence[str]) -> int:
    """Carry out ``imgbatch sheet``; the exit code."""
    arguments = parse(words, SHEET)
    if arguments is None:
        return print_help(SHEET, words)
    report = arguments.report
    console = Console(sys.stderr, console_style(report))
    files = file_reporters(report, console, arguments.sources.null)
    request = read_request("sheet", arguments.sources, arguments.settings)
    if arguments.output is None:
        raise UsageError("expected -o SHEET.jpg: where the sheet goes; see imgbatch sheet --help")
    from imgbatch.datasets.sheets.layout import SheetLayout
    from imgbatch.datasets.sheets.sheet_run import SheetRun

    run = SheetRun(
        request.paths, arguments.output, from_table(SheetLayout, arguments.layout), settings=request.settings,
        filters=request.filters, auto_orient=arguments.auto_orient,
    )  # fmt: skip
    run.prepare()
    refuse_pictures([*run.page_paths, *(job.source.path for job in run.todo)], report)
    code = carry_out(run, report, console, files, next_step="nothing was written")
    for warning in () if report.quiet else run.report.warnings:
        console.say(f"warning: {printable(warning.replace('font=FILE', '--font FILE'))}")
    return code

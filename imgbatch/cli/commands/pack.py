"""Pack command: what does ``imgbatch pack`` do? It asks for a PackRun and reports it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from imgbatch.cli.arguments import ReportArguments, SourceArguments
from imgbatch.cli.flag_table import Command, pack_flags
from imgbatch.cli.help import PACK_ABOUT, PACK_AFTER, PACK_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import read_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, refuse_pictures
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.operations import Operation
from imgbatch.reporters.console import Console


@frozen
class PackArguments:
    """What was typed for ``imgbatch pack``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    operations: tuple[Operation, ...] = ()
    auto_orient: bool = True
    output: str | None = None
    mode: str = "RGB"
    spill: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


PACK = Command("pack", PackArguments, pack_flags, PACK_USAGE, PACK_ABOUT, PACK_AFTER)


def pack(words: Sequence[str]) -> int:
    """Carry out ``imgbatch pack``; the exit code."""
    arguments = parse(words, PACK)
    if arguments is None:
        return print_help(PACK)
    report = arguments.report
    console = Console(sys.stderr, console_style(report))
    files = file_reporters(report, console, arguments.sources.null)
    request = read_request("pack", arguments.sources, arguments.settings)
    if arguments.output is None:
        raise UsageError("expected -o OUT.npy: where the results go; see imgbatch pack --help")
    from imgbatch.datasets.pack import PackRun

    run = PackRun(
        request.paths, arguments.operations, arguments.output, mode=arguments.mode, spill=arguments.spill,
        settings=request.settings, filters=request.filters, auto_orient=arguments.auto_orient,
    )  # fmt: skip
    run.prepare()
    refuse_pictures([run.array_path, run.index_path, *(job.source.path for job in run.todo)], report)
    return carry_out(run, report, console, files, next_step="nothing was written")

"""Pack command: what does ``imgbatch pack`` do? It asks for a PackRun, or for a SampleRun, and reports it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from imgbatch.cli.arguments import ReportArguments, SourceArguments
from imgbatch.cli.flag_table import Command, pack_flags
from imgbatch.cli.manual.command_pages import PACK_ABOUT, PACK_AFTER, PACK_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import read_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, refuse_pictures
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.operations import Operation
from imgbatch.reporters.console import Console

if TYPE_CHECKING:
    from imgbatch.cli.precedence import ReadRequest
    from imgbatch.datasets.pack import PackRun
    from imgbatch.datasets.samples.sample_run import SampleRun


@frozen
class PackArguments:
    """What was typed for ``imgbatch pack``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    operations: tuple[Operation, ...] = ()
    auto_orient: bool = True
    output: str | None = None
    mode: str | None = None
    spill: str | None = None
    formats: tuple[str, ...] = ()
    output_fields: dict[str, Any] = field(default_factory=dict)
    shard_files: int | None = None
    shard_bytes: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


PACK = Command("pack", PackArguments, pack_flags, PACK_USAGE, PACK_ABOUT, PACK_AFTER)


def pack(words: Sequence[str]) -> int:
    """Carry out ``imgbatch pack``; the exit code."""
    arguments = parse(words, PACK)
    if arguments is None:
        return print_help(PACK, words)
    report = arguments.report
    console = Console(sys.stderr, console_style(report))
    files = file_reporters(report, console, arguments.sources.null)
    request = read_request("pack", arguments.sources, arguments.settings)
    if arguments.output is None:
        raise UsageError("expected -o OUT.npy: where the results go; see imgbatch pack --help")
    if os.path.splitext(arguments.output)[1].lower() in (".tar", ".parquet"):
        samples = _sample_run(arguments, request, arguments.output)
        samples.prepare()
        places = samples.template.there()
        refuse_pictures([*places, samples.template.path(0), *(job.source.path for job in samples.todo)], report)
        return carry_out(samples, report, console, files, next_step="nothing was written")
    run = _pack_run(arguments, request, arguments.output)
    run.prepare()
    refuse_pictures([run.array_path, run.index_path, *(job.source.path for job in run.todo)], report)
    return carry_out(run, report, console, files, next_step="nothing was written")


def _pack_run(arguments: PackArguments, request: ReadRequest, output: str) -> PackRun:
    from imgbatch.datasets.pack import PackRun

    run = PackRun(
        request.paths, arguments.operations, output, mode=arguments.mode or "RGB", spill=arguments.spill,
        settings=request.settings, filters=request.filters, auto_orient=arguments.auto_orient,
    )  # fmt: skip
    encoding = [f"--{name}" for name in arguments.output_fields] + ["--format"] * bool(arguments.formats)
    _refuse(encoding, "-o X.tar or X.parquet", output)
    _refuse(_shard_flags(arguments), "-o 'X-%06d.tar' or 'X-%06d.parquet'", output)
    return run


def _sample_run(arguments: PackArguments, request: ReadRequest, output: str) -> SampleRun:
    from imgbatch.codecs.encoder_options import SAME, Encoding
    from imgbatch.datasets.samples.sample_run import SHARD_BYTES, SHARD_FILES, SampleRun

    _refuse([f"--{name}" for name in ("mode", "spill") if getattr(arguments, name) is not None], "-o X.npy", output)
    if len(arguments.formats) > 1:
        raise UsageError(f"expected one format for --format, got {','.join(arguments.formats)}")
    run = SampleRun(
        request.paths, arguments.operations, output, format=(*arguments.formats, SAME)[0],
        encoding=Encoding(**arguments.output_fields), shard_files=arguments.shard_files or SHARD_FILES,
        shard_bytes=arguments.shard_bytes or SHARD_BYTES, settings=request.settings, filters=request.filters,
        auto_orient=arguments.auto_orient,
    )  # fmt: skip
    if run.template.width is None:
        _refuse(_shard_flags(arguments), "a number in the name, such as -o 'X-%06d.tar'", output)
    return run


def _shard_flags(arguments: PackArguments) -> list[str]:
    limits = {"--shard-files": arguments.shard_files, "--shard-bytes": arguments.shard_bytes}
    return [name for name, value in limits.items() if value is not None]


def _refuse(flags: Sequence[str], what: str, output: str) -> None:
    """UsageError where there are flags that only have a meaning with another kind of output."""
    if flags:
        raise UsageError(f"expected {what} for {flags[0]}, got -o {output}")

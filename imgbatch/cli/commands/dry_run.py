"""Dry run: what do --dry-run and --explain print? What would be done, as data on stdout; the rest goes to stderr."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import TYPE_CHECKING

from imgbatch.cli.arguments import ReportArguments
from imgbatch.cli.report_run import host_warnings
from imgbatch.cli.standard_streams import print_stderr
from imgbatch.core.job import SCHEMA, Outcome
from imgbatch.core.report import ExitCode, dumps
from imgbatch.reporters.base import location, printable
from imgbatch.reporters.console import Console
from imgbatch.storage.registry import is_remote

if TYPE_CHECKING:
    from imgbatch.runs.batch import Batch
    from imgbatch.runs.preview.explain import Explanation, OutputExplanation


def show_plan(batch: Batch, output: str, report: ReportArguments) -> int:
    """The plan on stdout, the count on stderr; nothing is written.

    Parameters
    ----------
    batch : Batch
        Is prepared.
    output : str
        The output folder as typed; paths are shown as seen from where the user stands.
    report : ReportArguments
        How much is said.
    """
    count = 0
    in_place = batch.preparation.destination.replaces_sources
    for job in batch.todo:
        for target in job.targets:
            there = "replaced" if in_place else printable(place(target.path, output, target.late))
            print(f"{printable(location(job.source))} -> {there}")
            count += 1
    for row in batch.pruned:
        path = os.path.normpath(os.path.join(output, os.path.relpath(row.path, batch.folder)))
        print(f"{printable(path)} -> removed")
    if report.verbose:
        for outcome in batch.unchanged:
            print(f"unchanged: {printable(location(outcome.source))}")
        for outcome in batch.kept:
            print(f"skipped: {printable(location(outcome.source))}: a file is in the way")
        for file in batch.skipped:
            print(f"skipped: {printable(os.path.join(file.root, file.relative))}: {printable(file.reason)}")
    if not report.quiet:
        sys.stdout.flush()
        unchanged_note = f", {len(batch.unchanged)} unchanged" if batch.unchanged else ""
        skip_note = f", {len(batch.kept) + len(batch.skipped)} skipped" if batch.kept or batch.skipped else ""
        files = "1 file" if len(batch.todo) == 1 else f"{len(batch.todo)} files"
        print_stderr(f"{count} to write from {files}{unchanged_note}{skip_note}; dry run: nothing was written")
    return int(ExitCode.OK)


def place(path: str, output: str, late: bool = False) -> str:
    """Where a target goes, from where the user stands.

    Parameters
    ----------
    path : str
        Absolute.
    output : str
        The output folder as typed.
    late : bool
        Whether `path` is a template: fields that only the pixels fill in stay as they are.
    """
    if late:
        path = "".join(text + (f"{{{key}}}" if key else "") for text, key, _, _ in Formatter().parse(path))
    if is_remote(path):
        return path
    return os.path.normpath(os.path.join(output, os.path.relpath(path, os.path.abspath(output))))


def show_explanation(batch: Batch, output: str, report: ReportArguments, console: Console) -> int:
    """How each file will be made, and what that saves; nothing is written.

    Parameters
    ----------
    batch : Batch
        Is prepared.
    output : str
        The output folder as typed.
    report : ReportArguments
        How much is said, and whether as JSON.
    console : Console
        Words failures.
    """
    from imgbatch.runs.preview.explain import explain, total_savings

    def explanations() -> Iterator[Explanation]:
        for one in explain(batch):
            if report.json_lines:
                print(dumps(one.record(batch.folder)))
            elif one.error is None:
                print("\n".join(_words(one, None if batch.preparation.destination.replaces_sources else output)))
            if one.error is not None and not report.quiet:
                sys.stdout.flush()
                for line in console.lines(Outcome(one.job.index, one.job.source, "failed", error=one.error)):
                    print_stderr(line)
            yield one

    with host_warnings(console, report.quiet):
        sums = total_savings(explanations())
    print(dumps({"v": SCHEMA, "event": "explained", **sums}) if report.json_lines else _sum(sums), flush=True)
    if not report.quiet:
        note = f"; {len(batch.unchanged)} unchanged" if batch.unchanged else ""
        print_stderr(f"explain: nothing was written{note}")
    return int(ExitCode.OK)


def _words(one: Explanation, output: str | None) -> list[str]:
    """A line for what all outputs share, and one for each of them; `output` is None where files are replaced."""
    frames = f", {one.frames} frames" if one.frames > 1 else ""
    head = [f"{one.format} {_size(one.size)}{frames}", _decode_words(one)]
    if one.turned and not one.copied:
        head.append("turned upright " + ("after the resize" if one.turned == "after" else "first"))
    if one.halved:
        head.append("its colors at half size")
    head += one.common
    lines = [f"{printable(location(one.job.source))}: {'; '.join(head)}"]
    names = {
        item.number: "in its place" if output is None else printable(place(item.path, output, item.late))
        for item in one.outputs
    }
    shown_paths: set[str] = set()
    for item in one.outputs:
        same = item.path in shown_paths and not item.late
        shown_paths.add(item.path)
        way = "; ".join([_way(item, names), *item.labels])
        lines.append(f"  {names[item.number]}: {'the same file' if same else way}")
    return lines


def _decode_words(one: Explanation) -> str:
    """How many pixels are decoded."""
    part = f"decoded as {_size(one.decoded)}, {math.prod(one.decoded) / math.prod(one.size):.0%} of the pixels"
    words = "decoded whole" if one.decoded == one.size else part
    return f"{words}, to see that nothing is broken" if one.copied else words


def _way(output: OutputExplanation, names: Mapping[int, str]) -> str:
    """How one output is made."""
    if output.copied == "file":
        return "the bytes of the source"
    if output.copied == "picture":
        return "the bytes of the source's picture, other metadata"
    if output.copied:
        return "the coefficients of the source's picture, turned and not encoded anew"
    start = [] if output.source is None else [f"from {names[output.source]}"]
    words = ", ".join([*start, *output.ops, f"encoded as {output.format}"])
    words += f" (not encoded anew after {output.advice})" if output.advice else ""
    return words + (f"; or the source's bytes, unless it saves {output.savings}" if output.savings else "")


def _sum(sums: Mapping[str, int]) -> str:
    files = "1 file" if sums["files"] == 1 else f"{sums['files']} files"
    share = f" ({sums['decoded'] / sums['pixels']:.0%})" if sums["pixels"] else ""
    return (
        f"{files}: {sums['decoded'] / 1e6:.1f} of {sums['pixels'] / 1e6:.1f} MPix decoded{share}; "
        f"of {sums['outputs']} outputs {sums['from_larger']} made from a larger one, {sums['copied']} copied"
    )


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"

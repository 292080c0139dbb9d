"""Dupes command: what does ``imgbatch dupes`` do? It asks for a DuplicatesRun, and for reporters of its groups."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from imgbatch.cli.arguments import ReportArguments, SourceArguments
from imgbatch.cli.environment.state_home import with_state
from imgbatch.cli.flag_table import Command, dupes_flags
from imgbatch.cli.manual.command_pages import DUPES_ABOUT, DUPES_AFTER, DUPES_USAGE
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import read_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, refuse_sources
from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.report import dumps, format_bytes
from imgbatch.reporters.base import Reporter, printable
from imgbatch.reporters.console import Console
from imgbatch.reporters.files.whole_text import WholeFile, WholeText
from imgbatch.storage.registry import refuse_remote

if TYPE_CHECKING:
    from imgbatch.datasets.duplicate_groups import Duplicate, DuplicateGroup, Duplicates


@frozen
class DupesArguments:
    """What was typed for ``imgbatch dupes``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    threshold: str | None = None
    any_orientation: bool = False
    likeness: str = "near"
    json: bool = False
    print0: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


DUPES = Command("dupes", DupesArguments, dupes_flags, DUPES_USAGE, DUPES_ABOUT, DUPES_AFTER)
_OWN_REPORTS = (".json", ".html")  # those that show groups; the others show files
_WORDS = {"bytes": "same bytes", "pixels": "same pixels", "near": "near"}


def dupes(words: Sequence[str]) -> int:
    """Carry out ``imgbatch dupes``; the exit code."""
    arguments = parse(words, DUPES)
    if arguments is None:
        return print_help(DUPES, words)
    if arguments.json and arguments.print0:
        raise UsageError("expected --json or --print0, got both")
    report = arguments.report
    console = Console(sys.stderr, console_style(report, arguments.json))
    own_files = [path for path in report.report_files if os.path.splitext(path)[1].lower() in _OWN_REPORTS]
    other_files = tuple(path for path in report.report_files if path not in own_files)
    for path in own_files:
        refuse_remote("--report", path)
        if os.path.isdir(path):
            raise UsageError(f"expected a file name for a report, got the folder {path!r}")
    files = file_reporters(dataclasses.replace(report, report_files=other_files), console, arguments.sources.null)
    request = read_request("dupes", arguments.sources, arguments.settings)
    from imgbatch.datasets.duplicates import THRESHOLD, DuplicatesRun

    search = DuplicatesRun(
        request.paths,
        threshold=THRESHOLD if arguments.threshold is None else _number(arguments.threshold),
        any_orientation=arguments.any_orientation,
        likeness=arguments.likeness,
        settings=with_state(request.settings),
        filters=request.filters,
    )
    search.prepare()
    refuse_sources(search, report)
    files += [_file_reporter(path, search.duplicates) for path in own_files]
    format_groups = json_lines if arguments.json else spare_paths if arguments.print0 else text
    files.append(WholeText(lambda: format_groups(search.duplicates())))
    code = carry_out(search, report, console, files, next_step="stopped early: no groups; what was decoded is noted")
    for warning in () if report.quiet else search.report.warnings:
        console.say(f"warning: {warning}")
    return code


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise wrong_value("a whole number of bits such as 8", "--threshold", word) from None


def _file_reporter(path: str, duplicates: Any) -> Reporter:
    def pieces() -> Iterator[bytes]:
        if path.lower().endswith(".json"):
            yield duplicates().to_json().encode("utf-8")
            return
        from imgbatch.datasets.duplicates_page import duplicates_page

        for piece in duplicates_page(duplicates(), path).pieces():
            yield piece.encode("utf-8", "backslashreplace")

    return WholeFile(path, pieces)


def json_lines(result: Duplicates) -> Iterator[bytes]:
    """One JSON object a line: groups, failures, the sums."""
    for record in result.records():
        yield dumps(record).encode("utf-8") + b"\n"


def spare_paths(result: Duplicates) -> Iterator[bytes]:
    """What could go, byte for byte as the disk has it, NUL after each."""
    for one in result.spare:
        yield os.fsencode(one.location) + b"\0"


def text(result: Duplicates) -> Iterator[bytes]:
    """The groups for a reader."""
    for group in result.groups:
        yield "".join(f"{line}\n" for line in _lines(group)).encode("utf-8", "backslashreplace") + b"\n"
    count = len(result.spare)
    if count:
        files = "1 file" if count == 1 else f"{count} files"
        groups = "1 group" if len(result.groups) == 1 else f"{len(result.groups)} groups"
        yield f"{files} of {groups} could go: {format_bytes(result.spare_bytes)}\n".encode()
    else:
        yield f"no duplicates among {result.files} files\n".encode()


def _lines(group: DuplicateGroup) -> Iterator[str]:
    stays = group.representative
    yield f"{'stays':<12}  {printable(stays.location)}  {_facts(stays)}"
    for one in group.others:
        words = _WORDS[one.likeness] + (f" ({one.distance})" if one.likeness == "near" else "")
        yield f"{words:<12}  {printable(one.location)}  {_facts(one)}{', ' + one.way if one.way else ''}"


def _facts(one: Duplicate) -> str:
    width, height = one.size
    frames = f" x{one.frames}" if one.frames > 1 else ""
    return (f"{width}x{height}{frames}, " if width else "") + format_bytes(one.source.size)

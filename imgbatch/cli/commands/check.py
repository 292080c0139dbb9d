"""Check commands: what do ``imgbatch check`` and ``verify`` do? They ask for a CheckRun or VerifyRun and report it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from imgbatch.cli.arguments import ReportArguments, SourceArguments
from imgbatch.cli.environment.state_home import with_state
from imgbatch.cli.flag_table import Command, check_flags, verify_flags
from imgbatch.cli.manual.command_pages import (
    CHECK_ABOUT,
    CHECK_AFTER,
    CHECK_USAGE,
    VERIFY_ABOUT,
    VERIFY_AFTER,
    VERIFY_USAGE,
)
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import read_request
from imgbatch.cli.report_run import carry_out, console_style, file_reporters, refuse_sources
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.reporters.base import need_outcomes
from imgbatch.reporters.console import Console


@frozen
class CheckArguments:
    """What was typed for ``imgbatch check``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    quality: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


CHECK = Command("check", CheckArguments, check_flags, CHECK_USAGE, CHECK_ABOUT, CHECK_AFTER)


def check(words: Sequence[str]) -> int:
    """Carry out ``imgbatch check``; the exit code."""
    arguments = parse(words, CHECK)
    if arguments is None:
        return print_help(CHECK, words)
    report = arguments.report
    console = Console(sys.stderr, dataclasses.replace(console_style(report), warnings=True))
    files = file_reporters(report, console, arguments.sources.null)
    request = read_request("check", arguments.sources, arguments.settings)
    from imgbatch.runs.check import CheckRun

    run = CheckRun(request.paths, request.settings, request.filters, quality=arguments.quality)
    run.prepare()
    refuse_sources(run, report)
    run.keeps_outcomes = need_outcomes(files)
    return carry_out(run, report, console, files)


@frozen
class VerifyArguments:
    """What was typed for ``imgbatch verify``."""

    sources: SourceArguments = field(default_factory=SourceArguments)
    deep: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    report: ReportArguments = field(default_factory=ReportArguments)


VERIFY = Command("verify", VerifyArguments, verify_flags, VERIFY_USAGE, VERIFY_ABOUT, VERIFY_AFTER)


def verify(words: Sequence[str]) -> int:
    """Carry out ``imgbatch verify``; the exit code."""
    arguments = parse(words, VERIFY)
    if arguments is None:
        return print_help(VERIFY, words)
    folders = arguments.sources.operands
    if len(folders) != 1:
        raise UsageError(f"expected one DIR for verify, got {len(folders)}; see {VERIFY_USAGE}")
    report = arguments.report
    console = Console(sys.stderr, dataclasses.replace(console_style(report), warnings=True))
    files = file_reporters(report, console, arguments.sources.null)
    request = read_request("verify", arguments.sources, arguments.settings)
    from imgbatch.runs.check import VerifyRun

    run = VerifyRun(folders[0], deep=arguments.deep, settings=with_state(request.settings, folders[0]))
    run.prepare()
    refuse_sources(run, report)
    run.keeps_outcomes = need_outcomes(files)
    return carry_out(run, report, console, files)

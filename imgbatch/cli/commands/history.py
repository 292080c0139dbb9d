"""History commands: what do ``imgbatch history`` and ``imgbatch undo`` do? They show past runs, and take one back."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from imgbatch.cli.environment.state_home import with_state
from imgbatch.cli.flag_table import Command, history_flags, undo_flags
from imgbatch.cli.manual.command_pages import (
    HISTORY_ABOUT,
    HISTORY_AFTER,
    HISTORY_USAGE,
    UNDO_ABOUT,
    UNDO_AFTER,
    UNDO_USAGE,
)
from imgbatch.cli.parse import parse, print_help
from imgbatch.cli.precedence import from_environment
from imgbatch.cli.standard_streams import print_stderr
from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import STATUSES
from imgbatch.core.report import ExitCode, dumps
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.rows import PastRun
from imgbatch.reporters.base import printable
from imgbatch.storage.registry import is_remote


@frozen
class HistoryArguments:
    """What was typed for ``imgbatch history``."""

    operands: tuple[str, ...] = ()
    json: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


@frozen
class UndoArguments:
    """What was typed for ``imgbatch undo``."""

    operands: tuple[str, ...] = ()
    dry_run: bool = False
    verbose: int = 0
    quiet: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


HISTORY = Command("history", HistoryArguments, history_flags, HISTORY_USAGE, HISTORY_ABOUT, HISTORY_AFTER)
UNDO = Command("undo", UndoArguments, undo_flags, UNDO_USAGE, UNDO_ABOUT, UNDO_AFTER)
_COLUMNS = ("run", "started", "duration", "exit", "to undo", "recipe", "counts", "command")


def history(words: Sequence[str]) -> int:
    """Carry out ``imgbatch history``; the exit code."""
    arguments = parse(words, HISTORY)
    if arguments is None:
        return print_help(HISTORY, words)
    if len(arguments.operands) != 1:
        raise UsageError(f"expected one DIR for history, got {len(arguments.operands)}; see {HISTORY_USAGE}")
    from imgbatch.ledger.history import past_runs

    settings = folder_settings(arguments.settings)
    folder = arguments.operands[0]
    runs = past_runs(folder, state=state_of(settings, folder), trust_state=settings.trust_state)
    if arguments.json:
        for run, undo_count in runs:
            print(dumps(_record(run, undo_count)))
        return int(ExitCode.OK)
    table = [_COLUMNS, *(_row(run, undo_count) for run, undo_count in runs)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS) - 1)]
    for row in table:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip())
    return int(ExitCode.OK)


def undo(words: Sequence[str]) -> int:
    """Carry out ``imgbatch undo``; the exit code."""
    arguments = parse(words, UNDO)
    if arguments is None:
        return print_help(UNDO, words)
    if not 1 <= len(arguments.operands) <= 2:
        raise UsageError(
            f"expected DIR and perhaps RUN for undo, got {len(arguments.operands)} words; see {UNDO_USAGE}"
        )
    folder, *numbers = arguments.operands
    if numbers and not (numbers[0].isascii() and numbers[0].isdecimal()):
        raise wrong_value("a number as `imgbatch history` lists it", "RUN", numbers[0])
    from imgbatch.originals.undo import undo as undo_run

    settings = folder_settings(arguments.settings)
    run = int(numbers[0]) if numbers else None
    result = undo_run(
        folder, run, state=state_of(settings, folder), dry_run=arguments.dry_run, wait=settings.wait,
        trust_state=settings.trust_state,
    )  # fmt: skip
    for word, paths in (("restored", result.restored), ("removed", result.removed)):
        if arguments.dry_run or arguments.verbose:
            for path in paths:
                print(f"{printable(_from_here(path))} -> {word}")
    sys.stdout.flush()
    for path, why in result.left:
        print_stderr(f"left: {printable(_from_here(path))}: {why}")
    if not arguments.quiet:
        counts = (("restored", result.restored), ("removed", result.removed), ("left as they are", result.left))
        summary = ", ".join(f"{len(paths)} {word}" for word, paths in counts if paths) or "nothing was left of it"
        print_stderr(f"run {result.run}: {summary}{'; dry run: nothing was done' if arguments.dry_run else ''}")
    return int(ExitCode.FAILURES if result.left else ExitCode.OK)


def folder_settings(fields: Mapping[str, Any]) -> Settings:
    """The settings of a command that looks at the state of a folder: where that is, and what counts in it."""
    values = {**from_environment(Settings), **fields}
    return Settings(**{key: values[key] for key in ("state", "wait", "trust_state", "known_failures") if key in values})


def state_of(settings: Settings, folder: str) -> str | None:
    """Where the state of a folder lies, if not in it: where it was named, or in the user's state folder."""
    return with_state(settings, folder).state


def _from_here(path: str) -> str:
    if is_remote(path):
        return path
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def _record(run: PastRun, undo_count: int) -> dict[str, Any]:
    return {
        "v": 1, "event": "run", "run": run.id, "started": round(run.started, 3), "seconds": round(run.seconds, 3),
        "exit_code": run.exit_code, "recipe": run.digest, "command": run.command, "to_undo": undo_count,
        "counts": {status: run.counts[status] for status in STATUSES if status in run.counts},
    }  # fmt: skip


def _row(run: PastRun, undo_count: int) -> tuple[str, ...]:
    start = datetime.datetime.fromtimestamp(run.started).strftime("%Y-%m-%d %H:%M:%S")
    counts = ", ".join(f"{run.counts[status]} {status}" for status in STATUSES if run.counts.get(status)) or "-"
    code = "-" if run.exit_code is None else str(run.exit_code)
    command = printable(run.command or "(from Python)")
    return str(run.id), start, f"{run.seconds:.1f} s", code, str(undo_count or "-"), run.digest, counts, command

"""Dispatch: which command is meant? The first word says it; only that command's code is loaded."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from itertools import pairwise

COMMANDS = ("run", "check", "verify", "stats", "pack", "history", "undo", "schedule", "ops", "formats")

WITH_WORKERS = ("run", "check", "verify", "stats", "pack")  # unless one of these words is there
IDLE = frozenset({"-h", "--help", "-n", "--dry-run", "--explain", "-j0", "-j=0", "--workers=0"})
IDLE_PAIRS = {("-j", "0"), ("--workers", "0")}


def dispatch(words: Sequence[str], alone: bool = False) -> int:
    """Carry out a command line; the exit code. `alone`: in a process that does nothing else, and has not done yet."""
    command, rest = words[0], list(words[1:])
    if command in WITH_WORKERS and not IDLE.intersection(rest) and IDLE_PAIRS.isdisjoint(pairwise(rest)):
        from imgbatch.executors.processes.start_method import warm

        # Workers load their libraries while this process loads its own.
        warm(numbers=command != "run", alone=alone)
    if alone:  # what is loaded stays, and so do all files: a fifth of a run without work (the forkserver keeps its own)
        gc.set_threshold(100_000, 50, 50)
    if command == "run":
        from imgbatch.cli.commands.run import run

        return run(rest)
    if command == "check":
        from imgbatch.cli.commands.check import check

        return check(rest)
    if command == "verify":
        from imgbatch.cli.commands.check import verify

        return verify(rest)
    if command == "stats":
        from imgbatch.cli.commands.stats import stats

        return stats(rest)
    if command == "pack":
        from imgbatch.cli.commands.pack import pack

        return pack(rest)
    if command in ("history", "undo"):
        from imgbatch.cli.commands.history import history, undo

        return history(rest) if command == "history" else undo(rest)
    if command == "schedule":
        from imgbatch.cli.commands.schedule import schedule

        return schedule(rest)
    if command == "ops":
        from imgbatch.cli.commands.operations_and_formats import ops

        return ops(rest)
    if command == "formats":
        from imgbatch.cli.commands.operations_and_formats import formats

        return formats(rest)
    from imgbatch.core.errors import UsageError, unknown

    if command.startswith("-") or os.path.lexists(command) or any(character in command for character in "*?[/."):
        raise UsageError(
            f"expected a command ({', '.join(COMMANDS)}), got {command!r}; did you mean `imgbatch run {command} ...`?"
        )
    raise unknown(command, "command", COMMANDS)

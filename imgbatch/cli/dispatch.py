"""Which command is meant? The first word says it; only that command's code is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence

from imgbatch.errors import UsageError, unknown

COMMANDS = ("run", "stats", "pack", "ops", "formats")


def dispatch(words: Sequence[str]) -> int:
    """Carry out a command line; the exit code."""
    command, rest = words[0], list(words[1:])
    if command == "run":
        from imgbatch.cli.run import run

        return run(rest)
    if command == "stats":
        from imgbatch.cli.stats import stats

        return stats(rest)
    if command == "pack":
        from imgbatch.cli.pack import pack

        return pack(rest)
    if command == "ops":
        from imgbatch.cli.listing import ops

        return ops(rest)
    if command == "formats":
        from imgbatch.cli.listing import formats

        return formats(rest)
    if command.startswith("-") or os.path.lexists(command) or any(character in command for character in "*?[/."):
        raise UsageError(
            f"expected a command ({', '.join(COMMANDS)}), got {command!r}; did you mean `imgbatch run {command} ...`?"
        )
    raise unknown(command, "command", COMMANDS)

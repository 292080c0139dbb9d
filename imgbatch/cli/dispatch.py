"""Dispatch: which command is meant? The first word says it; only that command's code is loaded."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from itertools import pairwise

#: Each command's module in the room of commands; its function has the command's name. In the order of the help.
COMMANDS = {
    "run": "run",
    "check": "check",
    "verify": "check",
    "stats": "stats",
    "dupes": "views.dupes",
    "sheet": "views.sheet",
    "pack": "pack",
    "history": "history",
    "undo": "history",
    "merge": "merge",
    "watch": "service.watch",
    "schedule": "service.schedule",
    "ops": "guide.operations_and_formats",
    "formats": "guide.operations_and_formats",
    "help": "guide.help",
    "init": "guide.recipes",
    "recipes": "guide.recipes",
    "completion": "guide.completion",
}
_OF_OTHERS = frozenset({"convert", "mogrify", "magick", "thumbnail", "compress", "optimize", "process", "batch"})
WITH_WORKERS = ("run", "watch", "check", "verify", "stats", "dupes", "sheet", "pack")  # unless a word of IDLE is there
_HELP = frozenset({"-h", "--help", "--help-all"})
IDLE = frozenset({*_HELP, "-n", "--dry-run", "--explain", "-j0", "-j=0", "--workers=0"})
IDLE_PAIRS = {("-j", "0"), ("--workers", "0")}
_NUMPY_FLAGS = ("--blur", "--unsharp", "-r", "--recipe")
_SMALL = 256  # px: pictures whose sides become no longer are resized by Pillow, without numpy
#: What dataclasses, multiprocessing and Pillow import for others; runs seldom use it.
_FOR_OTHERS = ("inspect", "shutil", "tempfile")
_FILES = 14  # that a run opens at once, beside what is open already: with fewer, it is a matter of luck what fails
_ENOUGH_FILES = 64  # whatever is open


def dispatch(words: Sequence[str], alone: bool = False) -> int:
    """Carry out a command line; the exit code. `alone`: in a process that does nothing else, and has not done yet."""
    command, rest = words[0], list(words[1:])
    if command in WITH_WORKERS and not _HELP.intersection(rest):
        _check_open_files()
    if command in WITH_WORKERS and alone:
        from imgbatch.core.lazy_import import put_off

        put_off(*_FOR_OTHERS)
    if command in WITH_WORKERS and not IDLE.intersection(rest) and IDLE_PAIRS.isdisjoint(pairwise(rest)):
        from imgbatch.executors.processes.start_method import warm

        # Workers load their libraries while this process loads its own.
        warm(numbers=command not in ("run", "watch") or _may_use_numpy(rest), alone=alone)
    if alone:  # what is loaded stays, and so do all files: a fifth of a run without work (the forkserver keeps its own)
        gc.set_threshold(100_000, 50, 50)
    if command in COMMANDS:
        from importlib import import_module

        code: int = getattr(import_module(f"imgbatch.cli.commands.{COMMANDS[command]}"), command)(rest)
        return code
    from imgbatch.core.errors import UsageError, unknown

    if command.startswith("-") or os.path.lexists(command) or any(character in command for character in "*?[/."):
        raise UsageError(
            f"expected a command ({', '.join(COMMANDS)}), got {command!r}; did you mean `imgbatch run {command} ...`?"
        )
    if command in _OF_OTHERS:
        raise UsageError(f"unknown command {command!r}; did you mean `imgbatch run SRC... -o DIR`?")
    from imgbatch.operations import find_operation

    if find_operation(command) is not None:
        raise UsageError(
            f"unknown command {command!r}; it is an operation: `imgbatch run SRC... -o DIR --{command} ...` "
            f"(`imgbatch ops {command}`)"
        )
    raise unknown(command, "command", COMMANDS)


def _may_use_numpy(words: Sequence[str]) -> bool:
    """Whether a run's workers will need numpy, as far as a glance at its words tells; a hint."""
    for word, following in pairwise([*words, ""]):
        flag, _, value = word.partition("=")
        if flag in _NUMPY_FLAGS:
            return True
        if flag == "--resize":
            size = (value or following).split(",")[0]
            numbers = "".join(character if character.isdigit() else " " for character in size).split()
            if "%" in size or "mp" in size.lower() or any(int(number) > _SMALL for number in numbers):
                return True
    return False


def _check_open_files() -> None:
    """HostError where this process may open too few files for any run."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit == resource.RLIM_INFINITY or limit >= _ENOUGH_FILES:
            return
        count = sum(_is_open(number) for number in range(limit))
    except ImportError:  # Windows
        return
    if limit - count < _FILES:
        from imgbatch.core.errors import HostError

        raise HostError(
            f"{limit} files may be open at once, {count} are, and a run needs {_FILES} more; "
            "raise the limit of open files (ulimit -n)"
        )


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

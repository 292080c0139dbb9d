"""Standard streams: how is printing made safe? No name, no terminal and no error turns a message into a traceback."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys


def prepare() -> None:
    """Give stdout and stderr something to write to, and a spelling for what their encoding lacks.

    Where one was closed, its number must not go to the next file that is opened: a worker's pipe would be there, where
    it puts what libraries print.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the smallest number that is free: this one
    for number, name in enumerate(("stdout", "stderr"), 1):
        stream = getattr(sys, name)
        if stream is None:  # started with the stream closed
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - never closed
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def abandon_stdout() -> None:
    """Whoever read stdout has left: let what is still buffered go nowhere, quietly."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_stderr(line: str) -> None:
    """One line on stderr."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def verdict(error: BaseException) -> tuple[int, str]:
    """The exit code of an error, and its line."""
    from imgbatch.core.errors import (
        EngineError,
        HostError,
        LockedError,
        MissingShardsError,
        UsageError,
        one_line,
        sentence,
    )
    from imgbatch.core.report import ExitCode

    if isinstance(error, UsageError):
        return int(ExitCode.USAGE), one_line(str(error), limit=1000)
    if isinstance(error, LockedError):
        return int(ExitCode.LOCKED), sentence(error)
    if isinstance(error, (HostError, MissingShardsError)):
        return int(ExitCode.STOPPED), sentence(error)
    if isinstance(error, EngineError):
        return int(ExitCode.INTERNAL), sentence(error)
    if isinstance(error, KeyboardInterrupt):
        return int(ExitCode.INTERRUPTED), "interrupted"
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename!r}" if error.filename is not None else ""
        if error.errno in (errno.EMFILE, errno.ENFILE):
            return int(ExitCode.STOPPED), f"{error.strerror}{where}; raise the limit of them (ulimit -n)"
        return int(ExitCode.STOPPED), f"{error.strerror}{where}"  # the machine's trouble, not a mistake of ours
    line = f"{type(error).__name__}: {sentence(error)}".removesuffix(f": {type(error).__name__}")
    return int(ExitCode.INTERNAL), f"internal error: {line}; please report it (-vv shows the traceback)"

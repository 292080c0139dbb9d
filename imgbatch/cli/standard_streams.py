"""Standard streams: how is printing made safe? No name on a disk and no terminal turns a message into a traceback."""

from __future__ import annotations

import contextlib
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

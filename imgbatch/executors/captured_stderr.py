"""Captured stderr: what do C libraries print? They write to descriptors 1 and 2; here it becomes a file's warnings.

A worker gives both descriptors away for good. The caller's process (workers=0) lends descriptor 2 while a picture is
decoded or encoded, and only as long as no other thread runs that may want to write: an operation's own words, and a
debugger, reach the terminal as always.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from dataclasses import replace
from typing import BinaryIO

from imgbatch.core.errors import Phase, one_line
from imgbatch.core.job import Outcome

LINES = 10  # of one file; libtiff can say thousands
_STDOUT, _STDERR = 1, 2


def _nameless_file() -> BinaryIO:
    """In memory, or on the disk; where there can be none, what takes everything and gives nothing."""
    with contextlib.suppress(OSError, AttributeError):
        return os.fdopen(os.memfd_create("imgbatch"), "w+b", buffering=0)
    with contextlib.suppress(OSError):
        return tempfile.TemporaryFile(buffering=0)
    return open(os.devnull, "r+b", buffering=0)


class CapturedStderr:
    """A nameless file to which descriptors can be turned."""

    def __init__(self) -> None:
        self._file = _nameless_file()
        self._number = self._file.fileno()
        # Appending, so that after a truncation writers do not leave a hole
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            flags = fcntl.fcntl(self._number, fcntl.F_GETFL)
            fcntl.fcntl(self._number, fcntl.F_SETFL, flags | os.O_APPEND)
        self._stderr_copy: int | None = None

    def take(self) -> None:
        """Turn stdout and stderr here for the rest of the process's life."""
        with contextlib.suppress(ValueError, OSError, AttributeError):
            sys.stdout.flush()
        os.dup2(self._number, _STDOUT)
        os.dup2(self._number, _STDERR)

    def listen(self, phase: Phase | None) -> None:
        """Turn stderr here if C libraries are at work in `phase`, else give it back."""
        in_codec = phase in ("decode", "encode") and threading.active_count() == 1
        if in_codec and self._stderr_copy is None:
            with contextlib.suppress(OSError):  # stderr is closed
                self._stderr_copy = os.dup(_STDERR)
                os.dup2(self._number, _STDERR)
        elif not in_codec and self._stderr_copy is not None:
            os.dup2(self._stderr_copy, _STDERR)
            os.close(self._stderr_copy)
            self._stderr_copy = None

    def add_warnings(self, outcome: Outcome) -> Outcome:
        """The outcome with what has been said since the last one as warnings."""
        size = os.fstat(self._number).st_size
        if not size:
            return outcome
        self._file.seek(0)
        text = self._file.read(4000).decode("utf-8", "replace")
        self._file.truncate(0)
        self._file.seek(0)
        lines = tuple(one_line(line) for line in text.splitlines() if line.strip())
        return replace(outcome, warnings=(*outcome.warnings, *lines[:LINES]))

    def close(self) -> None:
        """Give stderr back and remove the file; what is unread in it is lost."""
        self.listen(None)
        self._file.close()

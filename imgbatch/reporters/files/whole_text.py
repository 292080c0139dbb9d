"""Whole text: how does what is only known at the end of a run reach stdout, or a file?

Of a run that was stopped early there is nothing to tell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from imgbatch.core.report import Report
from imgbatch.reporters.base import Reporter
from imgbatch.storage.atomic_write import open_atomic


class WholeText(Reporter):
    """What `pieces` gives once the run has ended, on stdout."""

    path = "stdout"

    def __init__(self, pieces: Callable[[], Iterable[bytes]]) -> None:
        self._pieces = pieces

    def finish(self, report: Report) -> None:
        """Print it, unless the run was stopped early; OSError where stdout takes no more."""
        if report.stopped is None:
            sys.stdout.flush()
            for piece in self._pieces():
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()


class WholeFile(Reporter):
    """What `pieces` gives once the run has ended, in a file that is written whole or not at all."""

    def __init__(self, path: str, pieces: Callable[[], Iterable[bytes]]) -> None:
        self.path = path
        self._pieces = pieces

    def finish(self, report: Report) -> None:
        """Write the file, unless the run was stopped early; OSError where that fails."""
        if report.stopped is None:
            with open_atomic(os.path.abspath(self.path)) as file:
                file.writelines(self._pieces())

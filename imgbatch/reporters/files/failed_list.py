"""Failed list: which files have to be tried again? ``--failed-list FILE`` has their paths, for ``--files-from``."""

from __future__ import annotations

import os
from collections.abc import Callable

from imgbatch.core.report import Report
from imgbatch.reporters.base import Reporter, location, printable
from imgbatch.storage.atomic_write import open_atomic


class FailedList(Reporter):
    """The paths of what failed, byte for byte as the disk has them, from the folder where the command was typed.

    An empty list is written too, so that an old one is never tried again. A name that holds a line break can only
    stand in a list that is separated by NUL; in one of lines it is left out, and `warn` is told.

    Parameters
    ----------
    path : str
        The file to write.
    null : bool
        Whether NUL ends each path, instead of a line break.
    warn : callable
        Takes a line for the user.
    """

    def __init__(self, path: str, null: bool, warn: Callable[[str], None]) -> None:
        self.path = path
        self._null = null
        self._warn = warn

    def finish(self, report: Report) -> None:
        """Write the list; OSError where that fails."""
        end = b"\0" if self._null else b"\n"
        count = 0  # of names that are left out
        with open_atomic(os.path.abspath(self.path)) as file:
            for outcome in report.failed:
                path = os.fsencode(location(outcome.source))
                if end in path:
                    count += 1
                else:
                    file.write(path + end)
        if count:
            names = "name holds a line break and is" if count == 1 else "names hold line breaks and are"
            self._warn(f"warning: {count} {names} left out of {printable(self.path)}; add -0 to list all")

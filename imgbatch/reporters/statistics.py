"""Statistics reporters: how are the figures of ``imgbatch stats`` shown? As text on stdout, and as pictures.

Of a run that was stopped early there are no figures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from imgbatch.core.report import Report
from imgbatch.reporters.base import Reporter
from imgbatch.storage.atomic_write import open_atomic

if TYPE_CHECKING:
    from PIL.Image import Image


class StatisticsText(Reporter):
    """The figures on stdout; `text` gives them once the run has ended."""

    path = "stdout"

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def finish(self, report: Report) -> None:
        """Print the figures, unless the run was stopped early."""
        if report.stopped is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(self._text().encode("utf-8"))
            sys.stdout.flush()


class StatisticsPicture(Reporter):
    """A picture of the figures, as a PNG file; `draw` gives it once the run has ended."""

    def __init__(self, path: str, draw: Callable[[], Image]) -> None:
        self.path = path
        self._draw = draw

    def finish(self, report: Report) -> None:
        """Write the picture, unless the run was stopped early."""
        if report.stopped is None:
            picture = self._draw()
            with open_atomic(self.path) as file:
                picture.save(file, "PNG")

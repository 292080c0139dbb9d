"""JSON lines: how does another program follow a run? One JSON object a line, at once."""

from __future__ import annotations

from typing import Any, BinaryIO

from imgbatch.core.job import Outcome
from imgbatch.core.report import Report, dumps
from imgbatch.reporters.base import Reporter


class JsonLines(Reporter):
    """One line per outcome in order of completion, then the summary; always UTF-8, flushed line by line.

    Parameters
    ----------
    stream : binary file
        Where the lines go.
    base : str
        The output folder: paths of outputs are relative to it.
    """

    reads_outcomes = False

    def __init__(self, stream: BinaryIO, base: str) -> None:
        self._stream = stream
        self._base = base

    def outcome(self, outcome: Outcome) -> None:
        """Write the record of the file; OSError where the stream takes no more."""
        self._write(outcome.record(self._base))

    def finish(self, report: Report) -> None:
        """Write the summary."""
        self._write(report.summary())

    def _write(self, record: dict[str, Any]) -> None:
        self._stream.write(dumps(record).encode("utf-8", "backslashreplace") + b"\n")
        self._stream.flush()

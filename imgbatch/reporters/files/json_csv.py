"""Report files: how does a run become a file?

``--report X.json`` and ``--report X.csv`` have the order of the sources, and are written whole or not at all.

The JSON file is an array of the records that ``--json`` streams. The CSV file has one row per written file, and one
for a source of which nothing was written.
"""

from __future__ import annotations

import csv
import io
import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from imgbatch.core.report import Report, is_shown
from imgbatch.reporters.base import Reporter
from imgbatch.storage.atomic_write import open_atomic

COLUMNS = (
    "status", "root", "source", "output", "format", "width", "height", "bytes", "quality", "frames",
    "error_kind", "error_phase", "error_message", "warnings", "changes", "ms",
)  # fmt: skip
#: What a spreadsheet takes as the beginning of a formula; and the apostrophe, so that taking one off gives all back.
_FORMULA = ("=", "+", "-", "@", "'")


class ReportFile(Reporter):
    """A report that is written at the finish, under a temporary name first."""

    def __init__(self, path: str) -> None:
        self.path = path

    def finish(self, report: Report) -> None:
        """Write the file whole; OSError where that fails."""
        with open_atomic(os.path.abspath(self.path)) as file:
            file.writelines(piece.encode("utf-8", "backslashreplace") for piece in self.pieces(report))

    @abstractmethod
    def pieces(self, report: Report) -> Iterable[str]:
        """The file's content, which may be larger than memory, piece by piece."""


class JsonFile(ReportFile):
    """All records as one JSON array, the summary last."""

    def pieces(self, report: Report) -> Iterable[str]:
        """The JSON array, one record a line."""
        return report.json_pieces()


class CsvFile(ReportFile):
    """All records as rows, control characters spelled out; what a spreadsheet would run gets an apostrophe in front."""

    def pieces(self, report: Report) -> Iterator[str]:
        """The table, in the order of the sources."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)  # lines end in CR LF as RFC 4180 has it
        writer.writerow(COLUMNS)
        for outcome in report.outcomes:
            for row in rows(outcome.record(report.base)):
                writer.writerow([_cell(row[column]) for column in COLUMNS])
            yield text.getvalue()
            text.seek(0)
            text.truncate()
        yield text.getvalue()


class StatsFile(ReportFile):
    """The figures of all that a run wrote; `figures` gives them as JSON, once the run has ended."""

    def __init__(self, path: str, figures: Callable[[], str]) -> None:
        super().__init__(path)
        self._figures = figures

    def pieces(self, report: Report) -> Iterable[str]:
        """The figures as JSON."""
        return [self._figures()]


def rows(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One file's record as flat rows, one per output; only the first has the time."""
    error = record["error"] or {"kind": "", "phase": "", "message": ""}
    for index, output in enumerate(record["outputs"] or [{}]):
        yield {
            "status": record["status"],
            "root": record["root"],
            "source": record["source"],
            "output": output.get("path", ""),
            **{key: output.get(key, "") for key in ("format", "width", "height", "bytes", "quality", "frames")},
            **{f"error_{key}": error[key] for key in ("kind", "phase", "message")},
            "warnings": " | ".join(record["warnings"]),
            "changes": " | ".join(record["changes"]),
            "ms": round(sum(record["ms"].values()), 1) if index == 0 else "",
        }


def _cell(value: object) -> str:
    text = str(value)
    if not text.isprintable():
        text = "".join(one if is_shown(one) else one.encode("unicode_escape").decode("ascii") for one in text)
    return f"'{text}" if text.startswith(_FORMULA) else text

"""Who is told how a run goes? The explicit list of the kinds of report files, by suffix, and the other reporters."""

from __future__ import annotations

import os

from imgbatch.errors import expected
from imgbatch.reporters.base import Reporter, location, shown
from imgbatch.reporters.console import Console, Look
from imgbatch.reporters.failed_list import FailedList
from imgbatch.reporters.jsonl import JsonLines
from imgbatch.reporters.news import News
from imgbatch.reporters.profile import Profile
from imgbatch.reporters.prometheus import PrometheusFile
from imgbatch.reporters.records import CsvFile, JsonFile, RecordFile, StatsFile
from imgbatch.reporters.srcset import SrcSet

__all__ = [
    "Console", "FailedList", "JsonLines", "Look", "News", "Profile", "REPORTS", "Reporter", "SrcSet", "StatsFile",
    "location", "report_to", "shown",
]  # fmt: skip

#: The kinds of report files, by suffix, in the order of the docs.
REPORTS: dict[str, type[RecordFile]] = {".json": JsonFile, ".csv": CsvFile, ".prom": PrometheusFile}


def report_to(path: str) -> Reporter:
    """The reporter that writes `path`, by its suffix; UsageError when there is none for it."""
    kind = REPORTS.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise expected(f"a file name ending in {', '.join(REPORTS)}", "--report", path)
    return kind(path)

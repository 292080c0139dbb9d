"""Who is told how a run goes? The explicit list of the kinds of report files, by suffix, and the other reporters.

A reporter's module is loaded when it is first asked for: most runs have none but the console.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import expected
from imgbatch.core.lazy_import import first_use
from imgbatch.reporters.base import Reporter, location, shown

if TYPE_CHECKING:
    from imgbatch.reporters.console import Console, Look
    from imgbatch.reporters.files.failed_list import FailedList
    from imgbatch.reporters.files.json_csv import StatsFile
    from imgbatch.reporters.files.srcset import SrcSet
    from imgbatch.reporters.jsonl import JsonLines
    from imgbatch.reporters.profile import Profile
    from imgbatch.reporters.unattended import News

__all__ = [
    "Console", "FailedList", "JsonLines", "Look", "News", "Profile", "REPORTS", "Reporter", "SrcSet", "StatsFile",
    "location", "report_to", "shown",
]  # fmt: skip

#: The kinds of report files, by suffix, in the order of the docs.
REPORTS = {".json": "JsonFile", ".csv": "CsvFile", ".prom": "PrometheusFile"}
_HOMES = {
    "Console": "console", "CsvFile": "files.json_csv", "FailedList": "files.failed_list", "JsonFile": "files.json_csv",
    "JsonLines": "jsonl", "Look": "console", "News": "unattended", "Profile": "profile",
    "PrometheusFile": "files.prometheus",
    "SrcSet": "files.srcset", "StatsFile": "files.json_csv",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return first_use(globals(), name, _HOMES.get(name))


def report_to(path: str) -> Reporter:
    """The reporter that writes `path`, by its suffix; UsageError when there is none for it."""
    kind = REPORTS.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise expected(f"a file name ending in {', '.join(REPORTS)}", "--report", path)
    made: Reporter = __getattr__(kind)(path)
    return made

"""Registry of reporters: which reporter has which word? Adding one is its file and one line here.

A reporter's module is loaded when it is first asked for: most runs have none but the console.
"""

from __future__ import annotations

import importlib
import os

from imgbatch.core.errors import wrong_value
from imgbatch.reporters.base import Reporter

#: Module and class of each reporter, by the suffix of its report files or by its flag, in the order of the docs.
REPORTERS = {
    ".json": "files.json_csv.JsonFile",
    ".csv": "files.json_csv.CsvFile",
    ".prom": "files.prometheus.PrometheusFile",
    "console": "console.Console",
    "failed-list": "files.failed_list.FailedList",
    "json": "jsonl.JsonLines",
    "log": "log.Log",
    "logger": "logger.Logger",
    "profile": "profile.Profile",
    "srcset": "files.srcset.SrcSet",
    "stats": "files.json_csv.StatsFile",
    "unattended": "unattended.UnattendedReporter",
}
#: What a file of ``--report`` may end in.
SUFFIXES = tuple(word for word in REPORTERS if word.startswith("."))


def reporter_class(word: str) -> type[Reporter]:
    """The reporter of a suffix or flag; KeyError when there is none."""
    module, _, name = REPORTERS[word].rpartition(".")
    reporter: type[Reporter] = getattr(importlib.import_module(f"imgbatch.reporters.{module}"), name)
    return reporter


def reporter_for(path: str) -> Reporter:
    """The reporter that writes `path`, by its suffix; UsageError when there is none for it."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise wrong_value(f"a file name ending in {', '.join(SUFFIXES)}", "--report", path)
    return reporter_class(suffix)(path)  # type: ignore[call-arg]  # the reporters of suffixes take a path alone

"""Registry of reporters: which reporter has which flag, or writes files of which suffix?

A reporter's module is loaded when it is first asked for: most runs have none but the console.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from imgbatch.core.errors import wrong_value
from imgbatch.reporters.base import Reporter
from imgbatch.storage.registry import refuse_remote

#: Module and class of each reporter, by the suffix of its report files or by its flag, in the order of the docs;
#: after the flag, the suffix that asks for another one.
REPORTERS = {
    ".json": "files.json_csv.JsonFile",
    ".csv": "files.json_csv.CsvFile",
    ".html": "page.run_page.RunPage",
    ".prom": "files.prometheus.PrometheusFile",
    "--failed-list": "files.failed_list.FailedList",
    "--json": "jsonl.JsonLines",
    "--log": "log.Log",
    "--mean-image": "statistics.StatisticsPicture",
    "--plot": "statistics.StatisticsPicture",
    "--profile": "profile.Profile",
    "--srcset": "files.srcset.SrcSet",
    "--srcset .html": "files.srcset_page.SrcSetPage",
    "--stats": "files.json_csv.StatsFile",
    "--unattended": "unattended.UnattendedReporter",
}
#: What a file of ``--report`` may end in.
SUFFIXES = tuple(word for word in REPORTERS if word.startswith("."))


def make_reporter(word: str, *arguments: Any, **options: Any) -> Reporter:
    """The reporter of a suffix or flag, made of what its class takes; KeyError when there is none."""
    module, _, name = REPORTERS[word].rpartition(".")
    reporter: Reporter = getattr(importlib.import_module(f"imgbatch.reporters.{module}"), name)(*arguments, **options)
    return reporter


def srcset_reporter(path: str) -> Reporter:
    """The reporter of ``--srcset``: a page of elements where `path` ends in ``.html``, else their data."""
    return make_reporter("--srcset .html" if path.lower().endswith(".html") else "--srcset", path)


def reporter_for(path: str) -> Reporter:
    """The reporter that writes `path`, by its suffix; UsageError when there is none for it."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise wrong_value(f"a file name ending in {', '.join(SUFFIXES)}", "--report", path)
    refuse_remote("--report", path)
    return make_reporter(suffix, path)

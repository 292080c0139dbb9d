"""Prometheus file: how does a monitoring system see a run? ``--report X.prom``, for node_exporter's textfile collector.

One gauge per figure of the summary, labeled with the output folder so that the files of several jobs can lie side by
side. The time of the last success outlives failed runs: it is taken over from the file that is replaced, so that an
alert can be set on its age. Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from imgbatch.core.job import STATUSES, readable
from imgbatch.core.report import ExitCode, Report
from imgbatch.reporters.files.json_csv import ReportFile

_SUCCESS = "imgbatch_last_success_timestamp_seconds"


class PrometheusFile(ReportFile):
    """The figures of the last run, and when one last succeeded (exit code 0)."""

    of_every_run = True
    reads_outcomes = False

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path)
        self._clock = clock

    def pieces(self, report: Report) -> list[str]:
        """The gauges in the text format of Prometheus."""
        now = self._clock()
        label = f'output="{_escape(readable(report.base))}"'
        last_success = now if report.exit_code == ExitCode.OK else self._last_success(label)
        return ["\n".join(_lines(report, label, now, last_success)) + "\n"]

    def _last_success(self, label: str) -> float | None:
        with contextlib.suppress(OSError, ValueError):
            text = Path(self.path).read_text(encoding="utf-8")
            match = re.search(rf"^{_SUCCESS}\{{{re.escape(label)}\}} (\S+)$", text, re.M)
            return float(match[1]) if match else None
        return None


def _lines(report: Report, label: str, now: float, last_success: float | None) -> Iterator[str]:
    yield from _head("imgbatch_files", "Files of the last run, by what became of them.")
    for status in STATUSES:
        yield f'imgbatch_files{{{label},status="{status}"}} {report.counts[status]}'
    figures: list[tuple[str, str, float]] = [
        ("imgbatch_known_failures", "Files of the last run that failed, and had failed before.", report.known),
        ("imgbatch_remaining_files", "Files that the last run left for the next one.", report.remaining),
        ("imgbatch_read_bytes", "Bytes of the sources that the last run read.", report.bytes_in),
        ("imgbatch_written_bytes", "Bytes that the last run wrote.", report.bytes_out),
        ("imgbatch_duration_seconds", "How long the last run took.", round(report.seconds, 3)),
        ("imgbatch_exit_code", "The exit code of the last run.", int(report.exit_code)),
        ("imgbatch_last_run_timestamp_seconds", "When the last run ended.", round(now, 3)),
    ]
    if last_success is not None:
        figures.append((_SUCCESS, "When a run last ended with exit code 0.", round(last_success, 3)))
    for name, about, value in figures:
        yield from _head(name, about)
        yield f"{name}{{{label}}} {value!r}"


def _head(name: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} gauge"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

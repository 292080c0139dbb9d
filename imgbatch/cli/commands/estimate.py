"""Estimate: what does ``imgbatch run --estimate`` print? What the run will come to: data on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.cli.arguments import ReportArguments
from imgbatch.cli.report_run import host_warnings
from imgbatch.cli.standard_streams import print_stderr
from imgbatch.core.report import ExitCode, dumps
from imgbatch.reporters.console import Console

if TYPE_CHECKING:
    from imgbatch.runs.batch import Batch


def show_estimate(batch: Batch, report: ReportArguments, console: Console) -> int:
    """Try a sample and print the estimate; the output folder is left as it is.

    Parameters
    ----------
    batch : Batch
        Is prepared.
    report : ReportArguments
        How much is said, and whether as JSON.
    console : Console
        Words failures.
    """
    from imgbatch.runs.preview.estimate import estimate_batch

    with host_warnings(console, report.quiet):
        estimate = estimate_batch(batch)
    if not report.quiet:
        for outcome in estimate.failed:
            for line in console.lines(outcome):
                print_stderr(line)
    print(dumps(estimate.record()) if report.json_lines else "\n".join(estimate.lines()), flush=True)
    if not report.quiet:
        note = f"; {len(batch.unchanged)} unchanged" if batch.unchanged else ""
        print_stderr(f"estimate: nothing was written{note}")
    return int(ExitCode.OK)

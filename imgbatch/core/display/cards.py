"""Cards: what does a notebook show of a report, and of one outcome? Counts, failures and a few pictures, in bounds.

However many files a run has, and whatever their names hold, the HTML stays below a size that a notebook can keep.
"""

from __future__ import annotations

import os
from itertools import islice

from imgbatch.core.display.table import plain, table
from imgbatch.core.display.thumbnails import strip
from imgbatch.core.job import Outcome
from imgbatch.core.report import Report

FAILURES = 10  # rows of a report
_LINES = 5  # outputs, warnings and changes of one outcome


def report_card(report: Report) -> str:
    """A report as HTML: its sentence, the first failures, and thumbnails of the first pictures."""
    failed = report.failed
    rows = [
        (os.path.join(outcome.source.root, outcome.source.relative), outcome.status, *_error(outcome))
        for outcome in islice(failed, FAILURES)
    ]
    more = f"… and {len(failed) - FAILURES} more: .failed" if len(failed) > FAILURES else ""
    caption = report.sentence() + (f"; {report.reason}" if report.reason else "")
    return table(caption, ("file", "status", "kind", "message"), rows, more) + strip(report.outcomes)


def outcome_line(outcome: Outcome) -> str:
    """An outcome on one short line: ``ok photos/a.jpg -> a.webp (1600x1067)``."""
    source = os.path.join(outcome.source.root, outcome.source.relative)
    first = f"{outcome.status} {plain(source)}"
    if outcome.error is not None:
        return f"{first}: {outcome.error.kind} in {outcome.error.phase}: {plain(outcome.error.message)}"
    if not outcome.outputs:
        return first
    output, others = outcome.outputs[0], len(outcome.outputs) - 1
    name = plain(os.path.basename(output.path))
    return f"{first} -> {name} ({output.width}x{output.height})" + (f" and {others} more" if others else "")


def outcome_card(outcome: Outcome) -> str:
    """An outcome as HTML: what it is, what was noted, and its picture."""
    lists = {
        "output": [f"{one.path} ({one.format}, {one.width}x{one.height}, {one.bytes} B)" for one in outcome.outputs],
        "warning": list(outcome.warnings),
        "change": list(outcome.changes),
    }
    rows = [(word, text) for word, texts in lists.items() for text in texts[:_LINES]]
    return table(outcome_line(outcome), ("", ""), rows) + strip([outcome])


def _error(outcome: Outcome) -> tuple[str, str]:
    error = outcome.error
    return ("", "") if error is None else (f"{error.kind} in {error.phase}", error.message)

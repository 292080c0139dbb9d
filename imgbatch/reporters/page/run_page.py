"""Run page: how does a run look in a browser? ``--report X.html``: sums, what failed and why, and a table of all files.

One pass over the outcomes, each written as it comes: the page of a million files takes no more memory than that of a
hundred. Beyond a hundred thousand rows some are left out, which the page says; the sums are of all files.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from imgbatch.core.errors import BLAME, PHASES, Kind
from imgbatch.core.job import Outcome, Status
from imgbatch.core.report import WRONG, Report, format_bytes
from imgbatch.reporters.base import printable
from imgbatch.reporters.files.json_csv import ReportFile
from imgbatch.reporters.page.advice import ADVICE
from imgbatch.reporters.page.links import Links
from imgbatch.reporters.page.page import Page, Section
from imgbatch.reporters.page.pictures import MOST_FIRST, Candidates, looks
from imgbatch.reporters.page.row import row

#: Of files that are wrong, done, and left alone: how many get a row.
MOST_ROWS: dict[str, int] = {"wrong": 20_000, "ok": 60_000, "unchanged": 20_000}
_GROUPS: dict[Status, str] = {
    **dict.fromkeys(WRONG, "wrong"), "ok": "ok", "unchanged": "unchanged", "skipped": "unchanged",
}  # fmt: skip
_PHASE_NAMES = {"read": "read", "decode": "decode", "ops": "operations", "encode": "encode", "write": "write"}


class RunPage(ReportFile):
    """A run as one HTML file."""

    shows_pictures = True
    thumbnails = MOST_FIRST

    def pieces(self, report: Report) -> Iterator[str]:
        """The page, bit by bit."""
        name = printable(os.path.basename(report.base.rstrip("/"))) if report.base else ""
        title = f"imgbatch: {name}" if name else "imgbatch"
        lead = report.sentence()
        if report.stopped is not None or report.reason:
            lead += f"; stopped: {printable(report.reason)}"
        return Page(title, lead, self._sections(report)).pieces()

    def _sections(self, report: Report) -> Iterator[Section]:
        candidates = Candidates()
        yield from _sections(report, Links(self.path), candidates)
        yield Section("pictures", 50, {}, looks(self.review, candidates, report.seconds))


def _sections(report: Report, links: Links, candidates: Candidates) -> Iterator[Section]:
    tally = _Tally()
    table: dict[str, Any] = {"title": "All files"}
    yield Section("files", 40, table, _rows(report, links, tally, candidates, table))
    yield Section("figures", 10, {}, _figures(report, tally))
    if tally.kinds:
        values = {"title": "What failed, and what to do"}
        yield Section("problems", 20, values, _problems(tally))
    if any(tally.ms.values()):
        note = "The time of all workers together."
        yield Section("bars", 30, {"title": "Time per phase", "note": note}, _bars(tally))


class _Tally:
    """What is counted while the outcomes pass by."""

    def __init__(self) -> None:
        self.kinds: Counter[Kind] = Counter()
        self.ms: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self.bytes_in = self.bytes_out = 0  # of files of which something was written
        self.groups: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.groups[_GROUPS[outcome.status]] += 1
        if outcome.error is not None:
            self.kinds[outcome.error.kind] += 1
        for phase, ms in outcome.ms.items():
            self.ms[phase] = self.ms.get(phase, 0.0) + ms
        if outcome.status == "ok" and outcome.outputs:
            self.bytes_in += outcome.source.size
            self.bytes_out += sum(output.bytes for output in outcome.outputs)


def _rows(
    report: Report, links: Links, tally: _Tally, candidates: Candidates, table: dict[str, Any]
) -> Iterator[list[Any]]:
    """The rows of the table, and then what there is to say about it."""
    row_counts: Counter[str] = Counter()
    for outcome in report.outcomes:
        tally.add(outcome)
        group = _GROUPS[outcome.status]
        if row_counts[group] < MOST_ROWS[group]:
            candidates.add(row_counts.total(), outcome)
            row_counts[group] += 1
            yield row(outcome, report.base, links)
    table["folders"] = links.folders
    if tally.groups != row_counts:
        parts = [f"{row_counts[group]:,} of {count:,} {word}" for group, word, count in _group_words(tally)]
        table["note"] = (
            f"Too many for one page: rows are here for {', '.join(parts)}, the first of each. The sums above are of "
            "all files; --report X.json or X.csv has the rest."
        )


def _group_words(tally: _Tally) -> list[tuple[str, str, int]]:
    words = {"wrong": "that failed", "ok": "that are done", "unchanged": "that were left alone"}
    return [(group, word, tally.groups[group]) for group, word in words.items() if tally.groups[group]]


def _figures(report: Report, tally: _Tally) -> Iterator[dict[str, str]]:
    """The numbers in large type."""
    counts = report.counts
    yield {"name": "files", "value": f"{len(report.outcomes):,}"}
    names: dict[Status, str] = {"ok": "done", "unchanged": "unchanged", "skipped": "skipped"}
    for status, name in names.items():
        if counts[status]:
            yield {"name": name, "value": f"{counts[status]:,}"}
    yield {"name": "failed", "value": f"{report.wrong:,}", **({"note": "see below"} if report.wrong else {})}
    if report.warned:
        yield {"name": "with warnings", "value": f"{report.warned:,}"}
    if report.remaining:
        yield {"name": "remaining", "value": f"{report.remaining:,}"}
    if tally.bytes_out:
        savings = tally.bytes_in - tally.bytes_out
        share = f"{abs(savings) / tally.bytes_in:.0%} {'less' if savings >= 0 else 'more'}" if tally.bytes_in else ""
        name = "saved" if savings >= 0 else "added"
        note = f"{format_bytes(tally.bytes_in)} → {format_bytes(tally.bytes_out)}, {share}"
        yield {"name": name, "value": format_bytes(abs(savings)), "note": note}
    note = f"{len(report.outcomes) / report.seconds:,.0f} files a second" if report.seconds >= 1 else ""
    yield {"name": "time", "value": _duration(report.seconds), **({"note": note} if note else {})}


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def _problems(tally: _Tally) -> Iterator[dict[str, Any]]:
    """The kinds of failures, the most frequent first."""
    for kind, count in tally.kinds.most_common():
        yield {"kind": kind, "count": count, "advice": ADVICE[kind], "blame": BLAME[kind]}


def _bars(tally: _Tally) -> Iterator[dict[str, Any]]:
    """The phases, in the order in which a file goes through them."""
    total = sum(tally.ms.values()) or 1
    for phase in PHASES:
        ms = tally.ms[phase]
        yield {"name": _PHASE_NAMES[phase], "value": ms, "text": f"{_duration(ms / 1000)} · {ms / total:.0%}"}

"""Does the report count, word and judge a run as INTERFACE.md promises?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from imgbatch.core.errors import Kind
from imgbatch.core.job import Failure, Outcome, Source, Status, Written
from imgbatch.core.report import ExitCode, Report, dumps, format_bytes


def outcome(
    index: int, status: Status = "ok", kind: Kind = "corrupt", size: int = 1000, warnings: tuple[str, ...] = ()
) -> Outcome:
    source = Source(f"/in/{index}.jpg", "in", f"{index}.jpg", size=size)
    written = (Written(0, f"/out/{index}.webp", "webp", 4, 3, 100),) if status in ("ok", "unchanged") else ()
    error = Failure(kind, "decode", "no") if status in ("failed", "timeout", "crashed") else None
    return Outcome(index, source, status, written, error, warnings, (), {"decode": 1.25})


def report_of(*outcomes: Outcome, fail_on: str = "error") -> Report:
    report = Report(base="/out", fail_on=fail_on)
    for one in outcomes:
        report.add(one)
    return report


def test_an_empty_run_is_fine() -> None:
    report = Report()
    assert report.ok
    assert report.sentence() == "0 ok (0.0 s)"
    assert json.loads(report.to_json()) == [report.summary()]


def test_counts_and_bytes() -> None:
    report = report_of(outcome(0), outcome(1, "unchanged"), outcome(2, "failed"), outcome(3, "skipped"))
    assert report.counts == {"ok": 1, "unchanged": 1, "skipped": 1, "failed": 1, "timeout": 0, "crashed": 0}
    assert (report.bytes_in, report.bytes_out) == (3000, 100)
    assert report.wrong == 1
    assert [one.index for one in report.failed] == [2]


def test_the_summary_has_the_promised_keys() -> None:
    summary = report_of(outcome(0), outcome(1, "failed")).summary()
    assert list(summary) == [
        "v", "event", "ok", "unchanged", "skipped", "failed", "timeout", "crashed", "known", "remaining",
        "bytes_in", "bytes_out", "seconds", "exit_code",
    ]  # fmt: skip
    assert (summary["v"], summary["event"], summary["exit_code"]) == (1, "summary", 1)


def test_a_record_has_the_promised_keys() -> None:
    record = outcome(0, "failed").record("/out")
    assert list(record) == [
        "v", "event", "status", "root", "source", "outputs", "error", "warnings", "changes", "ms",
    ]  # fmt: skip
    assert record["error"] == {"kind": "corrupt", "phase": "decode", "message": "no"}
    good = outcome(0).record("/out")
    assert good["error"] is None
    assert good["outputs"] == [{"path": "0.webp", "format": "webp", "width": 4, "height": 3, "bytes": 100}]


def test_records_are_in_the_order_of_the_sources() -> None:
    report = report_of(outcome(2), outcome(0), outcome(1))
    report.sort()
    records = json.loads(report.to_json())
    assert [record["source"] for record in records[:-1]] == ["0.jpg", "1.jpg", "2.jpg"]
    assert records[-1]["event"] == "summary"


@pytest.mark.parametrize(
    ("fail_on", "statuses", "code"),
    [
        ("error", [], 0),
        ("error", ["ok", "unchanged", "skipped"], 0),
        ("error", ["ok", "failed"], 1),
        ("error", ["timeout"], 1),
        ("error", ["crashed"], 1),
        ("none", ["failed", "crashed"], 0),
        ("warning", ["ok"], 0),
        ("warning", ["failed"], 1),
        ("truncated", ["failed"], 0),
    ],
)
def test_exit_codes(fail_on: str, statuses: list[Status], code: int) -> None:
    report = report_of(*(outcome(index, status) for index, status in enumerate(statuses)), fail_on=fail_on)
    assert int(report.exit_code) == code
    assert report.ok == (code == 0)


def test_warnings_and_truncation_count_where_asked() -> None:
    assert report_of(outcome(0, warnings=("odd",)), fail_on="warning").exit_code == ExitCode.FAILURES
    assert report_of(outcome(0, warnings=("odd",))).exit_code == ExitCode.OK
    assert report_of(outcome(0, "failed", kind="truncated"), fail_on="truncated").exit_code == ExitCode.FAILURES


def test_a_stop_outweighs_failures() -> None:
    report = report_of(outcome(0, "failed"))
    report.stopped = ExitCode.INTERRUPTED
    assert report.exit_code == 130


def test_the_sentence() -> None:
    report = report_of(outcome(0), outcome(1, "failed"), outcome(2, "unchanged"))
    report.seconds, report.remaining = 3.44, 7
    assert report.sentence() == "1 ok, 1 unchanged, 1 failed, 7 remaining (2.0 kB -> 100 B, 3.4 s)"


def test_json_is_one_line_whatever_the_name() -> None:
    source = Source("/in/x", "in", "a\nb\udcff\u2028é.jpg")
    line = dumps(Outcome(0, source, "ok").record())
    assert "\n" not in line
    line.encode("utf-8")
    assert json.loads(line)["source"] == "a\nb\\udcff\u2028é.jpg"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_940, "99.9 kB"), (999_400, "999 kB"), (999_600, "1.0 MB"),
     (1_234_567, "1.2 MB"), (5e9, "5.0 GB"), (5e13, "50000 GB")],
)  # fmt: skip
def test_sizes_for_people(size: float, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("failures", "known", "words"),
    [(1, 1, "1 failed, known before"), (3, 3, "3 failed, all of these known before"),
     (3, 2, "3 failed, 2 of these known before"), (3, 0, "3 failed")],
)  # fmt: skip
def test_failures_that_were_known(failures: int, known: int, words: str) -> None:
    report = Report(known_failures="ok")
    for index in range(failures):
        report.add(replace(outcome(index, "failed"), is_known=index < known))
    assert report.sentence() == f"0 ok, {words} (0.0 s)" and report.summary()["known"] == known
    assert (report.exit_code == ExitCode.OK) == (known == failures)
    report.known_failures = "fail"
    assert report.exit_code == ExitCode.FAILURES

"""Does every reporter tell any run, whatever its outcomes and names are?"""

from __future__ import annotations

import csv
import importlib
import inspect
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imgbatch import reporters
from imgbatch.cli.arguments import read_list
from imgbatch.cli.flag_table import run_flags, stats_flags
from imgbatch.core.errors import KINDS, PHASES, UsageError
from imgbatch.core.job import STATUSES, Cost, Failure, Outcome, Source, Status, Written
from imgbatch.core.records.outcomes import Outcomes
from imgbatch.core.report import WRONG, ExitCode, Report, is_shown
from imgbatch.reporters.base import Reporter, need_outcomes, printable
from imgbatch.reporters.console import EVERY, Console, ConsoleStyle
from imgbatch.reporters.files.failed_list import FailedList
from imgbatch.reporters.files.json_csv import StatsFile
from imgbatch.reporters.files.srcset import SrcSet
from imgbatch.reporters.files.srcset_page import SrcSetPage
from imgbatch.reporters.files.whole_text import WholeFile, WholeText
from imgbatch.reporters.jsonl import JsonLines
from imgbatch.reporters.log import Log
from imgbatch.reporters.logger import Logger
from imgbatch.reporters.profile import Profile
from imgbatch.reporters.registry import REPORTERS, SUFFIXES, reporter_for, srcset_reporter
from imgbatch.reporters.statistics import StatisticsPicture, StatisticsText
from imgbatch.reporters.unattended import UnattendedReporter

ODD_NAMES = [
    "plain.jpg", "sp ace.jpg", "new\nline.jpg", "cr\rname.jpg", "crlf\r\n.jpg", "tab\t.jpg", "quo\"te'.jpg",
    "é漢字.jpg", os.fsdecode(b"caf\xe9.jpg"), "\x1b[31mred.jpg", "=cmd().jpg", "+1.jpg", "-rf.jpg", "@x.jpg",
    "a,b;c.jpg", "\u202egpj.x", "x" * 250 + ".jpg",
    "a/b/c.jpg", "\u2028.jpg", "\x7f.jpg", "\U0001f469\u200d\U0001f680.jpg",
]  # fmt: skip
names = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.binary(min_size=1, max_size=30)
    .filter(lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b".."))
    .map(os.fsdecode),
)
texts = st.text(max_size=40)
COSTS = [None, Cost("jpeg", 12_000_000, {"resize": 1.5}, 1.9, 10**8), Cost("", 0, {}, 0.0, 0)]


@st.composite
def outcomes(draw: st.DrawFn) -> list[Outcome]:
    made = []
    for index in range(draw(st.integers(0, 6))):
        name = draw(names)
        status: Status = draw(st.sampled_from(STATUSES))
        written = tuple(
            Written(number, f"/base/{name}.{number}", "webp", 3, 2, 10, draw(st.sampled_from([None, 80])))
            for number in range(draw(st.integers(0, 2)))
        )
        error = Failure(draw(st.sampled_from(KINDS)), draw(st.sampled_from(PHASES)), draw(texts))
        made.append(
            Outcome(
                index,
                Source(f"/in/{name}", "in", name, size=draw(st.integers(0, 10**12))),
                status,
                written,
                error if status in WRONG else None,
                tuple(draw(st.lists(texts, max_size=2))),
                tuple(draw(st.lists(texts, max_size=2))),
                {"read": 0.1, "decode": 2.0},
                draw(st.sampled_from(COSTS)),
            )  # fmt: skip
        )
    return draw(st.permutations(made))


Make = Callable[[Path], Reporter]
MAKERS: dict[str, Make] = {
    "console": lambda folder: Console(io.StringIO(), ConsoleStyle(verbose=2)),
    "console with a bar": lambda folder: Console(io.StringIO(), ConsoleStyle(bar=True, color=True)),
    "quiet console": lambda folder: Console(io.StringIO(), ConsoleStyle(quiet=True, bar=True)),
    "json lines": lambda folder: JsonLines(io.BytesIO(), "/base"),
    "failed list": lambda folder: FailedList(str(folder / "failed.txt"), False, lambda line: None),
    "failed list, NUL": lambda folder: FailedList(str(folder / "failed0.txt"), True, lambda line: None),
    "logger": lambda folder: Logger("/base"),
    "profile": lambda folder: Profile(lambda line: None, 2),
    "profile in this process": lambda folder: Profile(lambda line: None, 0),
    "srcset": lambda folder: SrcSet(str(folder / "srcset.json")),
    "srcset page": lambda folder: SrcSetPage(str(folder / "srcset.html")),
    "picture": lambda folder: StatisticsPicture(str(folder / "plot.png"), lambda: Image.new("L", (9, 9))),
    "text": lambda folder: StatisticsText(lambda: ""),
    "whole text": lambda folder: WholeText(lambda: [b""]),
    "whole file": lambda folder: WholeFile(str(folder / "groups.json"), lambda: [b"[", b"]"]),
    "stats": lambda folder: StatsFile(str(folder / "stats.json"), lambda: "{}"),
    "unattended": lambda folder: UnattendedReporter(lambda line: None, {"/in/plain.jpg"}, lambda outcome: []),
    **{suffix: lambda folder, suffix=suffix: reporter_for(str(folder / f"r{suffix}")) for suffix in SUFFIXES},  # type: ignore[misc]  # mypy does not see the default's type
}


def test_every_reporter_stands_in_the_registry_and_in_this_suite(tmp_path: Path) -> None:
    registered = set(REPORTERS.values())
    always = {"console.Console", "logger.Logger", "statistics.StatisticsText"}  # no flag asks for these
    always |= {"files.whole_text.WholeText", "files.whole_text.WholeFile"}
    room = Path(reporters.__file__).parent
    suite = {type(make(tmp_path)) for make in MAKERS.values()}
    for path in room.rglob("*.py"):
        name = ".".join(path.relative_to(room).with_suffix("").parts)
        module = importlib.import_module(f"imgbatch.reporters.{name}")
        for cls in vars(module).values():
            if inspect.isclass(cls) and issubclass(cls, Reporter) and not inspect.isabstract(cls):
                place = f"{cls.__module__.removeprefix('imgbatch.reporters.')}.{cls.__name__}"
                assert (place in registered) is (place not in always), place
                assert cls in suite or cls is Log  # which opens its file when it is made


def tell(reporter: Reporter, told: list[Outcome]) -> Report:
    report = Report(base="/base")
    reporter.start(len(told), sum(outcome.source.size for outcome in told))
    for outcome in told:
        report.add(outcome)
        reporter.outcome(outcome)
    report.sort()
    reporter.finish(report)
    reporter.close()
    return report


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@given(told=outcomes())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_run_can_be_told(make: Make, told: list[Outcome], tmp_path: Path) -> None:
    tell(make(tmp_path), told)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_reporter_that_reads_outcomes_says_so(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reporter, reads = make(tmp_path), []

    def outcomes_of(report: Report) -> Outcomes:
        reads.append(report)
        return Outcomes()

    monkeypatch.setattr(Report, "outcomes", property(outcomes_of, lambda report, value: None), raising=False)
    reporter.finish(Report(base="/base"))
    lazy_kinds = (StatisticsPicture, StatisticsText, StatsFile, WholeText, WholeFile)  # what they call reads them
    lazy = isinstance(reporter, lazy_kinds)
    assert need_outcomes([reporter]) is (bool(reads) or lazy)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_closing_without_a_finish_is_quiet(make: Make, tmp_path: Path) -> None:
    reporter = make(tmp_path)
    reporter.start(10, 100)
    reporter.close()
    reporter.close()
    assert not list(tmp_path.iterdir())


@given(told=outcomes())
@settings(max_examples=50, deadline=None)
def test_json_lines_parse_and_come_in_order_of_completion(told: list[Outcome]) -> None:
    stream = io.BytesIO()
    report = tell(JsonLines(stream, "/base"), told)
    lines = [json.loads(line) for line in stream.getvalue().decode("utf-8").split("\n")[:-1]]
    assert lines == [outcome.record("/base") for outcome in told] + [report.summary()]


@given(told=outcomes())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_json_file_holds_the_records_in_source_order(told: list[Outcome], tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    report = tell(reporter_for(str(path)), told)
    records = json.loads(path.read_bytes())
    assert records == [outcome.record("/base") for outcome in sorted(told, key=lambda one: one.index)] + [
        report.summary()
    ]


def in_csv(text: str) -> str:
    """What is read of a text: what a terminal would obey is spelled out."""
    return "".join(one if is_shown(one) else one.encode("unicode_escape").decode("ascii") for one in text)


@pytest.mark.parametrize("name", ["r.json", "r.csv", "r.prom", "s.json", "s.html"])
def test_no_report_holds_what_a_terminal_would_obey(name: str, tmp_path: Path) -> None:
    path, odd = tmp_path / name, "=a\x1b]0;x\x07\r\t\x7f\x85\x9b31m\u2028\u202e\U000e0041\u3000\U0001f468\u200d.jpg"
    written = Written(0, f"/base/{odd}", "jpeg", 8, 8, 99)
    told = [
        Outcome(0, Source(f"/in/{odd}", f"in{odd}", odd), "ok", outputs=(written,), warnings=(odd,), changes=(odd,)),
        Outcome(1, Source(f"/in/x{odd}", "in", f"x{odd}"), "failed", error=Failure("corrupt", "decode", odd)),
    ]
    tell(srcset_reporter(str(path)) if name.startswith("s.") else reporter_for(str(path)), told)
    text = path.read_text("utf-8").replace("\r\n", "\n")
    assert all(character == "\n" or is_shown(character) for character in text)
    if name == "r.json":
        assert json.loads(text)[0]["source"] == odd
    assert name == "r.prom" or "\u3000\U0001f468\u200d.jpg" in text


@given(told=outcomes())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_reads_back(told: list[Outcome], tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    tell(reporter_for(str(path)), told)
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ordered = sorted(told, key=lambda one: one.index)
    flat = [record for record in (one.record("/base") for one in ordered) for _ in record["outputs"] or [None]]
    assert len(rows) == len(flat)
    for row, record in zip(rows, flat, strict=True):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
        assert all(map(is_shown, "".join(row.values())))
        held = {column: cell.removeprefix("'") for column, cell in row.items()}
        assert [held[c] for c in ("status", "root", "source")] == [
            in_csv(record[c]) for c in ("status", "root", "source")
        ]
        assert held["output"] in [in_csv(output["path"]) for output in record["outputs"]] or not record["outputs"]
        assert held["error_message"] == in_csv((record["error"] or {"message": ""})["message"])
        assert held["warnings"] == in_csv(" | ".join(record["warnings"]))


@given(told=outcomes())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_failed_list_feeds_files_from(told: list[Outcome], tmp_path: Path) -> None:
    path = tmp_path / "failed"
    tell(FailedList(str(path), True, lambda line: None), told)
    wanted = [f"in/{one.source.relative}" for one in sorted(told, key=lambda one: one.index) if one.status in WRONG]
    assert read_list(str(path), True, io.BytesIO()) == wanted


def test_a_line_break_needs_nul(tmp_path: Path) -> None:
    warned: list[str] = []
    path = tmp_path / "failed"
    failure = Failure("corrupt", "decode", "no")
    told = [Outcome(n, Source("/in/x", "in", name), "failed", error=failure) for n, name in enumerate(["a\nb", "c"])]
    tell(FailedList(str(path), False, warned.append), told)
    assert path.read_bytes() == b"in/c\n"
    assert len(warned) == 1
    assert "-0" in warned[0]


def test_an_old_failed_list_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "failed"
    path.write_text("old.jpg\n")
    tell(FailedList(str(path), False, print), [])
    assert path.read_bytes() == b""


def test_unknown_suffixes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"ending in \.json, \.csv, \.html, \.prom for --report, got 'x\.txt'"):
        reporter_for("x.txt")


@given(told=outcomes())
@settings(max_examples=50, deadline=None)
def test_every_message_is_one_printable_line(told: list[Outcome]) -> None:
    console = Console(io.StringIO(), ConsoleStyle(verbose=1))
    for outcome in told:
        for line in console.lines(outcome):
            assert line.replace("\u200d", "").isprintable()
            line.encode("utf-8")


def test_failures_are_told_at_once_and_in_the_promised_words() -> None:
    stream = io.StringIO()
    console = Console(stream, ConsoleStyle())
    console.start(2, 10)
    failure = Failure("truncated", "decode", "ends early")
    console.outcome(Outcome(0, Source("/p/a.jpg", "photos", "a.jpg"), "failed", error=failure))
    assert stream.getvalue() == "failed: photos/a.jpg: truncated in decode: ends early\n"
    console.outcome(Outcome(1, Source("/p/b.jpg", "photos", "b.jpg"), "ok", warnings=("odd",)))
    assert stream.getvalue().count("\n") == 1


def test_red_only_with_color() -> None:
    failed = Outcome(0, Source("/p/a.jpg", "p", "a.jpg"), "failed", error=Failure("io", "read", "no"))
    assert "\x1b[31mfailed\x1b[0m: p/a.jpg" in Console(io.StringIO(), ConsoleStyle(color=True)).lines(failed)[0]


def test_without_a_bar_a_line_a_minute() -> None:
    stream, now = io.StringIO(), [0.0]
    console = Console(stream, ConsoleStyle(), clock=lambda: now[0])
    console.start(5, 100)
    for index in range(5):
        now[0] += EVERY * 0.6
        console.outcome(Outcome(index, Source("/p/a.jpg", "p", "a.jpg"), "ok"))
    assert stream.getvalue() == "2 of 5 files\n4 of 5 files\n"


def test_what_is_found_meanwhile_counts() -> None:
    stream, now = io.StringIO(), [0.0]
    console = Console(stream, ConsoleStyle(), clock=lambda: now[0])
    console.start(5, 100)
    console.grow(7, 140)
    now[0] += EVERY
    console.outcome(Outcome(0, Source("/p/a.jpg", "p", "a.jpg"), "ok"))
    assert stream.getvalue() == "1 of 7 files\n"
    bar = Console(stream, ConsoleStyle(bar=True))
    bar.start(5, 100)
    bar.grow(7, 140)
    assert bar._bar is not None and bar._bar.total == 140
    bar.close()


def test_quiet_leaves_only_errors() -> None:
    stream = io.StringIO()
    failed = Outcome(0, Source("/p/a.jpg", "p", "a.jpg"), "failed", error=Failure("io", "read", "no"))
    tell(
        Console(stream, ConsoleStyle(quiet=True, verbose=2)),
        [failed, Outcome(1, Source("", "p", "b"), "ok", warnings=("w",))],
    )
    assert stream.getvalue() == "failed: p/a.jpg: io in read: no\n"


def test_a_stop_says_why() -> None:
    stream = io.StringIO()
    report = Report(stopped=ExitCode.STOPPED, reason="3 of 10 files failed")
    Console(stream, ConsoleStyle(quiet=True)).finish(report)
    assert stream.getvalue() == "stopped: 3 of 10 files failed\n"


def test_a_reader_who_left_is_no_error() -> None:
    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    tell(Console(Gone(), ConsoleStyle(verbose=1)), [Outcome(0, Source("/p/a", "p", "a"), "ok", changes=("x",))])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é", "plain é"),
        ("a\nb", "a\\nb"),
        ("\udcff", "\\udcff"),
        ("\x1b[0m", "\\x1b[0m"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
    ],
)
def test_control_characters_and_bytes_are_spelled_out(text: str, line: str) -> None:
    assert printable(text) == line


def test_every_flag_of_the_registry_is_one() -> None:
    flags = {name for command in (run_flags, stats_flags) for flag in command([]) for name in flag.names}
    assert {word.split(" ")[0] for word in REPORTERS if not word.startswith(".")} <= flags

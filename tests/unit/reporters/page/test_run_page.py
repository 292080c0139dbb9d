"""Does the page of a run hold all that is to be said of it, as text that nothing can run?"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tracemalloc
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from imgbatch.core.errors import KINDS
from imgbatch.core.job import Failure, Outcome, Source, Status, Written
from imgbatch.core.records.outcomes import Outcomes
from imgbatch.core.report import ExitCode, Report
from imgbatch.reporters.page import run_page
from imgbatch.reporters.page.advice import ADVICE
from imgbatch.reporters.page.links import Links
from imgbatch.reporters.page.page import Page, Section
from imgbatch.reporters.page.run_page import RunPage

HOSTILE = '"><script>alert(1)</script><!--\u2028</SCRIPT >&amp;.jpg'


class Elements(HTMLParser):
    """What a browser's parser finds: the elements, and the text of scripts and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.is_inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        self.is_inside = True

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = False

    def handle_data(self, data: str) -> None:
        if self.is_inside:
            self.texts[-1] += data

    def named(self, tag: str) -> Iterator[tuple[dict[str, str | None], str]]:
        for (name, attributes), text in zip(self.elements, self.texts, strict=True):
            if name == tag:
                yield attributes, text


def sections(text: str) -> dict[str, dict[str, Any]]:
    """The data of a page by the kind of its sections."""
    found = [json.loads(data) for attributes, data in Elements(text).named("script") if "type" in attributes]
    return {section["kind"]: section for section in found}


def page_of(report: Report, place: Path) -> str:
    """The file that the reporter writes."""
    reporter = RunPage(str(place / "reports" / "r.html"))
    for outcome in report.outcomes:
        reporter.outcome(outcome)
    reporter.finish(report)
    return (place / "reports" / "r.html").read_text("utf-8")


def outcome_of(
    index: int, place: Path, name: str, status: Status = "ok", warnings: tuple[str, ...] = (), size: int = 1000
) -> Outcome:
    error = Failure("truncated", "decode", f"{name} ends") if status == "failed" else None
    output = Written(0, f"{place}/out/{name}", "webp", 30, 20, 400, 80)
    outputs = () if error else (output,)
    source = Source(f"{place}/in/{name}", "in", name, size)
    return Outcome(index, source, status, outputs, error, warnings, (), {"decode": 30.0, "encode": 10.0})


def report_of(place: Path, *outcomes: Outcome) -> Report:
    report = Report(base=f"{place}/out", seconds=2.0)
    for outcome in outcomes:
        report.add(outcome)
    return report


def test_sums_and_rows_are_those_of_the_report(tmp_path: Path) -> None:
    report = report_of(
        tmp_path, outcome_of(0, tmp_path, "a/b c.jpg"), outcome_of(1, tmp_path, "d.jpg", "failed"),
        outcome_of(2, tmp_path, "e.jpg", warnings=("odd",)),
    )  # fmt: skip
    text = page_of(report, tmp_path)
    data = sections(text)
    assert report.sentence().replace("->", "-&gt;") in text  # also where no script runs
    figures = {one["name"]: one["value"] for one in data["figures"]["items"]}
    assert figures == {
        "files": "3", "done": "2", "failed": "1", "with warnings": "1", "saved": "1.2 kB", "time": "2.0 s",
    }  # fmt: skip
    assert [(one["name"], one["value"]) for one in data["bars"]["items"]] == [
        ("read", 0), ("decode", 90), ("operations", 0), ("encode", 30), ("write", 0),
    ]  # fmt: skip
    assert data["problems"]["items"] == [
        {"kind": "truncated", "count": 1, "advice": ADVICE["truncated"], "blame": "file"}
    ]
    assert data["files"]["folders"] == ["./../out/", "./../in/"]
    assert data["files"]["items"] == [
        ["ok", 1, "a/b c.jpg", 1000, [[0, "a/b c.jpg", "webp", 30, 20, 400, 80]], 40.0],
        ["failed", 1, "d.jpg", 1000, [], 40.0, {"error": ["truncated", "decode", "d.jpg ends"]}],
        ["ok", 1, "e.jpg", 1000, [[0, "e.jpg", "webp", 30, 20, 400, 80]], 40.0, {"warnings": ["odd"]}],
    ]
    assert [data[kind]["place"] for kind in ("figures", "problems", "bars", "files")] == [10, 20, 30, 40]


def test_no_name_and_no_text_becomes_markup(tmp_path: Path) -> None:
    bad = Outcome(
        0, Source(f"{tmp_path}/{HOSTILE}", str(tmp_path), HOSTILE), "failed", (), Failure("corrupt", "decode", HOSTILE),
        (HOSTILE,), (HOSTILE,),
    )  # fmt: skip
    report = report_of(tmp_path, bad)
    report.stopped, report.reason = ExitCode.STOPPED, HOSTILE
    report.base = f"{tmp_path}/{HOSTILE}"
    text = page_of(report, tmp_path)
    tags = [tag for tag, _ in Elements(text).elements]
    assert tags == [
        "html", "head", *["meta"] * 5, "title", "style", "body", "header", "div", "h1", "p", "main",
        "noscript", "p", *["script"] * 5,
    ]  # fmt: skip
    shown = HOSTILE.replace("\u2028", "\\u2028")
    (found,) = sections(text)["files"]["items"]
    assert found[2] == shown and found[6]["error"] == ["corrupt", "decode", shown]
    assert found[6]["warnings"] == found[6]["changes"] == [shown]
    assert unquote_to_bytes(found[6]["url"]) == HOSTILE.encode()


def test_policy_lets_nothing_run_but_the_script_of_the_page(tmp_path: Path) -> None:
    page = Elements(page_of(report_of(tmp_path, outcome_of(0, tmp_path, "a.jpg")), tmp_path))
    (policy,) = [one["content"] for one, _ in page.named("meta") if "http-equiv" in one]
    rules = dict(rule.split(" ", 1) for rule in (policy or "").split("; "))
    (script,) = [text for attributes, text in page.named("script") if "type" not in attributes]
    (style,) = [text for _, text in page.named("style")]
    for rule, text in (("script-src", script), ("style-src", style)):
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "'self' file: data:"
    assert "unsafe" not in (policy or "")
    assert not any(
        name.startswith("on") or name in ("style", "src", "href") for _, one in page.elements for name in one
    )
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|eval|Function|document\.write|fetch)\b", script)
    assert "http:" not in script + style and "https:" not in script + style


@pytest.mark.parametrize(
    "name", ["plain.jpg", "sp ace.jpg", "a/#?%41.jpg", "javascript:x.jpg", os.fsdecode(b"\xff.jpg")]
)
def test_links_lead_to_the_files(tmp_path: Path, name: str) -> None:
    links = Links(str(tmp_path / "reports" / "r.html"))
    path = f"{tmp_path}/in/{name}"
    url = links.url(path)
    assert url is not None and url.startswith("./../in/") and not re.search(r"[#?:\"<> ]", url)
    assert os.path.normpath(tmp_path / "reports" / os.fsdecode(unquote_to_bytes(url))) == path


def test_remote_sources_have_no_link(tmp_path: Path) -> None:
    source = Source("s3://bucket/a/b.jpg", "s3://bucket/a", "b.jpg", 5)
    text = page_of(report_of(tmp_path, Outcome(0, source, "ok")), tmp_path)
    files = sections(text)["files"]
    assert files["folders"] == [None]
    assert files["items"] == [["ok", 0, "b.jpg", 5, [], 0]]


def test_page_of_no_files(tmp_path: Path) -> None:
    data = sections(page_of(Report(), tmp_path))
    assert data["files"]["items"] == [] and set(data) == {"files", "figures", "pictures"}


def test_beyond_the_most_rows_the_page_says_what_it_leaves_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_page, "MOST_ROWS", {"wrong": 2, "ok": 3, "unchanged": 1})
    outcomes = [outcome_of(index, tmp_path, f"{index}.jpg", "failed" if index > 6 else "ok") for index in range(10)]
    data = sections(page_of(report_of(tmp_path, *outcomes), tmp_path))
    assert [row[2] for row in data["files"]["items"]] == ["0.jpg", "1.jpg", "2.jpg", "7.jpg", "8.jpg"]
    assert "2 of 3 that failed, 3 of 7 that are done" in data["files"]["note"]
    assert data["problems"]["items"][0]["count"] == 3
    whole = sections(page_of(report_of(tmp_path, outcomes[0]), tmp_path))
    assert "note" not in whole["files"]


def test_writing_takes_no_memory_for_each_file(tmp_path: Path) -> None:
    """Ten times the files, the same memory: rows are written as they come."""

    class Many(Outcomes):
        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length

        def __iter__(self) -> Iterator[Outcome]:
            return (outcome_of(index, tmp_path, f"{index}.jpg") for index in range(self.length))

        def __len__(self) -> int:
            return self.length

    peaks = []
    for count in (500, 500, 5000):  # the first one loads what is loaded once
        report = Report(base=f"{tmp_path}/out", outcomes=Many(count))
        reporter = RunPage(str(tmp_path / "r.html"))
        tracemalloc.start()
        reporter.finish(report)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 300_000


def test_every_kind_of_failure_has_its_advice() -> None:
    assert set(ADVICE) == set(KINDS)


def test_other_rooms_make_pages_of_their_own() -> None:
    group = {"title": "2 files", "pictures": [{"name": HOSTILE, "url": "./a.jpg"}, {"name": "b", "mark": "could go"}]}
    text = "".join(Page("<Duplicates>", "1 group & more", [Section("groups", 20, {"title": "x"}, [group])]).pieces())
    assert sections(text)["groups"] == {"items": [group], "kind": "groups", "place": 20, "title": "x"}
    assert "<title>&lt;Duplicates&gt;</title>" in text and "1 group &amp; more" in text

"""Are results short in a notebook, whatever their files are named and however many they are?"""

from __future__ import annotations

import base64
import inspect
import io
import pydoc
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.display.thumbnails import COUNT
from imgbatch.core.job import Failure, Outcome, Source, Status, Written
from imgbatch.core.parameters import from_words
from imgbatch.core.report import Report
from imgbatch.operations.registry import all_operations

SAMPLES = Path(__file__).parents[3] / "sample_images"
HOSTILE = '<script>alert("x")</script>\n\x1b[31m\u202egpj.\udcff'


class Elements(HTMLParser):
    """The tags and the text of some HTML, and the sources of its pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.pictures: list[bytes] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            head, _, data = (dict(attrs)["src"] or "").partition(",")
            assert head == "data:image/jpeg;base64"
            self.pictures.append(base64.b64decode(data))

    def handle_data(self, data: str) -> None:
        self.text += data


def outcome(status: Status = "failed", name: str = "a.jpg", message: str = "no", outputs: int = 0) -> Outcome:
    written = tuple(Written(0, f"/out/{name}", "webp", 4, 3, 100) for _ in range(outputs))
    error = Failure("corrupt", "decode", message) if status == "failed" else None
    return Outcome(0, Source(f"/in/{name}", "in", name), status, written, error, (message,) * outputs)


def test_a_report_is_its_sentence() -> None:
    report = Report()
    report.add(outcome("ok"))
    assert repr(report) == str(report) == "<Report: 1 ok (0.0 s)>"


def test_an_outcome_is_one_line() -> None:
    assert repr(outcome("ok", outputs=2)) == "<Outcome: ok in/a.jpg -> a.jpg (4x3) and 1 more>"
    assert repr(outcome()) == "<Outcome: failed in/a.jpg: corrupt in decode: no>"
    assert repr(outcome("skipped")) == "<Outcome: skipped in/a.jpg>"


def test_hostile_words_are_neither_markup_nor_controls() -> None:
    hostile = [outcome("failed", HOSTILE, HOSTILE), outcome("ok", HOSTILE, HOSTILE, outputs=1)]
    report = Report(reason=HOSTILE)
    for one in hostile:
        report.add(one)
        assert repr(one).isprintable()
    for html in (report._repr_html_(), *(one._repr_html_() for one in hostile)):
        elements = Elements(html)
        assert elements.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td"}
        assert elements.text.isprintable() and "script" in elements.text
        html.encode("utf-8")


def test_a_report_has_bounds() -> None:
    report = Report()
    for _ in range(5000):
        report.add(outcome("failed", "<" * 4000, "&" * 100_000))
    html = report._repr_html_()
    assert "and 4990 more" in html
    assert len(html) < 50_000 and len(repr(report)) < 100
    assert len(repr(report.failed)) < 8000
    assert len(repr(report.outcomes[0])) < 600 and len(report.outcomes[0]._repr_html_()) < 5000


def test_thumbnails_are_small_and_few(tmp_path: Path) -> None:
    report = ib.run(SAMPLES, tmp_path, ib.Recipe(ops=[ib.Resize("200")]), workers=0)
    assert len(report.outcomes) > COUNT
    pictures = Elements(report._repr_html_()).pictures
    assert len(pictures) == COUNT
    for data in pictures:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert max(image.size) == 96 and len(data) < 12_000
    assert len(report._repr_html_()) < COUNT * 16_000 + 2000


@pytest.mark.parametrize("mode", ["P", "LA", "CMYK", "1", "RGBA"])
def test_thumbnails_of_each_mode(tmp_path: Path, mode: str) -> None:
    format = "tiff" if mode == "CMYK" else "png"
    Image.new(mode, (200, 100)).save(tmp_path / "a", format)
    one = Outcome(0, Source("/in/a", "in", "a"), "ok", (Written(0, str(tmp_path / "a"), format, 200, 100, 9),))
    (data,) = Elements(one._repr_html_()).pictures
    assert Image.open(io.BytesIO(data)).size == (96, 48)


def test_pictures_that_are_gone_damaged_or_large_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    Image.new("1", (5000, 5000)).save(tmp_path / "large.png")
    names = ("gone.png", "bad.png", "large.png")
    written = [Written(0, str(tmp_path / name), "png", 9, 9, 9) for name in names]
    report = Report()
    for index, one in enumerate(written):
        report.add(Outcome(index, Source("/in/a", "in", "a"), "ok", (one,)))
    assert not Elements(report._repr_html_()).pictures


def test_statistics_are_a_line_and_a_table() -> None:
    statistics = ib.stats(SAMPLES / "travel", workers=0)
    assert re.fullmatch(r"<Statistics: \d+ images, 0 failed, \d+ px, RGB mean 0.\d+, 0.\d+, 0.\d+>", repr(statistics))
    elements = Elements(statistics._repr_html_())
    assert "table" in elements.tags and f"{numpy.round(statistics.mean[0], 4):.4f}" in elements.text


def test_a_handle_says_how_far_it_is(tmp_path: Path) -> None:
    handle = ib.start(SAMPLES / "travel", tmp_path, workers=0)
    report = handle.result()
    assert repr(handle) == f"<Handle: {report.sentence()}>"
    assert handle._repr_html_() == report._repr_html_()


def test_a_recipe_is_shown_as_the_call_that_makes_it() -> None:
    recipe = ib.Recipe(
        [ib.Resize("80x60", fit="cover"), ib.Flatten("white"), ib.Flatten((1, 2, 3)), ib.Lut("look.cube")],
        [ib.Output("webp", ops=[ib.Blur(2)]), ib.Output(set={"title": "a"})], auto_orient=False,
    )  # fmt: skip
    assert repr(recipe) == (
        "Recipe(ops=[Resize(size='80x60', fit='cover'), Flatten(), Flatten(background='#010203'), "
        "Lut(file='look.cube')], outputs=[Output(format='webp', ops=(Blur(sigma=2.0),)), "
        "Output(set=(('title', 'a'),))], auto_orient=False)"
    )
    assert repr(ib.Recipe()) == "Recipe(outputs=[Output()])"
    assert repr(ib.Filters(exclude="a")) == "Filters(exclude=('a',))" and repr(ib.Settings()) == "Settings()"


@pytest.mark.parametrize("cls", [*all_operations(), ib.Output, ib.Filters, ib.Settings], ids=lambda cls: cls.__name__)
def test_help_shows_types_and_defaults_only(cls: type[Any]) -> None:
    text = str(inspect.signature(cls))
    assert "Annotated" not in text and "-> " not in text
    assert [*inspect.signature(cls).parameters] == [*inspect.signature(cls.__init__).parameters][1:]


def test_every_operation_can_be_made_from_what_is_shown() -> None:
    for cls in all_operations():
        op = from_words(cls, cls.example)
        assert eval(repr(op), {cls.__name__: cls}) == op


def test_help_of_an_output_fits_a_screen() -> None:
    lines = pydoc.plain(pydoc.render_doc(ib.Output)).split("\n")
    assert max(map(len, lines)) < 800

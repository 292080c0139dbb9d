"""Do the files of --srcset say what stands for a picture until it is loaded, and are they ready to be pasted?"""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import shutil
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest
from PIL import Image

from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE
from tests.cli.conftest import ROOT, Run

WORDS = ("run", "photos", "-o", "out", "--widths", "40,60", "-f", "webp,jpeg")
SAMPLES = str(ROOT / "sample_images")
_VOID = {"meta", "base", "source", "img"}


class Elements(HTMLParser):
    """A page's elements by a strict reading: what is not closed in order, or given twice, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute is there twice: {attrs}"
        self.found.append((tag, self.open[-1] if self.open else "", dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def data(path: Path) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["images"]
    return images


def previews(path: Path) -> list[tuple[Any, ...]]:
    return [(image["source"], image["thumbhash"], image["dominant_color"]) for image in data(path)]


def test_each_picture_has_a_thumbhash_a_color_and_its_proportions(run: Run, place: Path) -> None:
    assert run(*WORDS, "--srcset", "s.json").returncode == 0
    for number, image in enumerate(data(place / "s.json")):
        red, green, blue = bytes.fromhex(image["dominant_color"].removeprefix("#"))
        assert abs(red - 40 * number) < 6 and abs(green - 90) < 6 and abs(blue - 200) < 6
        assert 5 <= len(base64.b64decode(image["thumbhash"])) <= 25
        assert image["aspect_ratio"] == round(image["img"]["width"] / image["img"]["height"], 4)


def test_colors_are_those_that_a_browser_shows(run: Run, place: Path) -> None:
    """In sRGB, whatever the profile or the ink; and a turned picture is turned."""
    shutil.copytree(f"{SAMPLES}/orientation", place / "turned")
    run("run", "turned", "-o", "up", "--srcset", "up.json")
    hashes = {image["thumbhash"][:8] for image in data(place / "up.json")}
    assert len(hashes) == 1
    run("run", f"{SAMPLES}/color", "-o", "as-is", "--srcset", "as-is.json", "-f", "same")
    run("run", f"{SAMPLES}/color", "-o", "srgb", "--srcset", "srgb.json", "-f", "png", "--icc", "srgb")
    for one, other in zip(data(place / "as-is.json"), data(place / "srgb.json"), strict=True):
        colors = [bytes.fromhex(image["dominant_color"].removeprefix("#")) for image in (one, other)]
        assert all(abs(x - y) <= 12 for x, y in zip(*colors, strict=True)), one["source"]


def test_they_are_the_same_whenever_they_are_asked_for(run: Run, place: Path) -> None:
    assert run(*WORDS).returncode == 0
    assert run(*WORDS, "--srcset", "late.json", "--json").stdout.count('"status":"unchanged"') == 3
    assert run(*WORDS, "--srcset", "again.json").returncode == 0
    assert run(*WORDS, "--srcset", "new.json", "--force").returncode == 0
    assert previews(place / "late.json") == previews(place / "again.json") == previews(place / "new.json")
    assert None not in [word for one in previews(place / "new.json") for word in one]


def test_the_ledger_knows_them_so_that_nothing_is_decoded_again(run: Run, place: Path) -> None:
    run(*WORDS)
    run(*WORDS, "--srcset", "s.json")
    with sqlite3.connect(place / "out" / STATE / FILE) as ledger:
        texts = [text for (text,) in ledger.execute("SELECT placeholder FROM written")]
        assert sum(map(bool, texts)) == 3  # one file of each picture
        ledger.execute("UPDATE written SET placeholder='AAAA #123456' WHERE placeholder!=''")
    run(*WORDS, "--srcset", "s.json")
    assert {one[1:] for one in previews(place / "s.json")} == {("AAAA", "#123456")}


def test_a_merge_has_them_whether_or_not_its_shards_were_asked(run: Run, place: Path) -> None:
    run(*WORDS, "--srcset", "one.json")
    for words in ((), ("--srcset", "part.json")):
        shutil.rmtree(place / "out")
        for number in range(2):
            run(*WORDS, *words, "--shard", f"{number}/2")
        assert run("merge", "out", "--srcset", "merged.json").returncode == 0
        assert (place / "merged.json").read_bytes() == (place / "one.json").read_bytes()


def test_the_page_holds_elements_that_lead_to_their_files(run: Run, place: Path) -> None:
    odd = place / "photos" / 'q"><script>alert(1)<\'é, 100%.jpg'
    (place / "photos" / "a.jpg").rename(odd)
    (place / "sub").mkdir()
    assert run(*WORDS, "--srcset", "sub/s.html").returncode == 0
    text = (place / "sub" / "s.html").read_text("utf-8")
    found = Elements(text).found
    assert "script" not in {tag for tag, _, _ in found}
    (base,) = (attributes["href"] for tag, _, attributes in found if tag == "base")
    assert base == "../out/"
    images = [attributes for tag, parent, attributes in found if tag == "img" and parent == "picture"]
    sources = [attributes for tag, parent, attributes in found if tag == "source" and parent == "picture"]
    assert len(images) == len(sources) == text.count("<picture") == 3
    for image in images:
        assert image["alt"] == "" and image["sizes"] == "(max-width: 60px) 100vw, 60px"
        assert re.fullmatch(r"background-color:#[0-9a-f]{6}", image["style"] or "")
        with Image.open(_file(place, base, image["src"])) as picture:
            assert (image["width"], image["height"]) == tuple(map(str, picture.size)) and picture.format == "JPEG"
    for one in (*images, *sources):
        for candidate, width in (part.split(" ") for part in (one["srcset"] or "").split(", ")):
            with Image.open(_file(place, base, candidate)) as picture:
                assert width == f"{picture.width}w"
    assert {one["type"] for one in sources} == {"image/webp"}


def _file(place: Path, base: str, address: str | None) -> str:
    page = f"file://{place}/sub/s.html"
    return unquote(urljoin(urljoin(page, base), address or "")).removeprefix("file://")


def test_nothing_shines_through_a_transparent_picture(run: Run, place: Path) -> None:
    Image.new("RGBA", (60, 60), (255, 0, 0, 90)).save(place / "clear.png")
    run("run", "clear.png", "-o", "out", "--srcset", "s.html")
    (image,) = (attributes for tag, _, attributes in Elements((place / "s.html").read_text()).found if tag == "img")
    assert "style" not in image and image["data-thumbhash"]


def test_the_page_of_all_samples_is_valid(run: Run, place: Path) -> None:
    run("run", SAMPLES, "-o", "out", "--widths", "50,90", "-f", "webp,png", "--srcset", "s.html")
    text = (place / "s.html").read_text("utf-8")
    Elements(text)
    if importlib.util.find_spec("html5lib") is None:
        pytest.skip("html5lib is not installed; html.parser has read the page")
    import html5lib  # type: ignore[import-untyped]  # it has no types

    html5lib.HTMLParser(strict=True).parse(text)


def test_other_suffixes_are_refused(run: Run) -> None:
    done = run(*WORDS, "--srcset", "s.txt")
    assert done.returncode == 2 and "expected a file name ending in .json or .html for --srcset" in done.stderr

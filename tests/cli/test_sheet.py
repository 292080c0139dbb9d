"""Does ``imgbatch sheet`` show every picture in its place, in equal bytes, and over nothing that is not its own?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import imgbatch as ib
from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.run_settings import Settings
from imgbatch.datasets.sheets.layout import SheetLayout
from imgbatch.datasets.sheets.page import PageArtist
from imgbatch.datasets.sheets.sheet_run import SheetRun
from tests.cli.conftest import COMMAND, ROOT, Run, damage, environment

SAMPLES = str(ROOT / "sample_images")
COLORS = [(0, 90, 200), (40, 90, 200), (80, 90, 200)]  # of the pictures of `place`, in the order of their names


def cells(path: Path, layout: SheetLayout, count: int) -> list[Image.Image]:
    """The rooms of the pictures of a page."""
    with Image.open(path) as page:
        corners = [layout.corner(place) for place in range(count)]
        return [page.convert("RGB").crop((x, y, x + layout.box[0], y + layout.box[1])) for x, y in corners]


def middle(cell: Image.Image) -> tuple[int, ...]:
    color = cell.getpixel((cell.width // 2, cell.height // 2))
    assert isinstance(color, tuple)
    return color


def darkest(image: Image.Image) -> int:
    return next(level for level, count in enumerate(image.convert("L").histogram()) if count)


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(x - y) <= 4 for x, y in zip(one, other, strict=True))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_one_page_shows_all_in_the_order_of_their_names(run: Run, place: Path, suffix: str) -> None:
    done = run("sheet", "photos", "-o", f"s.{suffix}", "--cell", "100x90")
    assert (done.returncode, done.stdout) == (0, "") and done.stderr.startswith("3 ok, 1 skipped (")
    layout = SheetLayout(cell="100x90")
    with Image.open(place / f"s.{suffix}") as page:
        assert page.size == layout.page_px(3)
    rooms = cells(place / f"s.{suffix}", layout, 3)
    assert all(near(middle(room), color) for room, color in zip(rooms, COLORS, strict=True))
    assert sorted(os.listdir(place)) == ["photos", f"s.{suffix}"]


def test_several_pages_have_numbers_in_their_names_and_at_their_foot(run: Run, place: Path) -> None:
    run("sheet", "photos", "-o", "deep/s.png", "--columns", "1", "--rows", "2", "--cell", "100x90")
    assert sorted(os.listdir(place / "deep")) == ["s-1.png", "s-2.png"]
    layout = SheetLayout(columns=1, rows=2, cell="100x90")
    pages = [Image.open(place / "deep" / name) for name in ("s-1.png", "s-2.png")]
    assert {page.size for page in pages} == {layout.page_px(3)}
    assert near(middle(cells(place / "deep" / "s-2.png", layout, 1)[0]), COLORS[2])
    feet = [page.crop((0, page.height - layout.line_px - layout.gap_px, *page.size)) for page in pages]
    assert ImageChops.difference(*feet).getbbox() is not None  # 1 / 2 and 2 / 2
    assert all(darkest(foot) < 99 for foot in feet)


def test_a_broken_picture_has_a_cell_that_says_why(run: Run, place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    done = run("sheet", "photos", "-o", "s.png", "--cell", "160x120")
    assert done.returncode == 1 and "failed: photos/trip/b.jpg: truncated in decode" in done.stderr
    layout = SheetLayout(cell="160x120")
    first, broken, last = cells(place / "s.png", layout, 3)
    assert near(middle(first), COLORS[0]) and near(middle(last), COLORS[2])
    assert broken.getpixel((1, 1)) == (239, 239, 239) and darkest(broken) < 99


def test_captions_are_filled_in_and_cut_to_their_room(run: Run, place: Path) -> None:
    (place / "photos" / "a.jpg").rename(place / "photos" / f"a{'long' * 40}.jpg")
    texts = {}
    for number, caption in enumerate(["{name}", "{stem}\\n{width}x{height}", "{stem}\\n{height}x{width}", ""]):
        done = run("sheet", "photos", "-o", f"{number}.png", "--caption", caption, "--cell", "100x80")
        assert done.returncode == 0, done.stderr
        layout = SheetLayout(cell="100x80", caption=caption)
        with Image.open(place / f"{number}.png") as page:
            assert page.size == layout.page_px(3)
            x, y = layout.corner(0)
            texts[number] = page.crop((x, y + layout.box[1], x + layout.box[0], y + layout.cell_px[1])).copy()
            gap = page.crop((x + layout.box[0], y, x + layout.box[0] + layout.gap_px, y + layout.cell_px[1]))
            assert gap.getextrema() == ((255, 255),) * 3  # no caption runs into the next
    assert texts[3].size == (100, 0)
    assert ImageChops.difference(texts[1], texts[2]).getbbox() is not None


@pytest.mark.parametrize("order", ["name", "date", "size"])
def test_the_order(run: Run, place: Path, order: str) -> None:
    for number, name in enumerate(["a.jpg", "trip/b.jpg", "trip/c.png"]):
        path = place / "photos" / name
        with open(path, "ab") as file:
            file.write(bytes(50_000 * (2 - number)))
        os.utime(path, (10**9 - 10**8 * number,) * 2)
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2020:02:02 02:02:02"}
    with Image.open(place / "photos" / "trip" / "c.png") as image:
        image.save(place / "photos" / "trip" / "c.png", exif=exif)
    os.utime(place / "photos" / "trip" / "c.png", (10**8,) * 2)  # taken after all others were modified
    expected = {"name": [0, 1, 2], "date": [1, 0, 2], "size": [2, 1, 0]}[order]
    layout = SheetLayout(cell="100x90")
    for words, indices in (((), expected), (("--reverse",), expected[::-1])):
        run("sheet", "photos", "-o", "s.png", "--cell", "100x90", "--order", order, "--overwrite", *words)
        rooms = cells(place / "s.png", layout, 3)
        assert [near(middle(room), COLORS[index]) for room, index in zip(rooms, indices, strict=True)] == [True] * 3


def test_pictures_are_upright_in_srgb_and_on_the_ground_of_the_page(run: Run, place: Path) -> None:
    shutil.copytree(f"{SAMPLES}/orientation", place / "turned")
    run("sheet", "turned", "-o", "s.png", "--columns", "8", "--cell", "120x120", "--caption", "")
    first, *others = cells(place / "s.png", SheetLayout(columns=8, cell="120x120", caption=""), 8)
    corner = (8, 20, 112, 60)  # above the number that is written on each
    for room in others:
        difference = ImageChops.difference(first.crop(corner), room.crop(corner)).convert("L")
        assert sum(difference.histogram()[40:]) == 0
    Image.new("RGBA", (50, 50)).save(place / "clear.png")
    run("sheet", "clear.png", "-o", "c.png", "--background", "#336699", "--cell", "60x60")
    (room,) = cells(place / "c.png", SheetLayout(cell="60x60"), 1)
    assert room.getextrema() == ((0x33, 0x33), (0x66, 0x66), (0x99, 0x99))
    run("sheet", f"{SAMPLES}/color/wide-gamut.jpg", "-o", "w.png", "--cell", "120x120")
    run("run", f"{SAMPLES}/color/wide-gamut.jpg", "-o", "plain", "--icc", "srgb", "--resize", "120x120", "-f", "png")
    (wide,) = cells(place / "w.png", SheetLayout(cell="120x120"), 1)
    with Image.open(next((place / "plain").glob("*.png"))) as plain:
        assert near(middle(wide), middle(plain.convert("RGB")))


@pytest.mark.parametrize("suffix", ["jpg", "pdf"])
def test_the_same_bytes_whatever_the_scheduling(run: Run, place: Path, suffix: str) -> None:
    for folder, workers in (("one", "0"), ("two", "3")):
        words = ("-o", f"{folder}/s.{suffix}", "--rows", "1", "-j", workers, "--chunksize", "1", "--title", "All")
        assert run("sheet", SAMPLES, *words).returncode == 1
    names = sorted(os.listdir(place / "one"))
    assert len(names) == (7 if suffix == "jpg" else 1)
    for name in names:
        assert (place / "one" / name).read_bytes() == (place / "two" / name).read_bytes()


def test_a_pdf_holds_all_pages(run: Run, place: Path) -> None:
    run("sheet", "photos", "-o", "s.pdf", "--columns", "1", "--rows", "1", "--cell", "100x90")
    data = (place / "s.pdf").read_bytes()
    places = [int(number) for number in re.findall(rb"^(\d{10}) 00000 n $", data, re.MULTILINE)]
    for number, start in enumerate(places, 1):
        assert data[start:].startswith(f"{number} 0 obj\n".encode())
    assert data[int(data.split()[-2]) :].startswith(b"xref\n") and b"/Count 3 " in data
    if shutil.which("gs") is None:
        pytest.skip("Ghostscript is not installed")
    words = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=png16m", "-r150", "-sOutputFile=p%d.png", "s.pdf"]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=True)
    assert done.stdout == ""  # it would name what it had to repair
    layout = SheetLayout(columns=1, rows=1, cell="100x90")
    for number, color in enumerate(COLORS, 1):
        assert near(middle(cells(place / f"p{number}.png", layout, 1)[0]), color)


def test_nothing_is_overwritten_unless_asked(run: Run, place: Path) -> None:
    words = ("sheet", "photos", "--columns", "1", "--rows", "2", "-o", "s.png")
    (place / "s-2.png").write_text("mine")
    done = run(*words)
    assert done.returncode == 2 and "s-2.png is in the way; replace it with --overwrite" in done.stderr
    assert sorted(os.listdir(place)) == ["photos", "s-2.png"] and (place / "s-2.png").read_text() == "mine"
    assert run(*words, "--overwrite").returncode == 0
    done = run("sheet", "photos", "-o", "photos/a.jpg", "--overwrite")
    assert done.returncode == 2 and "is one of the sources" in done.stderr


def test_pages_that_a_longer_sheet_has_left_are_named(run: Run, place: Path) -> None:
    run("sheet", "photos", "-o", "s.png", "--columns", "1", "--rows", "1", "--cell", "50x50")
    former = (place / "s-3.png").read_bytes()
    words = ["-o", "s.png", "--cell", "50x50", "--overwrite"]
    done = run("sheet", "photos", *words, "--columns", "1", "--rows", "2")
    assert "warning: of another sheet, and left alone beside this one: s-3.png\n" in done.stderr
    done = run("sheet", "photos", *words)
    assert "warning: of another sheet, and left alone beside this one: s-1.png and 2 more files\n" in done.stderr
    done = run("sheet", "photos", *words, "--columns", "1", "--rows", "1")
    assert "left alone beside this one: s.png\n" in done.stderr and (place / "s-3.png").read_bytes() == former


def test_what_appears_meanwhile_stays_and_nothing_is_left(place: Path) -> None:
    layout = SheetLayout(columns=1, rows=2)
    run = SheetRun(str(place / "photos"), str(place / "s.png"), layout, settings=Settings(workers=0))
    with pytest.raises(PlanError, match=r"s-2\.png has appeared meanwhile; nothing was kept"):
        for _ in run.outcomes():
            (place / "s-2.png").write_text("mine")
    assert sorted(os.listdir(place)) == ["photos", "s-2.png"]


def test_a_run_that_is_stopped_leaves_nothing(place: Path) -> None:
    layout = SheetLayout(columns=1, rows=1)
    run = SheetRun(str(place / "photos"), str(place / "s.pdf"), layout, settings=Settings(workers=0))
    outcomes = run.outcomes()
    next(outcomes)
    run.stop(ib.ExitCode.STOPPED, "enough")
    list(outcomes)
    assert os.listdir(place) == ["photos"]


@pytest.mark.skipif(os.name != "posix", reason="no limit for files")
def test_a_sheet_that_has_no_room_leaves_nothing(place: Path) -> None:
    for number in range(60):
        Image.effect_noise((30, 30), 90).save(place / "photos" / f"n{number:02d}.png")
    command = [*COMMAND, "sheet", "photos", "-o", "x.pdf", "--cell", "40x40", "--columns", "2", "--rows", "1", "-j0"]
    words = ["sh", "-c", 'ulimit -f 32; exec "$@"', "sh", *command]
    done = subprocess.run(words, cwd=place, env=environment(), capture_output=True, text=True)
    assert done.returncode == 4 and "File too large" in done.stderr, done.stderr
    assert os.listdir(place) == ["photos"]


def test_the_function_does_the_same(run: Run, place: Path) -> None:
    run("sheet", "photos", "-o", "one.png", "--columns", "2", "--cell", "90x90", "--title", "T", "--caption", "{stem}")
    report = ib.sheet(
        place / "photos", place / "two.png", columns=2, cell="90x90", title="T", caption="{stem}", workers=0
    )
    assert report.ok and report.counts["ok"] == 3
    assert (place / "one.png").read_bytes() == (place / "two.png").read_bytes()
    with pytest.raises(UsageError, match="unknown setting 'overwrit'"):
        ib.sheet(place / "photos", place / "x.png", overwrit=True)  # type: ignore[call-arg]  # a slip


def test_no_pictures_are_an_empty_page(run: Run, place: Path) -> None:
    (place / "empty").mkdir()
    assert run("sheet", "empty", "-o", "s.png", "--title", "Nothing").returncode == 0
    assert (place / "s.png").exists()


def test_letters_that_the_font_has_not_are_spelled_as_far_as_can_be(run: Run, place: Path) -> None:
    artist = PageArtist(SheetLayout(), 1, None)
    assert artist._spell("Übersicht am Fluß\n") == "Ubersicht am Fluss\\n"
    assert artist.missing_letters == {"Ü", "ß"}
    (place / "photos" / "a.jpg").rename(place / "photos" / "漢.jpg")
    done = run("sheet", "photos", "-o", "s.png")
    assert "warning: the font of the sheet has no '漢'; choose another with --font FILE" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "s.gif"], "expected a file name ending in .jpg, .png, .webp or .pdf for the sheet, got 's.gif'"),
        ([], "expected -o SHEET.jpg"),
        (["-o", "s.jpg", "--cell", "9x9"], "expected a size such as 300x300 (16 to 4000 px) for --cell, got '9x9'"),
        (["-o", "s.jpg", "--cell", "300"], "for --cell, got '300'"),
        (["-o", "s.jpg", "--caption", "{nam}"], "did you mean 'name'?"),
        (["-o", "s.jpg", "--columns", "0"], "for --columns, got 0"),
        (["-o", "s.webp", "--columns", "60"], "expected pages of at most 16383 px for webp"),
        (["-o", "s.jpg", "--order", "color"], "unknown --order 'color'"),
        (["-o", "s.jpg", "--font", "photos/a.jpg"], "expected a font for --font, got 'photos/a.jpg'"),
        (["-o", "s.jpg", "--report", "photos/a.jpg"], "photos/a.jpg"),
    ],
)
def test_wrong_words_write_nothing(run: Run, place: Path, words: list[str], said: str) -> None:
    done = run("sheet", "photos", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr
    assert os.listdir(place) == ["photos"]

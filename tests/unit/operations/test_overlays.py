"""Are watermarks and texts as large as they say, where they say, and legible?"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imgbatch.core.errors import ImageError, PlanError, UsageError
from imgbatch.core.parameters import from_words
from imgbatch.operations import Text, Watermark
from imgbatch.planning.recipe import Recipe
from imgbatch.runs.apply import apply
from tests import outside
from tests.contracts.test_operations import picture


@pytest.fixture
def logo(tmp_path: Path) -> str:
    """Opaque red, twice as wide as high."""
    Image.new("RGBA", (60, 30), (255, 0, 0, 255)).save(tmp_path / "logo.png")
    return str(tmp_path / "logo.png")


def where(image: Image.Image, color: tuple[int, int, int] = (255, 0, 0)) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is of that color."""
    box = Image.fromarray((np.asarray(image.convert("RGB")) == color).all(axis=2)).getbbox()
    assert box is not None
    return box


def difference_box(result: Image.Image, before: Image.Image) -> tuple[int, int, int, int] | None:
    return Image.fromarray((np.asarray(result) != np.asarray(before)).any(axis=2)).getbbox()


WHITE = Image.new("RGB", (400, 200), "white")


@pytest.mark.parametrize(
    ("words", "box"),
    [
        ("size=20%", (356, 176, 396, 196)),  # 20 % of the shorter side wide, 2 % of it from the edges
        ("size=50%,margin=0", (300, 150, 400, 200)),
        ("size=60,gravity=northwest,margin=5", (5, 5, 65, 35)),
        ("size=60,gravity=center", (170, 85, 230, 115)),
        ("size=1000,margin=10,gravity=west", (10, 10, 370, 190)),  # no more than there is room for
        ("size=60,gravity=north,margin=10", (170, 10, 230, 40)),
    ],
)
def test_size_and_place(logo: str, words: str, box: tuple[int, int, int, int]) -> None:
    assert where(apply(WHITE, from_words(Watermark, f'"{logo}",{words}'))) == box


def test_portrait_and_landscape_get_marks_of_one_size(logo: str) -> None:
    tall = apply(WHITE.transpose(Image.Transpose.ROTATE_90), Watermark(logo))
    left, top, right, bottom = where(tall)
    assert (right - left, bottom - top) == (40, 20)


def test_tiles_cover_the_picture_and_one_is_at_its_place(logo: str) -> None:
    result = np.asarray(apply(WHITE, Watermark(logo, size="40", margin="10", tile=True)))
    red = (result == (255, 0, 0)).all(axis=2)
    assert red[170:190, 350:390].all(), "the one in the southeast"
    assert red.mean() == pytest.approx(40 * 20 / (50 * 30), abs=0.04)
    assert not red[160:170].any() and not red[:, 340:350].any(), "the gaps"


def test_opacity_and_blend(logo: str) -> None:
    half = apply(WHITE, from_words(Watermark, f'"{logo}",opacity=50%,margin=0')).getpixel((399, 199))
    assert half == (255, 128, 128)
    gray = Image.new("RGB", (400, 200), (100, 100, 100))
    assert apply(gray, Watermark(logo, blend="multiply", margin="0")).getpixel((399, 199)) == (100, 0, 0)


def test_a_mark_of_ink_and_one_with_a_profile_become_srgb(tmp_path: Path) -> None:
    samples = Path(__file__).parents[3] / "sample_images" / "color"
    for name in ("wide-gamut.jpg", "cmyk.jpg"):
        result = apply(WHITE, Watermark(str(samples / name), size="150"))
        assert difference_box(result, WHITE) is not None
    with Image.open(samples / "wide-gamut.jpg") as photo:
        plain = tmp_path / "plain.jpg"
        photo.save(plain, quality="keep")  # without its profile
    one = np.asarray(apply(WHITE, Watermark(str(samples / "wide-gamut.jpg"), size="150"))).astype(int)
    other = np.asarray(apply(WHITE, Watermark(str(plain), size="150"))).astype(int)
    assert np.abs(one - other).max() > 10


def test_unbound_it_says_how_to_go_on() -> None:
    with pytest.raises(ImageError, match="watermark has not been given its file; apply it with imgbatch.apply"):
        Watermark("logo.png").apply(WHITE)
    with pytest.raises(PlanError, match="watermark image: cannot read 'nix.png': there is no such file"):
        apply(WHITE, Watermark("nix.png"))


# -- text --------------------------------------------------------------------------------------------------------------

GROUND = Image.new("RGB", (400, 300), (40, 60, 80))


def ink(result: Image.Image) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (np.asarray(result) != (40, 60, 80)).any(axis=2)
    return mask


@pytest.mark.parametrize("gravity", ["northwest", "north", "southeast", "center", "west"])
def test_text_sits_at_its_place_within_the_margins(gravity: Any) -> None:
    box = difference_box(apply(GROUND, Text("Hxg", size="30", gravity=gravity, margin="12")), GROUND)
    assert box is not None
    left, top, right, bottom = box
    assert 18 <= bottom - top <= 34
    if "west" in gravity:
        assert left == 12
    if "east" in gravity:
        assert right == 388
    if "north" in gravity:
        assert top == 12
    if "south" in gravity:
        assert bottom == 288
    if gravity == "center":
        assert abs(left + right - 400) <= 1 and abs(top + bottom - 300) <= 1


def test_size_is_a_share_of_the_shorter_side_and_shrinks_to_fit() -> None:
    def height(text: Text, image: Image.Image) -> int:
        rows = np.flatnonzero(ink(apply(image, text)).any(axis=1))
        return int(rows[-1] - rows[0] + 1)

    small, large = GROUND, GROUND.resize((800, 600))
    assert height(Text("H", size="20%"), large) == pytest.approx(2 * height(Text("H", size="20%"), small), abs=2)
    box = difference_box(apply(GROUND, Text("A text far too long for this picture", size="40%", margin="10")), GROUND)
    assert box is not None and box[0] >= 10 and box[2] <= 390 and box[2] - box[0] > 300


def test_colors_outline_and_opacity() -> None:
    plain = np.asarray(apply(GROUND, Text("HH", size="80", color="#ffcc00", gravity="center")))
    assert (plain == (255, 204, 0)).all(axis=2).any()
    outline_text = np.asarray(apply(GROUND, Text("HH", "80", "#ffcc00", "center", outline="#000", outline_width="4")))
    black = (outline_text == 0).all(axis=2)
    assert black.any() and ink(Image.fromarray(outline_text)).sum() > ink(Image.fromarray(plain)).sum()
    half = np.asarray(apply(GROUND, Text("HH", size="80", color="#ffffff", opacity=0.5, gravity="center")))
    assert half.max(axis=(0, 1)).tolist() == [148, 158, 168]
    clear = np.asarray(apply(GROUND, Text("HH", size="80", color="#ffffff80", gravity="center")))
    assert np.abs(clear.max(axis=(0, 1)).astype(int) - [148, 158, 168]).max() <= 1


def test_lines_and_quoted_commas() -> None:
    op = from_words(Text, r'"Hello, world\nand more",size=10%,gravity=center')
    assert op.text == r"Hello, world\nand more"
    result = ink(apply(GROUND, op))
    rows = np.flatnonzero(result.any(axis=1))
    assert (np.diff(rows) > 1).any(), "two lines have a gap between them"


def test_the_font_of_a_file_is_used(tmp_path: Path) -> None:
    (tmp_path / "f.ttf").write_bytes(outside.font_file())
    result = difference_box(apply(GROUND, Text("H", font=str(tmp_path / "f.ttf"))), GROUND)
    assert result == difference_box(apply(GROUND, Text("H")), GROUND)
    (tmp_path / "f.ttf").write_bytes(b"no font")
    with pytest.raises(PlanError, match=r"text font: '.*f.ttf' cannot be used: this is no font"):
        apply(GROUND, Text("Hxg", font=str(tmp_path / "f.ttf")))


def test_characters_that_the_font_has_not_are_named() -> None:
    with pytest.warns(UserWarning, match="text: the font has no '日本'; choose another with font=FILE"):
        apply(GROUND, Text("日本 x"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        apply(GROUND, Text("plain, (c) 2024"))


def test_fields_are_checked_when_they_are_typed() -> None:
    for text, message in (
        ("{stm}", "unknown field of a text 'stm'; did you mean 'stem'"),
        ("{exif.Artst}", "unknown EXIF tag 'Artst'; did you mean 'Artist'"),
        ("{stem!r}", "expected no conversion"),
        ("{width:%Y}", "expected a format that fits {width} for text"),
        ("{", "expected a text for text, got '{'.*a brace is written"),
    ):
        with pytest.raises(UsageError, match=message):
            Text(text)
    assert Text("{{x}} {date:%Y} {width:05d}").text == "{{x}} {date:%Y} {width:05d}"


def test_fields_of_a_picture_in_memory(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Ada"
    GROUND.save(tmp_path / "trip.png", exif=exif)
    with Image.open(tmp_path / "trip.png") as photo:
        result = apply(photo, Text("{stem} {exif.Artist} {width}"))
    assert result.tobytes() == apply(GROUND, Text("trip Ada 400")).tobytes()
    with pytest.warns(UserWarning, match="text: the file has no exif.Artist, left out"):
        assert apply(GROUND, Text("x{exif.Artist}")).tobytes() == apply(GROUND, Text("x")).tobytes()


def test_nothing_to_write_and_gray_pictures() -> None:
    assert apply(GROUND, Text("  ")).tobytes() == GROUND.tobytes()
    assert apply(picture("L", (90, 60)), Text("Hi")).mode == "L"
    assert apply(picture("I;16", (90, 60)), Text("Hi")).mode == "I;16"
    assert apply(picture("L", (90, 60)), Recipe([Text("Hi", color="red")])).mode == "RGB"

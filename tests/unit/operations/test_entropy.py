"""Does a crop keep the point that was named, or the part with the most to see, whichever way the picture is stored?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import from_words
from imgbatch.operations import Crop, Operation, Resize, apply_all

SIDES = st.integers(1, 300)
SHARE = st.integers(0, 100)


def dull_with(box: tuple[int, int, int, int], size: tuple[int, int] = (300, 200), seed: int = 2) -> Image.Image:
    """Gray, with noise in `box`."""
    left, top, right, bottom = box
    values = np.full((size[1], size[0], 3), 90, np.uint8)
    values[top:bottom, left:right] = np.random.default_rng(seed).integers(0, 256, (bottom - top, right - left, 3))
    return Image.fromarray(values)


def noisy(image: Image.Image) -> float:
    """The part of the pixels that are not the gray."""
    return float((np.asarray(image.convert("RGB")) != 90).any(axis=2).mean())


BUSY = (20, 40, 100, 120)


@pytest.mark.parametrize(
    ("op", "share"),
    [
        (Crop("80x80", "entropy"), 0.95),
        (Crop("80x40", "entropy"), 0.95),
        (Resize("40x200", "cover", "entropy"), 0.39),
        (Resize("60x60", "cover", "entropy", kernel="box"), 0.15),
    ],
    ids=str,
)
def test_the_busy_part_is_kept(op: Operation, share: float) -> None:
    image = dull_with(BUSY)
    noise, center_noise = noisy(op.apply(image)), noisy(type(op)(**{**vars(op), "gravity": "center"}).apply(image))
    assert noise >= share and noise > 1.5 * center_noise
    assert op.apply(image).size == op.after(image.size)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "CMYK", "I;16", "I", "F"])
def test_in_every_mode(mode: str) -> None:
    image = dull_with((220, 120, 280, 180)).convert("L")
    if mode in ("I;16", "I", "F"):
        levels = np.asarray(image).astype({"I;16": "<u2", "I": "<i4", "F": "<f4"}[mode]) * (257 if mode != "F" else 1)
        image = Image.fromarray(levels.astype(levels.dtype.str))
        assert image.mode == mode
    result = Crop("60x60", "entropy").apply(image if image.mode == mode else image.convert(mode))
    assert len(np.unique(np.asarray(result.convert("F" if mode in ("I;16", "I") else "L")))) > (
        1 if mode == "1" else 30
    )


def test_what_is_transparent_is_nothing_to_see() -> None:
    image = dull_with((0, 0, 100, 160), (240, 160)).convert("RGBA")
    image.paste(dull_with((10, 10, 50, 50), (60, 60)), (170, 50))
    image.putalpha(Image.fromarray(np.where(np.arange(240) < 100, 0, 255).astype(np.uint8)[None].repeat(160, axis=0)))
    result = Crop("60x60", "entropy").apply(image)
    assert result.getchannel("A").getextrema() == (255, 255) and noisy(result) > 0.4


def test_of_equal_places_the_nearest_to_the_center() -> None:
    image = Image.new("RGB", (300, 200), "teal")
    image.putpixel((150, 100), (0, 0, 0))
    result = Crop("101x101", "entropy").apply(image)
    assert abs(np.argwhere(np.asarray(result.convert("L")) == 0)[0] - 50).max() <= 1


def test_the_frames_of_an_animation_are_cut_at_one_place() -> None:
    frames = [dull_with((20 * number, 0, 20 * number + 60, 200), seed=number) for number in range(4)]
    result = list(apply_all([Crop("60x200", "entropy")], frames))
    assert len({frame.size for frame in result}) == 1

    def places(frame: Image.Image, part: Image.Image) -> set[int]:
        return {left for left in range(241) if frame.crop((left, 0, left + 60, 200)) == part}

    assert set.intersection(*map(places, frames, result)), "not one place"
    results = list(apply_all([Resize("30x100", "cover", "entropy", "box")], frames))
    assert noisy(results[0]) > 0 and noisy(results[3]) > 0
    pages = [dull_with(BUSY), dull_with(BUSY, (200, 300))]
    assert [frame.size for frame in apply_all([Crop("80x80", "entropy")], pages)] == [(80, 80)] * 2


def test_pages_of_two_sizes_are_cut_each_at_its_own_place() -> None:
    pages = [dull_with((0, 0, 60, 60)), dull_with((140, 240, 200, 300), (200, 300))]
    first, second = apply_all([Resize("60x60", "cover", "entropy", "box")], pages)
    for page, result in zip(pages, (first, second), strict=True):
        assert result == Resize("60x60", "cover", "entropy", "box").apply(page)
    assert noisy(first) > 0.08 and noisy(second) > 0.08


def test_other_resizes_do_not_hold_frames_back() -> None:
    assert Resize("60x60", "cover", "entropy").together and Crop("9x9", "entropy").together
    assert not Resize("60x60", "cover", focal="10%x10%").together and not Crop("9x9").together


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("words", [{"gravity": "entropy"}, {"focal": "10%x80%"}], ids=str)
def test_stored_any_way_it_is_the_same_part(tmp_path: Path, orientation: int, words: dict[str, str]) -> None:
    op = Resize("50x50", "cover", **words)  # type: ignore[arg-type]  # of a table
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # to what is stored, by Image.Transpose
    upright = dull_with((0, 120, 90, 200))
    assert noisy(op.apply(upright)) > noisy(Resize("50x50", "cover").apply(upright))
    source = upright.transpose(Image.Transpose(turn[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    source.save(tmp_path / "a.jpg", quality=98, subsampling=0, exif=exif)
    recipe = ib.Recipe([op], [ib.Output(format="png")])
    assert ib.run(tmp_path / "a.jpg", tmp_path / "out", recipe, workers=0, ledger=False).exit_code == 0
    with Image.open(tmp_path / "out/a.png") as result:
        apart = np.abs(np.asarray(result).astype(int) - np.asarray(op.apply(upright)))
    assert apart.mean() < 8, "another part"


# -- focal -------------------------------------------------------------------------------------------------------------


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), SHARE, SHARE)
def test_the_point_is_in_the_crop_as_near_to_its_center_as_can_be(
    size: tuple[int, int], area: tuple[int, int], x: int, y: int
) -> None:
    box = Crop(f"{area[0]}x{area[1]}", focal=f"{x}%x{y}%").box(size)
    for low, high, side, share, extent in zip(box[:2], box[2:], size, (x, y), area, strict=True):
        point = side * share / 100
        assert 0 <= low < high <= side and high - low == min(extent, side)
        assert low <= point <= high
        assert abs((low + high) / 2 - point) <= 0.5 or (low == 0 and point < high / 2) or (high == side)


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), SHARE, SHARE)
def test_a_cover_keeps_the_point(size: tuple[int, int], box: tuple[int, int], x: int, y: int) -> None:
    op = Resize(f"{box[0]}x{box[1]}", "cover", focal=f"{x}%x{y}%", upscale=True)
    left, top, right, bottom = op.placement(size).box
    assert 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]
    assert left <= size[0] * x / 100 <= right and top <= size[1] * y / 100 <= bottom
    assert op.placement(size)[1:] == Resize(f"{box[0]}x{box[1]}", "cover", upscale=True).placement(size)[1:]


@pytest.mark.parametrize(("focal", "level"), [("50%x0%", 0), ("50%x50%", 100), ("50%x90%", 200), ("0%x34%", 100)])
def test_focal_pixels(focal: str, level: int) -> None:
    column = np.repeat(np.array([0, 100, 200], np.uint8), 20)[:, None]
    image = Image.fromarray(np.repeat(column, 20, axis=1))
    assert Resize("10x6", "cover", focal=focal, kernel="box").apply(image).getpixel((5, 3)) == level
    assert Crop("10x6", focal=focal).apply(image).getpixel((5, 3)) == level
    transpose, swap = image.transpose(Image.Transpose.TRANSPOSE), "x".join(reversed(focal.split("x")))
    assert Crop("6x10", focal=swap).apply(transpose).getpixel((3, 5)) == level


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Resize("30x30", focal="1%x1%"), "resize focal=1%x1% says which part is kept, so it needs"),
        (lambda: Resize("30x30", "contain", "entropy"), "resize gravity=entropy says which part is kept, so"),
        (lambda: Resize("9x9", "cover", "north", focal="1%x1%"), "expected gravity or focal for resize, got gravi"),
        (lambda: Crop("9x9", "entropy", "1%x1%"), "expected gravity or focal for crop, got gravity=entropy an"),
        (lambda: Crop("9x9+1+1", focal="1%x1%"), "crop focal=1%x1% says where the area sits, which its offs"),
        (lambda: Crop("9x9+1+1", "entropy"), "crop gravity=entropy says where the area sits, which its"),
        (lambda: Crop("9x9", focal="30x40"), "expected a point of the picture such as 30%x40%, from its"),
        (lambda: Crop("9x9", focal="30%"), "expected a point of the picture such as 30%x40%"),
        (lambda: Crop("9x9", focal="101%x4%"), "expected a point of the picture such as 30%x40%"),
        (lambda: Crop("9x9", focal="x4%"), "expected a point of the picture such as 30%x40%"),
        (lambda: from_words(ib.Pad, "90x90,gravity=entropy"), "unknown pad gravity 'entropy'"),
    ],
)
def test_contradictions_are_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(UsageError) as error:
        make()
    assert str(error.value).startswith(message), error.value

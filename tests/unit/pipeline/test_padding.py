"""Does a picture stay where it belongs if its JPEG is decoded smaller, and its sides are no multiple of the scale?

The judge is the same run with ``--no-plan``, which decodes every pixel: an edge must lie within 0.05 px of where it
lies there.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.reading.jpeg_draft import mix_padding
from imgbatch.core.quantities import Size
from imgbatch.operations import Crop, Flip, Flop, Grayscale, Operation, Resize, Rotate
from imgbatch.pipeline.decisions.padding import Window, decoder_window
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.runs.run import run

DARK, LIGHT = 40, 210
MOST = 0.05  # px
PNG = Output(format="png", effort=0)
HALF = Fraction(1, 2)
EDGE = 0.8  # of the side


def jpeg(size: Size, mode: str = "L", orientation: int = 1, across: bool = True, **options: Any) -> bytes:
    """Dark on the left (or above), light on the right: of CMYK the first ink; of colors red against blue."""
    levels = np.full((size[1], size[0]), DARK, np.uint8)
    if across:
        levels[:, int(size[0] * EDGE) :] = LIGHT
    else:
        levels[int(size[1] * EDGE) :] = LIGHT
    plane = Image.fromarray(levels)
    bands = {"RGB": [plane, plane, plane], "blue": [plane, Image.new("L", size, 120), plane.point(lambda x: 250 - x)]}
    if mode == "CMYK":
        image = Image.merge("CMYK", [plane, *[Image.new("L", size)] * 3])
    else:
        image = Image.merge("RGB", bands[mode]) if mode in bands else plane
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, exif=exif, **options)
    return file.getvalue()


def edge(path: Path) -> float:
    """Where it lies, in px from the light end, whichever that is."""
    with Image.open(path) as image:
        levels = np.asarray(image.getchannel(0), float)
    across, down = levels.mean(0), levels.mean(1)
    profile = across if np.ptp(across) > np.ptp(down) else down
    ends = np.median(levels[levels < 125]), np.median(levels[levels >= 125])
    return float(((profile - ends[0]) / (ends[1] - ends[0])).sum())


def edges(data: bytes, recipe: Recipe, folder: Path) -> Iterable[tuple[float, float]]:
    """Of each output: where the edge is, and where it belongs."""
    source = folder / "a.jpg"
    source.write_bytes(data)
    for name, no_plan in (("planned", False), ("whole", True)):
        assert run(source, folder / name, recipe, workers=0, ledger=False, no_plan=no_plan).exit_code == 0
    names = sorted(path.name for path in (folder / "planned").iterdir())
    assert names
    return [(edge(folder / "planned" / name), edge(folder / "whole" / name)) for name in names]


def assert_true(data: bytes, recipe: Recipe, folder: Path) -> None:
    for ours, belongs in edges(data, recipe, folder):
        assert abs(ours - belongs) <= MOST, (recipe, ours, belongs)


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("over", range(8))
def test_all_sides_at_all_scales(scale: int, over: int, tmp_path: Path) -> None:
    size = (400 + over, 240 + over)
    to = str(int(0.75 * size[0] / scale))
    for across in (True, False):
        folder = tmp_path / str(across)
        folder.mkdir()
        assert_true(jpeg(size, across=across), Recipe([Resize(to)], [PNG]), folder)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "ops", [[], [Flip(), Grayscale()], [Flop()], [Rotate(90)]], ids=lambda ops: f"{len(ops)} before"
)
def test_all_orientations(orientation: int, ops: list[Operation], tmp_path: Path) -> None:
    for across in (True, False):
        folder = tmp_path / str(across)
        folder.mkdir()
        data = jpeg((405, 243), orientation=orientation, across=across)
        assert_true(data, Recipe([*ops, Resize("40")], [PNG]), folder)


@pytest.mark.parametrize("mode", ["RGB", "blue", "CMYK", "L"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("format", ["png", "jpeg"])
def test_all_samplings(mode: str, subsampling: int, format: str, tmp_path: Path) -> None:
    output = PNG if format == "png" else Output(format="jpeg", quality=98)
    options: dict[str, Any] = {} if mode == "L" else {"subsampling": subsampling}
    assert_true(jpeg((1203, 701), mode, **options), Recipe([Resize("290")], [output]), tmp_path)


def test_colors_at_half_size(tmp_path: Path) -> None:
    """Brightness and colors apart, which pays from 512 px on; an edge of color alone, in the middle of a sample."""
    recipe = Recipe([Resize("575")], [Output(format="jpeg", quality=80, subsampling="4:2:0")])
    assert_true(jpeg((1203, 901), "blue", subsampling=2), recipe, tmp_path)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("format", ["png", "jpeg"])
def test_several_outputs_of_one_decode(orientation: int, format: Any, tmp_path: Path) -> None:
    """The smaller ones are made from the larger, which have no padding any more."""
    outputs = Output(format=format, quality=95 if format == "jpeg" else None).renditions([151, 126, 90, 40])
    assert_true(jpeg((1003, 701), orientation=orientation), Recipe(outputs=outputs), tmp_path)


@pytest.mark.parametrize("crop", ["900x600+99+3", "900x600+0+0", "90%x100%", "1:1", ""])
def test_crops_before_the_resize(crop: str, tmp_path: Path) -> None:
    ops = [Crop(crop, gravity="east"), Resize("90")] if crop else [Resize("90x80", "cover", "east")]
    assert_true(jpeg((1003, 701)), Recipe(ops, [PNG]), tmp_path)


def test_rows_of_an_array(tmp_path: Path) -> None:
    Path(tmp_path, "a.jpg").write_bytes(jpeg((1003, 701), orientation=3))
    image = Image.open(tmp_path / "a.jpg").transpose(Image.Transpose.ROTATE_180)
    image.save(tmp_path / "b.png")
    with ib.load(tmp_path, Resize("90x60!"), workers=0) as rows:
        ours, belongs = (np.mean((row[..., 0] - DARK) / (LIGHT - DARK)) * 90 for row in rows.images.astype(float))
    assert ours == pytest.approx(belongs, abs=MOST)


def test_an_operation_that_may_move_places_gets_every_pixel() -> None:
    class Turn(Operation):
        word = "some_turn"

        def after(self, size: Size) -> Size:
            return size

        def demand(self, wanted: Size, size: Size) -> Size:
            return wanted

        def apply(self, image: Image.Image) -> Image.Image:
            return image.transpose(Image.Transpose.ROTATE_180)

    from tests.unit.pipeline.test_decode_plan import demand

    assert demand([Turn(), Resize("90")], size=(1003, 701)) is None
    assert demand([Turn(), Resize("90")], size=(1000, 704)) is not None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_where_the_picture_lies(orientation: int) -> None:
    window = decoder_window((1003, 701), 8, orientation)
    assert window is not None
    wide, high = window.part[2] - window.part[0], window.part[3] - window.part[1]
    assert (wide, high) == ((125.375, 87.625) if orientation < 5 else (87.625, 125.375))
    assert window.size == ((126, 88) if orientation < 5 else (88, 126))
    right, low = orientation in (1, 4, 5, 8), orientation in (1, 2, 5, 6)
    assert (window.part[0] == 0, window.part[1] == 0) == (right, low)
    assert window.after(Rotate(180)).after(Rotate(180)) == window
    assert decoder_window((1000, 704), 8, orientation) is None


def test_a_turn_moves_the_padding() -> None:
    window = Window((126, 88), (0, 0, HALF + 125, 88)).after(Rotate(90))
    assert window == Window((88, 126), (0, 0, 88, HALF + 125))
    assert window.after(Flip()) == Window((88, 126), (0, HALF, 88, 126))


def test_the_padding_counts_as_little_as_there_is_of_the_picture() -> None:
    image = Image.new("L", (3, 3), 100)
    image.paste(200, (2, 0, 3, 3))
    mix_padding(image, 2.25, 2.5)
    assert [image.getpixel((x, 0)) for x in range(3)] == [100, 100, 125]
    assert image.getpixel((0, 2)) == 100
    whole = Image.linear_gradient("L")
    same = whole.copy()
    mix_padding(same, *whole.size)
    assert same == whole
    narrow = Image.new("L", (1, 1), 7)
    mix_padding(narrow, 0.125, 0.5)
    assert narrow.getpixel((0, 0)) == 7

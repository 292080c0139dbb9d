"""Do results with few pixels agree with those from every pixel, for random recipes and pictures?

The tolerance: SSIM of at least :data:`decode_plan.AGREE` between a planned and an unplanned result
of a picture with detail at all scales (clouds and edges, as photographs have), and equal sizes, modes and names
always. Where nothing is decoded smaller (PNG) and nothing is turned, they differ only by the blocks that are averaged
first.
"""

from __future__ import annotations

import functools
import io
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from imgbatch.core.errors import UsageError
from imgbatch.operations import Crop, Flip, Flop, Median, Operation, Resize, Rotate, all_operations
from imgbatch.pipeline.decisions.decode_plan import AGREE
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.runs.run import run
from tests.properties.strategies import instances


def ssim(one: Any, other: Any) -> float:
    """Structural similarity of two pictures in gray, mean over 8 x 8 px (Wang et al. 2004, uniform window)."""
    pair = [numpy.asarray(Image.fromarray(array).convert("L"), numpy.float64) for array in (one, other)]
    side = min(8, *pair[0].shape)
    x, y = (numpy.lib.stride_tricks.sliding_window_view(array, (side, side))[::4, ::4] for array in pair)
    axes = (-1, -2)
    mx, my = x.mean(axes), y.mean(axes)
    covariance = (x * y).mean(axes) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mx * my + c1) * (2 * covariance + c2)
    return float((top / ((mx**2 + my**2 + c1) * (x.var(axes) + y.var(axes) + c2))).mean())


@functools.cache
def picture(size: tuple[int, int], seed: int) -> Image.Image:
    """Clouds at several scales, and some hard edges."""
    random = numpy.random.default_rng(seed)
    sky = numpy.zeros((size[1], size[0], 3))
    for cells in (4, 12, 40):
        noise = random.integers(0, 256, (cells, cells, 3), dtype=numpy.uint8)
        sky += numpy.asarray(Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC), float) / 3
    made = Image.fromarray(sky.astype(numpy.uint8))
    draw = ImageDraw.Draw(made)
    for _ in range(6):
        x, y = random.integers(0, size[0]), random.integers(0, size[1])
        box = (int(x), int(y), int(x + size[0] // 5), int(y + size[1] // 6))
        draw.rectangle(box, fill=tuple(int(value) for value in random.integers(0, 256, 3)))
    return made.filter(ImageFilter.GaussianBlur(1))


def encode(image: Image.Image, format: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, format, exif=exif, **({"quality": 92} if format == "JPEG" else {}))
    return file.getvalue()


def results(data: bytes, suffix: str, recipe: Recipe, **words: Any) -> list[tuple[str, Any]]:
    """Every file that a run makes: its name and its pixels."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"a{suffix}"), Path(folder, "out")
        source.write_bytes(data)
        report = run(source, target, recipe, workers=0, ledger=False, **words)
        if report.failed:
            return [(report.failed[0].error.message if report.failed[0].error else "", None)]
        names = sorted(path.relative_to(target).as_posix() for path in target.rglob("*.png"))
        return [(name, numpy.asarray(Image.open(target / name).convert("RGB"))) for name in names]


def colors(file: bytes) -> Any:
    """(H, W, 3) float64: brightness and colors of a JPEG, 0..255."""
    with Image.open(io.BytesIO(file)) as image:
        assert image.mode == "RGB"
        return numpy.asarray(image.convert("YCbCr"), numpy.float64)


def agree(data: bytes, suffix: str, recipe: Recipe, least: float = AGREE) -> None:
    planned, plain = results(data, suffix, recipe), results(data, suffix, recipe, no_plan=True)
    assert [name for name, _ in planned] == [name for name, _ in plain]
    for (name, one), (_, other) in zip(planned, plain, strict=True):
        if one is None:
            continue
        assert one.shape == other.shape, (name, recipe)
        if min(one.shape[:2]) >= 8:
            assert ssim(one, other) >= least, (name, recipe)


PNG = Output(format="png", effort=0)  # written and read here only
RESIZES = instances(Resize).filter(lambda op: op.kernel != "nearest")
BEFORE = st.one_of(
    st.sampled_from([Flip(), Flop(), Rotate(90), Rotate(180), Rotate(-90), Crop("70%x60%"), Crop("300x200+40+30")]),
    st.builds(Crop, st.sampled_from(["1:1", "80%x90%", "500x"]), st.sampled_from(["north", "southeast", None])),
)
RECIPES = st.tuples(st.lists(BEFORE, max_size=3), RESIZES, st.lists(BEFORE, max_size=1)).map(
    lambda parts: [*parts[0], parts[1], *parts[2]]
)


def modest(op: Operation) -> Operation:
    """`op` over few px: a median of a hundred takes seconds, and the plan is the same."""
    return replace(op, size=min(op.size, 5)) if isinstance(op, Median) else op


#: Operations, size in px, format, orientation and seed of a picture.
CASES = st.tuples(
    RECIPES,
    st.sampled_from([(900, 640), (641, 853), (1201, 400)]),
    st.sampled_from(["JPEG", "JPEG", "PNG", "WEBP"]),
    st.integers(1, 8),
    st.integers(0, 9),
)
Case = tuple[Sequence[Operation], tuple[int, int], str, int, int]


def geometry_agrees(case: Case) -> None:
    ops, size, format, orientation, seed = case
    agree(encode(picture(size, seed), format, orientation), f".{format.lower()}", Recipe(ops, [PNG]))


@settings(max_examples=20, deadline=None)
@given(CASES)
def test_geometry_of_any_kind_agrees(case: Case) -> None:
    geometry_agrees(case)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None)
@given(CASES)
def test_geometry_of_any_kind_agrees_a_thousand_times(case: Case) -> None:
    geometry_agrees(case)


@pytest.mark.parametrize("operation", all_operations(), ids=lambda operation: operation.word)
def test_every_operation_before_a_resize_agrees(operation: type[Operation]) -> None:
    data = encode(picture((640, 450), 3), "JPEG", 6)

    @settings(max_examples=6, deadline=None)
    @given(instances(operation).map(modest))
    def check(op: Operation) -> None:
        try:
            recipe = Recipe([op, Resize("200x200")], [PNG])
        except UsageError:
            return
        agree(data, ".jpg", recipe)

    check()


@settings(max_examples=25, deadline=None)
@given(widths=st.lists(st.integers(60, 700), min_size=2, max_size=4, unique=True), seed=st.integers(0, 9))
def test_renditions_made_from_one_another_agree(widths: list[int], seed: int) -> None:
    data = encode(picture((900, 640), seed), "JPEG", 1)
    agree(data, ".jpg", Recipe(outputs=PNG.renditions(widths)))


@settings(max_examples=30, deadline=None)
@given(
    ops=st.tuples(
        st.lists(BEFORE, max_size=2), st.builds(Resize, st.sampled_from(["550", "777", "601x555!", "70%", "560x430^"]))
    ).map(lambda parts: [*parts[0], parts[1]]),
    widths=st.sampled_from([[], [300, 640], [301, 555, 777]]),
    orientation=st.integers(1, 8),
    options=st.sampled_from([{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}, {"keep_rgb": True}]),
    seed=st.integers(0, 9),
)
def test_colors_of_half_size_agree(
    ops: list[Operation], widths: list[int], orientation: int, options: dict[str, Any], seed: int
) -> None:
    """JPEG to JPEG: brightness and colors, of which the file keeps one for four pixels, are within 2 of 255 in mean."""
    output = Output(format="jpeg", quality=95)
    recipe = Recipe(outputs=output.renditions(widths)) if widths else Recipe(ops, [output])
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture((1200, 900), seed).save(file, "JPEG", quality=92, exif=exif, **options)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "a.jpg")
        source.write_bytes(file.getvalue())
        for name in ("planned", "plain"):
            report = run(source, Path(folder, name), recipe, workers=0, ledger=False, no_plan=name == "plain")
            assert report.exit_code == 0
        made = sorted(path.name for path in Path(folder, "planned").iterdir())
        assert made and made == sorted(path.name for path in Path(folder, "plain").iterdir())
        for name in made:
            one, other = (colors(Path(folder, way, name).read_bytes()) for way in ("planned", "plain"))
            assert one.shape == other.shape
            difference = abs(one - other)
            assert difference.mean((0, 1)).max() <= 2, (recipe, difference.mean((0, 1)))

"""Are few pixels decoded where few will do, and all where they matter?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.reading import decode, limits
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.job import Job, Source, Target
from imgbatch.core.quantities import Size
from imgbatch.operations import (
    Blur,
    Border,
    Clahe,
    Crop,
    Flip,
    Flop,
    Grayscale,
    Median,
    Operation,
    Pad,
    Resize,
    Rotate,
    Sharpen,
    Sharpness,
    Trim,
    Unsharp,
)
from imgbatch.pipeline.decisions import decode_plan, half_size_colors, output_decision
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import LocalContext
from imgbatch.planning.recipe import Output

SAMPLES = Path(__file__).parents[3] / "sample_images"
WIDE = SAMPLES / "color" / "wide-gamut.jpg"

LIMIT = 100_000_000


class OwnBlur(Blur):
    """A user's, which is not known to do the same to planes."""

    def apply(self, image: Image.Image) -> Image.Image:
        return image


def open_source(size: Size, format: str = "JPEG", orientation: int = 1, frames: int = 1) -> decode.SourceImage:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    others = [Image.new("L", size, 99 + number) for number in range(frames - 1)]
    more = {"save_all": True, "append_images": others} if others else {}
    Image.new("L", size).save(file, format, exif=exif, **more)
    with limits.pixel_limit(LIMIT):
        return open_image(file.getvalue(), "", LIMIT)


def demand(ops: Sequence[Operation], *own: Sequence[Operation], size: Size = (4000, 3000)) -> Size | None:
    return decode_plan.make_plan(open_source(size), True, ops, own or ((),)).demand


@pytest.mark.parametrize(
    ("ops", "size"),
    [
        ([Resize("1600")], (1600, 1200)),
        ([Resize("1000x1000", "cover")], (1334, 1000)),
        ([Resize("1000x1000", "contain")], (1000, 750)),
        ([Resize("3MP")], (2000, 1500)),
        ([Resize("50%")], (2000, 1500)),
        ([Resize("50%x30%", "cover")], (2000, 1500)),
        ([Resize("256")], (320, 240)),  # small ones are given room
        ([Resize("256", kernel="box")], (512, 384)),
        ([Resize("4000")], None),
        ([Resize("9000", upscale=True)], None),
        ([Resize("100%")], None),
        ([Resize("800", kernel="nearest")], None),
        ([Resize("800", linear=True)], None),  # fewer pixels of a JPEG are means of levels, not of light
        ([Resize("1000x1000", "cover", focal="20%x30%")], (1334, 1000)),
        ([Resize("1000x1000", "cover", "entropy")], None),  # fewer pixels could choose another part
        ([Crop("2000x1500", focal="10%x10%"), Resize("1000")], (2000, 1500)),
        ([Crop("2000x1500", "entropy"), Resize("1000")], None),
        ([Resize("2000"), Crop("1000x1000", "entropy")], (2000, 1500)),
        ([], None),
        ([Grayscale()], None),
        # what follows the resize costs nothing
        ([Resize("1600"), Blur(2), Unsharp(), Border("10"), Trim(), Resize("300")], (1600, 1200)),
        # what cannot be done with fewer pixels comes first
        ([Blur(2), Resize("1600")], None),
        ([Median(3), Resize("1600")], None),
        ([Unsharp(), Resize("1600")], None),
        ([Trim(), Resize("1600")], None),
        ([Border("10"), Resize("1600")], None),
        ([Pad("5000x4000"), Resize("1600")], None),
        ([Rotate(10), Resize("1600")], None),
        ([Rotate(90, expand=False), Resize("1600")], None),
        # what does not care
        ([Flip(), Flop(), Rotate(180), Resize("1600")], (1600, 1200)),
        ([Rotate(90), Resize("1600")], (1600, 1200)),
        ([Rotate(90), Resize("900x")], (1200, 900)),
        # pixel by pixel, and evenly: colors may be averaged before
        ([Grayscale(), ib.Invert(), ib.Sepia(), Resize("1600")], (1600, 1200)),
        ([ib.Brightness(1.2), ib.Contrast(0.8), ib.Saturation(2), ib.Gamma(1.4), Resize("1600")], (1600, 1200)),
        ([Grayscale(), Crop("2000x1500"), Resize("1000")], (2000, 1500)),
        ([ib.Brightness(2), Resize("1600")], None),
        ([ib.Contrast(2), Resize("1600")], None),
        ([ib.Saturation(3), Resize("1600")], None),
        ([ib.Gamma(2.2), Resize("1600")], None),
        # a crop belongs to the resize
        ([Crop("2000x1500"), Resize("1000")], (2000, 1500)),
        ([Crop("50%x50%"), Crop("1000x750+0+0"), Resize("600")], (2400, 1800)),
        ([Crop("400x300"), Resize("200")], (2500, 1875)),
        ([Crop("240x180"), Resize("200")], None),  # 250 of 240 px
        ([Crop("2000x1500"), Flip(), Resize("1000")], None),
        ([Crop("2000x1500")], None),
        ([Crop("100x100+9000+0"), Resize("10")], None),
    ],
)
def test_the_operations_say_what_is_needed(ops: list[Operation], size: Size | None) -> None:
    assert demand(ops) == size


def test_the_largest_demand_of_all_outputs_counts() -> None:
    assert demand([], [Resize("256")], [Resize("800")], [Resize("640")]) == (800, 600)
    assert demand([], [Resize("256")], []) is None
    assert demand([Resize("800")], [Resize("256")], []) == (800, 600)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_only_jpeg_is_decoded_small(format: str) -> None:
    assert decode_plan.make_plan(open_source((400, 300), format), True, [Resize("100")]).demand is None


@pytest.mark.parametrize(
    ("ops", "turns"),
    [
        ([Resize("100")], True),
        ([Crop("50%x50%"), Resize("100"), Flip()], True),
        ([Flip(), Resize("100")], False),
        ([Blur(1), Resize("100")], False),
        ([], False),
    ],
)
def test_the_picture_is_turned_after_the_resize_where_nothing_before_cares(ops: list[Operation], turns: bool) -> None:
    assert decode_plan.make_plan(open_source((400, 300), "JPEG", 6), True, ops).turner == (
        "operations" if turns else "decoder"
    )
    assert decode_plan.make_plan(open_source((400, 300), "JPEG", 6), False, ops).turner != "operations"
    assert decode_plan.make_plan(open_source((400, 300), "JPEG", 1), True, ops).turner != "operations"
    assert decode_plan.make_plan(open_source((400, 300), "TIFF", 6), True, ops).turner != "operations"
    assert decode_plan.make_plan(open_source((400, 300), "JPEG", 6), True, [], [ops, []]).turner != "operations"


def photo(mode: str = "RGB", size: Size = (2000, 1500), **options: Any) -> decode.SourceImage:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "JPEG", **options)
    with limits.pixel_limit(LIMIT):
        return open_image(file.getvalue(), "", LIMIT)


JPEG = Output(format="jpeg")


@pytest.mark.parametrize(
    ("ops", "output", "apart"),
    [
        ([Resize("800")], JPEG, True),
        ([Crop("1:1"), Resize("800", kernel="bicubic")], JPEG, True),
        ([Resize("800x600", "cover")], Output(format="jpeg", quality=95, subsampling="4:2:0", strip="gps"), True),
        ([Resize("800")], Output(format="jpeg", subsampling="4:4:4"), False),
        ([Resize("800")], Output(format="jpeg", quality=89), True),
        ([Resize("800")], Output(format="jpeg", quality=90), False),
        ([Resize("800")], Output(format="jpeg", quality="keep"), False),
        ([Resize("800")], Output(format="jpeg", max_bytes=9999), False),
        ([Resize("800")], Output(format="jpeg", min_ssim=0.9), False),
        ([Resize("800")], Output(format="jpeg", icc="srgb"), False),
        ([Resize("800")], Output(format="jpeg", strip="icc"), False),
        ([Resize("800")], Output(format="webp"), False),
        ([Resize("500")], JPEG, True),  # decoded at half its size
        ([Resize("400")], JPEG, False),  # decoded at a quarter: does not pay
        ([Resize("800", kernel="box")], JPEG, False),
        ([Resize("800", linear=True)], JPEG, False),
        ([Resize("800x800", "contain")], JPEG, False),  # the padding is a color
        ([Resize("2500", upscale=True)], JPEG, False),
        ([Resize("800"), Blur(1), Unsharp(1), Sharpen(), Sharpness(1.5), Clahe()], JPEG, True),
        ([Resize("800"), Unsharp(1, threshold=3)], JPEG, False),
        ([Resize("800"), Median(3)], JPEG, False),
        ([Resize("800"), Grayscale(), Median(3)], JPEG, True),  # of grays alone
        ([Resize("800"), Median(3), Grayscale()], JPEG, False),
        ([Resize("800"), OwnBlur(1)], JPEG, False),
        ([Blur(1), Resize("800")], JPEG, False),
        ([], JPEG, False),
    ],
)
def test_colors_stay_apart_where_only_brightness_and_half_of_them_count(
    ops: list[Operation], output: Output, apart: bool
) -> None:
    halves = half_size_colors.suits_encoder(output, output.format, None)
    assert decode_plan.make_plan(photo(), True, ops, halves=halves).luma is apart
    assert decode_plan.make_plan(photo(), True, (), [ops], halves=halves).luma is apart


@pytest.mark.parametrize(
    ("own", "apart"),
    [
        ([[Resize("800")]], False),
        ([[Resize("800")], [Resize("400")]], False),
        ([[Resize("800"), Blur(1)]], True),
        ([[Resize("800")], [Resize("400"), Blur(1)]], True),
    ],
)
def test_simd_code_resizes_colors_whole_where_no_filter_follows(own: list[list[Operation]], apart: bool) -> None:
    assert decode_plan.make_plan(photo(), True, (), own, halves=True, is_simd=True).luma is apart


@pytest.mark.parametrize(
    ("size", "result", "apart"),
    [((600, 450), "256", True), ((600, 450), "255", False), ((6000, 4500), "512", True), ((6000, 4500), "511", False)],
)
def test_colors_stay_apart_where_there_is_enough_to_spare(size: Size, result: str, apart: bool) -> None:
    assert decode_plan.make_plan(photo(size=size), True, [Resize(result)], halves=True).luma is apart


def test_only_what_is_stored_as_brightness_and_colors_is_left_so() -> None:
    def apart(picture: decode.SourceImage) -> bool:
        return decode_plan.make_plan(picture, True, [Resize("800")], halves=True).luma

    assert apart(photo()) and apart(photo(subsampling="4:4:4")) and apart(photo(progressive=True))
    assert not apart(photo(keep_rgb=True)) and not apart(photo("L")) and not apart(photo("CMYK"))
    assert not apart(open_source((2000, 1500), "WEBP"))
    assert not decode_plan.make_plan(photo(), True, [Resize("800")], halves=False).luma
    assert decode_plan.make_plan(photo(), True, (), [[Resize("800")], [Resize("200")]], halves=True).luma
    assert decode_plan.make_plan(photo(), True, (), [[Resize("800")], [Resize("400"), Blur(1)]], halves=True).luma
    assert not decode_plan.make_plan(photo(), True, (), [[Resize("800")], [Resize("400"), Median(3)]], halves=True).luma


def test_smaller_outputs_are_made_from_larger_ones() -> None:
    def steps(*own: Sequence[Operation], ops: Sequence[Operation] = ()) -> list[tuple[int, int | None]]:
        plan = decode_plan.make_plan(open_source((4000, 3000)), True, ops, own)
        return decode_plan.order_outputs(plan)

    sizes = [[Resize(f"{width}x")] for width in (200, 3000, 1200)]
    assert steps(*sizes) == [(1, None), (2, 1), (0, 2)]
    assert steps(*sizes, ops=[Resize("3200")]) == [(0, None), (1, None), (2, None)]
    # a padded or cropped picture is no source, but may come from one
    assert steps([Resize("2000x2000", "contain")], [Resize("300")]) == [(0, None), (1, None)]
    assert steps([Resize("2000x2000", "cover")], [Resize("300")]) == [(0, None), (1, None)]
    assert steps([Resize("2000")], [Resize("300x300", "cover")], [Blur(3)]) == [(0, None), (1, 0), (2, None)]
    assert steps([Resize("1000")], [Crop("500x500"), Resize("300")]) == [(0, None), (1, None)]
    # means of light and means of levels are no means of one another; what the pixels decide on sees them all
    assert steps([Resize("1000", linear=True)], [Resize("300")]) == [(0, None), (1, None)]
    assert steps([Resize("1000")], [Resize("300", linear=True)]) == [(0, None), (1, None)]
    assert steps([Resize("1000")], [Resize("300x300", "cover", "entropy")]) == [(0, None), (1, None)]
    assert steps([Resize("1000")], [Resize("300x300", "cover", focal="1%x1%")]) == [(0, None), (1, 0)]


@pytest.mark.parametrize(
    ("format", "orientation", "ops", "output", "is_copy"),
    [
        ("JPEG", 1, [], Output(), True),
        ("JPEG", 1, [Resize("1600")], Output(), True),
        ("JPEG", 1, [Resize("1600")], Output(format="jpeg", dir="web", name="{stem}", preserve=True), True),
        ("JPEG", 1, [Resize("400x300", "cover", "entropy", linear=True)], Output(), True),
        ("PNG", 1, [], Output(), True),
        ("JPEG", 6, [], Output(), False),
        ("JPEG", 1, [Resize("300")], Output(), False),
        ("JPEG", 1, [Resize("1600"), Flip()], Output(), False),
        ("JPEG", 1, [], Output(quality=82), False),
        ("JPEG", 1, [], Output(progressive=True), False),
    ],
)
def test_what_would_come_out_as_it_went_in_is_copied(
    format: str, orientation: int, ops: list[Operation], output: Output, is_copy: bool
) -> None:
    source = open_source((400, 300), format, orientation)
    plan = decode_plan.make_plan(source, True, ops)
    assert output_decision.can_copy(source, plan, output, 0, source.format) is is_copy
    assert not output_decision.can_copy(source, plan, output, 0, "webp")


def test_frames_that_are_left_out_are_no_copy() -> None:
    source = open_source((40, 30), "GIF", frames=3)
    plan = decode_plan.make_plan(source, True, [])
    assert output_decision.can_copy(source, plan, Output(), 0, "gif")
    assert not output_decision.can_copy(source, plan, Output(frames="first"), 0, "gif")


@pytest.mark.parametrize("name", ["rgb.png", "soft-alpha.png"])
def test_a_box_averages_all_pixels_once_with_and_without_the_plan(name: str, tmp_path: Path) -> None:
    recipe = ib.Recipe(ops=[ib.Resize("47x31!", kernel="box")])
    for folder, no_plan in (("planned", False), ("plain", True)):
        ib.run([SAMPLES / "png" / name], tmp_path / folder, recipe, workers=0, no_plan=no_plan)
    assert (tmp_path / "planned" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_pictures_of_one_shape_share_a_way_but_no_words(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        Image.new("L", (60, 60)).save(tmp_path / "in" / f"{name}.png")
    recipe = ib.Recipe([ib.Resize("50"), ib.Text("{stem}", size="30")], [Output(format="png")])
    assert ib.run([tmp_path / "in"], tmp_path / "out", recipe, workers=0).exit_code == 0
    a, b = (Image.open(tmp_path / "out" / f"{name}.png").tobytes() for name in ("a", "b"))
    assert a != b


def store(path: Path, size: Size = (900, 600), mode: str = "RGB", orientation: int = 1, icc: bytes = b"") -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(WIDE) as image:
        image.resize(size).convert(mode).save(path, exif=exif, icc_profile=icc)
    return path


def alike(kind: str, folder: Path) -> list[tuple[Path, int]]:
    """Two files that differ in one thing which a plan depends on, each with the number of the output that is wanted."""
    if kind == "orientation":
        return [(store(folder / f"{number}.jpg", orientation=number), 0) for number in (1, 6)]
    if kind == "profile":
        with Image.open(WIDE) as image:
            profile = image.info["icc_profile"]
        return [(store(folder / "a.jpg"), 0), (store(folder / "b.jpg", icc=profile), 0)]
    if kind == "colors":  # halved in a JPEG of YCbCr, not there in one of gray
        return [(store(folder / f"{mode}.jpg", mode=mode), 1) for mode in ("RGB", "L")]
    if kind == "format":
        return [(store(folder / name, mode="L"), 1) for name in ("a.jpg", "b.png")]
    if kind == "size":
        return [(store(folder / f"{width}.jpg", (width, 600)), 1) for width in (900, 600)]
    return [(store(folder / "a.jpg"), output) for output in (1, 2)]


@pytest.mark.parametrize("in_reverse", [False, True], ids=["", "turned"])
@pytest.mark.parametrize("kind", ["orientation", "profile", "colors", "format", "size", "target"])
def test_what_a_picture_becomes_does_not_depend_on_those_before_it(kind: str, in_reverse: bool, tmp_path: Path) -> None:
    recipe = ib.Recipe(
        [Resize("300")],
        [Output(format="jpeg", icc="srgb"), Output(format="jpeg"), Output(format="jpeg", ops=(Flip(), Grayscale()))],
    )

    def make(work: ImageTask, path: Path, output: int, name: str) -> bytes:
        target = Target(output, str(tmp_path / name), "jpeg", replace=True)
        outcome = work(Job(0, Source(str(path), str(tmp_path), path.name), (target,)), LocalContext())
        assert outcome.status == "ok", outcome.error
        return (tmp_path / name).read_bytes()

    pair = alike(kind, tmp_path)
    files = pair[::-1] if in_reverse else pair
    work = ImageTask(recipe, LIMIT)
    after = [make(work, *file, "after.jpg") for file in files]
    alone = [make(ImageTask(recipe, LIMIT), *file, "alone.jpg") for file in files]
    assert after == alone
    assert alone[0] != alone[1]


@pytest.mark.parametrize(
    ("mode", "sampling", "samples"), [("RGB", "4:4:4", 3), ("RGB", "4:2:2", 2), ("RGB", "4:2:0", 1.5), ("L", "", 1)]
)
def test_a_jpeg_in_several_scans_needs_two_bytes_more_for_each_sample(mode: str, sampling: str, samples: float) -> None:
    size = (1600, 1200)
    demands = []
    for progressive in (False, True):
        file = io.BytesIO()
        Image.new(mode, size).save(file, "JPEG", progressive=progressive, subsampling=sampling or -1)
        with limits.pixel_limit(LIMIT):
            source = open_image(file.getvalue(), "", LIMIT)
        demands.append(memory_demand(source, decode_plan.make_plan(source, True, [Resize("200")], [()]), 0))
    assert demands[1] - demands[0] == 2 * samples * 1600 * 1200

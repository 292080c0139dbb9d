"""Pictures with 16 bits of color keep them from the file through the operations to the file; where not, it is said."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.reading import limits
from imgbatch.core.errors import ImageError
from imgbatch.operations import Operation, plugins
from imgbatch.operations.alpha import ACTIONS
from imgbatch.operations.base import apply_operation
from imgbatch.operations.registry import all_operations
from imgbatch.pixels import color, gamma
from imgbatch.pixels.alpha import as_deep
from imgbatch.pixels.color_spaces import color_space, icc_profile
from imgbatch.pixels.deep import bands
from tests.contracts import deep_error, deep_pictures
from tests.contracts.deep_pictures import Samples, gradient, png, read_by_imagemagick, stored_depth, tiff, weighted
from tests.contracts.pictures import count_in_file
from tests.other_readers import needs_imagemagick

SOURCES: dict[str, Callable[[Samples], bytes]] = {
    "a.png": png,
    "interlaced.png": lambda samples: png(samples, interlace=True),
    "a.tif": tiff,
    "big-endian.tif": lambda samples: tiff(samples, ">"),
    "packed.tif": lambda samples: tiff(samples, packed=True),
    "packed-big-endian.tif": lambda samples: tiff(samples, ">", packed=True),
}


def read(data: bytes, name: str = "a.png") -> Image.Image:
    """The picture in a file's bytes, by our reader."""
    with limits.pixel_limit(10**6):
        picture = codecs.open_image(data, Path(name).suffix, 10**6)
        (frame,) = picture.decode(deep=True)[0]
    assert not picture.changes
    return frame


def run_one(path: Path, output: Path, *ops: Operation, **options: Any) -> ib.Outcome:
    """The record of a whole run of one file."""
    recipe = ib.Recipe(ops=list(ops), outputs=[ib.Output(**options)])
    (outcome,) = ib.run([path], output, recipe, workers=0, force=True).outcomes
    assert outcome.ok, outcome.error
    return outcome


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# -- reading and writing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("count", [3, 4])
def test_every_bit_is_read(name: str, count: int) -> None:
    samples = np.random.default_rng(count).integers(0, 65536, (37, 51, count)).astype("<u2")
    frame = read(SOURCES[name](samples), name)
    assert frame.mode == {3: "RGB;16", 4: "RGBA;16"}[count]
    assert (np.asarray(frame) == samples).all()


def test_every_bit_of_gray_with_alpha_is_read() -> None:
    samples = np.random.default_rng(2).integers(0, 65536, (37, 51, 2)).astype("<u2")
    for interlace in (False, True):
        frame = read(png(samples, interlace=interlace))
        assert frame.mode == "LA;16" and (np.asarray(frame) == samples).all()


def test_one_transparent_color_becomes_alpha_where_all_16_bits_are_alike() -> None:
    samples = np.full((2, 3, 3), 0x1234, "<u2")
    samples[0, 0, 2] += 1  # alike in 8 bits only
    frame = read(png(samples, (b"tRNS", b"\x12\x34" * 3)))
    assert frame.mode == "RGBA;16"
    assert np.asarray(frame)[..., 3].tolist() == [[65535, 0, 0], [0, 0, 0]]


def test_colors_that_were_stored_weighted_by_alpha_are_divided_by_it() -> None:
    samples = gradient(4)
    stored = samples.copy()
    share = samples[..., 3:] / 65535
    stored[..., :3] = np.rint(samples[..., :3] * share)
    frame = np.asarray(read(tiff(stored, extra=1), "a.tif")).astype(float)
    visible = samples[..., 3] > 6553  # a tenth
    assert np.abs(frame - samples)[visible].max() <= 5  # a tenth of alpha magnifies half a level by ten


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_is_written_is_read_again(tmp_path: Path, format: str, count: int) -> None:
    samples = np.random.default_rng(count).integers(0, 65536, (130, 51, count)).astype("<u2")
    source = write(tmp_path / "a.png", png(samples))
    outcome = run_one(source, tmp_path / "out", ib.Flip(), format=format)
    assert outcome.changes == ()
    data = Path(outcome.outputs[0].path).read_bytes()
    frame = np.asarray(read(data, outcome.outputs[0].path))
    expected = samples[::-1]
    if (count, format) == (2, "tiff"):  # gray with alpha: Pillow has no reader for such a TIFF
        expected = expected[..., [0, 0, 0, 1]]
    assert (frame == expected).all() and stored_depth(data) == 16


@needs_imagemagick
@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("count", [3, 4])
def test_others_read_what_is_written(tmp_path: Path, format: str, count: int) -> None:
    samples = np.random.default_rng(count).integers(0, 65536, (130, 51, count)).astype("<u2")
    outcome = run_one(write(tmp_path / "a.tif", tiff(samples)), tmp_path / "out", ib.Flop(), format=format)
    assert (read_by_imagemagick(Path(outcome.outputs[0].path), count) == samples[:, ::-1]).all()


@needs_imagemagick
@pytest.mark.parametrize("name", ["a.png", "packed.tif"])
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_a_gradient_resized_blurred_and_brightened_keeps_its_16_bits(
    tmp_path: Path, name: str, format: str, record_property: Callable[[str, object], None]
) -> None:
    samples = gradient(3, (240, 160))
    source = write(tmp_path / name, SOURCES[name](samples))
    outcome = run_one(source, tmp_path / "out", ib.Resize("50%"), ib.Blur(2), ib.Brightness(1.2), format=format)
    values = deep_pictures.blur(deep_pictures.resize(samples.astype(float), (120, 80)), 2) * 1.2
    error = np.abs(read_by_imagemagick(Path(outcome.outputs[0].path), 3) - values.clip(0, 65535)).max()
    print(f"{name} -> {format}: largest error {error:.2f}/65535")
    record_property("error", float(error))
    assert outcome.changes == () and error <= 2  # each step is rounded once


@needs_imagemagick
def test_the_error_of_a_gradient_is_printed_and_judged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deep_error.main() == 0
    assert capsys.readouterr().out.count("/65535") == 4
    monkeypatch.setattr(deep_error, "MOST", 0)
    assert deep_error.main() == 1
    monkeypatch.setattr(deep_error, "IMAGEMAGICK", None)
    assert deep_error.main() == 77


def test_a_profile_stays_beside_its_16_bits(tmp_path: Path) -> None:
    from imgbatch.pixels.profile_conversion import srgb_profile

    profile = bytearray(srgb_profile())
    profile[84:100] = b"0123456789abcdef"  # an own one
    chunk = (b"iCCP", b"own\0\0" + zlib.compress(bytes(profile)))
    source = write(tmp_path / "a.png", png(gradient(), chunk))
    for format in ("png", "tiff"):
        outcome = run_one(source, tmp_path / format, ib.Resize("50%"), format=format)
        with Image.open(outcome.outputs[0].path) as image:
            assert image.info["icc_profile"] == bytes(profile)
        assert outcome.changes == () and stored_depth(Path(outcome.outputs[0].path).read_bytes()) == 16


@pytest.mark.parametrize("policy", ["srgb", "none"])
@pytest.mark.parametrize("count", [3, 4])
def test_a_profile_is_applied_with_16_bits(tmp_path: Path, policy: str, count: int) -> None:
    samples = gradient(count)
    chunk = (b"iCCP", b"own\0\0" + zlib.compress(icc_profile.profile_of(color_space.ADOBE_RGB)))
    outcome = run_one(write(tmp_path / "a.png", png(samples, chunk)), tmp_path / "out", icc=policy)
    assert "-> sRGB" in outcome.changes[0] and not any("depth" in change for change in outcome.changes)
    result = np.asarray(read(Path(outcome.outputs[0].path).read_bytes())).astype(float)
    to_srgb = np.linalg.inv(icc_profile.matrix_to_d50(color_space.SRGB.primaries))
    matrix = to_srgb @ np.array(icc_profile.matrix_to_d50(color_space.ADOBE_RGB.primaries))
    expected = gamma.levels_of_light((samples[..., :3] / 65535) ** (563 / 256) @ matrix.T, 65536)
    assert np.abs(result[..., :3] - expected).max() <= 16  # two matrices of sRGB differ in their fourth digits
    assert (result[..., 3:] == samples[..., 3:]).all()


def test_pages_keep_their_depths(tmp_path: Path) -> None:
    deep = [bands.from_array(gradient(count, (60, 40))) for count in (3, 4)]
    frames: list[Image.Image] = [deep[0], Image.new("RGB", (20, 20), "red"), deep[1]]
    file = codecs.encode(frames, "tiff", ib.Output(), codecs.Metadata(), codecs.AnimationTiming())
    source = write(tmp_path / "pages.tif", file.data)
    outcome = run_one(source, tmp_path / "out", ib.Flip())
    assert outcome.changes == () and outcome.outputs[0].frames == 3
    with limits.pixel_limit(10**6):
        picture = codecs.open_image(Path(outcome.outputs[0].path).read_bytes(), ".tif", 10**6)
        pages = list(picture.decode(deep=True)[0])
    assert [page.mode for page in pages] == ["RGB;16", "RGB", "RGBA;16"]
    assert all((np.asarray(page)[::-1] == np.asarray(frame)).all() for page, frame in zip(pages, frames, strict=True))


def test_pages_that_do_not_fit_in_memory_keep_their_depths(monkeypatch: pytest.MonkeyPatch) -> None:
    from imgbatch.pixels import frames

    monkeypatch.setattr(frames, "MEMORY_LIMIT", 1)
    deep = [bands.from_array(gradient(count)) for count in (2, 3, 4)]
    spool = frames.SpooledFrames(deep)
    assert count_in_file(spool) == 2
    for one, other in zip(spool, deep, strict=True):
        assert one.mode == other.mode and (np.asarray(one) == np.asarray(other)).all()


def test_a_compression_that_is_no_number_is_damage() -> None:
    data = bytearray(tiff(gradient()))
    entry = data.index(b"\x03\x01\x03\0\x01\0\0\0")  # the tag of compression, of type SHORT
    data[entry + 2] = 7  # UNDEFINED: bytes
    with limits.pixel_limit(10**6), pytest.raises(ImageError) as error:
        codecs.open_image(bytes(data), ".tif", 10**6)
    assert error.value.kind == "corrupt"


# -- what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "changes"),
    [("jpeg", ("depth: 16 -> 8 bits",)), ("webp", ("depth: 16 -> 8 bits",)), ("png", ()), ("tiff", ())],
)
def test_formats_without_16_bits_say_so(tmp_path: Path, format: str, changes: tuple[str, ...]) -> None:
    source = write(tmp_path / "a.png", png(gradient()))
    assert run_one(source, tmp_path / "out", ib.Resize("50%"), format=format).changes == changes


def test_one_decode_serves_outputs_with_and_without_16_bits(tmp_path: Path) -> None:
    source = write(tmp_path / "a.png", png(gradient()))
    outputs = [ib.Output(format=format, dir=format) for format in ("png", "jpeg")]
    (outcome,) = ib.run([source], tmp_path / "out", ib.Recipe([ib.Resize("50%")], outputs), workers=0).outcomes
    assert outcome.changes == ("depth: 16 -> 8 bits",)
    assert stored_depth(Path(outcome.outputs[0].path).read_bytes()) == 16


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_an_operation_that_has_8_bits_is_named(tmp_path: Path, format: str) -> None:
    source = write(tmp_path / "a.png", png(gradient()))
    outcome = run_one(source, tmp_path / "out", ib.Resize("50%"), ib.Text("x", size="10%"), format=format)
    assert set(outcome.changes) == {"depth: 16 -> 8 bits", "depth: text works with 8 bits"}
    assert stored_depth(Path(outcome.outputs[0].path).read_bytes()) == 8


def test_only_the_output_whose_operations_have_8_bits_loses_them(tmp_path: Path) -> None:
    source = write(tmp_path / "a.png", png(gradient()))
    outputs = [ib.Output(dir="plain"), ib.Output(dir="marked", ops=[ib.Text("x", size="10%")])]
    (outcome,) = ib.run([source], tmp_path / "out", ib.Recipe([ib.Flip()], outputs), workers=0).outcomes
    assert set(outcome.changes) == {"depth: 16 -> 8 bits", "depth: text works with 8 bits"}
    assert [stored_depth(Path(one.path).read_bytes()) for one in outcome.outputs] == [16, 8]


def test_8_bits_on_request(tmp_path: Path) -> None:
    gray = np.arange(4096, dtype="<u2").reshape(64, 64) * 16
    Image.fromarray(gray).save(tmp_path / "gray.png")
    write(tmp_path / "color.png", png(gradient()))
    for name, mode in (("gray.png", "L"), ("color.png", "RGB")):
        outcome = run_one(tmp_path / name, tmp_path / "out", depth="8")
        assert outcome.changes == ("depth: 16 -> 8 bits",)
        with Image.open(outcome.outputs[0].path) as image:
            assert image.mode == mode and stored_depth(Path(outcome.outputs[0].path).read_bytes()) == 8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_16_bits_on_request(tmp_path: Path, mode: str) -> None:
    Image.linear_gradient("L").convert(mode).save(tmp_path / "a.png")
    outcome = run_one(tmp_path / "a.png", tmp_path / "out", ib.Resize("50%"), ib.Gamma(1.3), depth="16")
    assert outcome.changes == ("depth: 8 -> 16 bits",)
    data = Path(outcome.outputs[0].path).read_bytes()
    assert stored_depth(data) == 16
    if mode == "RGB":
        assert len(np.unique(np.asarray(read(data)))) > 100  # the steps are made with 16 bits, not after 8


def test_a_format_without_16_bits_names_the_request(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    outcome = run_one(tmp_path / "a.png", tmp_path / "out", format="jpeg", depth="16")
    assert outcome.changes == ("depth: 16 bits not written: jpeg",)


@pytest.mark.parametrize(("depth", "name"), [("8", "a.jpg"), ("16", "a.jpg"), ("16", "a.png"), ("keep", "a.png")])
def test_a_depth_that_is_there_already_costs_no_encode(tmp_path: Path, depth: str, name: str) -> None:
    if name == "a.jpg":
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    else:
        write(tmp_path / name, png(gradient()))
    outcome = run_one(tmp_path / name, tmp_path / "out", depth=depth)
    assert outcome.changes == ("bytes copied: nothing to change",)


def test_an_animation_has_8_bits(tmp_path: Path) -> None:
    pages = [bands.from_array(gradient()), bands.from_array(gradient()[::-1])]
    file = codecs.encode(pages, "tiff", ib.Output(), codecs.Metadata(), codecs.AnimationTiming())
    outcome = run_one(write(tmp_path / "pages.tif", file.data), tmp_path / "out", format="png")
    assert "depth: 16 -> 8 bits" in outcome.changes and outcome.outputs[0].frames == 2


def test_16_bits_count_in_the_memory_that_is_reserved() -> None:
    from dataclasses import replace

    from imgbatch.pipeline.decisions import decode_plan
    from imgbatch.pipeline.decisions.memory_demand import memory_demand

    with limits.pixel_limit(10**6):
        picture = codecs.open_image(png(gradient()), ".png", 10**6)
    plan = decode_plan.make_plan(picture, True, ())
    assert memory_demand(picture, replace(plan, deep=True), 0) >= 2 * memory_demand(picture, plan, 0)


def test_memory_is_reserved_for_pictures_that_operations_enlarge() -> None:
    from dataclasses import replace

    from imgbatch.pipeline.decisions import decode_plan
    from imgbatch.pipeline.decisions.memory_demand import memory_demand

    with limits.pixel_limit(10**6):
        picture = codecs.open_image(png(gradient(3, (120, 80))), ".png", 10**6)

    def demand(*ops: Operation, own: tuple[tuple[Operation, ...], ...] = ((),)) -> int:
        return memory_demand(picture, replace(decode_plan.make_plan(picture, True, ops, own), deep=True), 0)

    plain = demand()
    assert plain == demand(ib.Flip()) == demand(ib.Rotate(90)) == demand(ib.Resize("50%"), ib.Trim(), ib.Blur(2))
    width, height = ib.Rotate(45).after((120, 80))
    pixel = plain // (3 * 120 * 80)
    assert demand(ib.Rotate(45)) == demand(own=((), (ib.Rotate(45),))) == pixel * (120 * 80 + 3 * width * height)
    assert demand(ib.Resize("200%", upscale=True), ib.Flip()) == pixel * 9 * 120 * 80
    assert demand(ib.Resize("50%"), ib.Resize("100%")) == plain


# -- operations --------------------------------------------------------------------------------------------------------


def luma(values: Samples) -> Samples:
    return values[..., :3] @ [[0.299], [0.587], [0.114]]


def mixed(values: Samples, rows: list[list[float]]) -> Samples:
    return np.concatenate([values[..., :3] @ np.array(rows).T, values[..., 3:]], axis=2)


def of_colors(change: Callable[[Samples], Samples]) -> Callable[[Samples], Samples]:
    """`change` (of 0..1) of the colors, beside the same alpha."""

    def all_bands(samples: Samples) -> Samples:
        count = samples.shape[2] - (samples.shape[2] in (2, 4))
        colors = change(samples[..., :count] / 65535).clip(0, 1) * 65535
        return np.concatenate([colors, samples[..., count:]], axis=2)

    return all_bands


def moved_apart(flat: Callable[[Samples], Samples], amount: float) -> Callable[[Samples], Samples]:
    def change(samples: Samples) -> Samples:
        smooth = weighted(samples, flat)
        share = smooth[..., -1:] / 65535 if samples.shape[2] in (2, 4) else 1
        result = samples + amount * (samples - smooth) * share
        return np.concatenate([result[..., :-1], samples[..., -1:]], axis=2) if samples.shape[2] in (2, 4) else result

    return change


SEPIA = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]
#: Operations with what they make in 64-bit floats, and the error that they may have, in 1/65535.
EXACT: list[tuple[Operation, Callable[[Samples], Samples], float]] = [
    (ib.Crop("50x30+7+9"), lambda samples: samples[9:39, 7:57], 0),
    (ib.Flip(), lambda samples: samples[::-1], 0),
    (ib.Flop(), lambda samples: samples[:, ::-1], 0),
    (ib.Rotate(90), lambda samples: np.rot90(samples, -1), 0),
    (ib.Rotate(180), lambda samples: samples[::-1, ::-1], 0),
    (ib.Pad("140x100", gravity="northwest", background="#102030"), lambda samples: np.concatenate([
        np.concatenate([samples, np.full((80, 20, samples.shape[2]), 0)], axis=1),
        np.zeros((20, 140, samples.shape[2]))]) + _surround(samples), 0),
    (ib.Resize("60x40"), lambda samples: weighted(samples, lambda all: deep_pictures.resize(all, (60, 40))), 1),
    (ib.Resize("20x13!"), lambda samples: weighted(samples, lambda all: deep_pictures.resize(all, (20, 13))), 1),
    (ib.Resize("200x140!", upscale=True),
     lambda samples: weighted(samples, lambda all: deep_pictures.resize(all, (200, 140))), 1),
    (ib.Blur(2.3), lambda samples: weighted(samples, lambda all: deep_pictures.blur(all, 2.3)), 1),
    (ib.Sharpen(1.5), moved_apart(deep_pictures.smooth, 1.5), 1),
    (ib.Sharpness(0.5), moved_apart(deep_pictures.smooth, -0.5), 1),
    (ib.Unsharp(1.2, amount=0.8), moved_apart(lambda all: deep_pictures.blur(all, 1.2), 0.8), 1),
    (ib.Brightness(1.3), of_colors(lambda values: values * 1.3), 1),
    (ib.Contrast(1.4), of_colors(lambda values: (values - 0.5) * 1.4 + 0.5), 1),
    (ib.Gamma(1.6), of_colors(lambda values: values ** (1 / 1.6)), 1),
    (ib.Levels(20, 230, 1.2), of_colors(lambda values: ((values - 20 / 255) / (210 / 255)).clip(0, 1) ** (1 / 1.2)), 1),
    (ib.Invert(), of_colors(lambda values: 1 - values), 0),
    (ib.Solarize(128), of_colors(lambda values: np.where(values >= 128 / 255, 1 - values, values)), 1),
    (ib.Saturation(1.4), of_colors(lambda values: luma(values) + (values - luma(values)) * 1.4), 1),
    (ib.Sepia(), of_colors(lambda values: mixed(values, SEPIA)), 1),
    (ib.Modulate(1.2), of_colors(lambda values: values * 1.2), 1),
]  # fmt: skip


def _surround(samples: Samples) -> Samples:
    """The background of the padded picture, and nothing where the picture is."""
    result = np.empty((100, 140, samples.shape[2]))
    result[...] = [0x10 * 257, 0x20 * 257, 0x30 * 257, 65535][: samples.shape[2]]
    result[:80, :120] = 0
    return result


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize(("operation", "exact", "bound"), EXACT, ids=lambda value: getattr(value, "word", ""))
def test_operations_are_as_exact_as_16_bits(
    operation: Operation, exact: Callable[[Samples], Samples], bound: float, count: int
) -> None:
    samples = gradient(count)
    result = apply_operation(operation, bands.from_array(samples))
    expected = exact(samples.astype(float)).clip(0, 65535)
    difference = np.abs(np.asarray(result) - expected)
    if count == 4:  # what is hardly seen has hardly a color
        difference[..., :3] *= np.asarray(result)[..., 3:] / 65535
    print(f"{operation.word}: {difference.max():.2f}/65535")
    assert difference.max() <= max(bound, 1e-6)


def example(cls: type[Operation]) -> Operation | None:
    """One operation of a kind; None where it needs a file."""
    arguments: dict[str, tuple[object, ...]] = {
        "resize": ("60",), "crop": ("50x40+10+5",), "pad": ("150x150",), "border": ("7",), "rotate": (20,),
        "blur": (2,), "box_blur": (2.5,), "median": (3,), "min": (3,), "max": (3,), "brightness": (1.2,),
        "contrast": (1.2,), "saturation": (1.3,), "sharpness": (1.5,), "gamma": (1.4,), "levels": (10, 245),
        "modulate": (1.1, 1.3, 20), "posterize": (4,), "solarize": (100,), "threshold": (100,), "tint": ("#4060a0",),
        "alpha": ("remove",), "text": ("x",),
    }  # fmt: skip
    if any(word in cls.__dataclass_fields__ for word in ("file", "image")) or cls.word in ("flat_field", "dark_frame"):
        return None
    return cls(*arguments.get(cls.word, ()))


KINDS: list[Operation] = [ib.Alpha(action, "#204060") for action in ACTIONS]
KINDS += [one for cls in all_operations() if cls is not ib.Trim and (one := example(cls)) is not None]


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("operation", KINDS, ids=str)
def test_16_bits_show_what_8_bits_show(operation: Operation, count: int) -> None:
    deep = bands.from_array(gradient(count))
    result = apply_operation(operation, deep)
    shallow = operation.apply(deep.to_eight_bits())
    assert (result.mode in color.DEEP) == (operation.bands != "eight_bits")
    rounded = color.to_eight_bits(result)
    assert (rounded.mode, rounded.size) == (shallow.mode, shallow.size)
    difference = np.abs(np.asarray(rounded).astype(int) - np.asarray(shallow)).astype(float)
    if "A" in shallow.getbands():
        difference[..., :-1] *= np.asarray(shallow)[..., -1:] / 255
    assert difference.mean() < 2 and np.quantile(difference, 0.95) <= 4  # steps of a threshold may lie elsewhere


def test_a_border_is_cut_off_by_16_bits() -> None:
    samples = np.full((30, 40, 4), 20000, "<u2")
    samples[..., 3] = 65535
    samples[5:20, 10:30, 1] += 200  # less than one level of 8 bits
    assert apply_operation(ib.Trim(0.5), bands.from_array(samples)).size == (20, 15)
    assert apply_operation(ib.Trim(1), bands.from_array(samples)).size == (40, 30)
    samples[:3, :, 3] = samples[:, :2, 3] = 0  # what is transparent is all alike
    samples[:3, :, 0] = 999
    assert apply_operation(ib.Trim(1), bands.from_array(samples)).size == (38, 27)


def test_frames_and_tables_from_files_work_with_16_bits(tmp_path: Path) -> None:
    samples = gradient(3, (60, 40))
    source = write(tmp_path / "a.png", png(samples))
    frame = np.full_like(samples, 3001)
    other = gradient(3, (60, 40))[::-1] // 2
    write(tmp_path / "dark.png", png(frame))
    write(tmp_path / "other.png", png(other))
    write(tmp_path / "flat.png", png(np.full_like(samples, 30000)))
    points = "\n".join(f"{r} {g} {b}" for b in (0.5, 1) for g in (0, 0.5) for r in (0, 1))
    write(tmp_path / "half.cube", f"LUT_3D_SIZE 2\n{points}\n".encode())
    write(tmp_path / "curve.cube", b"LUT_1D_SIZE 2\n0 0 0.5\n1 0.5 1\n")
    halves = samples * [1, 0.5, 0.5] + [0, 0, 32767.5]
    expected: list[tuple[Operation, Samples, float]] = [
        (ib.DarkFrame(str(tmp_path / "dark.png")), samples - 3001.0, 1),
        (ib.FlatField(str(tmp_path / "flat.png")), samples, 1),
        (ib.Lut(str(tmp_path / "half.cube")), halves, 1),
        (ib.Lut(str(tmp_path / "half.cube"), interpolation="trilinear"), halves, 1),
        (ib.Lut(str(tmp_path / "curve.cube")), halves, 1),
        (ib.MatchHistogram(str(tmp_path / "other.png")), other[::-1], 40),  # the other's histogram in steps
    ]
    for number, (operation, values, bound) in enumerate(expected):
        outcome = run_one(source, tmp_path / f"out{number}", operation)
        assert outcome.changes == ()
        result = np.asarray(read(Path(outcome.outputs[0].path).read_bytes()))
        assert np.abs(result - np.asarray(values, float)).max() <= bound, operation


def test_an_operation_that_declares_nothing_gets_8_bits() -> None:
    class Probe(Operation):
        word = "probe"

        def apply(self, image: Image.Image) -> Image.Image:
            assert image.mode == "RGB"
            return image

    assert apply_operation(Probe(), bands.from_array(gradient())).mode == "RGB"


OWN = """
from dataclasses import dataclass
import imgbatch as ib

@ib.operation("halve_shallow")
@dataclass(frozen=True)
class HalveShallow:
    bands: int = 3  # a parameter of its own

    def apply(self, image):
        assert image.mode in ("RGB", "RGBA")
        return image

@ib.operation("halve")
@dataclass(frozen=True)
class Halve(ib.Operation):
    bands = "colors"

    def apply(self, image):
        assert image.mode == "I;16"
        import numpy
        from PIL import Image
        return Image.fromarray(numpy.asarray(image) // 2)
"""


def test_an_operation_of_ones_own_says_how_it_treats_bands(tmp_path: Path) -> None:
    (tmp_path / "halve.py").write_text(OWN)
    samples = gradient(4)
    source = write(tmp_path / "a.png", png(samples))
    operations = [plugins.from_file(str(tmp_path / "halve.py"), name)() for name in ("Halve", "HalveShallow")]
    outcome = run_one(source, tmp_path / "out", operations[0])
    result = np.asarray(read(Path(outcome.outputs[0].path).read_bytes()))
    assert outcome.changes == () and (result[..., 3] == samples[..., 3]).all()
    assert (result[..., :3] == samples[..., :3] // 2).all()
    outcome = run_one(source, tmp_path / "shallow", operations[1])
    assert set(outcome.changes) == {"depth: 16 -> 8 bits", "depth: halve_shallow works with 8 bits"}


def test_light_is_averaged_with_16_bits() -> None:
    samples = np.zeros((40, 40, 4), "<u2")
    samples[:, ::2] = 65535
    samples[..., 3] = 65535
    result = np.asarray(apply_operation(ib.Resize("20", linear=True, kernel="box"), bands.from_array(samples)))
    half = 1.055 * 0.5 ** (1 / 2.4) - 0.055
    assert np.abs(result[..., :3].astype(float) - half * 65535).max() <= 1 and (result[..., 3] == 65535).all()


def test_a_turn_by_any_angle_keeps_a_flat_color_and_its_edges_alpha() -> None:
    samples = np.full((40, 60, 4), 12345, "<u2")
    samples[..., 3] = 65535
    result = np.asarray(apply_operation(ib.Rotate(20), bands.from_array(samples)))
    visible = result[..., 3] > 0
    assert np.abs(result[..., :3].astype(int) - 12345)[visible].max() <= 1
    assert 0 < np.count_nonzero((result[..., 3] > 0) & (result[..., 3] < 65535)) < 400


def test_colors_under_no_alpha_do_not_show() -> None:
    samples = np.full((30, 30, 4), 65535, "<u2")
    samples[:, 15:, :] = 0  # black and transparent
    for operation in (ib.Resize("10"), ib.Blur(2), ib.BoxBlur(2), ib.Median(3), ib.Rotate(10)):
        result = np.asarray(apply_operation(operation, bands.from_array(samples)))
        assert (result[..., :3][result[..., 3] > 0] >= 65534).all(), operation.word


def test_what_a_deep_image_cannot_do_fails() -> None:
    deep = as_deep(bands.from_array(gradient()))
    for name, argument in (("convert", "L"), ("filter", ImageFilter.SMOOTH), ("rotate", 10), ("reduce", 2)):
        with pytest.raises((AssertionError, ValueError)):
            getattr(deep, name)(argument)


@pytest.mark.parametrize(
    ("transfer", "first", "last"), [(16, 0.3, 0.55), (18, 0.3, 0.55), (8, 0.001, 0.2), (4, 0.2, 0.8)],
    ids=["PQ", "HLG", "linear", "gamma 2.2"],
)  # fmt: skip
@pytest.mark.parametrize(("format", "depth"), [("png", "8"), ("tiff", "8"), ("bmp", "keep")])
def test_colors_are_converted_before_they_have_8_bits(
    format: str, depth: str, transfer: int, first: float, last: float, tmp_path: Path
) -> None:
    """A number of PQ of 8 bits is up to six of sRGB, one of light up to 13: a sky would be stripes."""
    slope = np.rint(np.linspace(first, last, 1024) * 65535).astype("<u2")
    samples = np.broadcast_to(slope[None, :, None], (8, 1024, 3))
    path = write(tmp_path / "sky.png", png(samples, (b"cICP", bytes((9, transfer, 0, 1)))))
    outcome = run_one(path, tmp_path / "out", format=format, icc="srgb", depth=depth)
    with Image.open(outcome.outputs[0].path) as image:
        row = np.asarray(image.convert("RGB"))[4].astype(int)
    assert np.abs(np.diff(row, axis=0)).max() == 1 and row[-1].min() - row[0].max() > 60
    assert outcome.changes[-1] == "depth: 16 -> 8 bits"

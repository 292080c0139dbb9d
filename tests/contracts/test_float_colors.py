"""RGB of 32-bit floats stays so in TIFF, whatever its layout; what becomes of it elsewhere is said."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.reading import color_description, limits
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.codecs.reading.open import open_image
from imgbatch.codecs.reading.samples import tiff_samples
from imgbatch.core.errors import ImageError
from imgbatch.operations import Operation
from imgbatch.operations.base import apply_operation
from imgbatch.pipeline.decisions import decode_plan, memory_demand
from imgbatch.pixels import frames, profile_conversion
from imgbatch.pixels.color_spaces import color_space, icc_profile
from imgbatch.pixels.deep import floats as deep_floats
from imgbatch.pixels.deep import gray
from tests.contracts import deep_pictures
from tests.contracts.pictures import count_in_file
from tests.contracts.test_floats import KEEPING, SPANS, WITHOUT_FLOATS
from tests.tiff_files import Samples, tiff

SIZE = (120, 80)


def colors(low: float = 0, high: float = 1) -> Samples:
    """A slope in each band, all together from `low` to `high`."""
    values = deep_pictures.gradient(3, SIZE).astype(np.float64)
    values -= values.min()
    result: Samples = (low + values * ((high - low) / values.max())).astype("f4")
    return result


def opened(data: bytes, most: int = 1_000_000) -> SourceImage:
    limits.readers()
    with limits.pixel_limit(most):
        return open_image(data, ".tif", most)


def read(data: bytes, deep: bool = True, which: int = 0) -> Samples:
    with opened(data) as picture:
        return np.asarray(list(picture.decode(deep=deep)[0])[which])


def run_one(path: Path, output: Path, *ops: Operation, **options: Any) -> tuple[Path, tuple[str, ...]]:
    """The file that a whole run makes of another one, and its changes."""
    (outcome,) = ib.run([path], output, ib.Recipe(ops, [ib.Output(**options)]), workers=0, force=True).outcomes
    assert outcome.ok, outcome.error
    return Path(outcome.outputs[0].path), outcome.changes


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("tile", [None, (32, 16)], ids=str)
@pytest.mark.parametrize(
    ("packer", "predictor"),
    [("none", 1), ("deflate", 1), ("deflate", 3), ("lzw", 1), ("lzw", 3), ("packbits", 1), ("lzma", 3)],
)
def test_every_layout_is_read_to_the_bit(
    order: str, planar: bool, tile: tuple[int, int] | None, packer: str, predictor: int
) -> None:
    values = colors(-3, 5000)
    data = tiff(values, order=order, planar=planar, tile=tile, packer=packer, predictor=predictor)
    assert read(data).tobytes() == values.tobytes()


def test_pages_packed_by_zstandard_are_read() -> None:
    values, file = colors(), io.BytesIO()
    frame = deep_floats.from_array(values)
    try:
        Image.new("L", (9, 9)).save(file, "TIFF", compression="zstd")
    except OSError:
        pytest.skip("this Pillow's libtiff has no zstd")
    made = codecs.encode([frame], "tiff", ib.Output(compression="zstd"), codecs.Metadata(), codecs.AnimationTiming())
    with Image.open(io.BytesIO(tag_as_bytes(made.data))) as page:
        assert page.info["compression"] == "zstd"
    assert read(made.data).tobytes() == values.tobytes()


def tag_as_bytes(data: bytes) -> bytes:
    """The file with 16-bit samples, for Pillow to read its header."""
    return data.replace(b"\x20\0\x20\0\x20\0", b"\x10\0\x10\0\x10\0").replace(b"\3\0\3\0\3\0", b"\1\0\1\0\1\0")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_baked(orientation: int) -> None:
    values = colors()
    across = values.swapaxes(0, 1)
    upright = (
        values, values[:, ::-1], values[::-1, ::-1], values[::-1],
        across, across[:, ::-1], across[::-1, ::-1], across[::-1],
    )[orientation - 1]  # fmt: skip
    assert read(tiff(values, orientation=orientation)).tobytes() == upright.tobytes()


@pytest.mark.parametrize(("operation", "exact"), KEEPING, ids=lambda value: getattr(value, "word", ""))
@pytest.mark.parametrize("span", [(0, 1), (-300, 5000)], ids=str)
def test_floats_stay_floats(tmp_path: Path, operation: Operation, exact: Any, span: tuple[float, float]) -> None:
    values = colors(*span)
    (tmp_path / "a.tif").write_bytes(tiff(values, order=">", packer="lzw", predictor=3, planar=True))
    path, changes = run_one(tmp_path / "a.tif", tmp_path / "out", operation)
    result = read(path.read_bytes())
    assert result.dtype == np.float32 and not changes
    assert np.abs(result - exact(values.astype(np.float64))).max() <= (span[1] - span[0]) / 65535


def test_a_border_is_of_the_range_of_all_bands() -> None:
    values = colors() * np.array([1, 200, 0.5], "f4")  # white is 255, though two bands end at 1
    image = deep_floats.from_array(values)
    for operation in (ib.Pad("200x100", background="#ff0080"), ib.Rotate(45, background="#ff0080")):
        result = np.asarray(operation.apply(image))
        assert np.abs(result[0, 0] - (255, 0, 128)).max() < 1e-3
    middle = np.asarray(ib.Pad("200x100").apply(image))[10:90, 40:160]
    assert middle.tobytes() == values.tobytes()
    inner = np.asarray(ib.Rotate(360 - 1e-9).apply(image))[9:70, 9:110]
    assert np.abs(inner - values[9:70, 9:110]).max() < 0.01
    with pytest.raises(ImageError, match="the background must be opaque"):
        ib.Pad("200x100", background="transparent").apply(image)


@pytest.mark.parametrize(
    "operation", [ib.Denoise(20), ib.Edges(), ib.Emboss(), ib.Median(3), ib.BoxBlur(1.5), ib.Sharpness(3)], ids=str
)
def test_other_filters_do_to_each_band_what_they_do_to_gray_floats(operation: Operation) -> None:
    values = colors()
    values[..., 1] *= 0.5
    noise = np.random.default_rng(1).random(values.shape, dtype="f4") / 10
    image = deep_floats.from_array((values + noise) / 1.2)
    result = apply_operation(operation, image)
    assert result.mode == "RGB;F"
    for band, own in zip(image.split(), result.split(), strict=True):
        expected = np.asarray(operation.apply(band))
        assert np.abs(np.asarray(own) - expected).max() <= 1e-6 and (expected != np.asarray(band)).any()


def test_frames_of_the_sensor_are_taken_off(tmp_path: Path) -> None:
    values, dark = colors(), tmp_path / "dark.png"
    Image.new("RGB", SIZE, (51, 51, 51)).save(dark)
    (tmp_path / "a.tif").write_bytes(tiff(values))
    path, changes = run_one(tmp_path / "a.tif", tmp_path / "out", ib.DarkFrame(str(dark)))
    assert not changes and np.abs(read(path.read_bytes()) - np.maximum(values - 0.2, 0)).max() <= 1e-6


@pytest.mark.parametrize("threshold", [0, 20])
def test_small_differences_are_those_of_the_range_of_all_bands(threshold: int) -> None:
    values = colors() * np.array([1, 200, 0.5], "f4")
    values[40, 60] += (0.5, 30, 0.2)
    result = np.asarray(ib.Unsharp(1.2, amount=1, threshold=threshold).apply(deep_floats.from_array(values)))
    exact = values.astype(np.float64)
    difference = exact - deep_pictures.blur(exact, 1.2)
    expected = exact + np.where(np.abs(difference) > threshold, difference, 0)
    assert np.abs(result - expected).max() < 1e-3 and (result != values).any()


def test_what_is_no_number_does_not_reach_the_corners_when_turned() -> None:
    values = colors()
    values[40, 60] = values[0, 60] = np.nan
    result = np.asarray(ib.Rotate(30).apply(deep_floats.from_array(values)))
    is_corner = np.asarray(ib.Rotate(30).apply(deep_floats.from_array(np.zeros_like(values)))) == 1
    assert 0 < np.isnan(result).sum() <= 2 * 3 * 25 and (result[is_corner] == 1).all()


@pytest.mark.parametrize(("format", "bits"), WITHOUT_FLOATS)
@pytest.mark.parametrize(("span", "black", "white", "note"), SPANS)
def test_formats_without_floats_say_what_became_black_and_white(
    tmp_path: Path, format: str, bits: int, span: tuple[float, float], black: float, white: float, note: list[str]
) -> None:
    values = colors(*span)
    (tmp_path / "a.tif").write_bytes(tiff(values))
    path, changes = run_one(tmp_path / "a.tif", tmp_path / "out", format=format, quality=100)
    assert [one for one in changes if "not written" not in one] == [f"depth: 32 -> {bits} bits", *note]
    seen = read_any(path).astype(np.float64)
    expected = (values.astype(np.float64) - black) / (white - black) * (2**bits - 1)
    assert np.abs(seen - expected).max() <= (0.6 if format in ("png", "bmp") else 9)


def read_any(path: Path) -> Samples:
    limits.readers()
    data = path.read_bytes()
    with limits.pixel_limit(10**6), open_image(data, path.suffix, 10**6) as picture:
        return np.asarray(next(picture.decode(deep=True)[0]))


@pytest.mark.parametrize(("format", "top"), [("png", 65535), ("bmp", 255)])
def test_what_is_no_number_has_a_place_and_is_counted(tmp_path: Path, format: str, top: int) -> None:
    values = colors(-2, 7)
    values[3, :2] = (np.nan, np.inf, -np.inf), (np.nan, 1, 2)
    (tmp_path / "a.tif").write_bytes(tiff(values))
    path, changes = run_one(tmp_path / "a.tif", tmp_path / "out", format=format)
    assert changes[1:4] == (
        "values: 2 that are no numbers made black", "values: 2 infinite made black or white",
        "values: -2 to 7 made black to white",
    )  # fmt: skip
    result = read_any(path)
    assert result[3, 0].tolist() == [0, top, 0] and result[3, 1, 0] == 0
    assert np.abs(result[4:] / top * 9 - 2 - values[4:]).max() < 9 / 255


@pytest.mark.parametrize("bits", ["8", "16"])
def test_fewer_bits_on_request(tmp_path: Path, bits: str) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(colors()))
    path, changes = run_one(tmp_path / "a.tif", tmp_path / "out", depth=bits)
    assert changes == (f"depth: 32 -> {bits} bits",) and deep_pictures.stored_depth(path.read_bytes()) == int(bits)


def test_eight_bits_without_a_wish_for_more() -> None:
    with opened(tiff(colors(-1, 3))) as picture:
        (frame,) = picture.decode()[0]
        assert frame.mode == "RGB" and frame.getextrema() != ((0, 0),) * 3
        assert picture.changes == ["depth: 32 -> 8 bits", "values: -1 to 3 made black to white"]


@pytest.mark.parametrize(
    "operation", [ib.Brightness(1.2), ib.Autocontrast(), ib.Clahe(), ib.Tint("red"), ib.Invert(), ib.Alpha("extract")]
)
@pytest.mark.parametrize("format", ["tiff", "jpeg"])
def test_tones_have_no_meaning(tmp_path: Path, operation: Operation, format: Any) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(colors()))
    recipe = ib.Recipe([operation], [ib.Output(format=format)])
    (outcome,) = ib.run([tmp_path / "a.tif"], tmp_path / "out", recipe, workers=0).outcomes
    assert outcome.error is not None and outcome.error.kind == "mode"
    assert "32-bit samples have no fixed white; leave the operation away" in outcome.error.message


def test_an_operation_of_eight_bits_says_what_it_loses(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(colors(-1, 3)))
    _, changes = run_one(tmp_path / "a.tif", tmp_path / "out", ib.Text("x"))
    assert changes == (
        "depth: text works with 8 bits", "depth: 32 -> 8 bits", "values: -1 to 3 made black to white",
    )  # fmt: skip


@pytest.mark.parametrize("packer", ["none", "lzw", "deflate", "packbits", "lzma"])
def test_compression_and_profile_are_kept(tmp_path: Path, packer: str) -> None:
    values = colors()
    data = tiff(values, packer=packer)
    (tmp_path / "a.tif").write_bytes(data)
    path, changes = run_one(tmp_path / "a.tif", tmp_path / "out", ib.Flip())
    assert not changes
    with opened(path.read_bytes()) as made, opened(data) as source:
        assert made.image.info["compression"] == source.image.info["compression"]
    icc = profile_conversion.srgb_profile()
    frame = deep_floats.from_array(values)
    encoded = codecs.encode([frame, frame], "tiff", ib.Output(), codecs.Metadata(icc=icc), codecs.AnimationTiming())
    with opened(encoded.data) as pages:
        assert pages.metadata.icc == icc and pages.frame_count == 2
    assert read(encoded.data, which=1).tobytes() == values.tobytes()


@pytest.mark.parametrize("policy", ["srgb", "none"])
def test_a_profile_is_applied_with_16_bits(policy: Any) -> None:
    icc = icc_profile.profile_of(color_space.ADOBE_RGB)
    frame, wish = deep_floats.from_array(colors()), ib.Output(icc=policy)
    encoded = codecs.encode([frame], "tiff", wish, codecs.Metadata(icc=icc), codecs.AnimationTiming())
    deep = deep_floats.to_sixteen_bits(frame, [])
    expected = np.asarray(profile_conversion.to_srgb(deep, icc))
    assert encoded.changes[:2] == ["depth: 32 -> 16 bits", "icc: Adobe RGB -> sRGB"]
    assert (read(encoded.data) == expected).all() and (expected != np.asarray(deep)).any()


def test_a_page_with_its_own_profile_gets_the_colors_of_the_first() -> None:
    frame = deep_floats.from_array(colors())
    adobe = icc_profile.profile_of(color_space.ADOBE_RGB)
    metadata, changes = codecs.Metadata(icc=adobe), list[str]()
    page = codecs.encode([frame], "tiff", ib.Output(), metadata, codecs.AnimationTiming()).data
    with opened(page) as own:  # as if it were a later page of a file whose first one has no profile
        (result,) = color_description._in_one_space(own.image, iter([frame]), None, changes, None)
    assert result.mode == "RGB;16" and (np.asarray(result) == adobe_to_srgb(frame)).all()
    assert changes == ["depth: 32 -> 16 bits", "icc of page 1: Adobe RGB -> sRGB"]


def adobe_to_srgb(frame: Image.Image) -> Samples:
    deep = deep_floats.to_sixteen_bits(frame, [])
    return np.asarray(profile_conversion.to_srgb(deep, icc_profile.profile_of(color_space.ADOBE_RGB)))


def test_light_is_averaged_as_it_is() -> None:
    image = deep_floats.from_array(colors(-300, 5000))
    linear, plain = (np.asarray(ib.Resize("60", linear=linear).apply(image)) for linear in (True, False))
    assert (linear == plain).all() and linear.shape == (40, 60, 3)


def test_memory_is_that_of_floats() -> None:
    with opened(tiff(colors())) as picture:
        plan = decode_plan.DecodePlan(picture.size, None, "nobody", (), ())
        demand = memory_demand.memory_demand(picture, plan, 0)
    assert demand >= 100 * SIZE[0] * SIZE[1]  # 12 bytes as stored, as samples, as bands, of a result, and in 64 bits


@pytest.mark.parametrize("packer", ["none", "deflate", "lzw"])
def test_pixels_that_end_early_are_damage(packer: str) -> None:
    data = tiff(colors(), packer=packer, rows=80)
    with opened(data) as picture:
        (place,) = tiff_samples.layout_of(picture.image.tag_v2).places  # type: ignore[union-attr, attr-defined]
    broken = data[: place + 2000] + bytes(200_000) + data[place + 202_000 :]
    broken = data[:place] + b"\xff" * 100 + data[place + 100 :] if packer != "none" else broken
    if packer == "none":  # the last bytes of the directory and of the pixels change places
        broken = data.replace(struct.pack("<HHII", 273, 4, 1, place), struct.pack("<HHII", 273, 4, 1, len(data) - 99))
    with pytest.raises(ImageError) as caught:
        read(broken)
    assert caught.value.kind in ("truncated", "corrupt")


def test_a_directory_that_contradicts_itself_is_damage() -> None:
    data = tiff(colors(), packer="lzw", rows=80)
    broken = data.replace(struct.pack("<HHII", 278, 4, 1, 80), struct.pack("<HHII", 278, 4, 1, 7))
    assert broken != data
    with pytest.raises(ImageError) as caught:
        read(broken)
    assert caught.value.kind == "corrupt" and "does not say where" in str(caught.value)


def test_bombs_are_refused_by_their_header() -> None:
    with pytest.raises(ImageError) as caught:
        opened(tiff(colors()), 9000)
    assert caught.value.kind == "too_large"


def test_other_floats_are_unsupported() -> None:
    for values, extra in ((np.ones((9, 9, 4), "f4"), 2), (np.ones((9, 9, 3), "f8"), None)):
        with pytest.raises(ImageError) as caught:
            opened(tiff(values, extra=extra))
        assert caught.value.kind == "unsupported"


def test_one_decode_serves_outputs_of_all_depths(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(colors(-1, 3)))
    outputs = [ib.Output(format="tiff", dir="t"), ib.Output(format="png", dir="p"), ib.Output(format="jpeg", dir="j")]
    recipe = ib.Recipe([ib.Resize("50%")], outputs)
    (outcome,) = ib.run([tmp_path / "a.tif"], tmp_path / "out", recipe, workers=0).outcomes
    assert outcome.ok, outcome.error
    assert {"depth: 32 -> 16 bits", "depth: 32 -> 8 bits"} <= set(outcome.changes)
    assert read(Path(outcome.outputs[0].path).read_bytes()).dtype == np.float32


def test_frames_in_a_file_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MEMORY_LIMIT", 1)
    image = deep_floats.from_array(colors())
    spool = frames.SpooledFrames([image, image])
    assert count_in_file(spool) == 1 and spool[1].mode == "RGB;F"
    assert np.asarray(spool[1]).tobytes() == np.asarray(image).tobytes()
    assert frames.size_in_memory(image) == 12 * SIZE[0] * SIZE[1]


def test_the_range_is_that_of_all_bands() -> None:
    values = colors(-3, 4)
    assert gray.gray_range(deep_floats.from_array(values)) == (-3, 4)
    values[0, 0] = np.nan, np.inf, -np.inf
    low, high = gray.gray_range(deep_floats.from_array(values))
    assert low == pytest.approx(-3, abs=0.1) and high == 4

"""HEIC of 10 and 12 bits keeps them into the formats that hold more than 8 and back; where not, one entry says it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.reading import limits, optional_readers
from imgbatch.codecs.reading.samples import bit_depth
from imgbatch.operations import Operation
from imgbatch.pixels.color_spaces import color_space, icc_profile
from tests.contracts.deep_pictures import Samples, gradient, png, stored_depth

WORDS = {1: "L", 3: "RGB", 4: "RGBA"}
#: 4 x 3 px of 16-bit RGB without loss, and 16 x 16 px of 10-bit AVIF, by libraries that imgbatch does not use.
JXL_OF_16_BITS = (
    "0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c20000000096a786c6c0a000000e96a786c63ff0a1030fc0014"
    "2d020802010048034b189b9c71840338800338204ac039050100204480081001224084ffff3ff8ffffa23ec61873aeb5f7dee79c730e0145"
    "44444444646666def77e55555515fcffffc1ffff17f531c69873adbdf73ee79c73082822222222223333f3bef7abaaaaaae0ffff0ffeffbf"
    "a88f31c69c6bedbdf739e79c43401111111111999999f7bd5f55555505ffff7ff0ffff457d8c31e65c6befbdcf39e71c028a88888888c8cc"
    "ccbceffdaaaaaaaa03f0f6f0278cfa84519f30ea1b18f509a33e61d4278cfa06467dc2a84f18f509a33e3e18000000000000"
)
AVIF_OF_10_BITS = (
    "00000020667479706176696600000000617669666d6966316d6961664d413141000000eb6d657461000000000000002168646c7200000000"
    "0000000070696374000000000000000000000000000000000e7069746d0000000000010000001e696c6f6300000000440000010001000000"
    "0100000113000000230000002869696e660000000000010000001a696e6665020000000001000061763031436f6c6f72000000006a697072"
    "700000004b6970636f0000001469737065000000000000001000000010000000107069786900000000030a0a0a0000000c61763143812040"
    "0000000013636f6c726e636c78000200020000800000001769706d610000000000000001000104010283040000002b6d64617412000a0838"
    "0cfff9c080802432151000000014b9b76cad34d112964f5915bab956f835"
)


@pytest.fixture
def heif() -> Any:
    return pytest.importorskip("pillow_heif", reason=f"{optional_readers.advice('heif')} was not done")


def as_stored(samples: Samples, bits: int) -> Samples:
    """Samples of 16 bits as numbers of `bits`."""
    most = (1 << bits) - 1
    result: Samples = np.rint(samples / 65535 * most).astype("<u2")
    return result


def heic(heif: Any, samples: Samples, bits: int, **options: Any) -> bytes:
    """A HEIC of `bits` of a sample, as little changed by its encoder as can be."""
    height, width, count = samples.shape
    file = io.BytesIO()
    options = {"quality": -1, "chroma": 444, "bit_depth": bits} | options
    heif.encode(f"{WORDS[count]};{bits}", (width, height), as_stored(samples, bits).tobytes(), file, **options)
    return file.getvalue()


def run_one(path: Path, output: Path, *ops: Operation, **options: Any) -> ib.Outcome:
    """The record of a whole run of one file."""
    (outcome,) = ib.run([path], output, ib.Recipe(ops, [ib.Output(**options)]), workers=0, force=True).outcomes
    assert outcome.ok, outcome.error
    return outcome


def read(path: str) -> tuple[codecs.SourceImage, Samples]:
    """A file, opened, and its samples as we read them with all their bits."""
    with limits.pixel_limit(10**6):
        picture = codecs.open_image(Path(path).read_bytes(), Path(path).suffix, 10**6)
        (frame,) = picture.decode(deep=True)[0]
    assert not picture.changes
    samples = np.asarray(frame)
    return picture, samples.reshape(*samples.shape[:2], -1)


@pytest.mark.parametrize("bits", range(8, 16))
def test_fewer_bits_are_spread_over_16(bits: int) -> None:
    most = (1 << bits) - 1
    result = bit_depth.spread(np.arange(most + 1), bits)
    assert result[0] == 0 and result[most] == 65535
    assert np.abs(result - np.arange(most + 1) * (65535 / most)).max() <= 0.5


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("count", WORDS)
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_all_bits_of_a_heic_are_kept(heif: Any, tmp_path: Path, bits: int, count: int, format: str) -> None:
    samples = gradient(count)
    samples[:10] = 65535  # white stays white
    (tmp_path / "a.heic").write_bytes(heic(heif, samples, bits))
    outcome = run_one(tmp_path / "a.heic", tmp_path / "out", ib.Flip(), format=format)
    assert outcome.changes == (f"depth: {bits} -> 16 bits",)
    assert stored_depth(Path(outcome.outputs[0].path).read_bytes()) == 16
    result = read(outcome.outputs[0].path)[1].astype(int)
    step = 65535 / ((1 << bits) - 1)
    assert np.abs(result[::-1] - samples).max() <= 1.5 * step + 1  # its encoder's colors are off by one step
    assert (result[-5:] >= 65535 - step - 1).all() and result[-5:].max() == 65535


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("count", WORDS)
def test_a_heic_that_stays_one_keeps_its_bits(heif: Any, tmp_path: Path, bits: int, count: int) -> None:
    samples = gradient(count)
    (tmp_path / "a.heic").write_bytes(heic(heif, samples, bits))
    outcome = run_one(tmp_path / "a.heic", tmp_path / "out", ib.Flop(), format="heif", quality=100)
    assert outcome.changes == ()
    picture, result = read(outcome.outputs[0].path)
    assert picture.depth == bits
    assert np.abs(result[:, ::-1].astype(int) - samples).mean() < 65535 / 2**9  # less than a step of 8 bits


@pytest.mark.parametrize(
    ("depth", "bits", "changes"),
    [
        ("keep", 10, ("depth: 16 -> 10 bits",)),
        ("16", 12, ("depth: 16 -> 12 bits",)),
        ("8", 8, ("depth: 16 -> 8 bits",)),
    ],
)
@pytest.mark.parametrize("count", WORDS)
def test_16_bits_become_as_many_as_heic_has(
    heif: Any, tmp_path: Path, depth: str, bits: int, changes: tuple[str, ...], count: int
) -> None:
    samples = gradient(count)
    if count == 1:
        Image.fromarray(samples[..., 0]).save(tmp_path / "a.png")
    else:
        (tmp_path / "a.png").write_bytes(png(samples))
    outcome = run_one(tmp_path / "a.png", tmp_path / "out", format="heif", depth=depth, quality=100)
    assert outcome.changes == changes
    file = heif.HeifFile(outcome.outputs[0].path, convert_hdr_to_8bit=False)  # another opening than ours
    assert file.info["bit_depth"] == bits
    if bits > 8:
        seen = np.asarray(file).reshape(samples.shape).astype(int)
        assert np.abs(seen - samples).mean() < 65535 / 2**9


def test_8_bits_get_12_on_request(heif: Any, tmp_path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.png")
    outcome = run_one(tmp_path / "a.png", tmp_path / "out", ib.Gamma(1.3), format="heif", depth="16", quality=100)
    assert outcome.changes == ("depth: 8 -> 16 bits", "depth: 16 -> 12 bits")
    assert len(np.unique(read(outcome.outputs[0].path)[1])) > 256
    again = run_one(Path(outcome.outputs[0].path), tmp_path / "again", format="heif", depth="16")
    assert again.changes == ("bytes copied: nothing to change",)


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif", "gif"])
def test_formats_of_8_bits_say_so_once(heif: Any, tmp_path: Path, format: str) -> None:
    (tmp_path / "a.heic").write_bytes(heic(heif, gradient(3), 10))
    outcome = run_one(tmp_path / "a.heic", tmp_path / "out", ib.Flip(), format=format)
    assert [change for change in outcome.changes if change.startswith("depth")] == ["depth: 10 -> 8 bits"]


def test_a_profile_and_exif_stay_beside_all_bits(heif: Any, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    profile = icc_profile.profile_of(color_space.ADOBE_RGB)
    data = heic(heif, gradient(3), 10, icc_profile=profile, exif=exif.tobytes())
    (tmp_path / "a.heic").write_bytes(data)
    for format in ("png", "tiff", "heif"):
        outcome = run_one(tmp_path / "a.heic", tmp_path / format, ib.Resize("50%"), format=format)
        metadata = read(outcome.outputs[0].path)[0].metadata
        assert metadata.icc == profile and metadata.exif is not None and b"Maker" in metadata.exif


def test_weighted_colors_of_a_heic_are_divided_by_alpha(heif: Any, tmp_path: Path) -> None:
    samples = gradient(4)
    stored = samples.copy()
    stored[..., :3] = samples[..., :3] * (samples[..., 3:] / 65535)
    file = io.BytesIO()
    size = (samples.shape[1], samples.shape[0])
    heif.encode("RGBa;12", size, as_stored(stored, 12).tobytes(), file, quality=-1, chroma=444, bit_depth=12)
    (tmp_path / "a.heic").write_bytes(file.getvalue())
    outcome = run_one(tmp_path / "a.heic", tmp_path / "out", ib.Flip(), format="png")
    difference = np.abs(read(outcome.outputs[0].path)[1][::-1].astype(int) - samples)
    assert difference[samples[..., 3] > 32768].max() <= 65535 / 2**10


def test_what_is_read_with_8_bits_is_noted_once(tmp_path: Path) -> None:
    sources = {"a.avif": (AVIF_OF_10_BITS, "depth: 10 -> 8 bits")}
    if optional_readers.is_installed("jxl"):
        sources["a.jxl"] = (JXL_OF_16_BITS, "depth: 16 -> 8 bits")
    for name, (data, change) in sources.items():
        (tmp_path / name).write_bytes(bytes.fromhex(data))
        outcome = run_one(tmp_path / name, tmp_path / f"{name}.out", ib.Flip(), format="png")
        assert outcome.changes == (change,)
        assert stored_depth(Path(outcome.outputs[0].path).read_bytes()) == 8

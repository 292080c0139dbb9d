"""JPEG XL and HEIC, where their packages are installed: do they keep what every codec must keep?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image, ImageCms

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, EncodedFile, Encoding, Metadata
from imgbatch.codecs.metadata import exif
from imgbatch.codecs.reading import limits, optional_readers
from imgbatch.codecs.registry import OPTIONAL
from imgbatch.core.errors import ImageError, UsageError
from tests.contracts.pictures import smooth
from tests.contracts.test_codecs import MODES, appearance
from tests.other_readers import EXIFTOOL, needs_exiftool
from tests.unit.codecs.test_exif_tags import block, small
from tests.unit.codecs.test_xmp import PACKET

LIMIT = 1_000_000


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT):
        yield


@pytest.fixture(params=OPTIONAL)
def name(request: pytest.FixtureRequest) -> str:
    if not optional_readers.is_installed(request.param):
        pytest.skip(f"{optional_readers.advice(request.param)} was not done")
    return str(request.param)


def encode(image: Image.Image, name: str, metadata: Metadata | None = None, **options: Any) -> EncodedFile:
    return codecs.encode([image], name, Encoding(**options), metadata or Metadata(), AnimationTiming())


def back(file: EncodedFile) -> tuple[Image.Image, Metadata]:
    with codecs.open_image(file.data, "", LIMIT) as picture:
        (frame,) = picture.decode()[0]
        return frame, picture.metadata


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_looks_the_same(name: str, mode: str) -> None:
    image = smooth(mode)
    file = encode(image, name, quality=95)
    frame, _ = back(file)
    assert frame.size == image.size and file.mode == frame.mode and (file.width, file.height) == image.size
    assert abs(appearance(frame) - appearance(image)).mean() < 3
    assert file.mode in codecs.codec(name).modes


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_lossless_jpeg_xl_keeps_every_pixel(mode: str) -> None:
    if not optional_readers.is_installed("jxl"):
        pytest.skip(optional_readers.advice("jxl"))
    image = smooth(mode)
    file = encode(image, "jxl", lossless=True)
    assert file.quality is None and not file.changes
    assert (numpy.asarray(back(file)[0]) == numpy.asarray(image)).all()


def test_lossless_heic_is_for_gray_only() -> None:
    if not optional_readers.is_installed("heif"):
        pytest.skip(optional_readers.advice("heif"))
    assert (numpy.asarray(back(encode(smooth("L"), "heif", lossless=True))[0]) == numpy.asarray(smooth("L"))).all()
    with pytest.raises(ImageError, match="heif cannot hold colors without loss"):
        encode(smooth("RGB"), "heif", lossless=True)


def test_quality_and_sampling_reach_the_encoder(name: str) -> None:
    noise = Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (48, 64, 3), numpy.uint8))
    sizes = [len(encode(noise, name, quality=quality).data) for quality in (20, 60, 95)]
    assert sizes == sorted(set(sizes))
    assert encode(noise, name).quality == {"jxl": 82, "heif": 60}[name]
    assert encode(noise, name).data == encode(noise, name).data
    if name == "heif":
        whole = encode(noise, name, quality=89, subsampling="4:4:4").data
        assert len(encode(noise, name, quality=89).data) < len(whole) <= len(encode(noise, name, quality=90).data)


def test_a_size_and_a_likeness_are_searched_for(name: str) -> None:
    noise = Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (96, 128, 3), numpy.uint8))
    most = len(encode(noise, name).data) * 2 // 3
    file = encode(noise, name, max_bytes=most)
    assert len(file.data) <= most and file.quality is not None and file.quality < (encode(noise, name).quality or 0)
    assert encode(smooth("RGB"), name, min_ssim=0.9).quality is not None


def test_exif_stays_and_turns_nothing(name: str) -> None:
    upright = Metadata(block("<", small()), xmp=PACKET)
    exif.turn(upright, 6)  # as decoding does
    file = encode(smooth("RGB"), name, upright)
    frame, metadata = back(file)
    assert frame.size == smooth("RGB").size and metadata.exif is not None
    with codecs.open_image(file.data, "", LIMIT) as picture:
        assert picture.orientation == 1


@pytest.mark.parametrize("orientation", [1, 6])
def test_pixels_that_lie_on_their_side_stand_up_or_it_is_said(name: str, orientation: int) -> None:
    held = Image.Exif()
    held[0x0112] = orientation
    file = encode(smooth("RGB"), name, Metadata(held.tobytes().removeprefix(b"Exif\0\0")))
    wide, high = smooth("RGB").size
    upright = (wide, high) if orientation == 1 else (high, wide)
    said = [f"orientation {orientation} not written: jxl"] == file.changes
    assert said == (name == "jxl" and orientation != 1)
    assert back(file)[0].size == ((wide, high) if said else upright)


@needs_exiftool
def test_exiftool_finds_exif_and_xmp(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{OPTIONAL[name].suffixes[0]}"
    path.write_bytes(encode(smooth("RGB"), name, Metadata(block("<", small()), xmp=PACKET)).data)
    groups = subprocess.run([str(EXIFTOOL), "-G1", "-a", str(path)], capture_output=True, check=True).stdout
    assert b"[IFD0]" in groups and b"[XMP-" in groups


def test_a_profile_is_kept_or_made_srgb_with_a_word(name: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = encode(smooth("RGB"), name, Metadata(None, profile))
    if codecs.codec(name).icc:
        assert back(file)[1].icc == profile and not file.changes
    else:
        assert any(text.startswith("icc") for text in file.changes)


def test_a_run_writes_them_with_their_suffix(name: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    smooth("RGB", (64, 48)).save(tmp_path / "in" / "a.png")
    recipe = ib.Recipe([ib.Resize("32")], [ib.Output(format=name)])
    report = ib.run([tmp_path / "in"], tmp_path / "out", recipe, workers=0)
    (written,) = report.outcomes[0].outputs
    assert written.format == name and (written.width, written.height) == (32, 24)
    assert (tmp_path / "out" / f"a{OPTIONAL[name].suffixes[0]}").exists()
    again = ib.run([tmp_path / "in"], tmp_path / "out", recipe, workers=0)
    assert again.outcomes[0].status == "unchanged"


@pytest.mark.parametrize("name", OPTIONAL)
def test_without_its_package_a_run_is_refused_with_the_command(
    name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smooth("RGB").save(tmp_path / "a.png")
    monkeypatch.setattr(optional_readers, "is_installed", lambda _: False)
    with pytest.raises(UsageError) as refusal:
        ib.run([tmp_path / "a.png"], tmp_path / "out", ib.Recipe((), [ib.Output(format=name)]), workers=0)
    assert f'pip install "imgbatch[{name}]"' in str(refusal.value) and "\n" not in str(refusal.value)
    monkeypatch.setitem(sys.modules, optional_readers.EXTRAS[name].module, None)
    with pytest.raises(ImageError, match=r"has no encoder here; pip install"):
        encode(smooth("RGB"), name)

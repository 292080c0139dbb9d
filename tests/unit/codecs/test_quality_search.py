"""Is the wanted size or likeness kept to, with few encodes, or the file refused?"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, EncodedFile, Encoding, Metadata
from imgbatch.codecs.writing.encode import EncoderInput
from imgbatch.core.errors import ImageError, UsageError
from imgbatch.pixels.profile_conversion import srgb_profile
from imgbatch.pixels.ssim import ssim


@pytest.fixture
def encodes(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The qualities that were tried."""
    qualities: list[int | None] = []
    plain = EncoderInput.encode

    def count(self: EncoderInput, encoding: Encoding) -> EncodedFile:
        file = plain(self, encoding)
        qualities.append(file.quality)
        return file

    monkeypatch.setattr(EncoderInput, "encode", count)
    return qualities


def shapes(size: tuple[int, int] = (320, 240), mode: str = "RGB") -> Image.Image:
    """Shapes of many sizes, as a photograph has them; drawn from a fixed seed."""
    random = numpy.random.default_rng(11)
    samples = numpy.zeros((size[1], size[0], 3))
    for step in (2, 8, 40):
        noise = random.integers(0, 256, (size[1] // step + 1, size[0] // step + 1, 3), numpy.uint8)
        samples += numpy.asarray(Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)) * step**0.5
    return Image.fromarray((samples * 255 / samples.max()).astype(numpy.uint8)).convert(mode)


def encode(image: Image.Image, format: str, **options: Any) -> EncodedFile:
    return codecs.encode([image], format, Encoding(**options), Metadata(), AnimationTiming())


def likeness(image: Image.Image, file: EncodedFile) -> float:
    with Image.open(io.BytesIO(file.data)) as again:
        return ssim(numpy.asarray(image.convert("L")), numpy.asarray(again.convert("L")))


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("share", [0.9, 0.7, 0.5])
def test_the_highest_quality_that_fits(encodes: list[int | None], format: str, share: float) -> None:
    image = shapes()
    limit = int(len(encode(image, format).data) * share)
    encodes.clear()
    file = encode(image, format, max_bytes=limit, min_quality=1)
    assert len(file.data) <= limit
    assert len(encodes) <= 7
    assert file.quality is not None and any("to keep to max-bytes" in text for text in file.changes)
    above = encode(image, format, quality=file.quality + 3)
    assert len(above.data) > limit or len(file.data) >= 0.93 * limit


def test_what_fits_at_once_is_encoded_once(encodes: list[int | None]) -> None:
    file = encode(shapes(), "jpeg", quality=70, max_bytes="1MB")
    assert encodes == [70]
    assert file.quality == 70 and not file.changes


def test_out_of_reach_is_a_failure_that_says_how_to_go_on(encodes: list[int | None]) -> None:
    with pytest.raises(
        ImageError, match=r"at quality 60, more than --max-bytes 2000; .*--then-shrink.*--min-quality"
    ) as failure:
        encode(shapes(), "jpeg", max_bytes=2000, min_quality=60)
    assert failure.value.kind == "target"
    assert min(quality or 0 for quality in encodes) == 60 and len(encodes) <= 7


@pytest.mark.parametrize(
    ("format", "mode"), [("jpeg", "RGB"), ("webp", "RGBA"), ("png", "RGB"), ("png", "P"), ("gif", "P")]
)
def test_a_smaller_picture_where_that_is_allowed(encodes: list[int | None], format: str, mode: str) -> None:
    image = shapes(mode=mode)
    limit = len(encode(image, format, quality=60).data) // 4
    encodes.clear()
    file = encode(image, format, max_bytes=limit, min_quality=60, then_shrink=True)
    assert len(file.data) <= limit and len(encodes) <= 7
    assert file.width < 320 and abs(file.width / file.height - 4 / 3) < 0.05
    assert any(text.startswith(f"size: {file.width}x{file.height} instead of 320x240") for text in file.changes)


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_the_lowest_quality_that_looks_alike(encodes: list[int | None], format: str) -> None:
    image = shapes()
    file = encode(image, format, min_ssim=0.95)
    assert len(encodes) <= 7
    assert likeness(image, file) >= 0.95
    assert file.quality is not None and file.quality > 4
    assert likeness(image, encode(image, format, quality=file.quality - 3)) < 0.95


def test_both_wishes_together() -> None:
    image = shapes()
    limit = len(encode(image, "jpeg", quality=60).data)
    assert len(encode(image, "jpeg", max_bytes=limit, min_ssim=0.8).data) <= limit
    with pytest.raises(
        ImageError, match=r"SSIM 0\.\d+ at quality \d+ within --max-bytes \d+, less than --min-ssim"
    ) as failure:
        encode(image, "jpeg", max_bytes=limit // 2, min_ssim=0.995, min_quality=1)
    assert failure.value.kind == "target"


def test_a_likeness_that_no_quality_gives_is_a_failure() -> None:
    with pytest.raises(ImageError, match="less than --min-ssim 1"):
        encode(shapes(), "jpeg", min_ssim=1)


@pytest.mark.parametrize("format", ["png", "jpeg"])
def test_optimize_never_makes_a_file_larger(format: str) -> None:
    for image in (shapes((64, 48)), Image.new("RGB", (8, 8)), shapes(mode="L")):
        assert len(encode(image, format, optimize=True).data) <= len(encode(image, format).data)
        assert len(encode(image, format, optimize=True, progressive=True).data) <= len(
            encode(image, format, progressive=True).data
        )


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_quality_keep_writes_the_tables_and_sampling_of_the_source(tmp_path: Path, sampling: str) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.jpg"
    shapes().save(path, quality=71, subsampling=sampling)
    data, outcome = made_of(tmp_path, (ib.Resize("200"),), quality="keep")
    with Image.open(path) as before, Image.open(io.BytesIO(data)) as after:
        assert isinstance(before, JpegImageFile) and isinstance(after, JpegImageFile)
        assert after.size == (200, 150)
        assert after.quantization == before.quantization
        assert get_sampling(after) == get_sampling(before)
    assert "quality: the source's tables kept" in outcome.changes
    assert outcome.outputs[0].quality is None


@pytest.mark.parametrize(("name", "format"), [("a.png", "jpeg"), ("a.jpg", "webp")])
def test_quality_keep_without_tables_is_the_default_and_said(tmp_path: Path, name: str, format: str) -> None:
    (tmp_path / "in").mkdir()
    shapes().save(tmp_path / "in" / name)
    _, outcome = made_of(tmp_path, format=format, quality="keep")
    assert outcome.outputs[0].quality == 82
    assert "quality: 82, no tables to keep" in outcome.changes


def test_quality_is_a_number_or_keep() -> None:
    assert Encoding(quality="keep").quality == "keep" and Encoding(quality="70").quality == 70
    wrongs: list[Any] = [0, 101, 1.5, True, "best"]
    for wrong in wrongs:
        with pytest.raises(UsageError, match="expected a whole number from 1 to 100 or keep"):
            Encoding(quality=wrong)


# -- min_savings -------------------------------------------------------------------------------------------------------


def made_of(folder: Path, ops: tuple[ib.Operation, ...] = (), **options: Any) -> tuple[bytes, ib.Outcome]:
    output = ib.Output(**options)
    report = ib.run([folder / "in"], folder / "out", ib.Recipe(ops, [output]), workers=0, ledger=False, overwrite=True)
    (outcome,) = report.outcomes
    return Path(outcome.outputs[0].path).read_bytes(), outcome


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    shapes().save(tmp_path / "in" / "a.jpg", quality=60)
    return tmp_path


def test_the_original_stays_where_little_is_saved(source: Path) -> None:
    original = (source / "in" / "a.jpg").read_bytes()
    data, outcome = made_of(source, quality=60, min_savings="5%")
    assert data == original
    assert any(text.startswith("original's bytes kept: encoding would save") for text in outcome.changes)
    data, outcome = made_of(source, quality=30, min_savings="5%")
    assert len(data) < 0.95 * len(original) and not any("kept" in text for text in outcome.changes)


def test_another_picture_is_never_replaced_by_the_original(source: Path) -> None:
    original = (source / "in" / "a.jpg").read_bytes()
    data, _ = made_of(source, (ib.Resize("319"),), quality=95, min_savings="5%")
    assert data != original and len(data) > len(original)
    data, _ = made_of(source, (), format="png", min_savings="5%")
    assert data != original
    data, _ = made_of(source, (ib.Flip(),), quality=95, min_savings="5%")
    assert data != original


def test_the_original_is_not_kept_above_max_bytes(source: Path) -> None:
    original = (source / "in" / "a.jpg").read_bytes()
    data, _ = made_of(source, quality=60, max_bytes=len(original) - 100, min_savings="50%")
    assert len(data) <= len(original) - 100


def test_a_source_that_is_small_enough_is_copied(source: Path) -> None:
    original = (source / "in" / "a.jpg").read_bytes()
    data, outcome = made_of(source, max_bytes=len(original), then_shrink=True, min_quality=50)
    assert data == original and "bytes copied: nothing to change" in outcome.changes
    for limit, quality in ((len(original) - 1, None), (len(original), 40)):
        data, _ = made_of(source, max_bytes=limit, quality=quality)
        assert data != original and len(data) < len(original)


def test_optimize_keeps_an_original_that_is_smaller(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("P", (64, 64)).save(tmp_path / "in" / "a.png", bits=1, optimize=True)
    original = (tmp_path / "in" / "a.png").read_bytes()
    data, _ = made_of(tmp_path, optimize=True)
    assert len(data) <= len(original)


def test_optimize_never_brings_an_original_back_when_its_colors_were_to_change(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "in" / "a.png", optimize=True)
    data, _ = made_of(tmp_path, colors=8, min_savings="90%")
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"


def test_of_both_ways_the_smaller_file_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = encode(shapes(), "png")
    save = codecs.Codec.save

    def clumsy(self: codecs.Codec, frames: Any, options: dict[str, Any]) -> bytes:
        return save(self, frames, options) + (bytes(9999) if options.get("optimize") else b"")

    monkeypatch.setattr(codecs.Codec, "save", clumsy)
    assert encode(shapes(), "png", optimize=True).data == plain.data


def heavy(count: int) -> Metadata:
    """XMP as an editor leaves it: the names of `count` ancestors."""
    items = b"".join(b"<rdf:li>xmp.did:%032X</rdf:li>" % number for number in range(count))
    return Metadata(xmp=b"<x:xmpmeta><rdf:RDF>" + items + b"</rdf:RDF></x:xmpmeta>", comment=b"a comment")


@pytest.mark.parametrize("more", [{}, {"then_shrink": True}, {"min_quality": 1}])
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "tiff"])
def test_metadata_that_are_too_large_are_named(encodes: list[int | None], format: str, more: dict[str, Any]) -> None:
    image, metadata = shapes(), heavy(1000)
    wish = Encoding(max_bytes=20_000, **more)
    with pytest.raises(ImageError, match=r"metadata .*xmp 5[0-9]{4}.*--strip xmp\)") as error:
        codecs.encode([image], format, wish, metadata, AnimationTiming())
    assert error.value.kind == "target" and encodes == [], "no quality was tried"
    assert "comment" in str(error.value) or format in ("webp", "avif", "tiff")
    file = codecs.encode([image], "jpeg", Encoding(max_bytes=20_000, strip="xmp", **more), metadata, AnimationTiming())
    assert len(file.data) <= 20_000


def test_metadata_are_named_where_the_picture_alone_would_fit() -> None:
    image = shapes()
    smallest = len(encode(image, "jpeg", quality=20).data)
    metadata = heavy(smallest // 49)
    with pytest.raises(ImageError, match=r"--max-bytes .*are metadata \(xmp .*--strip xmp"):
        codecs.encode([image], "jpeg", Encoding(max_bytes=smallest + 500), metadata, AnimationTiming())
    file = codecs.encode([image], "jpeg", Encoding(max_bytes=smallest * 3), metadata, AnimationTiming())
    assert len(file.data) <= smallest * 3
    with pytest.raises(ImageError, match="--then-shrink"):
        codecs.encode([image], "jpeg", Encoding(max_bytes=smallest // 2), heavy(1), AnimationTiming())


def test_a_profile_is_named_as_well() -> None:
    profile = srgb_profile()
    with pytest.raises(ImageError, match=rf"icc {len(profile)}.*--strip icc"):
        codecs.encode([shapes()], "jpeg", Encoding(max_bytes=len(profile)), Metadata(icc=profile), AnimationTiming())

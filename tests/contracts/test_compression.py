"""Is a picture packed as its source was, or as was asked for, and is there a word where it is not?"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image, ImageSequence
from PIL.TiffImagePlugin import AppendingTiffWriter

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, Metadata
from imgbatch.core.errors import ImageError
from imgbatch.pixels.deep.bands import DeepImage
from tests.contracts.pictures import smooth

WORDS = {"none": 1, "deflate": 8, "lzw": 5, "jpeg": 7, "zstd": 50000, "g4": 4}
PILLOW = {"none": "raw", "deflate": "tiff_adobe_deflate", "lzw": "tiff_lzw", "g4": "group4"}
MODES = ("1", "L", "LA", "P", "I;16", "F", "RGB", "RGBA", "CMYK")
#: What cannot be, and what the refusal says.
ONLY = {"g4": "mode 1 only", "jpeg": "mode CMYK or L or RGB only"}
HELD = {"g4": {"1"}, "jpeg": {"L", "RGB", "CMYK"}}


def tiff(mode: str, compression: str, *more: tuple[str, str]) -> bytes:
    file = io.BytesIO()
    first = smooth(mode) if mode != "P" else smooth("RGB").quantize(16)
    pages = [(first, compression), *((smooth(other), word) for other, word in more)]
    with AppendingTiffWriter(file) as writer:
        for page, word in pages:
            page.save(writer, "TIFF", compression=PILLOW.get(word, word))
            writer.newFrame()
    return file.getvalue()


def webp(frames: int = 1, lossless: Any = True) -> bytes:
    rng = numpy.random.default_rng(4)
    pictures = [Image.fromarray(rng.integers(0, 256, (24, 32, 4), numpy.uint8)) for _ in range(frames)]
    file = io.BytesIO()
    pictures[0].save(file, "WEBP", lossless=lossless, exact=True, save_all=frames > 1, append_images=pictures[1:])
    return file.getvalue()


def run(folder: Path, data: bytes, name: str = "a.tif", ops: Any = (), **options: Any) -> tuple[Any, bytes]:
    """The outcome of one file, and the bytes of its output."""
    (folder / "in").mkdir()
    (folder / "in" / name).write_bytes(data)
    report = ib.run([str(folder / "in")], str(folder / "out"), ib.Recipe(ops, [ib.Output(**options)]), workers=0)
    outcome = report.outcomes[0]
    return outcome, (folder / "out" / outcome.outputs[0].path).read_bytes() if outcome.outputs else b""


def compressions(data: bytes) -> list[int]:
    with Image.open(io.BytesIO(data)) as image:
        return [int(image.tag_v2[259]) for _ in ImageSequence.Iterator(image)]  # type: ignore[attr-defined]


def pixels(data: bytes) -> list[Any]:
    with Image.open(io.BytesIO(data)) as image:
        return [numpy.asarray(frame.copy()) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("word", WORDS)
def test_each_compression_is_written_or_refused(word: str, mode: str, tmp_path: Path) -> None:
    source = tiff(mode, "packbits")
    outcome, data = run(tmp_path, source, compression=word)
    if mode not in HELD.get(word, MODES):
        assert outcome.status == "failed" and outcome.error.kind == "unsupported"
        assert ONLY[word] in outcome.error.message and f"not {mode}" in outcome.error.message
        return
    assert outcome.status == "ok", outcome.error
    assert compressions(data) == [WORDS[word]] and not outcome.changes
    assert outcome.outputs[0].quality == (82 if word == "jpeg" else None)
    if word == "jpeg":
        assert abs(pixels(data)[0].astype(int) - pixels(source)[0]).mean() < 3
    else:
        assert (pixels(data)[0] == pixels(source)[0]).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("word", [*WORDS, "packbits", "group3", "tiff_ccitt", "lzma"])
def test_a_picture_is_packed_as_its_source(word: str, mode: str, tmp_path: Path) -> None:
    if mode not in HELD.get("g4" if word in ("group3", "tiff_ccitt") else word, MODES):
        pytest.skip("no such file")
    source = tiff(mode, word)
    outcome, data = run(tmp_path, source, ops=[ib.Flip()])
    assert outcome.status == "ok", outcome.error
    assert compressions(data) == compressions(source) and not any("compression" in text for text in outcome.changes)


@pytest.mark.parametrize("word", [*WORDS, "keep"])
def test_16_bits_of_color_are_packed_alike(word: Any, tmp_path: Path) -> None:
    samples = numpy.random.default_rng(5).integers(0, 65536, (24, 32, 3), numpy.uint16)
    first = DeepImage([Image.fromarray(numpy.ascontiguousarray(samples[..., band])) for band in range(3)])
    metadata = Metadata(compressions=(32773, 5))
    outcome, error = None, ""
    try:
        outcome = codecs.encode(
            [first, smooth("L")], "tiff", ib.Output(compression=word), metadata, AnimationTiming()
        ).data
    except ImageError as refusal:
        error = str(refusal)
    if word in HELD:
        assert f"{ONLY[word]} as {word}, not RGB;16" in error
        return
    assert outcome is not None and compressions(outcome) == ([32773, 5] if word == "keep" else [WORDS[word]] * 2)
    with codecs.open_image(outcome, ".tif", 1_000_000) as picture:
        frames, _ = picture.decode(deep=True)
        assert (numpy.asarray(next(frames)) == samples).all()


def test_each_page_is_packed_as_it_was(tmp_path: Path) -> None:
    source = tiff("1", "g4", ("RGB", "jpeg"), ("L", "lzw"), ("CMYK", "none"))
    outcome, data = run(tmp_path, source, ops=[ib.Flip()])
    assert compressions(data) == [4, 7, 5, 1] and not outcome.changes
    for page, before in zip(pixels(data), pixels(source), strict=True):
        assert abs(page.astype(int) - before[::-1]).mean() < 3


NOT_SO: dict[str, tuple[str, str, list[Any], dict[str, Any], str]] = {
    "gray": ("1", "g4", [ib.Resize("16")], {}, "g4: tiff packs pixels of mode 1 only as g4, not L"),
    "alpha": (
        "RGB",
        "jpeg",
        [ib.Alpha("transparent")],
        {},
        "jpeg: tiff packs pixels of mode CMYK or L or RGB only as jpeg",
    ),
    "lossless": ("RGB", "jpeg", [ib.Flip()], {"lossless": True}, "jpeg: jpeg loses some of the pixels"),
}


@pytest.mark.parametrize("case", NOT_SO)
def test_what_cannot_be_packed_so_is_said(case: str, tmp_path: Path) -> None:
    mode, word, ops, options, reason = NOT_SO[case]
    outcome, data = run(tmp_path, tiff(mode, word), ops=ops, **options)
    assert compressions(data) == [8], outcome
    assert any(text.startswith(f"compression: deflate instead of {reason}") for text in outcome.changes)


def test_quality_is_that_of_jpeg_in_a_tiff(tmp_path: Path) -> None:
    sizes = []
    for quality in (30, 95):
        folder = tmp_path / str(quality)
        folder.mkdir()
        outcome, data = run(folder, tiff("RGB", "none"), compression="jpeg", quality=quality)
        assert outcome.outputs[0].quality == quality
        sizes.append(len(data))
    assert sizes[0] < sizes[1]


def test_a_size_is_searched_for_in_a_tiff_of_jpeg(tmp_path: Path) -> None:
    rng = numpy.random.default_rng(4)
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (96, 128, 3), numpy.uint8)).save(file, "TIFF")
    outcome, data = run(tmp_path, file.getvalue(), compression="jpeg", max_bytes=12_000)
    assert len(data) <= 12_000 and compressions(data) == [7] and 20 <= outcome.outputs[0].quality < 82


def test_other_sources_are_deflated_and_of_one_bit_by_group_4(tmp_path: Path) -> None:
    for mode, code in (("RGB", 8), ("1", 4)):
        folder = tmp_path / mode
        folder.mkdir()
        file = io.BytesIO()
        smooth(mode).save(file, "PNG")
        assert compressions(run(folder, file.getvalue(), "a.png", format="tiff")[1]) == [code]


def test_a_compression_leaves_files_of_other_formats_alone(tmp_path: Path) -> None:
    file = io.BytesIO()
    smooth("RGB").save(file, "JPEG", quality=70)
    assert run(tmp_path, file.getvalue(), "a.jpg", compression="lzw")[1] == file.getvalue()


def test_a_recipe_that_says_no_compression_has_the_digest_of_before() -> None:
    assert "compression" not in ib.Recipe().canonical(0)["output"]
    assert ib.Recipe((), [ib.Output(compression="lzw")]).canonical(0)["output"]["compression"] == "lzw"


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("options", [{}, {"quality": "keep"}, {"format": "webp", "quality": "keep"}])
def test_a_lossless_webp_stays_so(frames: int, options: dict[str, Any], tmp_path: Path) -> None:
    source = webp(frames)
    outcome, data = run(tmp_path, source, "a.webp", ops=[ib.Flip()], **options)
    before, after = pixels(source), pixels(data)
    assert len(after) == frames and all((one == two[::-1]).all() for one, two in zip(after, before, strict=True))
    note = "quality: the source's lossless coding kept" in outcome.changes
    assert note == ("quality" in options) and outcome.outputs[0].quality is None


LOSSY: dict[str, tuple[bytes, dict[str, Any]]] = {
    "quality": (webp(), {"quality": 80}),
    "another format": (webp(), {"format": "webp"}),
    "source": (webp(lossless=False), {}),
    "animation": (webp(3, lossless=False), {"quality": "keep"}),
    "size": (webp(), {"max_bytes": 100_000}),
}


@pytest.mark.parametrize("case", LOSSY)
def test_a_webp_is_lossy_where_that_is_asked_for_or_it_was(case: str, tmp_path: Path) -> None:
    source, options = LOSSY[case]
    outcome, data = run(tmp_path, source, "a.webp", ops=[ib.Flip()], **options)
    assert b"VP8L" not in data and outcome.outputs[0].quality is not None
    said = "lossless coding not kept: a size or likeness is asked for" in outcome.changes
    assert said == (case == "size")

"""What a JPEG's headers say: how it was coded, in how many scans, and where its segments are."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from imgbatch.codecs.containers import integrity, jpeg_headers
from imgbatch.codecs.reading.limits import pixel_limit
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.errors import ImageError
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand


def jpeg(**options: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(file, "JPEG", **options)
    return file.getvalue()


def with_scans(data: bytes, count: int) -> bytes:
    """A progressive JPEG whose last scan comes `count` times in all."""
    scans, end = integrity.jpeg_scans(data)
    assert end is not None
    header = data.rindex(b"\xff\xda", 0, scans[-1][0])
    return data[:header] + data[header : end - 2] * (count - len(scans) + 1) + data[end - 2 :]


@pytest.mark.parametrize(
    ("data", "process", "several"), [(jpeg(), 0, False), (jpeg(progressive=True), 2, True), (b"\xff\xd8", None, False)]
)
def test_process(data: bytes, process: int | None, several: bool) -> None:
    assert jpeg_headers.process_of(data) == (process, several)


def test_fill_bytes_are_no_segment() -> None:
    data = jpeg()
    segments = b"".join(
        b"\xff\xff\xff" + data[start:end] for marker, start, end in jpeg_headers.segments(data) if marker != 0xE0
    )
    result = data[:20] + segments + data[data.index(b"\xff\xda") :][14:]
    assert [marker for marker, _, _ in jpeg_headers.segments(result)] == [
        marker for marker, _, _ in jpeg_headers.segments(data)
    ]


def test_a_hundred_scans_are_read_and_no_more() -> None:
    data = jpeg(progressive=True)
    with pixel_limit(10**6):
        open_image(with_scans(data, 100), ".jpg", 10**6).close()
        with pytest.raises(ImageError, match="the JPEG has 101 scans, at most 100 are read") as failure:
            open_image(with_scans(data, 101), ".jpg", 10**6)
    assert failure.value.kind == "too_large"


def test_scans_of_a_jpeg_that_is_not_progressive_count_as_well() -> None:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 48, 64, 3) + bytes((1, 17, 0, 2, 17, 0, 3, 17, 0))
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x12"
    assert jpeg_headers.process_of(b"\xff\xd8" + frame + scan) == (0, True)
    with pytest.raises(ImageError):
        jpeg_headers.end_of_scans(b"\xff\xd8" + frame + scan * 101 + b"\xff\xd9")


@pytest.mark.parametrize(("mode", "bands"), [("L", 1), ("RGB", 3)])
def test_what_the_reader_of_jpeg_2000_holds_is_counted(mode: str, bands: int) -> None:
    file = io.BytesIO()
    Image.new(mode, (100, 80)).save(file, "JPEG2000")
    with pixel_limit(10**6), open_image(file.getvalue(), ".jp2", 10**6) as picture:
        plan = decode_plan.full_plan(picture, True, ())
        assert picture.waves == 4 * bands * 8000
        assert memory_demand(picture, plan, 0) == (12 + 4 * bands) * 8000

"""Are samples in planes read as what they are, and extra samples named where they are left out?"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.errors import ImageError

WIDTH, HEIGHT = 48, 32
NOTE = "an extra sample of no stated meaning not kept"


def samples(count: int, bits: int) -> numpy.ndarray[Any, Any]:
    """A picture whose bytes all differ: (HEIGHT, WIDTH, count)."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    bands = [x * 1300 + y, y * 2000 + x, (x + y) * 800, 65535 - x * 1000 - y, x * 700 + y * 900]
    values = numpy.stack(bands[:count], -1).astype("u2")
    return values if bits == 16 else (values >> 8).astype("u1")


def tiff(
    values: numpy.ndarray[Any, Any],
    photometric: int,
    extra: int | None,
    planes: int,
    order: str = "<",
    packs: bool = False,
) -> bytes:
    """A TIFF of these samples, in one strip or one a plane."""
    count, bits = values.shape[2], values.dtype.itemsize * 8
    kind = values.dtype.newbyteorder(order)
    parts = [values[..., band] for band in range(count)] if planes == 2 else [values]
    strips = [numpy.ascontiguousarray(part).astype(kind).tobytes() for part in parts]
    strips = [zlib.compress(strip) for strip in strips] if packs else strips
    places = [8 + sum(map(len, strips[:number])) for number in range(len(strips))]
    end = 8 + sum(map(len, strips))
    end += end % 2
    tags: list[tuple[int, int, list[int]]] = [
        (256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [bits] * count), (259, 3, [8 if packs else 1]),
        (262, 3, [photometric]),
        (273, 4, places), (277, 3, [count]), (278, 4, [HEIGHT]), (279, 4, list(map(len, strips))), (284, 3, [planes]),
        *([(338, 3, [extra])] if extra is not None else []),
    ]  # fmt: skip
    entries, more, after = b"", b"", end + 2 + 12 * len(tags) + 4
    for tag, type_, numbers in tags:
        raw = struct.pack(f"{order}{len(numbers)}{'H' if type_ == 3 else 'I'}", *numbers)
        entries += struct.pack(order + "HHI", tag, type_, len(numbers))
        entries += raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", after + len(more))
        more += b"" if len(raw) <= 4 else raw + bytes(len(raw) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", end)
    return (head + b"".join(strips)).ljust(end, b"\0") + struct.pack(order + "H", len(tags)) + entries + bytes(4) + more


def frame(data: bytes) -> numpy.ndarray[Any, Any]:
    with limits.warning_recorder(10**6), open_image(data, ".tif", 10**6) as image:
        (result,) = image.decode()[0]
    return numpy.asarray(result)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packs", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("count", "photometric", "extra"), [(1, 1, None), (3, 2, None), (4, 2, 2)])
def test_planes_hold_what_samples_side_by_side_do(
    count: int, photometric: int, extra: int | None, bits: int, packs: bool, order: str
) -> None:
    values = samples(count, bits)
    result = frame(tiff(values, photometric, extra, 2, order, packs))
    expected = values[..., 0] if count == 1 else values if bits == 8 else values >> 8
    assert numpy.array_equal(result, expected)
    assert numpy.array_equal(result, frame(tiff(values, photometric, extra, 1, order, packs)))


@pytest.mark.parametrize(
    ("count", "bits", "photometric", "extra", "words"),
    [
        (2, 8, 1, 2, "of LA samples in planes"),
        (2, 8, 1, 0, "of planes with extra samples"),
        (4, 8, 2, 0, "of planes with extra samples"),
        (5, 8, 5, 0, "of planes with extra samples"),
        (4, 16, 5, None, "of 16-bit CMYK samples in planes"),
        (4, 16, 2, 1, "of planes with premultiplied alpha"),
    ],
)
def test_planes_that_pillow_takes_for_others_are_refused(
    count: int, bits: int, photometric: int, extra: int | None, words: str
) -> None:
    with pytest.raises(ImageError, match=f"no reader here for a TIFF {words}; save it with samples side") as failure:
        frame(tiff(samples(count, bits), photometric, extra, 2))
    assert failure.value.kind == "unsupported"


def changes_of(folder: Path, data: bytes, *ops: ib.Operation, **options: Any) -> tuple[str, ...]:
    (folder / "a.tif").write_bytes(data)
    (outcome,) = ib.run(folder / "a.tif", folder / "out", ib.Recipe(ops, [ib.Output(**options)]), workers=0).outcomes
    assert outcome.ok, outcome.error
    return outcome.changes


@pytest.mark.parametrize(
    ("count", "bits", "photometric", "planes"), [(4, 8, 2, 1), (4, 16, 2, 1), (4, 16, 2, 2), (2, 8, 1, 1), (5, 8, 5, 1)]
)
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_an_extra_sample_is_named(
    tmp_path: Path, count: int, bits: int, photometric: int, planes: int, format: str
) -> None:
    data = tiff(samples(count, bits), photometric, 0, planes)
    assert NOTE in changes_of(tmp_path, data, ib.Resize("30"), format=format)


def test_alpha_is_no_extra_sample_and_a_copy_loses_none(tmp_path: Path) -> None:
    assert NOTE not in changes_of(tmp_path, tiff(samples(4, 8), 2, 2, 1), ib.Resize("30"))
    assert NOTE not in changes_of(tmp_path, tiff(samples(3, 8), 2, None, 1), ib.Resize("30"), dir="2")
    assert NOTE not in changes_of(tmp_path, tiff(samples(4, 8), 2, 0, 1), dir="3")
    with Image.open(tmp_path / "out" / "3" / "a.tif") as image:
        assert image.tag_v2[338] == (0,)  # type: ignore[attr-defined]

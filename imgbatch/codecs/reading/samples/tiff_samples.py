"""TIFF samples: how does one get those of a page whole, of which Pillow keeps 8 bits, or for which it has no mode?

libtiff unpacks them and no more: the page is written down anew, as one of bytes, which Pillow reads as 8-bit gray. What
these bytes mean is said here: their order, planes, and the differences between neighbors that TIFF calls predictors 2
and 3 (TIFF 6.0, section 14, and Adobe's Technical Note 3).
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[Any]  # (row, column, sample)

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _FILL_ORDER, _COUNT, _PLANES = 256, 257, 258, 259, 266, 277, 284
_ROWS, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _FORMAT = 278, 317, 322, 323, 339
#: Where strips and tiles are, and how long.
_STRIPS, _TILES = (273, 279), (324, 325)
_PLAIN, _DEFLATE = 1, (8, 32946)
_WITH_PREDICTOR = frozenset({5, 8, 32946, 34925, 50000})  # compressions: LZW, Deflate, LZMA, Zstandard
_UINT, _FLOAT = 1, 3  # sample formats
#: numpy's types by sample format and bits.
_KINDS = {(_UINT, 16): "u2", (_FLOAT, 32): "f4"}
_LONG = 4
#: What parts may have beside four times the picture, in px and in bytes: what lies about them could fill the memory.
_MOST = 1 << 22


class SampleLayout(NamedTuple):
    """How the samples of a page lie in the file.

    `kind` is numpy's type, `bands` samples belong to a pixel, and `part` is (width, height) of a strip or tile in px.
    """

    kind: str
    bands: int
    is_planar: bool
    size: tuple[int, int]
    part: tuple[int, int]
    places: tuple[int, ...]
    lengths: tuple[int, ...]


def layout_of(tags: Mapping[int, Any]) -> SampleLayout | None:
    """How the samples of a page lie, by its tags; None where they are of another kind, or the tags do not say it."""
    kinds = {(kind, bits) for kind in _numbers(tags.get(_FORMAT, _UINT)) for bits in _numbers(tags.get(_BITS, 1))}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    size = _number(tags, _WIDTH), _number(tags, _HEIGHT)
    count, is_planar = _number(tags, _COUNT, 1), _number(tags, _PLANES, 1) == 2
    has_tiles = _TILES[0] in tags
    if has_tiles:
        part = _number(tags, _TILE_WIDTH), _number(tags, _TILE_HEIGHT)
    else:
        part = size[0], min(_number(tags, _ROWS, size[1]) or size[1], size[1])
    if kind not in _KINDS or not (min(*size, *part, count) > 0):
        return None
    across, down = -(-size[0] // part[0]), -(-size[1] // part[1])
    if across * part[0] * max(down * part[1], size[1]) > 4 * math.prod(size) + _MOST:
        return None
    places, lengths = (_numbers(tags.get(tag, ())) for tag in (_TILES if has_tiles else _STRIPS))
    planes, samples = (count, 1) if is_planar else (1, count)
    row = part[0] * samples * int(_KINDS[kind][1])
    if tags.get(_COMPRESSION, 1) == _PLAIN:
        rows = [part[1] if has_tiles else min(part[1], size[1] - top * part[1]) for top in range(down)]
        lengths = tuple(row * height for height in rows for _ in range(across)) * planes
    if (
        not len(places) == len(lengths) == across * down * planes
        or sum(lengths) > _MOST + 4 * row * across * size[1] * planes
    ):
        return None
    return SampleLayout(_KINDS[kind], count, is_planar, size, part, places, lengths)


def read(layout: SampleLayout, tags: Mapping[int, Any], data: bytes) -> Samples:
    """The samples of a page, in the machine's order of bytes.

    Parameters
    ----------
    layout : SampleLayout
    tags : mapping
        Of the same page, as Pillow has them.
    data : bytes
        The file.

    Raises
    ------
    OSError
        As Pillow, of damage.
    """
    import numpy

    if not layout.is_planar:
        return _read_plane(layout, tags, data, 0)
    result: Samples = numpy.concatenate([_read_plane(layout, tags, data, plane) for plane in range(layout.bands)], 2)
    return result


def _read_plane(layout: SampleLayout, tags: Mapping[int, Any], data: bytes, plane: int) -> Samples:
    import numpy
    from PIL.TiffImagePlugin import TiffImageFile

    width = int(layout.kind[1])
    count = 1 if layout.is_planar else layout.bands
    parts = _parts(layout, data, plane)
    compression = _number(tags, _COMPRESSION, 1)
    is_quick = _TILES[0] not in tags and _number(tags, _FILL_ORDER, 1) == 1
    if is_quick and compression in (_PLAIN, *_DEFLATE):  # libtiff need not be asked
        row = layout.size[0] * count * width
        plain = b"".join(parts if compression == _PLAIN else [_inflate(part, row * layout.part[1]) for part in parts])
        if len(plain) != math.prod(layout.size) * count * width:
            raise OSError(f"image file is truncated ({len(plain)} bytes of pixels)")
        rows = numpy.frombuffer(plain, numpy.uint8).reshape(layout.size[1], -1)
    else:
        with TiffImageFile(io.BytesIO(_as_bytes(layout, tags, parts)), "") as image:
            rows = numpy.asarray(image)
    across = rows.shape[1] // (layout.part[0] * count * width)
    shape = len(rows), across, layout.part[0], count
    order = ">" if tags.prefix == b"MM" else "<"  # type: ignore[attr-defined]  # Pillow's tags
    predictor = _number(tags, _PREDICTOR, 1) if compression in _WITH_PREDICTOR else 1
    if predictor == 3:
        bytes_ = rows.reshape(len(rows), across, -1, count).cumsum(axis=2, dtype=numpy.uint8)
        high_first = bytes_.reshape(len(rows), across, width, -1)
        samples = numpy.ascontiguousarray(numpy.moveaxis(high_first, 2, 3)).view(f">{layout.kind}").reshape(shape)
    else:
        samples = rows.view(f"{order}u{width}").reshape(shape)
        if predictor == 2:
            samples = samples.cumsum(axis=2, dtype=f"u{width}")
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False).view(layout.kind)
    result: Samples = samples.reshape(len(rows), -1, count)[:, : layout.size[0]]
    return result


def _inflate(part: bytes, most: int) -> bytes:
    """A strip that Deflate packed, of so many bytes at most."""
    try:
        return zlib.decompressobj().decompress(part, most)
    except zlib.error as error:
        raise OSError("broken data stream when reading image file") from error


def _parts(layout: SampleLayout, data: bytes, plane: int) -> list[bytes]:
    """The strips or tiles of a plane."""
    number = len(layout.places) // (layout.bands if layout.is_planar else 1)
    span = slice(plane * number, (plane + 1) * number)
    return [
        data[start : start + length] for start, length in zip(layout.places[span], layout.lengths[span], strict=True)
    ]


def _as_bytes(layout: SampleLayout, tags: Mapping[int, Any], parts: Sequence[bytes]) -> bytes:
    """A TIFF of one plane, or of all samples side by side, whose pixels are the bytes of the samples."""
    across = -(-layout.size[0] // layout.part[0])
    width = layout.part[0] * int(layout.kind[1]) * (1 if layout.is_planar else layout.bands)
    places, end = [], 8
    for part in parts:
        places.append(end)
        end += len(part)
    end += end % 2
    entries: dict[int, list[int]] = {
        _WIDTH: [across * width], _HEIGHT: [layout.size[1]], _BITS: [8], _COMPRESSION: [_number(tags, _COMPRESSION, 1)],
        262: [1], _FILL_ORDER: [_number(tags, _FILL_ORDER, 1)], _COUNT: [1], _PLANES: [1],
    }  # fmt: skip
    if _TILES[0] in tags:
        entries |= {_TILE_WIDTH: [width], _TILE_HEIGHT: [layout.part[1]]}
        entries |= {_TILES[0]: places, _TILES[1]: [len(part) for part in parts]}
    else:
        entries |= {_ROWS: [layout.part[1]], _STRIPS[0]: places, _STRIPS[1]: [len(part) for part in parts]}
    head, more = struct.pack("<H", len(entries)), b""
    after = end + 2 + 12 * len(entries) + 4
    for tag, numbers in sorted(entries.items()):
        raw = struct.pack(f"<{len(numbers)}I", *numbers)
        head += struct.pack("<HHI", tag, _LONG, len(numbers))
        head += raw if len(numbers) == 1 else struct.pack("<I", after + len(more))
        more += raw if len(numbers) > 1 else b""
    return (
        b"".join([b"II*\0", struct.pack("<I", end), *parts, bytes(end % 2)]).ljust(end, b"\0") + head + bytes(4) + more
    )


def _numbers(value: Any) -> tuple[int, ...]:
    """A tag's value as numbers; none where it is something else."""
    values = value if isinstance(value, tuple) else (value,)
    return values if all(isinstance(one, int) for one in values) else ()


def _number(tags: Mapping[int, Any], tag: int, default: int = 0) -> int:
    """One number of a tag; 0 where it is something else."""
    numbers = _numbers(tags.get(tag, default))
    return numbers[0] if len(numbers) == 1 else 0

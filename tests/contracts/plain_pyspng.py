"""A stand-in for pyspng: what imgbatch asks of it, in Python, for where it is not installed."""

from __future__ import annotations

from typing import Any

import numpy

from imgbatch.codecs.containers.png_chunks import chunks


def load(data: bytes, format: str) -> Any:
    """The samples of a PNG whose stream is not packed, as an array (row, column, channel)."""
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    ((start, end),) = [(start + 8, end - 4) for name, start, end in chunks(data) if name == b"IDAT"]
    rows, at, is_last = b"", start + 2, False
    while not is_last:
        is_last, count = data[at] == 1, int.from_bytes(data[at + 1 : at + 3], "little")
        assert data[at] < 2 and count == int.from_bytes(data[at + 3 : at + 5], "little") ^ 0xFFFF
        rows += data[at + 5 : at + 5 + count]
        at += 5 + count
    bands = len(format)
    stride = bands * width + 1
    assert at + 4 == end and len(rows) == height * stride
    above = bytes(stride - 1)
    result = b""
    for top in range(0, len(rows), stride):
        above = _without_filter(rows[top], rows[top + 1 : top + stride], above, bands)
        result += above
    return numpy.frombuffer(result, numpy.uint8).reshape(height, width, bands)


def _without_filter(number: int, row: bytes, above: bytes, bands: int) -> bytes:
    """A row before it was filtered (PNG, 9.2)."""
    if number > 4:
        raise RuntimeError("invalid filter")
    result = bytearray(row)
    for place, value in enumerate(row):
        a, c = (result[place - bands], above[place - bands]) if place >= bands else (0, 0)
        b = above[place]
        nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
        result[place] = (value + (0, a, b, (a + b) // 2, nearest)[number]) % 256
    return bytes(result)

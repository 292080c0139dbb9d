"""TIFF files of any samples: in strips or tiles, in planes or side by side, packed in each of TIFF's ways."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[Any]]  # (row, column, band)


def lzw(data: bytes) -> bytes:
    """Codes of nine bits, each for one byte; the table is cleared before it could grow to ten."""
    codes = [256]
    for start in range(0, len(data), 250):
        codes += [*data[start : start + 250], 256]
    codes.append(257)
    bits = "".join(f"{code:09b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def packbits(row: bytes) -> bytes:
    """A row of literal bytes."""
    parts = (row[start : start + 128] for start in range(0, len(row), 128))
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def lzma_of(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_NONE)


#: TIFF's number of a compression, and what packs a part of the picture.
PACKERS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (1, bytes), "lzw": (5, lzw), "deflate": (8, zlib.compress), "packbits": (32773, packbits),
    "lzma": (34925, lzma_of),
}  # fmt: skip


def predict(values: Samples, predictor: int, order: str) -> bytes:
    """The bytes of a strip or tile, as differences from the pixel to the left where a predictor says so."""
    plain = values.astype(f"{order}{values.dtype.kind}{values.itemsize}")
    if predictor == 2:
        numbers = values.view(f"u{values.itemsize}").copy()
        numbers[:, 1:] -= values.view(f"u{values.itemsize}")[:, :-1]
        return numbers.astype(f"{order}u{values.itemsize}").tobytes()
    if predictor == 3:
        count = values.shape[2]
        high_first = np.ascontiguousarray(values).astype(f">f{values.itemsize}").view("u1")
        high_first = np.moveaxis(high_first.reshape(len(values), -1, values.itemsize), 2, 1)
        rows = high_first.reshape(len(values), -1, count)
        rows[:, 1:] = np.diff(rows, axis=1)
        return rows.tobytes()
    return plain.tobytes()


def tiff(
    samples: Samples,
    *,
    photometric: int = 2,
    extra: int | None = None,
    order: str = "<",
    packer: str = "none",
    predictor: int = 1,
    planar: bool = False,
    tile: tuple[int, int] | None = None,
    rows: int = 16,
    orientation: int = 1,
) -> bytes:
    """A TIFF of one page.

    Parameters
    ----------
    samples : (row, column, band)
        uint16, or floats.
    photometric, extra, order, packer, predictor, planar, orientation
        As TIFF's tags have them; `order` is numpy's, `packer` a key of :data:`PACKERS`.
    tile : (width, height), optional
        In px; else strips of `rows`.
    rows : int
    """
    height, width, count = samples.shape
    number, pack = PACKERS[packer]
    planes = [samples[..., band : band + 1] for band in range(count)] if planar else [samples]
    across, down = tile or (width, rows)
    parts = []
    for plane in planes:
        for top in range(0, height, down):
            for left in range(0, width, across):
                part = plane[top : top + down, left : left + across]
                if tile:
                    part = np.pad(part, ((0, down - part.shape[0]), (0, across - part.shape[1]), (0, 0)))
                part = np.ascontiguousarray(part)
                if packer == "packbits":
                    parts.append(b"".join(pack(predict(row[None], predictor, order)) for row in part))
                else:
                    parts.append(pack(predict(part, predictor, order)))
    places = [8 + sum(map(len, parts[:place])) for place in range(len(parts))]
    end = 8 + sum(map(len, parts))
    end += end % 2
    kind = 3 if samples.dtype.kind == "f" else 1
    tags = [
        (256, 4, [width]), (257, 4, [height]), (258, 3, [8 * samples.itemsize] * count), (259, 3, [number]),
        (262, 3, [photometric]), (274, 3, [orientation]), (277, 3, [count]), (284, 3, [2 if planar else 1]),
        (317, 3, [predictor]), (339, 3, [kind] * count),
    ]  # fmt: skip
    tags += [(338, 3, [extra])] if extra is not None else []
    lengths = list(map(len, parts))
    if tile:
        tags += [(322, 4, [across]), (323, 4, [down]), (324, 4, places), (325, 4, lengths)]
    else:
        tags += [(273, 4, places), (278, 4, [down]), (279, 4, lengths)]
    entries, more, after = b"", b"", end + 2 + 12 * len(tags) + 4
    for tag, type_, numbers in sorted(tags):
        raw = struct.pack(f"{order}{len(numbers)}{'H' if type_ == 3 else 'I'}", *numbers)
        entries += struct.pack(order + "HHI", tag, type_, len(numbers))
        entries += raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", after + len(more))
        more += b"" if len(raw) <= 4 else raw + bytes(len(raw) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", end)
    return (head + b"".join(parts)).ljust(end, b"\0") + struct.pack(order + "H", len(tags)) + entries + bytes(4) + more

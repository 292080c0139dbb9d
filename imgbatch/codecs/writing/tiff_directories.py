"""TIFF directories: how do the pages of a TIFF get their own tags, when all were written with those of the first?"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from imgbatch.codecs.metadata.block import PageTags
from imgbatch.codecs.metadata.words import EXIF_PAGE_TAGS


def with_page_tags(data: bytes, pages: Sequence[PageTags]) -> bytes:
    """The file with the tags of each page among its own: directories are written again at its end, values stay.

    Parameters
    ----------
    data : bytes
        A little-endian TIFF, no BigTIFF.
    pages : sequence of PageTags
        Of its pages, in their order. Those after the first get them in the place of what describes the first.
    """
    pieces, length = [bytearray(data)], len(data)
    pointer, number = 4, 0
    (start,) = struct.unpack_from("<I", data, pointer)
    while start and number < len(pages):
        (count,) = struct.unpack_from("<H", data, start)
        end = start + 2 + 12 * count
        entries = {int.from_bytes(data[at : at + 2], "little"): data[at : at + 12] for at in range(start + 2, end, 12)}
        if number:
            entries = {tag: entry for tag, entry in entries.items() if tag not in EXIF_PAGE_TAGS}
        block = bytearray(length % 2)
        for tag, value in pages[number].items():
            head = struct.pack("<HHI", tag, value.kind, value.number)
            if len(value.raw) <= 4:
                entries[tag] = head + value.raw.ljust(4, b"\0")
            else:
                block += bytes(len(block) % 2 != length % 2)
                entries[tag] = head + struct.pack("<I", length + len(block))
                block += value.raw
        block += bytes((length + len(block)) % 2)
        place = length + len(block)
        (following,) = struct.unpack_from("<I", data, end)
        block += struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries))
        block += struct.pack("<I", following)
        _point(pieces, pointer, place)
        pieces.append(block)
        length += len(block)
        pointer, start, number = length - 4, following, number + 1
    return b"".join(pieces)


def _point(pieces: list[bytearray], pointer: int, place: int) -> None:
    """Write where the next directory is: into the header, or at the end of the one that was written last."""
    if pointer == 4:
        struct.pack_into("<I", pieces[0], 4, place)
    else:
        struct.pack_into("<I", pieces[-1], len(pieces[-1]) - 4, place)

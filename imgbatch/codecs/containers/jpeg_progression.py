"""JPEG progression: which scans of a progressive JPEG does an eighth of its size not look at?

A progressive JPEG sends each block of 8x8 px in several scans: its average, its coarse waves, its fine ones, and the
last bits of all of them. Decoded at an eighth, a block is one pixel: its average, and where the colors are stored at
half size four pixels of these, which take waves 1, 2 and 4 (zigzag order). The other scans are most of the file and
most of the time; without them libjpeg decodes the same picture, but for the last bit of these waves: up to 6 of 255 in
single samples, 0.3 in mean.

Scans: ITU-T T.81, annex G and B.2.3.
"""

from __future__ import annotations

from imgbatch.codecs.containers.integrity import jpeg_scans

_COARSE = 4  # the finest wave that two by two pixels of a block are made of
_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def without_fine_scans(data: bytes) -> bytes:
    """A JPEG without the scans that an eighth of its size does not look at.

    As it is where it has no end mark, or a scan that libjpeg would refuse: read as a whole, it is found damaged. The
    brightness keeps its first waves, too: where none is known, libjpeg blurs the averages (jdcoefct.c).
    """
    scans, end = jpeg_scans(data)
    if end is None:
        return data
    pieces, here = [], 0
    parts: set[int] = set()  # brightness and colors, by their numbers in the file
    for start, stop in scans:
        header = data.rindex(_SCAN, here, start)
        first, _, bits = data[start - 3 : start]
        waves = first > 0
        if not waves:
            parts.update(data[header + 5 : start - 3 : 2])
        elif not _is_valid_scan(data[header + 2 : start], parts):
            return data
        refining = bits >> 4 > 0
        pieces.append(data[here : header if waves and (refining or first > _COARSE) else stop])
        here = stop
    return b"".join((*pieces, _END))


def _is_valid_scan(head: bytes, parts: set[int]) -> bool:
    """Whether libjpeg takes a scan of waves (jdphuff.c): of one part, a range of waves, the place of a bit."""
    if len(head) != 8 or head[:3] != b"\0\x08\x01" or head[3] not in parts:
        return False
    table, first, last, bits = head[4:]
    high, low = bits >> 4, bits & 15
    return table & 15 <= 3 and first <= last <= 63 and low <= 13 and high in (0, low + 1)

"""Which scans of a progressive JPEG does an eighth of its size not look at?

A progressive JPEG sends each block of 8x8 px in several scans: its average, its coarse waves, its fine ones, and the
last bits of all of them. Decoded at an eighth, a block is one pixel: its average, and where the colors are stored at
half size four pixels of these, which take waves 1, 2 and 4 (zigzag order). The other scans are most of the file and
most of the time; without them libjpeg decodes the same picture, but for the last bit of these waves: up to 6 of 255 in
single samples, 0.3 in mean.

Scans: ITU-T T.81, annex G and B.2.3.
"""

from __future__ import annotations

from imgbatch.codecs.integrity import jpeg_scans

_COARSE = 4  # the finest wave that two by two pixels of a block are made of
_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def coarse(data: bytes) -> bytes:
    """A JPEG without the scans that an eighth of its size does not look at; as it is where it has no end mark.

    The brightness keeps its first waves, too: where none is known, libjpeg blurs the averages (jdcoefct.c).
    """
    scans, end = jpeg_scans(data)
    if end is None:
        return data
    kept, here = [], 0
    for start, stop in scans:
        header = data.rindex(_SCAN, here, start)
        first, _, bits = data[start - 3 : start]
        waves = first > 0
        refining = bits >> 4 > 0
        kept.append(data[here : header if waves and (refining or first > _COARSE) else stop])
        here = stop
    return b"".join((*kept, _END))

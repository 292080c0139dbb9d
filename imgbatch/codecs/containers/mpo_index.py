"""MPO index: are the pictures there that a JPEG says follow its own (stereo, previews, gain maps)?

CIPA DC-007: an APP2 segment "MPF" holds a TIFF structure, whose tag 0xB002 has 16 bytes for each picture: attributes,
length, offset from that structure (0: the first picture), and numbers of dependent pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.containers.jpeg_headers import segments
from imgbatch.codecs.errors import Finding
from imgbatch.codecs.metadata import exif_tags

_APP2, _MARK, _ENTRIES = 0xE2, b"MPF\0", 0xB002


def findings(data: bytes) -> Iterator[Finding]:
    """A picture that ends too early, or is not where the index says."""
    for marker, start, end in segments(data):
        if marker == _APP2 and data.startswith(_MARK, start + 4):
            yield from _check_pictures(data, start + 4 + len(_MARK), end)
            return


def _check_pictures(data: bytes, base: int, end: int) -> Iterator[Finding]:
    block = data[base:end]
    index = next((entry for entry in exif_tags.entries(block) if entry.tag == _ENTRIES), None)
    order = exif_tags.order_of(block)
    if index is None or order is None:
        return
    for place in range(16, index.length // 16 * 16, 16):
        length, offset = struct.unpack_from(order + "II", block, index.start + place + 4)
        number, start = place // 16 + 1, base + offset
        if start + length <= len(data) and data.startswith(b"\xff\xd8", start):
            continue
        if start + 2 > len(data):
            yield Finding("truncated", f"the file ends at byte {len(data)}, before its picture {number} at {start}")
        elif not data.startswith(b"\xff\xd8", start):
            yield Finding(None, f"picture {number} is not where the file says (byte {start})")
        elif jpeg_scans(data[start:])[1] is None:
            yield Finding("truncated", f"the file ends at byte {len(data)}, inside its picture {number} (from {start})")
        return  # the first is enough: thousands may be announced

"""WebP metadata: how do texts get into the EXIF and XMP of a WebP around the same picture?

Both stand behind the picture, and flags in the chunk VP8X at the beginning say that they are there; a plain file has
none and gets one (WebP Container Specification, "Extended File Format").
"""

from __future__ import annotations

import struct

from imgbatch.codecs.metadata import header_blocks
from imgbatch.codecs.metadata.labels import exif_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import Labels
from imgbatch.codecs.metadata.xmp import to_utf8

_EXIF, _XMP, _ALPHA = 0x08, 0x04, 0x10


def with_labels(data: bytes, size: tuple[int, int], labels: Labels) -> bytes | None:
    """A WebP with the texts of `labels`; the same where it has them, None where its chunks do not fit into each other.

    Parameters
    ----------
    data : bytes
        The file.
    size : (int, int)
        Its width and height in px.
    labels : Labels
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or not 20 <= end <= len(data):
        return None
    chunks: list[tuple[bytes, bytes]] = []
    blocks: dict[bytes, list[bytes]] = {b"EXIF": [], b"XMP ": []}
    at = 12
    while at + 8 <= end:
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        stop = at + 8 + length
        if stop > end:
            return None
        if name in blocks:
            blocks[name].append(data[at + 8 : stop])
        else:
            chunks.append((name, data[at + 8 : stop]))
        at = stop + length % 2
    if not chunks:
        return None
    exif, packet = (next(iter(blocks[name]), None) for name in blocks)
    exif, packet = exif and header_blocks.without_marks(exif), packet and to_utf8(packet)
    new = exif_labels.with_labels(exif, labels), xmp_labels.with_labels(packet, labels, [])
    if new == (exif, packet) and all(len(several) <= 1 for several in blocks.values()):
        return data
    exif, packet = new
    if chunks[0][0] != b"VP8X":
        if min(size) < 1 or max(size) > 1 << 24:
            return None
        flags = _ALPHA if chunks[0][0] == b"VP8L" and len(chunks[0][1]) > 4 and chunks[0][1][4] & _ALPHA else 0
        sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
        chunks.insert(0, (b"VP8X", struct.pack("<I", flags) + sides))
    head = chunks[0][1]
    if len(head) < 10:
        return None
    flags = head[0] & ~(_EXIF | _XMP) | (_EXIF if exif else 0) | (_XMP if packet else 0)
    chunks[0] = b"VP8X", bytes([flags]) + head[1:]
    chunks += [(name, block) for name, block in ((b"EXIF", exif), (b"XMP ", packet)) if block]
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(block)) + block + bytes(len(block) % 2) for name, block in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body + data[end + end % 2 :]

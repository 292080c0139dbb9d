"""GIF packet: how is the XMP changed that a GIF came with?

It stands as it is in an application extension, with 258 bytes behind it that lead readers to its end (XMP
Specification, part 3, 1.1.2).
"""

from __future__ import annotations

from imgbatch.codecs.metadata.read import GIF_XMP

_TRAILER = bytes((1, *range(0xFF, -1, -1), 0))


def with_packet(data: bytes, packet: bytes | None) -> bytes | None:
    """A GIF with another packet in the place of the one that it has, or with none; None where it is not found whole."""
    at = data.find(GIF_XMP)
    end = data.find(_TRAILER, at)
    if at < 0 or end < 0 or b"\0" in (packet or b""):
        return None
    if packet is None:
        return data[:at] + data[end + len(_TRAILER) :]
    return data[: at + len(GIF_XMP)] + packet + data[end:]

"""Integrity: is a file whole, as far as its own blocks tell?

Every format that says where its picture ends is walked once, block by block, without decoding: PNG's chunks with
their checksums, JPEG's segments and scans, GIF's blocks, the boxes of AVIF, the lengths of WebP and BMP. What decoding
finds beyond that is for inspect.py and jpeg_scans.py. TIFF, and the formats that are only read, have no end to look
for.

A finding with a kind is a damage; one without is worth a warning: the picture is there.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from imgbatch.codecs.errors import Finding
from imgbatch.core.errors import Kind

#: So many zeros in a row at the end of compressed data are no picture: a copy or a download was interrupted.
ZEROS = 512
_NO_END = "there is no end mark"
_FRAME, _FEW = 16, 16  # bytes: what a WebP says of a frame, and what its decoder misses when they are cut off
_PADDING = 1  # byte after the end that many writers add, to make the length even
_CRITICAL = 0x20  # the bit that is not set in the first letter of a PNG chunk without which there is no picture
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # begins with one plain byte: that is searched for quickly
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # JPEG markers without a length
_BLOCKS = frozenset((*range(0xE0, 0xF0), 0xFE))  # application segments and comments


def zeros_from(data: bytes) -> int | None:
    """Where a tail of at least :data:`ZEROS` zeros begins; None where there is none."""
    if data[-ZEROS:].strip(b"\0") or len(data) < ZEROS:
        return None
    return len(data.rstrip(b"\0"))


def _cut(data: bytes, what: str) -> Finding:
    """The finding that data end before the picture does; it says where zeros stand in for the rest."""
    zeros = zeros_from(data)
    if zeros is not None:
        what = f"only zeros from byte {zeros} to the end ({len(data)}), as after an interrupted copy: {what}"
    return Finding("truncated", what)


def _after(data: bytes, end: int, name: str) -> Iterator[Finding]:
    """What follows the end of the picture."""
    what = "bytes" if data[end:].strip(b"\0") else "zero bytes"
    yield from _say_after(len(data) - end, what, name)


def _say_after(count: int, what: str, name: str) -> Iterator[Finding]:
    if count > _PADDING:
        yield Finding(None, f"{count} {what} after the end of the {name} picture")


def _strangers(data: bytes, end: int) -> int:
    """How many of the bytes behind a JPEG's picture are none of what may accompany it (a film, sound, depth)."""
    from imgbatch.codecs.containers import jpeg_companions  # few files have anything there
    from imgbatch.codecs.containers.jpeg_headers import segments
    from imgbatch.codecs.metadata.header_blocks import XMP

    packets = (data[at + 4 + len(XMP) : stop] for _, at, stop in segments(data) if data.startswith(XMP, at + 4))
    others = jpeg_companions.companions(data, end, next(packets, b""))
    if not others:
        return len(data) - end
    return sum(one.end - one.start for one in others if one.kind == jpeg_companions.UNKNOWN)


# -- one walk for each format ------------------------------------------------------------------------------------------


def png(data: bytes) -> Iterator[Finding]:
    """Chunks with a wrong checksum, and a missing end."""
    at = 8
    while True:
        length, word = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(word) < 4 or end > len(data):
            inside = f" inside its chunk {word.decode('ascii', 'replace')}" if word.isalpha() else ""
            yield _cut(data, f"the PNG ends{inside} before its end mark (IEND)")
            return
        if not word.isalpha():
            yield _cut(data, _NO_END) if not any(data[at:]) else Finding("corrupt", f"no PNG chunk at byte {at}")
            return
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            kind: Kind | None = None if word[0] & _CRITICAL else "corrupt"
            yield Finding(kind, f"wrong checksum of the PNG chunk {word.decode('ascii')} at byte {at}")
        if word == b"IEND":
            yield from _after(data, end, "png")
            return
        at = end


def jpeg_scans(data: bytes, begin: int = 0) -> tuple[list[tuple[int, int]], int | None]:
    """Where the scans' data lie, as (start, end), and where the picture from `begin` ends (None: no end mark)."""
    scans: list[tuple[int, int]] = []
    at = begin + 2
    while (match := _MARKER.search(data, at)) is not None:
        marker, at = match[1][0], match.end()
        if marker == 0xD9:
            return scans, at
        if marker in _ALONE:
            continue
        at += int.from_bytes(data[at : at + 2], "big")
        if marker == 0xDA:
            following = _MARKER.search(data, at)
            end = len(data) if following is None else following.start()
            scans.append((at, end))
            at = end
    return scans, None


def scans_alone(data: bytes, start: int, end: int) -> bytes:
    """The scans of a JPEG, without application segments and comments between them.

    Parameters
    ----------
    data : bytes
        The whole file.
    start, end : int
        Where the first scan begins, and where the picture ends.
    """
    pieces, begin, at = [], start, start
    while (match := _MARKER.search(data, at, end)) is not None:
        marker, at = match[1][0], match.end()
        if marker in _ALONE:
            continue
        at += int.from_bytes(data[at : at + 2], "big")
        if marker in _BLOCKS:
            pieces.append(data[begin : match.start()])
            begin = min(at, end)
    return b"".join([*pieces, data[begin:end]])


def jpeg(data: bytes) -> Iterator[Finding]:
    """Restart markers out of order, a missing end, data behind it."""
    scans, end = jpeg_scans(data)
    restarts = bool(scans) and b"\xff\xdd" in data[: scans[0][0]]
    for number, (start, stop) in enumerate(scans if restarts else (), 1):
        for place, match in enumerate(_RESTART.finditer(data, start, stop)):
            if match[1][0] != 0xD0 + place % 8:
                yield Finding("corrupt", f"restart markers out of order in scan {number}, at byte {match.start()}")
                break
    if end is None:
        if zeros_from(data) is not None:
            yield _cut(data, _NO_END)
        else:
            yield Finding(None, "the JPEG has no end mark (EOI): its last bytes may be missing")
    elif not data.startswith(b"\xff\xd8", end) and b"MPF\0" not in data[:end]:  # more pictures are no rubbish
        rest = _strangers(data, end) if len(data) - end > _PADDING else 0
        yield from _after(data, end, "jpeg") if rest == len(data) - end else _say_after(rest, "bytes", "jpeg")


def gif(data: bytes) -> Iterator[Finding]:
    """Blocks that are none, a missing end."""
    from imgbatch.codecs.containers.blocks import gif_blocks  # few files are

    end = gif_blocks.head_length(data)
    for kind, start, end in gif_blocks.blocks(data):
        if kind == gif_blocks.END:
            yield from _after(data, end, "gif")
            return
        if kind not in (gif_blocks.PICTURE, gif_blocks.EXTENSION):
            yield _cut(data, _NO_END) if not any(data[start:]) else Finding("corrupt", f"no GIF block at byte {start}")
            return
    if end > len(data):
        yield _cut(data, "the GIF ends inside a block")
    else:
        yield Finding(None, "the GIF has no end mark: frames may be missing")


def webp(data: bytes) -> Iterator[Finding]:
    """A length that is not the file's."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < end:
        yield _cut(data, f"the WebP says {end} bytes, the file has {len(data)}")
    elif (zeros := zeros_of_webp(data)) is not None:
        yield Finding("truncated", f"only zeros from byte {zeros} to the end ({end}), as after an interrupted copy")
    else:
        yield from _after(data, end + (end & 1), "webp")


def zeros_of_webp(data: bytes) -> int | None:
    """Where the zeros begin at the end of a WebP that is as long as it says; None: there are none, or it is short."""
    end = 8 + int.from_bytes(data[4:8], "little")
    return zeros_from(data[:end]) if end <= len(data) else None


def short_webp(data: bytes) -> bytes | None:
    """The last lossy frame of a WebP, as a file of its own and less a few bytes of its end; None: none is last."""
    at, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end:
        name, start = data[at : at + 4], at + 8
        stop = start + int.from_bytes(data[at + 4 : start], "little")
        if name == b"ANMF" and stop >= end:
            at = start + _FRAME  # its chunks follow what is said of the frame
        elif name == b"VP8 " and stop >= end:
            frame = data[start : end - _PADDING - _FEW]
            frame += bytes(len(frame) & 1)
            return b"RIFF%bWEBPVP8 %b%b" % (*(struct.pack("<I", len(frame) + more) for more in (12, 0)), frame)
        else:
            at = stop + (stop & 1)
    return None


def avif(data: bytes) -> Iterator[Finding]:
    """Boxes that go beyond the file."""
    at = 0
    while at + 8 <= len(data):
        length, word = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        elif length == 0 and any(word):
            return  # to the end of the file
        if length < 8:
            break
        if at + length > len(data):
            yield _cut(data, f"the box {word.decode('latin-1')!r} ends at byte {at + length}, the file at {len(data)}")
            return
        at += length
    if (zeros := zeros_from(data[:at])) is not None:
        yield Finding("truncated", f"only zeros from byte {zeros} to the end ({at}), as after an interrupted copy")
    else:
        yield from _after(data, at, "avif")


def bmp(data: bytes) -> Iterator[Finding]:
    """The size in the header is often wrong; only data beyond both it and the pixels are a finding."""
    file_size = int.from_bytes(data[2:6], "little")
    offset, size = int.from_bytes(data[10:14], "little"), int.from_bytes(data[34:38], "little")
    if len(data[14:18]) == 4 and int.from_bytes(data[14:18], "little") >= 40 and size and file_size == offset + size:
        yield from _after(data, file_size, "bmp")

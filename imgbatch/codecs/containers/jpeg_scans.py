"""JPEG scans: does a JPEG hold as much data as its picture needs? Pillow does not pass on what libjpeg warns of.

libjpeg goes on after a wrong Huffman code or missing data and fills in gray; it only warns, and Pillow does not ask.
But a decoder that has lost its way shows: it is through before the data are, or the data are through before it is.
So the file is fed to the decoder in two parts. If it is through before it asks for the second, the last bytes, there is
more data than picture. If the picture ends in the gray that libjpeg fills in, a second decode
with some bytes more says whether that gray was in the file: where it was, more bytes change nothing.

Decoded at an eighth of the size, because all of the data must be read but no picture is wanted. The scans of a
progressive JPEG leave no gray, so it is always decoded twice, the second time with more bytes in every scan, at half
the size. What cannot be seen: damage that by chance leaves the length right, too many data in a progressive JPEG, and
anything in one that is coded arithmetically.
"""

from __future__ import annotations

import io

from imgbatch.codecs import errors
from imgbatch.codecs.containers import jpeg_headers
from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.errors import Finding

#: Encoders may pad a scan; so many bytes too many are a damage.
SPARE = 64
_GRAY = 128  # what libjpeg fills in
#: Lossless JPEGs have no smaller scales; data that are coded arithmetically have no last byte: missing ones are zeros.
_UNCHECKABLE = (3, 9, 10)
_EIGHTH, _HALF = 8, 2
_MORE = bytes((53 * place + 91) % 251 + 2 for place in range(600))  # arbitrary bytes, none of them 00 or FF


class _TwoPartFile(io.BytesIO):
    """A file that is read in two parts: its position shows whether the decoder needed the second."""

    def __init__(self, data: bytes, cut: int) -> None:
        super().__init__(data)
        self._cut = cut

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, but not across the cut: what follows needs another call. Without a size, all."""
        here = self.tell()
        if size is not None and here < self._cut < here + size:
            size = self._cut - here
        return super().read(size)


def findings(data: bytes) -> list[Finding] | None:
    """What decoding a JPEG's data to their end shows; None, and nothing decoded, where it cannot be checked.

    Raises
    ------
    ImageError
        When it cannot be decoded.
    """
    scans, end = jpeg_scans(data)
    if not scans or end is None or jpeg_headers.process_of(data)[0] in _UNCHECKABLE:
        return None
    if len(scans) > 1:
        return _check_progressive(data, scans)
    start, stop = scans[-1]
    stop = start + len(data[start:stop].rstrip(b"\xff"))  # fill bytes, of which a marker may have any number
    early, pixels = _decode(data, max(start, stop - SPARE))
    if early:
        return [Finding("corrupt", f"the data go on for more than {SPARE} bytes after the picture is complete")]
    if pixels.endswith(bytes((_GRAY,))):
        _, again = _decode(data[:stop] + _MORE + data[stop:], stop)
        if again != pixels:
            return [Finding("truncated", "the data end before the picture is complete; the rest is gray")]
    return []


def _check_progressive(data: bytes, scans: list[tuple[int, int]]) -> list[Finding]:
    """A scan of a progressive JPEG that is short leaves no gray; with more bytes in every scan it looks different."""
    more = bytearray(data[: scans[0][0]])
    for (start, stop), following in zip(scans, [*(start for start, _ in scans[1:]), len(data)], strict=True):
        more += data[start:stop] + _MORE + data[stop:following]
    _, pixels = _decode(data, len(data), _HALF)
    _, again = _decode(bytes(more), len(more), _HALF)
    return [] if again == pixels else [Finding("truncated", "the data of a scan end before the picture is complete")]


def _decode(data: bytes, cut: int, scale: int = _EIGHTH) -> tuple[bool, bytes]:
    """Whether the picture was complete before the bytes from `cut` on were read, and its pixels."""
    from PIL import JpegImagePlugin

    with errors.image_errors("decode"):
        file = _TwoPartFile(data, cut)
        image = JpegImagePlugin.JpegImageFile(file)
        image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))
        image.load()
        return file.tell() <= cut, image.tobytes()

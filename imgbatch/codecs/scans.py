"""Does a JPEG hold as much data as its picture needs? Pillow does not pass on what libjpeg warns of.

libjpeg goes on after a wrong Huffman code or missing data and fills in gray; it only warns, and Pillow does not ask.
But a decoder that has lost its way shows: it is through before the data are, or the data are through before it is.
So the file is fed to the decoder in two parts. If it is through before it asks for the second, the last bytes, there is
more data than picture. If the picture ends in the gray that libjpeg fills in, a second decode
with some bytes more says whether that gray was in the file: where it was, more bytes change nothing.

Decoded at an eighth of the size, because all of the data must be read but no picture is wanted. What cannot be seen:
damage that by chance leaves the length right, and damage in a progressive JPEG, which is decoded only when all of it
has been read.
"""

from __future__ import annotations

import io

from imgbatch.codecs import guard
from imgbatch.codecs.integrity import Finding, jpeg_scans

#: Encoders may pad a scan; so many bytes too many are a damage.
SPARE = 64
_GRAY = 128  # what libjpeg fills in
_EIGHTH = 8
_MORE = bytes((53 * place + 91) % 251 + 2 for place in range(600))  # any bytes but 00 and FF


class _Parted(io.BytesIO):
    """The bytes of a file, handed out in two parts, so that one can see whether the second was asked for."""

    def __init__(self, data: bytes, cut: int) -> None:
        super().__init__(data)
        self._cut = cut

    def read(self, size: int | None = -1) -> bytes:
        here = self.tell()
        if size is not None and here < self._cut < here + size:
            size = self._cut - here
        return super().read(size)


def findings(data: bytes) -> list[Finding] | None:
    """What decoding a JPEG's data to their end shows; None, and nothing decoded, where it has no end.

    Raises
    ------
    ImageError
        When it cannot be decoded.
    """
    scans, end = jpeg_scans(data)
    if not scans or end is None:
        return None
    start, stop = scans[-1]
    early, pixels = _decoded(data, max(start, stop - SPARE))
    if len(scans) > 1:
        return []
    if early:
        return [Finding("corrupt", f"the data go on for more than {SPARE} bytes after the picture is complete")]
    if pixels.endswith(bytes((_GRAY,))):
        _, again = _decoded(data[:stop] + _MORE + data[stop:], stop)
        if again != pixels:
            return [Finding("truncated", "the data end before the picture is complete; the rest is gray")]
    return []


def _decoded(data: bytes, cut: int) -> tuple[bool, bytes]:
    """Whether the picture was complete before the bytes from `cut` on were read, and its pixels."""
    from PIL import JpegImagePlugin

    with guard.classified("decode"):
        file = _Parted(data, cut)
        image = JpegImagePlugin.JpegImageFile(file)
        image.draft(None, (max(1, image.width // _EIGHTH), max(1, image.height // _EIGHTH)))
        image.load()
        return file.tell() <= cut, image.tobytes()

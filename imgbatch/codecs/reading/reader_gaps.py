"""Reader gaps: which sound files has Pillow no reader for, though it has one for their format?

What Pillow raises for them is what it raises for damage. They are asked for only after it has failed.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Mapping
from typing import Any

from imgbatch.codecs import errors
from imgbatch.codecs.containers import jpeg_headers
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.samples import bit_depth
from imgbatch.core.errors import ImageError, one_line

_COMPRESSION, _PLANES, _EXTRA = 259, 284, 338  # TIFF's tags
#: Those of TIFF's that libtiff may have been built without, by their number in the tag.
_OPTIONAL = {34925: "lzma", 50000: "zstd", 50001: "webp"}
#: What others are called (TIFF 6.0 and its supplements, libtiff's tiff.h, and programs that have their own).
_COMPRESSIONS = {
    9: "JBIG", 10: "JBIG", 34661: "JBIG", 34663: "JBIG2", 32766: "NeXT", 32767: "raw of Sony", 32770: "raw of Samsung",
    32808: "Pixar", 32867: "raw of Kodak", 32895: "IT8", 32896: "IT8", 32897: "IT8", 32898: "IT8", 32908: "Pixar",
    32909: "Pixar", 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000", 33007: "JPEG 2000", 34712: "JPEG 2000",
    34713: "raw of Nikon", 34718: "Microsoft Document Imaging", 34719: "Microsoft Document Imaging",
    34720: "Microsoft Document Imaging", 34887: "LERC", 34892: "lossy JPEG of DNG", 34933: "PNG", 34934: "JPEG XR",
    50002: "JPEG XL", 52546: "JPEG XL", 65000: "raw of Kodak", 65535: "raw of Pentax",
}  # fmt: skip
_PRIVATE = 32766  # from here on programs have numbers of their own
_LARGEST_AVIF = 16384**2  # px: what libavif reads, whatever its caller allows


class reader_errors(errors.image_errors):
    """As image_errors, for what a reader raises while it decodes a file of that format."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__("decode")
        self._name, self._data = name, data

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and (gap := reader_gap(self._name, self._data, error)):
            raise gap from error
        super().__exit__(kind, error, trace)


def reader_gap(name: str, data: bytes, reason: Exception, max_pixels: int | None = None) -> ImageError | None:
    """The error of a sound file of a kind that Pillow does not read, or of a header that lacks a tag; else None.

    Parameters
    ----------
    name : str
        The format by its signature, as Pillow's lower-case name.
    data : bytes
        The whole file.
    reason : Exception
        What the reader has raised.
    max_pixels : int, optional
        What a picture may have, where its size was not compared yet.
    """
    if name == "png" and data[12:16] == b"CgBI":
        return _no_reader("a PNG of Apple's own kind (CgBI)", "export it as an ordinary PNG first")
    if name == "pcx" and str(reason) == "unknown PCX mode" and data[65:66] in (b"\1", b"\2", b"\3", b"\4"):
        return _no_reader(f"a PCX of {data[65]} x {data[3]} bits", "save it as PNG first")
    if name == "avif" and max_pixels is not None:
        return _too_large(data, max_pixels)
    if name == "tiff":
        return _of_tiff(data, reason)
    if name == "jpeg":
        return _of_jpeg(data, reason)
    if name == "dds" and "format" in str(reason):
        kind = data[84:88].decode("latin-1") if data[80:84] == b"\4\0\0\0" else "an unusual layout"
        return _no_reader(f"a DDS of {one_line(kind)}", "save it as PNG first")
    if (
        name == "bmp"
        and data[14:16] != b"\x40\0"
        and (inner := {4: "a JPEG", 5: "a PNG"}.get(int.from_bytes(data[30:34], "little")))
    ):
        return _no_reader(f"a BMP that holds {inner}", f"take {inner} out of it first")
    if name == "psd" and data[4:6] == b"\0\2":
        return _no_reader("a large Photoshop document (PSB)", "save it as TIFF or PNG first")
    if name == "psd" and isinstance(reason.__cause__, KeyError):  # Pillow makes SyntaxErrors of them
        return _no_reader(
            f"a PSD of {int.from_bytes(data[22:24], 'big')} bits a channel", "save it as TIFF or PNG first"
        )
    return None


def _of_jpeg(data: bytes, reason: Exception) -> ImageError | None:
    advice = "save it as a JPEG of 8 bits, or as PNG, first"
    if (match := re.match(r"cannot handle (\d+)-(bit|layer)", str(reason))) is not None:
        unit = "bits a sample" if match[2] == "bit" else "components"
        return _no_reader(f"a JPEG of {match[1]} {unit}", advice)
    if kind := jpeg_headers.unusual_process(data):
        return _no_reader(kind, advice)
    if jpeg_headers.has_late_height(data):
        return _no_reader("a JPEG whose height stands behind its pixels (DNL)", advice)
    return None


def _no_reader(kind: str, advice: str) -> ImageError:
    return ImageError("unsupported", f"no reader here for {kind}; {advice}")


def _too_large(data: bytes, max_pixels: int) -> ImageError | None:
    """libavif says of a picture that is too large for it what it says of damage."""
    at = data.find(b"ispe", 0, 1 << 16)
    width, height = (int.from_bytes(data[place : place + 4], "big") for place in (at + 8, at + 12))
    if at < 0 or width * height <= min(_LARGEST_AVIF, max_pixels):
        return None
    try:
        limits.check_pixels((width, height), max_pixels)
    except ImageError as error:
        return error
    return ImageError("too_large", f"{width * height} pixels ({width}x{height}) are more than libavif reads")


def _of_tiff(data: bytes, reason: Exception) -> ImageError | None:
    from PIL import TiffTags

    if data.startswith(b"MM\0+"):
        return _no_reader("a big-endian BigTIFF", "save it as an ordinary TIFF first")
    missing, tags = reason.__cause__, bit_depth.tiff_tags(data)
    compression = tags.get(_COMPRESSION, 1)
    advice = "save it as RGB or gray with 8 or 16 bits a sample first"
    if compression == 1 and _is_planar_premultiplied(tags):
        return _no_reader("a TIFF of planes with premultiplied alpha", "save it with samples side by side first")
    if isinstance(missing, IndexError) and tags.get(_PLANES) == 2:
        return _no_reader("a TIFF of planes with extra samples", "save it with samples side by side first")
    if str(reason) == "unknown pixel mode" and (samples := bit_depth.tiff_samples(data)) is not None:
        return _no_reader(f"a TIFF of {samples}", advice)
    if compression in _COMPRESSIONS or (compression in _OPTIONAL and not has_compression(_OPTIONAL[compression])):
        title = _COMPRESSIONS.get(compression) or _OPTIONAL[compression].upper()
        return _no_reader(f"a TIFF compressed as {title}", "save it with another compression first")
    is_private = isinstance(compression, int) and compression >= _PRIVATE  # bytes where the tag's type is wrong
    if isinstance(missing, KeyError) and missing.args == (compression,) and is_private:
        return _no_reader(f"a TIFF of compression {compression}", "save it with another compression first")
    if isinstance(missing, KeyError) and missing.args == (compression,):
        return ImageError("corrupt", f"the tiff header names a compression that is none ({compression})")
    if isinstance(missing, KeyError):
        (number,) = missing.args
        return ImageError("corrupt", f"the tiff header has no tag {number} ({TiffTags.lookup(number).name})")
    return None


def _is_planar_premultiplied(tags: Mapping[int, Any]) -> bool:
    extra = tags.get(_EXTRA, ())
    return tags.get(_PLANES) == 2 and (extra == 1 or (isinstance(extra, tuple) and 1 in extra))


@functools.cache
def has_compression(name: str) -> bool:
    """Whether libtiff was built with a compression (Pillow's name of it): it then reads and writes it."""
    from PIL import Image as Images

    options: dict[str, Any] = {"compression": name}
    try:
        Images.new("RGB", (16, 16)).save(io.BytesIO(), "TIFF", **options)
    except OSError:
        return False
    return True

"""Metadata of a source: what did it come with beside EXIF and profile: XMP, IPTC, comment, texts, resolution?

A block that is too large is left out, with a warning.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.metadata import exif_tags, iptc, xmp
from imgbatch.codecs.metadata.exif_tags import RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION
from imgbatch.codecs.metadata.header_blocks import PNG_XMP, RAW_PROFILE, XMP_EXTENSION

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

#: Bytes of a block, at most.
MOST = 4 << 20
_EXTENSION_NOTE = rb"(?<!\s)\s++xmpNote:HasExtendedXMP\s*+=\s*+(\"[^\"]*+\"|'[^']*+')"  # compiled when it is needed
#: How the extension of a GIF begins that holds a packet.
GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
#: Texts of a PNG that hold another block, and what ImageMagick makes up for every file.
_OTHERS = (PNG_XMP, RAW_PROFILE, "exif", "date:")


def packet(image: ImageFile, name: str, data: bytes, warnings: list[str], changes: list[str]) -> bytes | None:
    """The XMP of a picture, in UTF-8; None where it has none, or too much.

    Parameters
    ----------
    image : ImageFile
    name : str
        Our name of its format.
    data : bytes
        The file: Pillow does not give a GIF's XMP whole.
    warnings, changes : list of str
        Get that it was too large, and that a JPEG's extended XMP is not kept.
    """
    raw: Any = image.info.get("xmp", image.info.get(PNG_XMP))
    if raw is None and name == "gif" and (at := data.find(GIF_XMP)) >= 0:
        raw = data[at + len(GIF_XMP) : data.find(b"\x01\xff\xfe", at)]
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogateescape")
    if not isinstance(raw, bytes) or not raw or _too_large(raw, "xmp", warnings):
        return None
    if any(segment.startswith(XMP_EXTENSION) for _, segment in getattr(image, "applist", ())):
        changes.append("extended xmp not kept")
        raw = re.sub(_EXTENSION_NOTE, b"", raw)
    return xmp.to_utf8(raw)


def records(image: ImageFile, warnings: list[str]) -> bytes | None:
    """The IPTC of a picture."""
    raw = iptc.find_records(image)
    return None if raw is None or _too_large(raw, "iptc", warnings) else raw


def comment(image: ImageFile) -> bytes | None:
    """The comment of a JPEG or GIF."""
    raw: Any = image.info.get("comment")
    if isinstance(raw, str):
        raw = raw.encode()
    return raw if isinstance(raw, bytes) and raw and len(raw) <= MOST else None


def texts(image: ImageFile) -> dict[str, str]:
    """The texts of a PNG by their keywords, those that hold another block excepted."""
    raw: dict[str, Any] = getattr(getattr(image, "png", None), "im_text", {})
    return {key: str(text) for key, text in raw.items() if key and not key.startswith(_OTHERS) and len(text) <= MOST}


def resolution(image: ImageFile) -> tuple[float, float] | None:
    """Pixels per inch, across and down, where the file says so itself."""
    dpi: Any = image.info.get("dpi")
    if hasattr(image, "quantization") and image.info.get("jfif_unit") not in (1, 2):
        dpi = _of_exif(image)
    if dpi is None:
        return None
    try:
        across, down = (float(number) for number in dpi)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    fine = all(math.isfinite(number) and 0.5 <= number < 65535 for number in (across, down))
    return (across, down) if fine else None


def _of_exif(image: ImageFile) -> tuple[Any, Any] | None:
    """What EXIF says of a JPEG whose JFIF header says nothing; Pillow would say 72 where EXIF is damaged."""
    exif = getattr(image, "_exif", None)  # read already, for the orientation
    if not exif or X_RESOLUTION not in exif or exif.get(RESOLUTION_UNIT, 2) not in (2, 3):
        return None
    times = 2.54 if exif.get(RESOLUTION_UNIT, 2) == 3 else 1
    try:
        return float(exif[X_RESOLUTION]) * times, float(exif.get(Y_RESOLUTION, exif[X_RESOLUTION])) * times
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def resolution_of_block(exif: bytes) -> tuple[float, float] | None:
    """Pixels per inch, across and down, by a block of EXIF; None where it does not say."""
    order = exif_tags.order_of(exif)
    numbers: dict[int, float] = {}
    for entry in exif_tags.entries(exif):
        if entry.directory == "image" and entry.tag in (X_RESOLUTION, Y_RESOLUTION) and entry.length == 8:
            above, below = struct.unpack_from(f"{order}II", exif, entry.start)
            numbers[entry.tag] = above / below if below else 0
        elif entry.directory == "image" and entry.tag == RESOLUTION_UNIT and entry.length == 2:
            (numbers[RESOLUTION_UNIT],) = struct.unpack_from(f"{order}H", exif, entry.start)
    times = {2: 1, 3: 2.54}.get(int(numbers.get(RESOLUTION_UNIT, 2)), 0)
    across = numbers.get(X_RESOLUTION, 0) * times
    return (across, numbers[Y_RESOLUTION] * times if Y_RESOLUTION in numbers else across) if across else None


def is_same(first: tuple[float, float] | None, second: tuple[float, float] | None) -> bool:
    """Whether two resolutions are the same to the pixel."""
    if first is None or second is None:
        return first is second
    return all(abs(one - other) <= 0.5 for one, other in zip(first, second, strict=True))


def _too_large(block: bytes, name: str, warnings: list[str]) -> bool:
    if len(block) > MOST:
        warnings.append(f"{name} ignored: {len(block) / 1e6:.1f} MB, more than {MOST / 1e6:.1f} MB")
    return len(block) > MOST

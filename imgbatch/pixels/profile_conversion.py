"""How do pixels get from one ICC profile to sRGB, and which profiles are our own?

Little CMS does it, through Pillow's ImageCms, which is imported only where a picture needs it. The intent is relative
colorimetric with black point compensation, as Adobe's programs have it: colors that both spaces hold stay what they
are, white stays white, black becomes black, and what is outside is cut at the edge. The perceptual tables of printer
profiles differ from maker to maker, and matrix profiles (all RGB spaces here) have none.
"""

from __future__ import annotations

import functools
import io
import struct
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

_SPACES = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk", b"Lab ": "lab"}


def profile_space(icc: bytes) -> str | None:
    """Which pixels a profile is for: ``gray``, ``rgb``, ``cmyk``, ``lab``; None when it is damaged or for others."""
    if len(icc) < 128 or icc[36:40] != b"acsp" or int.from_bytes(icc[:4], "big") > len(icc):
        return None
    return _SPACES.get(icc[16:20])


def profile_name(icc: bytes) -> str:
    """What a profile calls itself, or "a damaged profile"."""
    from PIL import ImageCms

    try:
        return " ".join(ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc))).split()) or "unnamed"
    except errors():
        return "a damaged profile"


def converted(image: Image, icc: bytes, given: str, wanted: str) -> Image:
    """`image`, whose mode is `given`, through the profile `icc` to sRGB in the mode `wanted` (RGB, RGBA, L, I;16)."""
    from PIL import ImageCms

    made = ImageCms.applyTransform(image, _transform(icc, given, wanted))
    assert made is not None  # not in place
    made.info = {}
    return made


def errors() -> tuple[type[Exception], ...]:
    """What ImageCms raises for a profile that it cannot use."""
    from PIL import ImageCms

    return (ImageCms.PyCMSError, OSError, ValueError, TypeError, ImportError)


@functools.cache
def srgb() -> bytes:
    """The sRGB profile that is written; the same bytes always: Little CMS would put the time of day into it."""
    from PIL import ImageCms

    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    raw[24:36] = struct.pack(">6H", 1999, 10, 18, 0, 0, 0)  # the standard's date, IEC 61966-2-1:1999
    raw[84:100] = bytes(16)  # no digest
    return bytes(raw)


@functools.cache
def gray() -> bytes:
    """A gray profile with the tone curve of sRGB (IEC 61966-2-1, 5.2), its white the D50 of profiles."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curve = [round(value * 65536) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)]
    tags = {
        b"desc": _words("Gray with the tone curve of sRGB"),
        b"cprt": _words("No copyright, use freely"),
        b"wtpt": white,
        b"kTRC": b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *curve),
    }
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s6H4s", at + len(body), b"\0\0\0\0", 0x04300000, b"mntr", b"GRAY", b"XYZ ",
                       1999, 10, 18, 0, 0, 0, b"acsp")  # fmt: skip
    head = head.ljust(64, b"\0") + struct.pack(">I3i", 1, 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def checked(icc: bytes) -> bytes:
    """A profile itself; ValueError when it is none for gray, RGB, CMYK or Lab pixels."""
    if profile_space(icc) is None or profile_name(icc) == "a damaged profile":
        raise ValueError("this is no ICC profile for gray, RGB, CMYK or Lab pixels")
    return icc


@functools.lru_cache(maxsize=8)
def read(path: str) -> bytes:
    """The profile in a file that was checked before the run; ImageError when it is gone since then."""
    try:
        with open(path, "rb") as file:
            return checked(file.read())
    except (OSError, ValueError) as error:
        raise ImageError("io", f"--assume-icc {path} can no longer be read: {error}") from error


def _words(text: str) -> bytes:
    """A multiLocalizedUnicodeType of one record, English."""
    said = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(said), 28) + said


@functools.lru_cache(maxsize=16)
def _transform(icc: bytes, given: str, wanted: str) -> Any:
    """Building a transform costs more than applying it to a small picture, and a batch often has one profile."""
    from PIL import ImageCms

    target = gray() if wanted in ("L", "I;16") else srgb()
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.ImageCmsProfile(io.BytesIO(target)),
        given,
        wanted,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )

"""Color numbers: what do blocks of a file other than a profile say of its colors?

nclx of AVIF and HEIC and cICP of PNG are code points of ITU-T H.273; JPEG 2000 has numbers of its own; PNG (gAMA and
cHRM), BMP and TIFF tell a power and the places of white and primaries; a camera says in EXIF that it was set to Adobe
RGB (DCF 2.0: R03, the mark of an option file, with a ColorSpace that is not sRGB).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from imgbatch.codecs.containers import color_blocks, color_boxes, png_chunks
from imgbatch.codecs.metadata import exif_tags, profile_policy
from imgbatch.core.errors import ImageError
from imgbatch.pixels import profile_conversion
from imgbatch.pixels.color_spaces import color_space
from imgbatch.pixels.color_spaces.color_space import ColorSpace, Curve

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_SRGB_GAMMA = 1 / 0.45455  # as a PNG says it
_SAME = 0.025  # of a power: what differs by less from sRGB's is meant to be it
_POWERS = (0.1, 10.0)
_TRANSFER, _WHITE, _PRIMARIES = 301, 318, 319
_HDR = (16, 18)  # transfer characteristics: PQ, HLG
#: Enumerated spaces of JPEG 2000 (15444-2, table M.25) that Pillow makes sRGB or gray of: bilevel, sRGB, gray, sYCC.
_PLAIN_JP2, _ROMM_JP2 = frozenset({0, 15, 16, 17, 18}), 21


class Description(NamedTuple):
    """What a file says of its colors beside a profile.

    Attributes
    ----------
    source : str
        What says it.
    space : ColorSpace or None
        None: something that is no color space here.
    narrow : bool
        Whether black is 16 of 255 and white 235.
    words : str
        What it says, where `space` is None.
    code : (int, int) or None
        The code points, where it is they that say it.
    """

    source: str
    space: ColorSpace | None
    narrow: bool = False
    words: str = ""
    code: tuple[int, int] | None = None

    @property
    def is_hdr(self) -> bool:
        """Whether the numbers are those of PQ or HLG."""
        return self.code is not None and self.code[1] in _HDR


def hidden_profile(name: str, mode: str, data: bytes) -> bytes | None:
    """An embedded profile that Pillow's reader does not hand over.

    Parameters
    ----------
    name : str
        Our name of the file's format.
    mode : str
        Of its pixels.
    data : bytes
        The file.

    Raises
    ------
    ImageError
        Kind ``unsupported``: Pillow takes the four inks of a JPEG 2000 for red, green, blue and alpha.
    """
    if name == "jpeg2000":
        box = color_boxes.of_jpeg2000(data)
        if box is None or box.icc is None or profile_conversion.profile_space(box.icc) != "cmyk" or mode == "CMYK":
            return None if box is None else box.icc
        raise ImageError(
            "unsupported", "no reader here for a JPEG 2000 whose profile says that it is CMYK; save it as TIFF first"
        )
    if name == "gif":
        return color_blocks.profile_of_gif(data)
    return color_blocks.profile_of_bmp(data) if name == "bmp" else None


def of_cicp(code: tuple[int, int, int, int]) -> Description | None:
    """What a PNG's cICP says; None where it leaves all open, or is for YCbCr, which no PNG holds."""
    primaries, transfer, matrix, full = code
    if matrix != 0:
        return None
    description = _of_code_points("cICP", (primaries, transfer))
    return None if description is None else description._replace(narrow=not full)


def of_file(image: ImageFile, name: str, data: bytes) -> Description | None:
    """What the blocks of a file say; None: nothing, or nothing that counts.

    Parameters
    ----------
    image : ImageFile
        Its header was read.
    name : str
        Our name of its format.
    data : bytes
        The file.
    """
    if name == "png":
        return _of_png(image)
    if name == "tiff":
        return _of_tiff(image)
    if name == "bmp":
        measures = color_blocks.chromaticities_of_bmp(data)
        return None if measures is None else _of_measures("the header of the bmp", *measures)
    if name == "qoi":
        return _of_measures("qoi", None, 1.0) if color_blocks.is_linear_qoi(data) else None
    if name == "jpeg2000":
        return _of_jpeg2000(color_boxes.of_jpeg2000(data))
    box = color_boxes.of_heif(data) if name in ("avif", "heif") else None
    return None if box is None or box.code_points is None else _of_code_points("nclx", box.code_points)


def light_levels(name: str, data: bytes) -> list[str]:
    """The names of what a file says of the brightness of HDR, which no output has."""
    if name == "png":
        return png_chunks.light_levels(data)
    return color_boxes.light_levels(data) if name in ("avif", "heif") else []


def of_exif(image: ImageFile, name: str, exif: bytes | None) -> Description | None:
    """Adobe RGB where EXIF says so; None where it does not, or where the file says sRGB itself.

    Parameters
    ----------
    image, name
        As of :func:`of_file`.
    exif : bytes or None
    """
    index, space = _adobe_tags_of_tiff(image) if name == "tiff" else profile_policy.color_tags(exif or b"")
    if "srgb" in image.info or not profile_policy.is_adobe_rgb(index, space):
        return None
    return Description("exif", color_space.ADOBE_RGB)


def _adobe_tags_of_tiff(image: ImageFile) -> tuple[bytes, int | None]:
    """The same of a TIFF, whose EXIF is no block of its own."""
    from PIL.Image import Image as Plain

    with contextlib.suppress(Exception):  # damaged tags say nothing
        tags = Plain.getexif(image)
        index = tags.get_ifd(exif_tags.INTEROP_IFD).get(exif_tags.INTEROP_INDEX, "")
        space = tags.get_ifd(exif_tags.EXIF_IFD).get(exif_tags.COLOR_SPACE)
        text = index if isinstance(index, bytes) else str(index).encode()
        return text.rstrip(b"\0 "), space if isinstance(space, int) else None
    return b"", None


def _of_code_points(source: str, code: tuple[int, int]) -> Description | None:
    if code == (2, 2):  # not specified
        return None
    words = f"primaries {code[0]} with transfer {code[1]}"
    return Description(source, color_space.of_code_points(*code), words=words, code=code)


def _of_jpeg2000(box: color_boxes.ColorBox | None) -> Description | None:
    if box is None:
        return None
    if box.code_points is not None:
        return _of_code_points("colr", box.code_points)
    if box.jp2_method is not None:
        return Description("colr", None, words=f"color space of method {box.jp2_method}")
    if box.jp2_number is None or box.jp2_number in _PLAIN_JP2:
        return None
    space = color_space.ROMM_RGB if box.jp2_number == _ROMM_JP2 else None
    return Description("colr", space, words=f"color space {box.jp2_number}")


def _of_png(image: ImageFile) -> Description | None:
    """gAMA and cHRM, which count where there is no sRGB."""
    info = image.info
    names = [word for word, key in (("cHRM", "chromaticity"), ("gAMA", "gamma")) if key in info]
    if "srgb" in info or not names:
        return None
    gamma = info.get("gamma")
    return _of_measures(" and ".join(names), info.get("chromaticity"), 1 / gamma if gamma else gamma)


def _of_tiff(image: ImageFile) -> Description | None:
    """WhitePoint and PrimaryChromaticities, and the power that TransferFunction is (TIFF 6.0, section 20)."""
    tags: Any = getattr(image, "tag_v2", {})
    source, primaries, gamma = "tags of the tiff", None, None
    if _PRIMARIES in tags or _TRANSFER in tags:
        with contextlib.suppress(Exception):  # what is no number says nothing
            if _PRIMARIES in tags:
                white = tags.get(_WHITE, color_space.SRGB.primaries[:2])
                primaries = tuple(float(number) for number in (*white, *tags[_PRIMARIES]))
            if _TRANSFER in tags:
                gamma = _power_of(tags[_TRANSFER])
        if primaries is not None and len(primaries) != 8:
            return Description(source, None, words="primaries")
        return _of_measures(source, primaries, gamma)
    return None


def _power_of(table: Sequence[int]) -> float | None:
    """The power that a table of 2^n amounts of light, once or for each of three colors, is nearest to in its middle."""
    length = len(table) // 3 if len(table) % 3 == 0 else len(table)
    middle = length // 2
    if length < 2 or not 0 < table[middle] < 65535:
        return None
    return math.log(table[middle] / 65535) / math.log(middle / (length - 1))


def _of_measures(source: str, primaries: Sequence[float] | None, gamma: float | None) -> Description:
    """A description by x and y of white, red, green and blue, and by a power; what is not told is sRGB's."""
    x = color_space.SRGB.primaries if primaries is None else primaries
    curve: Curve | None = color_space.SRGB_CURVE
    if gamma is not None:
        plain = color_space.is_same(x, color_space.SRGB.primaries) and abs(gamma - _SRGB_GAMMA) < _SAME
        if not plain:
            curve = color_space.power_curve(gamma) if _POWERS[0] <= gamma <= _POWERS[1] else None
    space = None if curve is None else color_space.color_space(tuple(x), curve)
    words = "a power of 0" if gamma == 0 else f"gamma {gamma:g}" if curve is None else "primaries that span no colors"
    return Description(source, space, words=words)

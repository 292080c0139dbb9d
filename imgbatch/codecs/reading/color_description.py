"""Color description: which profile do a picture's pixels have, be it embedded or told in another way?

Whatever else says what the numbers mean becomes a profile, and is from there on treated as one that was embedded.
What counts first: cICP of PNG (third edition, 4.3: before iCCP, sRGB, gAMA and cHRM); the embedded profile, also
of GIF, BMP and JPEG 2000; the file's own numbers (color_numbers.py); EXIF of a camera that was set to Adobe RGB.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers import jpeg_headers, png_chunks
from imgbatch.codecs.metadata import profile_policy
from imgbatch.pixels import color, profile_conversion

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.reading.color_numbers import Description

#: Tags of TIFF: the profile; TransferFunction, WhitePoint, PrimaryChromaticities, and the directory of EXIF.
_ICC = 34675
_TIFF_TAGS = (301, 318, 319, 0x8769)
#: In EXIF, ColorSpace 65535 (not calibrated), in both orders of bytes.
_OPEN_MARKS = (b"\x01\xa0\x03\0\x01\0\0\0\xff\xff", b"\xa0\x01\0\x03\0\0\0\x01\xff\xff")
#: What is said where EXIF's ColorSpace is 65535, and nothing says what the colors are.
OPEN_COLORS = "color: not calibrated by exif, and no profile says what it is"
_DCF_NAME = r"_[0-9A-Z_]{3}[0-9]{4}\.[A-Z]{3,4}"
_GRAY_ALPHA_16 = b"\x10\4"  # bits and color type of a PNG
_WITH_BOXES = ("avif", "heif", "jpeg2000")
_WITH_BLOCKS = ("gif", "bmp", "qoi")
_ICONS = ("ico", "icns")


def profile_of(
    image: ImageFile, name: str, data: bytes, exif: bytes | None, warnings: list[str], changes: list[str]
) -> bytes | None:
    """The profile of a picture's pixels; None: they are sRGB, or taken for it.

    Parameters
    ----------
    image : ImageFile
        Its header was read.
    name : str
        Our name of its format.
    data : bytes
        The file.
    exif : bytes or None
        Its EXIF.
    warnings, changes : list of str
        Get that a profile cannot be used, and what was found in its place.
    """
    code = png_chunks.cicp(data) if name == "png" else None
    profile = image.info.get("icc_profile")
    looks = code is not None or _is_worth_a_look(image, name, exif)
    if not profile and looks:
        from imgbatch.codecs.reading import color_numbers

        profile = color_numbers.hidden_profile(name, image.mode, data)
    if not profile and name == "jpeg" and getattr(image, "icclist", None):
        profile = jpeg_headers.late_profile(image)
    if not profile and "icc_profile" in image.info:  # there was one
        warnings.append("icc ignored: damaged")
    mode = "LA" if name == "png" and data[24:26] == _GRAY_ALPHA_16 else image.mode
    icc = profile_policy.usable_profile(profile, mode, warnings)
    if name in _ICONS:
        return _profile_of_icon(image, data, warnings, changes)
    if not looks or (icc is not None and code is None):
        return icc
    kind = color.space(mode)
    if kind not in ("rgb", "gray") or image.mode == "1":  # black and white are so in every space
        return icc
    from imgbatch.codecs.reading import color_numbers

    description = color_numbers.of_cicp(code) if code is not None else None
    if description is None and icc is None:
        description = color_numbers.of_file(image, name, data) or color_numbers.of_exif(image, name, exif)
        if description is None and exif is not None and any(mark in exif for mark in _OPEN_MARKS):
            changes.append(OPEN_COLORS)
    if description is not None and description.is_hdr and (levels := color_numbers.light_levels(name, data)):
        changes.append(f"light levels not kept: {', '.join(levels)}")
    return icc if description is None else _described_profile(description, kind == "gray", icc, changes)


def in_one_space(image: ImageFile, frames: Iterator[Image], icc: bytes | None, changes: list[str]) -> Iterator[Image]:
    """`frames`, those of a TIFF's page with another profile than the first page's converted to its colors.

    Gray of 16 bits with alpha, which Pillow gives as RGBA, is gray again where it has a profile for that.

    Parameters
    ----------
    image : ImageFile
        Stands at the first page, and at each that a frame is taken from.
    frames : iterator of Image
    icc : bytes or None
        The profile that counts for all of them; None: sRGB.
    changes : list of str
        Gets what was converted, and what could not be.
    """
    if image.format == "PNG" and image.mode == "RGBA" and icc is not None and profile_conversion.fits(icc, "LA"):
        return (frame.convert("LA") if frame.mode == "RGBA" else frame for frame in frames)
    if image.format != "TIFF":
        return frames
    return _in_one_space(image, frames, icc, changes, image.tag_v2.get(_ICC))  # type: ignore[attr-defined]  # a TIFF's


def _in_one_space(
    image: Any, frames: Iterator[Image], icc: bytes | None, changes: list[str], first: bytes | None
) -> Iterator[Image]:
    for frame in frames:
        own = image.tag_v2.get(_ICC)
        if not own or own in (first, icc):
            yield frame
            continue
        name, page = profile_conversion.profile_name(own), image.tell() + 1
        if frame.mode == color.FLOATS:
            from imgbatch.pixels.deep import floats

            frame = floats.to_sixteen_bits(frame, changes)
        result = profile_conversion.between(frame, own, icc or profile_conversion.srgb_profile())
        if result is None:
            changes.append(f"icc of page {page} not kept, taken for the first page's: {name}")
        else:
            target = "sRGB" if icc is None else profile_conversion.profile_name(icc)
            changes.append(f"icc of page {page}: {name} -> {target}")
            if frame.mode in color.DEEP_COLOR and result.mode not in color.DEEP_COLOR:
                changes.append(color.depth_loss(frame))
        yield frame if result is None else result


def _profile_of_icon(image: ImageFile, data: bytes, warnings: list[str], changes: list[str]) -> bytes | None:
    """The profile of the PNG that is shown of an icon, None where it is no PNG."""
    from PIL import Image as Images

    from imgbatch.codecs.containers import color_blocks

    inner, _ = png_chunks.without_heavy_chunks(color_blocks.png_of_icon(data, image.size))
    with contextlib.suppress(Exception), Images.open(io.BytesIO(inner), formats=["PNG"]) as picture:
        icc = profile_of(picture, "png", inner, None, warnings, changes)
        return icc if icc is not None and profile_conversion.fits(icc, image.mode) else None
    return None


def profile_by_name(name: str, mode: str, changes: list[str]) -> bytes | None:
    """Adobe RGB, for a picture that is `OPEN_COLORS` and has a name such as ``_DSC1234.JPG``; None for others.

    Cameras begin the names of pictures in Adobe RGB with a line (DCF 2.0, 3.2.4.1).

    Parameters
    ----------
    name : str
        Of the file, without folders.
    mode : str
        Of its pixels.
    changes : list of str
        Of the picture: what is known now stands in the place of what was not.
    """
    if not re.fullmatch(_DCF_NAME, name, re.IGNORECASE) or color.space(mode) != "rgb":
        return None
    from imgbatch.pixels.color_spaces import color_space, icc_profile

    changes[changes.index(OPEN_COLORS)] = f"icc: {color_space.ADOBE_RGB.name} by exif and the name"
    return icc_profile.profile_of(color_space.ADOBE_RGB)


def _is_worth_a_look(image: ImageFile, name: str, exif: bytes | None) -> bool:
    """Whether anything but a profile could say what the colors are; asked of every picture, so cheap."""
    if name in _WITH_BOXES or name in _WITH_BLOCKS:
        return True
    if name == "png" and ("gamma" in image.info or "chromaticity" in image.info):
        return True
    tags = getattr(image, "tag_v2", None) if name == "tiff" else None
    if tags is not None and any(tag in tags for tag in _TIFF_TAGS):
        return True
    return exif is not None and any(mark in exif for mark in (*profile_policy.ADOBE_MARKS, *_OPEN_MARKS))


def _described_profile(description: Description, gray: bool, icc: bytes | None, changes: list[str]) -> bytes | None:
    """The profile that says what a description says; `icc` where it is the same, or where we know no better."""
    from imgbatch.pixels.color_spaces import icc_profile

    source, space = description.source, description.space
    if space is None:
        changes.append(f"color: {description.words} by {source} not kept, taken for {'the profile' if icc else 'sRGB'}")
        return icc
    if space.is_srgb(gray) and not description.narrow:
        same = icc is not None and profile_conversion.is_srgb(icc)
        changes += ["icc not kept: cICP says sRGB"] if icc and not same else []
        return icc if same else None
    if gray:
        space = space._replace(name=f"gray, {space.curve.name}")
    if description.narrow:
        space = space._replace(name=f"{space.name}, narrow range")
    profile = icc_profile.profile_of(space, gray, description.narrow, None if gray else description.code)
    if profile != icc:  # else it is our own, beside the same in numbers
        changes.append(f"icc: {space.name} by {source}")
    return profile

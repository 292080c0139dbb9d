"""ICC profiles: which pixels are they for, how do pixels get through them to sRGB, and which are our own?

Little CMS does it, through Pillow's ImageCms, which is imported only where a picture needs it. The intent is relative
colorimetric with black point compensation, as Adobe's programs have it: colors that both spaces hold stay what they
are, white stays white, black becomes black, and what is outside is cut at the edge. The perceptual tables of printer
profiles differ from maker to maker, and matrix profiles (all RGB spaces here) have none.
"""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import ImageError
from imgbatch.pixels.color import DEEP, DEEP_COLOR, INK, has_transparency, space, to_continuous_tone, to_eight_bits

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
        return " ".join(ImageCms.getProfileDescription(_profile(icc)).split()) or "unnamed"
    except _cms_errors():
        return "a damaged profile"


def fits(icc: bytes, mode: str) -> bool:
    """Whether a profile may stand beside pixels of `mode`."""
    return profile_space(icc) == space(mode)


@functools.lru_cache(maxsize=16)
def is_srgb(icc: bytes) -> bool:
    """Whether an RGB or gray profile changes no color by more than two of 255, whatever it calls itself."""
    mode = {"rgb": "RGB", "gray": "L"}.get(profile_space(icc) or "")
    if mode is None:
        return False
    from PIL import Image as Images

    levels = range(0, 256, 51)
    colors = bytes(value for red in levels for green in levels for blue in levels for value in (red, green, blue))
    probe = Images.frombytes("RGB", (len(colors) // 3, 1), colors)
    if mode == "L":
        probe = Images.frombytes("L", (256, 1), bytes(range(256)))
    try:
        result = _convert(probe, icc, mode, mode)
    except _cms_errors():
        return False
    return all(abs(one - other) <= 2 for one, other in zip(result.tobytes(), probe.tobytes(), strict=True))


def converts_depth(icc: bytes) -> bool:
    """Whether 16 bits of color stay 16 on the way through a profile to sRGB: Pillow gives Little CMS 8 of them only."""
    from imgbatch.pixels.color_spaces import matrix_conversion

    return is_srgb(icc) or profile_space(icc) == "gray" or matrix_conversion.matrix_profile(icc) is not None


def to_rgb(image: Image, icc: bytes | None = None) -> Image:
    """`image` as RGB or RGBA for a format that knows nothing else, through its profile where it has one.

    CMYK and LAB are converted with `icc`; without a usable profile CMYK by Pillow's plain formula, LAB as CIE Lab D50.
    16-bit and 32-bit gray are brought to 8 bits by their range (see :func:`to_eight_bits`). RGB and gray keep their
    values: :func:`to_srgb` is the one that converts them.
    """
    if image.mode in DEEP:
        image = to_eight_bits(image)
    if image.mode in INK:
        result = (to_srgb(image, icc) if icc else None) or image.convert("RGB")
        result.info.pop("icc_profile", None)  # Pillow gives what was LAB a profile, with the time of day in it
        return result
    image = to_continuous_tone(image)
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if has_transparency(image) else "RGB")


def ink_to_srgb(frames: Iterable[Image], icc: bytes | None) -> Iterator[Image]:
    """`frames` as they come, those of ink or LAB converted to sRGB (see :func:`to_rgb`)."""
    for frame in frames:
        yield to_rgb(frame, icc) if frame.mode in INK else frame


def to_srgb(image: Image, icc: bytes) -> Image | None:
    """`image` converted from its profile to sRGB; None when the profile is damaged or is for other pixels.

    RGB, RGBA and P keep their mode (of a palette the entries are converted), gray stays gray (of 8 or 16 bits), CMYK
    and LAB become RGB. The same object when no color would change.
    """
    if not fits(icc, image.mode):
        return None
    try:
        if image.mode in INK:
            return _convert(image, icc, image.mode, "RGB")
        if image.mode == "1" or is_srgb(icc):
            return image  # black and white are so in every profile
        if image.mode in DEEP_COLOR:
            return _deep_to_srgb(image, icc) or to_srgb(to_eight_bits(image), icc)
        if image.mode in ("RGB", "RGBA"):
            return _with_info(_convert(image, icc, image.mode, image.mode), image)
        if image.mode == "P":
            return _palette_to_srgb(image, icc)
        if space(image.mode) == "gray":
            return _gray_to_srgb(image, icc)
        return _convert(to_continuous_tone(image).convert("RGB"), icc, "RGB", "RGB")
    except _cms_errors():
        return None


def between(image: Image, icc: bytes, target: bytes) -> Image | None:
    """`image` converted from its profile to the colors of another; None where a profile is not for such pixels.

    Parameters
    ----------
    image : Image
        RGB, RGBA, a palette, gray or CMYK of 8 bits: it keeps its mode, but a palette becomes RGB or RGBA. Of 16 bits
        of color it keeps them on the way to sRGB, as :func:`converts_depth` says.
    icc, target : bytes
    """
    whole = to_continuous_tone(image) if image.mode == "P" else image
    if whole.mode in DEEP_COLOR:
        deep = _deep_to_srgb(whole, icc) if fits(icc, whole.mode) and is_srgb(target) else None
        return deep or between(to_eight_bits(whole), icc, target)
    if whole.mode not in ("L", "RGB", "RGBA", "CMYK") or not (fits(icc, whole.mode) and fits(target, whole.mode)):
        return None
    try:
        return _with_info(_convert(whole, icc, whole.mode, whole.mode, target), whole)
    except _cms_errors():
        return None


@functools.cache
def srgb_profile() -> bytes:
    """The sRGB profile that is written; the same bytes always: Little CMS would put the time of day into it."""
    from PIL import ImageCms

    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    raw[24:36] = struct.pack(">6H", 1999, 10, 18, 0, 0, 0)  # the standard's date, IEC 61966-2-1:1999
    raw[84:100] = bytes(16)  # no digest
    return bytes(raw)


@functools.cache
def gray_profile() -> bytes:
    """A gray profile with the tone curve of sRGB (IEC 61966-2-1, 5.2), its white the D50 of profiles."""
    from imgbatch.pixels.color_spaces import color_space, icc_profile

    return icc_profile.profile_of(color_space.SRGB._replace(name="Gray with the tone curve of sRGB"), gray=True)


def check_profile(icc: bytes) -> bytes:
    """A profile itself; ValueError when it is none for gray, RGB, CMYK or Lab pixels."""
    if profile_space(icc) is None or profile_name(icc) == "a damaged profile":
        raise ValueError("this is no ICC profile for gray, RGB, CMYK or Lab pixels")
    return icc


@functools.lru_cache(maxsize=8)
def read_profile(path: str) -> bytes:
    """The profile in a file that was checked before the run; ImageError when it is gone since then."""
    try:
        with open(path, "rb") as file:
            return check_profile(file.read())
    except (OSError, ValueError) as error:
        raise ImageError("io", f"--assume-icc {path} can no longer be read: {error}") from error


def _deep_to_srgb(image: Image, icc: bytes) -> Image | None:
    """16 bits of color with 16 bits; None where the profile is no formula (see :func:`converts_depth`)."""
    import numpy

    from imgbatch.pixels.color_spaces import matrix_conversion
    from imgbatch.pixels.deep import bands

    *colors, last = image.split()
    colors += [] if "A" in image.mode else [last]
    if len(colors) == 1:
        results = [_convert(band, icc, "I;16", "I;16") for band in colors]
    else:
        profile = matrix_conversion.matrix_profile(icc)
        if profile is None:
            return None
        results = [*map(bands.to_band, matrix_conversion.to_srgb([numpy.asarray(band) for band in colors], profile))]
    return bands.DeepImage([*results, last] if "A" in image.mode else results)


def _gray_to_srgb(image: Image, icc: bytes) -> Image:
    """Gray through a gray profile, 16 bits with 16 bits."""
    from PIL import Image as Images

    if image.mode in ("LA", "La"):
        gray, alpha = image.convert("LA").split()
        return Images.merge("LA", (_convert(gray, icc, "L", "L"), alpha))
    if image.mode in ("I;16", "I;16L"):
        result = _convert(image, icc, "I;16", "I;16")
        if "transparency" in image.info:  # the gray that is transparent is another one now
            key = _convert(Images.new("I;16", (1, 1), image.info["transparency"]), icc, "I;16", "I;16")
            result.info["transparency"] = key.getpixel((0, 0))
        return result
    if image.mode in DEEP:
        return _convert(to_eight_bits(image), icc, "L", "L")
    return _with_info(_convert(image, icc, "L", "L"), image)


def _palette_to_srgb(image: Image, icc: bytes) -> Image:
    from PIL import Image as Images

    entries = image.getpalette("RGB") or []
    row = Images.frombytes("RGB", (len(entries) // 3, 1), bytes(entries))
    result = image.copy()
    result.putpalette(_convert(row, icc, "RGB", "RGB").tobytes())
    return result


def _with_info(result: Image, image: Image) -> Image:
    """A transparent color in the header would no longer be the same color: it becomes alpha."""
    if not has_transparency(image) or result.mode in ("LA", "RGBA"):
        return result
    whole = to_continuous_tone(image)
    if whole.mode not in ("LA", "RGBA"):
        return result
    result.putalpha(whole.getchannel("A"))
    return result


def _convert(image: Image, icc: bytes, source_mode: str, target_mode: str, target: bytes | None = None) -> Image:
    """`image` from its `source_mode`, through the profile `icc`, to sRGB in `target_mode` (RGB, RGBA, L or I;16).

    To the colors of another profile where there is a `target`.
    """
    from PIL import ImageCms

    result = ImageCms.applyTransform(image, _transform(icc, source_mode, target_mode, target))
    assert result is not None  # not in place
    result.info = {}
    return result


def _cms_errors() -> tuple[type[Exception], ...]:
    """What ImageCms raises for a profile that it cannot use."""
    from PIL import ImageCms

    return (ImageCms.PyCMSError, OSError, ValueError, TypeError, ImportError)


def _profile(icc: bytes) -> Any:
    """A profile as Little CMS has it; ValueError where it would make room for more than there is."""
    from PIL import ImageCms

    from imgbatch.pixels.color_spaces import icc_profile

    if not icc_profile.is_whole(icc):
        raise ValueError("a table of the profile is not whole")
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


@functools.lru_cache(maxsize=16)
def _transform(icc: bytes, source_mode: str, target_mode: str, target: bytes | None) -> Any:
    """Building a transform costs more than applying it to a small picture, and a batch often has one profile."""
    from PIL import ImageCms

    target = target or (gray_profile() if target_mode in ("L", "I;16") else srgb_profile())
    return ImageCms.buildTransform(
        _profile(icc),
        _profile(target),
        source_mode,
        target_mode,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )

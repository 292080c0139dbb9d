"""Profile policy: which profile goes with the pixels of an output: the source's, sRGB, or none?

``keep`` leaves both as they are (pixel_modes.py converts only where a format or a mode cannot carry the profile).
``srgb`` converts the pixels and writes an sRGB profile; ``none`` converts and writes none. Pixels that are sRGB
already are left alone, so a second pass over an output changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.codecs.metadata import exif_tags
from imgbatch.pixels import color, profile_conversion
from imgbatch.pixels.frames import SpooledFrames, map_frames

if TYPE_CHECKING:
    from PIL.Image import Image


#: What may say Adobe RGB in EXIF: the index of interoperability (DCF); ColorSpace 2, in both orders of bytes.
ADOBE_MARKS = (b"R03", b"\x01\xa0\x03\0\x01\0\0\0\x02\0", b"\xa0\x01\0\x03\0\0\0\x01\0\x02")


def color_tags(exif: bytes) -> tuple[bytes, int | None]:
    """InteroperabilityIndex and ColorSpace."""
    index, space = b"", None
    for entry in exif_tags.entries(exif):
        value = exif[entry.start : entry.start + entry.length]
        if entry.directory == "interop" and entry.tag == exif_tags.INTEROP_INDEX:
            index = value.rstrip(b"\0 ")
        elif entry.tag == exif_tags.COLOR_SPACE and entry.number == 1:
            space = int.from_bytes(value, "little" if exif.startswith(b"II") else "big")
    return index, space


def is_adobe_rgb(index: bytes, space: int | None) -> bool:
    """Whether these two say Adobe RGB."""
    return space == 2 or (index == b"R03" and space != 1)


def exif_of_srgb(exif: bytes, changes: list[str]) -> bytes:
    """EXIF beside pixels that are sRGB without a profile: it says so where it said Adobe RGB, as in a stranger's file.

    Parameters
    ----------
    exif : bytes
    changes : list of str
        Gets that it does.
    """
    if not (any(mark in exif for mark in ADOBE_MARKS) and is_adobe_rgb(*color_tags(exif))):
        return exif
    changes.append("color space of exif: Adobe RGB -> sRGB, as the pixels are")
    return exif_tags.with_srgb(exif)


def usable_profile(icc: object, mode: str, warnings: list[str]) -> bytes | None:
    """A profile as the reader found it, for pixels of `mode`; None, with a warning, where it is not for them.

    Parameters
    ----------
    icc : object
        What Pillow's reader found; anything but bytes is no profile.
    mode : str
        Of the pixels, which tells their color space.
    warnings : list of str
        Gets why a profile is left out: damaged, or of another color space.
    """
    if not isinstance(icc, bytes) or not icc:
        return None
    space = profile_conversion.profile_space(icc)
    if space == color.space(mode):
        return icc
    why = "damaged" if space is None else f"made for {space}, the pixels are {mode}"
    warnings.append(f"icc ignored: {why}")
    return None


def assumed_profile(icc: bytes, mode: str, changes: list[str]) -> bytes | None:
    """The profile that is assumed for pixels of `mode` that came without one; None where it is for others.

    Parameters
    ----------
    icc : bytes
        The profile.
    mode : str
    changes : list of str
        Gets the profile's name.
    """
    if not profile_conversion.fits(icc, mode):
        return None
    changes.append(f"icc: {profile_conversion.profile_name(icc)} assumed")
    return icc


def convert_to_srgb(
    frames: Sequence[Image], icc: bytes | None, changes: list[str]
) -> tuple[SpooledFrames, bytes | None]:
    """`frames` in sRGB, through their profile; and that profile, where it says no more than that they are.

    Without a profile they are taken to be sRGB, ink and Lab excepted.

    Parameters
    ----------
    frames : sequence of Image
        Of any mode that a reader gives.
    icc : bytes or None
        Their profile.
    changes : list of str
        Gets what the conversion costs.
    """
    same = True

    def on_srgb(frame: Image) -> Image:
        nonlocal same
        srgb_frames = _on_srgb(frame, icc, changes)
        same = same and srgb_frames is frame
        return srgb_frames

    srgb_frames = map_frames(frames, on_srgb)
    return srgb_frames, icc if same else None


def profile_to_write(
    frames: Sequence[Image], policy: str, icc: bytes | None, writable: bool, changes: list[str]
) -> bytes | None:
    """The profile to be written beside `frames`, which are sRGB; None: none.

    Parameters
    ----------
    frames : sequence of Image
        As they will be encoded.
    policy : str
        ``srgb``: `icc` or our own is written; ``none``.
    icc : bytes or None
        The source's, where it says that the colors are sRGB.
    writable : bool
        Whether the format holds profiles.
    changes : list of str
        Gets a sentence about what is removed.
    """
    if policy == "none":
        changes += ["icc: removed, the colors are sRGB"] if icc else []
        return None
    spaces = {color.space(frame.mode) for frame in frames}
    if len(spaces) > 1 or not writable:
        return None
    if icc and profile_conversion.fits(icc, frames[0].mode):
        return icc
    return profile_conversion.gray_profile() if spaces == {"gray"} else profile_conversion.srgb_profile()


def _on_srgb(frame: Image, icc: bytes | None, changes: list[str]) -> Image:
    if (
        icc
        and frame.mode == color.FLOATS
        and profile_conversion.fits(icc, frame.mode)
        and not profile_conversion.is_srgb(icc)
    ):
        from imgbatch.pixels.deep import floats

        frame = floats.to_sixteen_bits(frame, changes)
    result = profile_conversion.to_srgb(frame, icc) if icc else None
    if result is not None:
        if result is not frame:
            changes.append(f"icc: {profile_conversion.profile_name(icc or b'')} -> sRGB")
        if frame.mode in color.DEEP and result.mode not in color.DEEP:
            changes.append(color.depth_loss(frame))
        return result
    if icc:
        changes.append("icc not kept: damaged")
    if frame.mode in color.INK:
        changes.append(f"mode: {frame.mode} -> sRGB")
        return profile_conversion.to_rgb(frame)
    return frame

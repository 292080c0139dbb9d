"""Pixel modes: how do pixels get into a mode that a format holds, and may their color profile go with them?

Every loss is noted: alpha that was flattened, 16 bits that became 8, a profile that had to be applied because the
format or the new mode cannot carry it. Profiles are never left beside pixels that they do not describe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.pixels import alpha, color, profile_conversion
from imgbatch.pixels.frames import map_frames

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.base import Codec

#: Modes that are another spelling of a plainer one.
_PLAIN = {
    "RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB", "I;16L": "I;16", "I;16N": "I;16",
    "I;16B": "I;16",
}  # fmt: skip
_OPAQUE = ("RGB", "L")  # without a transparent color in their header
_COLOR_KEY_MODES = frozenset({"1", "L", "P", "RGB", "I;16"})


def fit(
    frames: Sequence[Image], codec: Codec, background: str, icc: bytes | None, changes: list[str]
) -> tuple[Sequence[Image], bytes | None]:
    """`frames` in modes that `codec` holds, and the profile that goes with them (None: none, the colors are sRGB).

    Parameters
    ----------
    frames : sequence of Image
    codec : Codec
    background : str
        The color on which they are flattened where the format has no alpha.
    icc : bytes or None
        The profile of the pixels.
    changes : list of str
        Gets what is lost of alpha, depth and colors.
    """
    if icc is None and len(frames) == 1 and is_fit(frames[0], codec):
        return frames, None
    keep = icc if icc is not None and codec.can_write_profile(icc) else None
    ready = True

    def plain(frame: Image) -> Image:
        """The frame in a plain mode, flattened where the codec has no alpha; updates `keep` and `ready`."""
        nonlocal keep, ready
        result = _plain(frame, codec, changes)
        if not codec.alpha:
            result = _flatten(result, background, changes)
        target = target_mode(result, codec)
        if keep is not None and not (
            profile_conversion.fits(keep, result.mode) and color.space(result.mode) == color.space(target)
        ):
            keep = None
        ready = ready and target == result.mode
        return result

    results = map_frames(frames, plain)
    profile = None if keep is not None else icc
    if not ready or profile:
        results = map_frames(results, lambda frame: _convert(frame, target_mode(frame, codec), profile, codec, changes))
    return results, keep


def is_fit(image: Image, codec: Codec) -> bool:
    """Whether an image without profile is written as it is: the most frequent case, by one look."""
    import PIL.Image as Images

    mode = image.mode
    return mode in _OPAQUE and mode in codec.modes and not image.info and type(image) is Images.Image


def target_mode(image: Image, codec: Codec) -> str:
    """The mode in which `codec` writes `image`, without loss where the format allows it."""
    mode = image.mode
    if mode in codec.modes:
        return mode
    if mode == "LA;16" and "RGBA;16" in codec.modes:
        return "RGBA;16"
    if mode == color.FLOATS and "RGB;16" in codec.modes:
        return "RGB;16"
    if mode in ("I", "F") and "I;16" in codec.modes:
        return "I;16"
    gray, gray_alpha, rgb, rgba = codec.targets
    if color.space(mode) == "gray":
        return gray_alpha if color.has_transparency(image) else gray
    return rgba if color.has_transparency(image) else rgb


def _plain(image: Image, codec: Codec, changes: list[str]) -> Image:
    """A detached image in a mode of the everyday kind, without anything in its info that a writer would take."""
    import PIL.Image as Images

    mode = image.mode
    if mode in color.DEEP_COLOR:
        result = image if target_mode(image, codec) in color.DEEP_COLOR else _to_eight_bits(image, changes)
        if result.info:
            result = result.copy()
            result.info = {}
        return result
    if mode in _PLAIN and mode not in codec.modes:
        image = to_little_endian(image) if mode == "I;16B" else image.convert(_PLAIN[mode])
    keys = {"transparency"} & image.info.keys() if image.info and image.mode in _COLOR_KEY_MODES else set()
    if image.info.keys() != keys or type(image) is not Images.Image:
        plain = image.copy() if image.mode in ("P", "PA") else _share_pixels(image)
        plain.info = {key: image.info[key] for key in keys}
        image = plain
    if image.mode == "I;16" and keys and (not codec.color_key or "I;16" not in codec.modes):
        if "I;16" not in codec.modes:
            return _deep_key_to_alpha(image, changes)
        changes.append(f"transparent gray not written: {codec.name}")
        return alpha.without_alpha(image)
    if not codec.color_key and image.mode in _COLOR_KEY_MODES and color.has_transparency(image):
        image = color.to_continuous_tone(image)
        image.info = {}
    return image


def _share_pixels(image: Image) -> Image:
    """Another image of the same pixels, which are copied when somebody changes them."""
    import PIL.Image as Images

    result = Images.Image._new(image, image.im)
    result.readonly = 1
    return result


def to_eight_bits(frames: Sequence[Image], changes: list[str]) -> Sequence[Image]:
    """`frames` with 8 bits of color; gray of more bits stays what it is."""
    if not any(frame.mode in color.DEEP_COLOR for frame in frames):
        return frames
    return map_frames(frames, lambda frame: _to_eight_bits(frame, changes) if frame.mode in color.DEEP_COLOR else frame)


def set_depth(frames: Sequence[Image], bits: str, codec: Codec, changes: list[str]) -> Sequence[Image]:
    """`frames` with as many bits a sample as was asked for.

    Parameters
    ----------
    frames : sequence of Image
    bits : str
        ``8``; ``16``, where the format holds them; ``keep``.
    codec : Codec
    changes : list of str
        Gets what that changes.
    """
    if bits == "8":
        return map_frames(frames, lambda frame: _to_eight_bits(frame, changes) if frame.mode in color.DEEP else frame)
    return map_frames(frames, lambda frame: _to_sixteen_bits(frame, codec, changes)) if bits == "16" else frames


def _to_eight_bits(image: Image, changes: list[str]) -> Image:
    changes.append(color.depth_loss(image))
    return color.to_eight_bits(image, changes)


def _to_gray_of_sixteen_bits(image: Image, changes: list[str]) -> Image:
    """Gray of 32 bits with 16: whole numbers that fit as they are."""
    from PIL import Image as Images

    from imgbatch.pixels.deep import gray

    if image.mode == "I" and _fits_16_bits(image):
        return to_little_endian(image)
    changes.append("depth: 32 -> 16 bits")
    return Images.fromarray(gray.to_levels(image, 65535, changes).astype("<u2"))


def _to_color_of_sixteen_bits(image: Image, changes: list[str]) -> Image:
    from imgbatch.pixels.deep import floats

    return floats.to_sixteen_bits(image, changes)


def _to_sixteen_bits(image: Image, codec: Codec, changes: list[str]) -> Image:
    if not codec.modes & color.DEEP_COLOR:
        changes.append(f"depth: 16 bits not written: {codec.name}")
        return color.to_eight_bits(image) if image.mode in color.DEEP_COLOR else image
    if image.mode in ("I", "F"):
        return _to_gray_of_sixteen_bits(image, changes)
    if image.mode == color.FLOATS:
        return _to_color_of_sixteen_bits(image, changes)
    if image.mode in color.DEEP:
        return image
    if image.mode in color.INK:
        changes.append(f"depth: {image.mode} stays 8 bits")
        return image
    from imgbatch.pixels.deep import bands

    changes.append("depth: 8 -> 16 bits")
    return bands.from_eight_bits(alpha.to_straight_alpha(image))


def _to_deep(image: Image, target: str) -> Image:
    """Colors of 8 bits, or gray of 16 with alpha, in one of our modes of 16."""
    from imgbatch.pixels.deep import bands

    deep = image if image.mode in color.DEEP_COLOR else bands.from_eight_bits(image)
    return alpha.as_deep(deep).to_color() if target != "LA;16" else deep


def _deep_key_to_alpha(image: Image, changes: list[str]) -> Image:
    """A 16-bit gray image with one transparent value as LA."""
    import numpy
    from PIL import Image as Images

    changes.append("depth: 16 -> 8 bits")
    alpha_band = numpy.where(numpy.asarray(image) == image.info["transparency"], 0, 255).astype(numpy.uint8)
    return Images.merge("LA", (color.to_eight_bits(image), Images.fromarray(alpha_band)))


def to_little_endian(image: Image) -> Image:
    """A big-endian 16-bit image as I;16."""
    import numpy
    from PIL import Image as Images

    return Images.fromarray(numpy.asarray(image).astype("<u2"))


def _flatten(image: Image, background: str, changes: list[str]) -> Image:
    if not color.has_transparency(image):
        return image
    if alpha.is_opaque(image):
        return alpha.without_alpha(image)
    changes.append(f"alpha: flattened on {background[:7]}")
    red, green, blue, _ = color.rgba(background)
    flat = alpha.flatten(image, (red, green, blue))
    flat.info = {}
    return flat


def _convert(image: Image, target: str, icc: bytes | None, codec: Codec, changes: list[str]) -> Image:
    """`image` in mode `target`; `icc` is a profile that will not go with it and must be used up."""
    mode = image.mode
    if mode in color.DEEP and target not in color.DEEP:
        image = _to_eight_bits(image, changes)
    if mode == color.FLOATS and target == "RGB;16":
        image = _to_color_of_sixteen_bits(image, changes)
    if icc:
        image = _apply_profile(image, icc, codec, changes)
    if mode in ("CMYK", "LAB") and target != mode:
        changes.append(f"mode: {mode} -> sRGB")
        image = profile_conversion.to_rgb(image)
    if image.mode in ("I", "F") and target == "I;16":
        return _to_gray_of_sixteen_bits(image, changes)
    if image.mode == target:
        return image
    if target in color.DEEP_COLOR:
        return _to_deep(image, target)
    if image.mode in ("LA", "RGBA") and target in ("L", "RGB"):
        image = alpha.without_alpha(image)
    elif color.has_transparency(image):
        image = color.to_continuous_tone(image)
    result = image if image.mode == target else image.convert(target)
    result.info = {}
    return result


def _apply_profile(image: Image, icc: bytes, codec: Codec, changes: list[str]) -> Image:
    """The pixels converted to sRGB through a profile that cannot be written beside them."""
    space = profile_conversion.profile_space(icc)
    if space is None:
        changes.append("icc not kept: damaged")
        return image
    if not profile_conversion.fits(icc, image.mode):
        changes.append(f"icc not kept: made for {space}, the pixels are {color.space(image.mode)}")
        return image
    result = profile_conversion.to_srgb(image, icc)
    if result is None:
        changes.append("icc not kept: damaged")
        return image
    if result is image:
        changes.append(f"icc not written: {codec.name}")
    else:
        changes.append(f"icc: {profile_conversion.profile_name(icc)} -> sRGB")
    return result


def _fits_16_bits(image: Image) -> bool:
    low, high = image.getextrema()
    return isinstance(low, (int, float)) and isinstance(high, (int, float)) and low >= 0 and high <= 65535

"""Which pixel value is a color in a picture's mode, and how is a picture laid on a larger canvas?

Also here: how 16-bit gray is computed with. Pillow keeps it, moves it and cuts it, but its kernels clip, or mix the
two bytes up, so that anything that averages goes through 32-bit floats and back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from imgbatch.core.errors import ImageError
from imgbatch.operations.base import Operation, Size, refuse_mode
from imgbatch.pixels.alpha import straight
from imgbatch.pixels.color import has_transparency, rgba

if TYPE_CHECKING:
    from PIL.Image import Image

#: The most pixels that an operation makes of one picture; more is refused before memory is asked for.
MAX_PIXELS = 1_000_000_000

RGBA = tuple[int, int, int, int]
WHITE: RGBA = (255, 255, 255, 255)
BLACK: RGBA = (0, 0, 0, 255)
CLEAR: RGBA = (0, 0, 0, 0)


def affordable(operation: Operation, size: Size) -> None:
    """ImageError of kind ``too_large`` when a picture of `size` would hold more than MAX_PIXELS."""
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageError(
            "too_large",
            f"{operation.word} would make {size[0]}x{size[1]} px, more than the {MAX_PIXELS // 1_000_000} megapixels"
            " that one picture may have; ask for a smaller size",
        )


def sixteen(image: Image) -> bool:
    """Whether `image` is 16-bit gray, in any order of its bytes."""
    return image.mode.startswith("I;16")


def deep(image: Image) -> bool:
    """Whether `image` is gray with more than 8 bits."""
    return image.mode in ("I", "F") or sixteen(image)


def in_floats(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to 16-bit gray as 32-bit floats, then rounded and clipped back; plain for every other mode."""
    if not sixteen(image):
        return change(image)
    import numpy
    from PIL import Image as Images

    values = numpy.asarray(change(image.convert("F")))
    samples = numpy.floor(values + 0.5).clip(0, 65535).astype(">u2" if image.mode == "I;16B" else "<u2")
    made = Images.frombytes(image.mode, (values.shape[1], values.shape[0]), samples.tobytes())
    made.info = dict(image.info)
    return made


def gray_range(image: Image) -> tuple[float, float]:
    """The values of black and white in a gray `image`.

    By mode (0..255, 0..65535); I and F have no fixed white: the smallest of 0..1 (F), 0..255 and 0..65535 (I) that
    holds every sample, else the picture's own extremes.
    """
    if image.mode not in ("I", "F"):
        return (0, 65535) if sixteen(image) else (0, 255)
    low, high = image.getextrema()
    assert isinstance(low, (int, float)) and isinstance(high, (int, float))  # one band
    if not low <= high:
        return 0, 1  # not a number
    for top in (1.0, 255.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= top:
            return 0, top
    return low, high


def background(image: Image, word: str | None) -> RGBA:
    """The color of `word`; without one, transparent where `image` has transparency and white where it has none."""
    if word is not None:
        return rgba(word)
    return CLEAR if has_transparency(image) and not deep(image) else WHITE


def able(operation: Operation, image: Image, color: RGBA) -> Image:
    """`image` in the nearest mode that can hold `color` beside its own pixels; the same object where it already can.

    Palettes become RGB or RGBA; gray becomes RGB for a color; an alpha channel is added for a transparent one.

    Raises
    ------
    ImageError
        Kind ``mode``: a color for gray of more than 8 bits, or transparency for CMYK or LAB.
    """
    if image.mode == "1" and "transparency" not in image.info and color in (WHITE, BLACK):
        return image
    base = straight(image)
    gray, opaque = color[0] == color[1] == color[2], color[3] == 255
    if deep(base):
        if gray and opaque:
            return base
        raise refuse_mode(operation, image, "the background must be an opaque gray, such as black or white")
    if base.mode in ("L", "LA", "RGB", "RGBA"):
        colors = "L" if base.mode in ("L", "LA") and gray else "RGB"
        mode = colors + ("A" if base.mode in ("LA", "RGBA") or not opaque else "")
        return base if base.mode == mode else base.convert(mode)
    if not opaque:
        raise refuse_mode(operation, image, "the background must be opaque")
    return base


def ink(image: Image, color: RGBA) -> float | tuple[float, ...]:
    """The pixel value of `color` in the mode of `image`, which must be able to hold it (see :func:`able`)."""
    from PIL import Image as Images

    red, alpha = color[0], color[3]
    if deep(image):
        low, high = gray_range(image)
        level = low + (high - low) * red / 255
        return level if image.mode == "F" else round(level)
    if image.mode in ("1", "L"):
        return red
    if image.mode == "LA":
        return (red, alpha)
    if image.mode == "RGBA":
        return color
    dot = Images.new("RGB", (1, 1), color[:3])
    if image.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(dot, srgb, lab, outputMode="LAB")
        assert converted is not None  # not inPlace
        dot = converted
    elif image.mode != "RGB":
        dot = dot.convert(image.mode)
    value = dot.getpixel((0, 0))
    assert isinstance(value, tuple)
    return value


def blank(like: Image, size: Size, color: RGBA) -> Image:
    """A canvas of `size` filled with `color`, in the mode and with the header fields of `like`."""
    from PIL import Image as Images

    canvas = Images.new(like.mode, size, ink(like, color))
    canvas.info = dict(like.info)
    return canvas


def on_canvas(operation: Operation, image: Image, size: Size, corner: tuple[int, int], word: str | None) -> Image:
    """`image` with its left top at `corner` of a canvas of `size`; what sticks out is cut, the rest is `word`."""
    if size == image.size and corner == (0, 0):
        return image
    affordable(operation, size)
    color = background(image, word)
    picture = able(operation, image, color)
    canvas = blank(picture, size, color)
    canvas.paste(picture, corner)
    return canvas

"""Canvas: which pixel value is a color in a picture's mode, and how is a picture laid on a larger canvas?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.core.errors import ImageError
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.pixels.alpha import as_deep, to_straight_alpha
from imgbatch.pixels.color import DEEP_COLOR, FLOATS, has_transparency, rgba
from imgbatch.pixels.deep.gray import gray_range, is_deep

if TYPE_CHECKING:
    from PIL.Image import Image

#: The most pixels that an operation makes of one picture; more is refused before memory is asked for.
MAX_PIXELS = 1_000_000_000

RGBA = tuple[int, int, int, int]
WHITE: RGBA = (255, 255, 255, 255)
BLACK: RGBA = (0, 0, 0, 255)
CLEAR: RGBA = (0, 0, 0, 0)


def refuse_too_large(operation: Operation, size: Size) -> None:
    """ImageError of kind ``too_large`` when a picture of `size` would hold more than MAX_PIXELS."""
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageError(
            "too_large",
            f"{operation.word} would make {size[0]}x{size[1]} px, more than the {MAX_PIXELS // 1_000_000} megapixels"
            " that one picture may have; ask for a smaller size",
        )


def background(image: Image, word: str | None) -> RGBA:
    """The color of `word`; without one, transparent where `image` has transparency and white where it has none."""
    if word is not None:
        return rgba(word)
    return CLEAR if has_transparency(image) and not is_deep(image) else WHITE


def convert_for_color(operation: Operation, image: Image, color: RGBA) -> Image:
    """`image` in the nearest mode that can hold a color beside its own pixels; the same object where it already can.

    Palettes become RGB or RGBA; gray becomes RGB for a color; an alpha channel is added for a transparent one.

    Parameters
    ----------
    operation : Operation
        Named in the error.
    image : Image
    color : (red, green, blue, alpha)
        Each 0..255.

    Raises
    ------
    ImageError
        Kind ``mode``: a color for gray of more than 8 bits, or transparency for CMYK, LAB or floats.
    """
    if image.mode == "1" and "transparency" not in image.info and color in (WHITE, BLACK):
        return image
    base = to_straight_alpha(image)
    gray, opaque = color[0] == color[1] == color[2], color[3] == 255
    if base.mode == FLOATS and not opaque:
        raise refuse_mode(operation, image, "the background must be opaque")
    if base.mode in DEEP_COLOR:
        deep = as_deep(base) if gray else as_deep(base).to_color()
        return deep if opaque else deep.with_alpha()
    if is_deep(base):
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
    """The pixel value of `color` in the mode of `image`, one that :func:`convert_for_color` gave."""
    from PIL import Image as Images

    red, alpha = color[0], color[3]
    if image.mode == FLOATS:
        low, high = gray_range(image)
        return tuple(low + (high - low) * level / 255 for level in color[:3])
    if image.mode in DEEP_COLOR:
        return tuple(257 * level for level in {"LA;16": (red, alpha), "RGB;16": color[:3]}.get(image.mode, color))
    if is_deep(image):
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
        lab_dot = ImageCms.profileToProfile(dot, srgb, lab, outputMode="LAB")
        assert lab_dot is not None  # not inPlace
        dot = lab_dot
    elif image.mode != "RGB":
        dot = dot.convert(image.mode)
    value = dot.getpixel((0, 0))
    assert isinstance(value, tuple)
    return value


def blank(like: Image, size: Size, color: RGBA) -> Image:
    """A canvas of one color.

    Parameters
    ----------
    like : Image
        Gives the mode and the header.
    size : Size
        Width and height in px.
    color : (red, green, blue, alpha)
        Each 0..255; one that the mode can hold (see :func:`convert_for_color`).
    """
    from PIL import Image as Images

    value = ink(like, color)
    if like.mode == FLOATS and isinstance(value, tuple):
        from imgbatch.pixels.deep.floats import FloatImage

        return FloatImage([Images.new("F", size, level) for level in value], dict(like.info))
    if like.mode in DEEP_COLOR and isinstance(value, tuple):
        from imgbatch.pixels.deep.bands import BAND, DeepImage

        return DeepImage([Images.new(BAND, size, int(level)) for level in value], dict(like.info))
    canvas = Images.new(like.mode, size, value)
    canvas.info = dict(like.info)
    return canvas


def on_canvas(operation: Operation, image: Image, size: Size, corner: tuple[int, int], word: str | None) -> Image:
    """`image` on a canvas; what sticks out is cut.

    Parameters
    ----------
    operation : Operation
        Named in errors.
    image : Image
    size : Size
        Of the canvas, in px.
    corner : (x, y)
        Where the left top of `image` comes to lie; may be negative.
    word : str or None
        The color of the rest; None: see :func:`background`.

    Raises
    ------
    ImageError
        Kind ``too_large`` for more than MAX_PIXELS, ``mode`` for a color that the mode cannot hold.
    """
    if size == image.size and corner == (0, 0):
        return image
    refuse_too_large(operation, size)
    color = background(image, word)
    picture = convert_for_color(operation, image, color)
    canvas = blank(picture, size, color)
    canvas.paste(picture, corner)
    return canvas

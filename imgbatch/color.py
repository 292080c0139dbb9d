"""Which color does a word mean, in which mode may neighbors be averaged, and how does a profile become sRGB?

Used by operations and codecs alike. Pillow is imported where it is needed, so that words can be checked without it.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Annotated

from imgbatch.declare import Text

if TYPE_CHECKING:
    from PIL.Image import Image

#: Modes whose samples are numbers on a scale: they can be averaged, blurred and resized with a kernel.
CONTINUOUS = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16", "I;16B", "I;16L"})


@functools.lru_cache(maxsize=256)
def rgba(word: str) -> tuple[int, int, int, int]:
    """The color of a CSS word as (red, green, blue, alpha), each 0..255; ValueError when it is none.

    Names, ``#rgb``, ``#rgba``, ``#rrggbb``, ``#rrggbbaa``, ``rgb()``, ``hsl()``, ``hsv()`` and ``transparent``.
    """
    from PIL import ImageColor

    if word.strip().lower() == "transparent":
        return (0, 0, 0, 0)
    found = ImageColor.getrgb(word.strip())
    return found if len(found) == 4 else (*found, 255)


def canonical_color(word: str) -> str:
    """`word` as ``#rrggbb``, or ``#rrggbbaa`` where it is not opaque."""
    red, green, blue, alpha = rgba(word)
    return f"#{red:02x}{green:02x}{blue:02x}" + ("" if alpha == 255 else f"{alpha:02x}")


COLOR = Text(
    "a color such as white, #ff8800, rgb(255,136,0) or transparent", canonical_color, ("white", "#ff8800", "#00000080")
)
Color = Annotated[str, COLOR]


def has_transparency(image: Image) -> bool:
    """Whether any pixel of `image` could be transparent, by its mode or a transparent color in its header."""
    return image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info


def continuous(image: Image) -> Image:
    """`image` in a mode in which averaging neighbors means something; the same object where it already is.

    1-bit becomes L, palettes become RGB or RGBA, a transparent color in the header becomes an alpha channel.
    """
    mode = image.mode
    if mode == "1":
        return image.convert("LA") if "transparency" in image.info else image.convert("L")
    if mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if mode == "PA":
        return image.convert("RGBA")
    if "transparency" in image.info and mode in ("L", "RGB"):
        return image.convert("LA" if mode == "L" else "RGBA")
    return image


def to_rgb(image: Image, icc: bytes | None = None) -> Image:
    """`image` as RGB or RGBA for a format that knows nothing else, through its profile where it has one.

    CMYK and LAB are converted with `icc` (CMYK) or as CIE Lab D50; without a usable profile Pillow's plain formula is
    used. 16-bit and 32-bit gray are brought to 8 bits by their range (I;16: >> 8; F and I: clipped to 0..255 only
    when they lie in it, else scaled by their extremes).
    """
    mode = image.mode
    if mode in ("RGB", "RGBA"):
        return continuous(image)
    if mode in ("CMYK", "LAB"):
        return _through_profile(image, icc)
    return continuous(image).convert("RGBA" if has_transparency(image) else "RGB")


def _through_profile(image: Image, icc: bytes | None) -> Image:
    from PIL import ImageCms

    srgb = ImageCms.createProfile("sRGB")
    try:
        if image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif icc:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        else:
            return image.convert("RGB")
        made = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        if image.mode == "LAB":
            raise
        return image.convert("RGB")  # a broken profile: the plain formula is what every viewer would use
    assert made is not None  # not inPlace
    return made


def to_eight_bits(image: Image) -> Image:
    """A 16-bit or 32-bit gray image as L: I;16 by its high byte, I and F by range (see :func:`to_rgb`)."""
    if image.mode in ("I;16", "I;16B", "I;16L"):
        import numpy
        from PIL import Image as Images

        samples = numpy.asarray(image)
        return Images.fromarray((samples >> 8).astype(numpy.uint8))
    if image.mode in ("I", "F"):
        import numpy
        from PIL import Image as Images

        values = numpy.nan_to_num(numpy.asarray(image).astype(numpy.float64))
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 255:
            top = 65535.0 if image.mode == "I" and low >= 0 and high <= 65535 else None
            values = values / 257.0 if top else (values - low) * (255.0 / ((high - low) or 1.0))
        elif image.mode == "F" and high <= 1.0:
            values = values * 255.0
        return Images.fromarray((values + 0.5).clip(0, 255).astype(numpy.uint8))
    return image

"""Color: which one does a word mean, what do the samples of a mode stand for, and where may neighbors be averaged?

Used by operations and codecs alike. Pillow is imported where it is needed, so that words can be checked without it.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from imgbatch.core.parameter_kinds import Grammar, whole_numbers

if TYPE_CHECKING:
    from typing import SupportsIndex, TypeAlias

    from PIL.Image import Image

    #: What a color may be given as in Python: a word, or (red, green, blue) or (red, green, blue, alpha), each 0..255.
    Color: TypeAlias = (
        str
        | tuple[SupportsIndex, SupportsIndex, SupportsIndex]
        | tuple[SupportsIndex, SupportsIndex, SupportsIndex, SupportsIndex]
    )

#: Modes whose numbers are no amounts of light: an operation on brightness or saturation has no meaning for them.
INK = frozenset({"CMYK", "LAB"})
#: Our own modes of 16 bits and more for what Pillow has none for (deep/bands.py).
DEEP_COLOR = frozenset({"LA;16", "RGB;16", "RGBA;16", "RGB;F"})
#: The one of them that is of 32-bit floats (deep/floats.py).
FLOATS = "RGB;F"
#: Modes of 32 bits a sample.
WIDE = frozenset({"I", "F", FLOATS})
_DEEP_GRAY = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
#: Modes of more than 8 bits.
DEEP = _DEEP_GRAY | DEEP_COLOR
_GRAY = frozenset({"1", "L", "LA", "La", "LA;16"}) | _DEEP_GRAY
_PLAIN = re.compile(r"#[0-9a-f]{6}(?:[0-9a-e][0-9a-f]|f[0-9a-e])?")


@functools.lru_cache(maxsize=256)
def rgba(word: str) -> tuple[int, int, int, int]:
    """The color of a CSS word as (red, green, blue, alpha), each 0..255; ValueError when it is none.

    Names, ``#rgb``, ``#rgba``, ``#rrggbb``, ``#rrggbbaa``, ``rgb()``, ``hsl()``, ``hsv()`` and ``transparent``.
    """
    from PIL import ImageColor

    if word.strip().lower() == "transparent":
        return (0, 0, 0, 0)
    channels = ImageColor.getrgb(word.strip())
    return channels if len(channels) == 4 else (*channels, 255)


def canonical_color(word: str) -> str:
    """`word` as ``#rrggbb``, or ``#rrggbbaa`` where it is not opaque."""
    if _PLAIN.fullmatch(word):
        return word  # already so: Pillow need not be imported to make a default
    red, green, blue, alpha = rgba(word)
    return f"#{red:02x}{green:02x}{blue:02x}" + ("" if alpha == 255 else f"{alpha:02x}")


def spell_color(value: object) -> object:
    """A tuple of red, green, blue and perhaps alpha, each 0..255, as the word of that color."""
    numbers = whole_numbers(value, 0, 255)
    return "#" + bytes(numbers).hex() if len(numbers) in (3, 4) else value


COLOR = Grammar(
    "a color such as white, #ff8800, rgb(255,136,0) or transparent", canonical_color,
    ("white", "#ff8800", "#00000080"), spell_color,
)  # fmt: skip


def has_transparency(image: Image) -> bool:
    """Whether any pixel of `image` could be transparent, by its mode or a transparent color in its header."""
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa", "LA;16", "RGBA;16") or "transparency" in image.info:
        return True
    return image.mode == "P" and image.palette is not None and image.palette.mode.endswith("A")


def to_continuous_tone(image: Image) -> Image:
    """`image` in a mode in which averaging neighbors means something; the same object where it already is.

    1-bit becomes L, palettes become RGB or RGBA, a transparent color in the header becomes an alpha channel.
    """
    mode = image.mode
    if mode == "1":
        return image.convert("LA") if "transparency" in image.info else image.convert("L")
    if mode == "P":
        return image.convert("RGBA" if has_transparency(image) else "RGB")
    if mode == "PA":
        return image.convert("RGBA")
    if "transparency" in image.info and mode in ("L", "RGB"):
        return image.convert("LA" if mode == "L" else "RGBA")
    return image


def space(mode: str) -> str:
    """The color space of a Pillow mode, as :func:`profile_conversion.profile_space` says it."""
    return "gray" if mode in _GRAY else {"CMYK": "cmyk", "LAB": "lab"}.get(mode, "rgb")


def depth_loss(image: Image) -> str:
    """The change to note where a 16-bit or 32-bit image gets 8 bits."""
    return f"depth: {32 if image.mode in WIDE else 16} -> 8 bits"


def to_eight_bits(image: Image, changes: list[str] | None = None) -> Image:
    """A 16-bit or 32-bit image with 8 bits; any other image as it is.

    I;16 gives its high byte, 16 bits of color are rounded. I and floats keep values that lie in 0..255 (floats in 0..1
    are scaled by 255); I in 0..65535 is taken for 16 bits; everything else is scaled by its extremes, which `changes`
    gets (:func:`deep.gray.to_levels`).
    """
    if image.mode.startswith("I;16"):
        import numpy
        from PIL import Image as Images

        samples = numpy.asarray(image)
        return Images.fromarray((samples >> 8).astype(numpy.uint8))
    if image.mode == FLOATS:
        from imgbatch.pixels.deep import floats

        return floats.to_eight_bits(image, [] if changes is None else changes)
    if image.mode in DEEP_COLOR:
        from imgbatch.pixels.deep.bands import DeepImage

        assert isinstance(image, DeepImage)
        return image.to_eight_bits()
    if image.mode in ("I", "F"):
        from PIL import Image as Images

        from imgbatch.pixels.deep import gray

        return Images.fromarray(gray.to_levels(image, 255, [] if changes is None else changes).astype("u1"))
    return image

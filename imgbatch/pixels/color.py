"""Which color does a word mean, in which mode may neighbors be averaged, and how does a profile become sRGB?

Used by operations and codecs alike. Pillow is imported where it is needed, so that words can be checked without it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from imgbatch.core.parameters import Text
from imgbatch.pixels.profile_conversion import converted, errors, profile_space

if TYPE_CHECKING:
    from PIL.Image import Image

#: Modes whose numbers are no amounts of light: an operation on brightness or saturation has no meaning for them.
INK = frozenset({"CMYK", "LAB"})
#: Gray modes of more than 8 bits.
DEEP = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_GRAY = frozenset({"1", "L", "LA", "La"}) | DEEP
_PLAIN = re.compile(r"#[0-9a-f]{6}(?:[0-9a-e][0-9a-f]|f[0-9a-e])?")


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
    if _PLAIN.fullmatch(word):
        return word  # already so: Pillow need not be imported to make a default
    red, green, blue, alpha = rgba(word)
    return f"#{red:02x}{green:02x}{blue:02x}" + ("" if alpha == 255 else f"{alpha:02x}")


COLOR = Text(
    "a color such as white, #ff8800, rgb(255,136,0) or transparent", canonical_color, ("white", "#ff8800", "#00000080")
)
Color = Annotated[str, COLOR]


def has_transparency(image: Image) -> bool:
    """Whether any pixel of `image` could be transparent, by its mode or a transparent color in its header."""
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        return True
    return image.mode == "P" and image.palette is not None and image.palette.mode.endswith("A")


def continuous(image: Image) -> Image:
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


def to_rgb(image: Image, icc: bytes | None = None) -> Image:
    """`image` as RGB or RGBA for a format that knows nothing else, through its profile where it has one.

    CMYK and LAB are converted with `icc`; without a usable profile CMYK by Pillow's plain formula, LAB as CIE Lab D50.
    16-bit and 32-bit gray are brought to 8 bits by their range (see :func:`to_eight_bits`). RGB and gray keep their
    values: :func:`to_srgb` is the one that converts them.
    """
    if image.mode in DEEP:
        image = to_eight_bits(image)
    if image.mode in INK:
        made = (to_srgb(image, icc) if icc else None) or image.convert("RGB")
        made.info.pop("icc_profile", None)  # Pillow gives what was LAB a profile, with the time of day in it
        return made
    image = continuous(image)
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if has_transparency(image) else "RGB")


def on_screen(frames: Iterable[Image], icc: bytes | None) -> Iterator[Image]:
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
            return converted(image, icc, image.mode, "RGB")
        if image.mode == "1" or is_srgb(icc):
            return image  # black and white are so in every profile
        if image.mode in ("RGB", "RGBA"):
            return _with_info(converted(image, icc, image.mode, image.mode), image)
        if image.mode == "P":
            return _palette_to_srgb(image, icc)
        if space(image.mode) == "gray":
            return _gray_to_srgb(image, icc)
        return converted(continuous(image).convert("RGB"), icc, "RGB", "RGB")
    except errors():
        return None


def space(mode: str) -> str:
    """The color space of a Pillow mode, as :func:`profile_space` says it."""
    return "gray" if mode in _GRAY else {"CMYK": "cmyk", "LAB": "lab"}.get(mode, "rgb")


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
        made = converted(probe, icc, mode, mode)
    except errors():
        return False
    return all(abs(one - other) <= 2 for one, other in zip(made.tobytes(), probe.tobytes(), strict=True))


def to_eight_bits(image: Image) -> Image:
    """A 16-bit or 32-bit gray image as L; any other image as it is.

    I;16 gives its high byte. I and F keep values that lie in 0..255 (an F image in 0..1 is scaled by 255); I in
    0..65535 is taken for 16 bits; everything else is scaled by its extremes.
    """
    if image.mode.startswith("I;16"):
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


def _gray_to_srgb(image: Image, icc: bytes) -> Image:
    """Gray through a gray profile, 16 bits with 16 bits."""
    from PIL import Image as Images

    if image.mode in ("LA", "La"):
        gray, alpha = image.convert("LA").split()
        return Images.merge("LA", (converted(gray, icc, "L", "L"), alpha))
    if image.mode in ("I;16", "I;16L"):
        made = converted(image, icc, "I;16", "I;16")
        if "transparency" in image.info:  # the gray that is transparent is another one now
            key = converted(Images.new("I;16", (1, 1), image.info["transparency"]), icc, "I;16", "I;16")
            made.info["transparency"] = key.getpixel((0, 0))
        return made
    if image.mode in DEEP:
        return converted(to_eight_bits(image), icc, "L", "L")
    return _with_info(converted(image, icc, "L", "L"), image)


def _palette_to_srgb(image: Image, icc: bytes) -> Image:
    from PIL import Image as Images

    entries = image.getpalette("RGB") or []
    row = Images.frombytes("RGB", (len(entries) // 3, 1), bytes(entries))
    made = image.copy()
    made.putpalette(converted(row, icc, "RGB", "RGB").tobytes())
    return made


def _with_info(made: Image, image: Image) -> Image:
    """A transparent color in the header would no longer be the same color: it becomes alpha."""
    if not has_transparency(image) or made.mode in ("LA", "RGBA"):
        return made
    whole = continuous(image)
    if whole.mode not in ("LA", "RGBA"):
        return made
    made.putalpha(whole.getchannel("A"))
    return made

"""Alpha: how is a picture with transparency filtered without dark or bright fringes?

Colors of transparent pixels must not bleed into their neighbors: they are weighted by alpha first (premultiplied), as
Pillow's own resize does. Used by operations and codecs alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from imgbatch.pixels.color import DEEP_COLOR, has_transparency, to_continuous_tone

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.deep.bands import DeepImage

_PREMULTIPLIED_MODES = {"RGBA": "RGBa", "LA": "La"}
#: Modes that say what a plainer mode says as well, and that few filters and fewer formats take.
_PLAIN = {"RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "HSV": "RGB", "YCbCr": "RGB"}
#: The modes of 16-bit gray.
GRAY_16_BIT = frozenset({"I;16", "I;16B", "I;16L"})


def to_straight_alpha(image: Image) -> Image:
    """`image` with samples that can be averaged, its colors as gray, RGB, CMYK or LAB, its transparency as alpha.

    The same object where it already is. Only 16-bit and 32-bit gray may keep a transparent color in the header: no
    mode holds such samples with alpha.
    """
    plain = _PLAIN.get(image.mode)
    ready = to_continuous_tone(image if plain is None else image.convert(plain))
    return ready if ready is image else with_header(ready, image)


def with_header(result: Image, image: Image) -> Image:
    """`result` with the header of `image` (profile, resolution, ...); a transparent color only for the same mode."""
    if result is not image:
        same = result.mode == image.mode
        result.info = {key: value for key, value in image.info.items() if same or key != "transparency"}
    return result


def apply_to_premultiplied_colors(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to `image` with its colors weighted by alpha, and weighted back; plain where there is no alpha.

    `change` is given an image of mode ``RGBa`` or ``La``. Pillow's filters, resize and rotate take them as they are,
    where they would weight ``RGBA`` a second time. Of 16 bits it is given each band by itself, as ``F``.
    """
    mode = _PREMULTIPLIED_MODES.get(image.mode)
    if mode is None and image.mode in DEEP_COLOR:
        return as_deep(image).change_by_alpha(change)
    if mode is None:
        return with_header(change(image), image)
    return with_header(change(image.convert(mode)).convert(image.mode), image)


def apply_to_colors(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to the color bands of `image` (as L or RGB); the alpha band is kept as it is."""
    if image.mode not in ("RGBA", "LA"):
        return with_header(change(image), image)
    from PIL import Image as Images

    *colors, alpha = image.split()
    result = change(Images.merge("RGB", colors) if image.mode == "RGBA" else colors[0])
    return with_header(Images.merge("RGBA" if result.mode == "RGB" else "LA", (*result.split(), alpha)), image)


def flatten(image: Image, background: tuple[int, int, int]) -> Image:
    """`image` laid on `background` (red, green, blue, each 0..255), without alpha; unchanged where it has none.

    A gray picture stays gray on a gray background and becomes RGB on a colored one.
    """
    whole = to_straight_alpha(image)
    if whole.mode in DEEP_COLOR:
        from imgbatch.pixels.deep import bands

        return bands.flatten(as_deep(whole), background)
    if whole.mode not in ("RGBA", "LA"):
        return image
    from PIL import Image as Images

    gray = whole.mode == "LA" and len(set(background)) == 1
    canvas = Images.new("L" if gray else "RGB", whole.size, background[0] if gray else background)
    if whole.mode == "LA" and not gray:
        whole = whole.convert("RGBA")
    canvas.paste(whole.convert("L" if gray else "RGB"), mask=whole.getchannel("A"))
    return with_header(canvas, whole)


def is_opaque(image: Image) -> bool:
    """Whether no pixel of `image` is transparent, whatever its mode."""
    if not has_transparency(image):
        return True
    whole = to_continuous_tone(image)
    if whole.mode in DEEP_COLOR:
        from imgbatch.pixels.deep import bands

        return bands.is_opaque(as_deep(whole))
    if whole.mode not in ("LA", "RGBA"):
        return True
    low, _ = whole.getchannel("A").getextrema()
    return low == 255


def without_alpha(image: Image) -> Image:
    """`image` without its alpha channel or transparent color; the colors stay as they are."""
    plain = as_deep(image).without_alpha() if image.mode in DEEP_COLOR else image.copy()
    plain.info = {}
    if image.mode == "P" and image.palette is not None and image.palette.mode == "RGBA":
        plain.putpalette(bytes(image.getpalette("RGB") or []))
    return plain.convert({"RGBA": "RGB", "LA": "L", "PA": "RGB"}.get(plain.mode, plain.mode))


def as_deep(image: Image) -> DeepImage:
    """An image of one of the modes of ``DEEP_COLOR``, for type checkers."""
    from imgbatch.pixels.deep.bands import DeepImage

    assert isinstance(image, DeepImage)
    return image

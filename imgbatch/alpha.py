"""How is a picture with transparency filtered without dark or bright fringes?

Colors of transparent pixels must not bleed into their neighbors: they are weighted by alpha first (premultiplied), as
Pillow's own resize does. Used by operations and codecs alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_PREMULTIPLIED = {"RGBA": "RGBa", "LA": "La"}


def premultiplied(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to `image` with its colors weighted by alpha, and weighted back; plain where there is no alpha.

    Pillow has no filters for the premultiplied modes, so the four premultiplied bands are filtered as RGBA (or LA as
    bands), which is the same for every filter that treats bands alike.
    """
    weighted = _PREMULTIPLIED.get(image.mode)
    if weighted is None:
        return change(image)
    from PIL import Image as Images

    bands = image.convert(weighted).split()
    if weighted == "La":
        changed = [change(band) for band in bands]
        return Images.merge("La", changed).convert("LA")
    plain = change(Images.merge("RGBA", bands))
    return Images.merge("RGBa", plain.split()).convert("RGBA")


def on_colors(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to the color bands of `image` (as L or RGB); the alpha band is kept as it is."""
    if image.mode not in ("RGBA", "LA"):
        return change(image)
    from PIL import Image as Images

    *colors, alpha = image.split()
    changed = change(Images.merge("RGB", colors) if image.mode == "RGBA" else colors[0])
    return Images.merge("RGBA" if changed.mode == "RGB" else "LA", (*changed.split(), alpha))


def flattened(image: Image, background: tuple[int, int, int]) -> Image:
    """`image` laid on `background` (red, green, blue, each 0..255), without alpha; unchanged where it has none."""
    from imgbatch.color import continuous

    whole = continuous(image)
    if whole.mode not in ("RGBA", "LA"):
        return image
    from PIL import Image as Images

    gray = whole.mode == "LA" and len(set(background)) == 1
    canvas = Images.new("L" if gray else "RGB", whole.size, background[0] if gray else background)
    if whole.mode == "LA" and not gray:
        whole = whole.convert("RGBA")
    canvas.paste(whole.convert("L" if gray else "RGB"), mask=whole.getchannel("A"))
    return canvas

"""Loaded frame: how does it leave its reader, and with what header?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_COLOR_KEY_MODES = frozenset({"1", "L", "P", "RGB", "I;16"})


def detach(image: ImageFile, alone: bool) -> Image:
    """A plain image: a copy, or where nothing else will be decoded (`alone`) the pixels themselves."""
    import PIL.Image as Images

    info: dict[str | tuple[int, int], Any] = {}
    if image.mode in _COLOR_KEY_MODES and "transparency" in image.info:
        info["transparency"] = image.info["transparency"]
    frame = Images.Image._new(image, image.im) if alone else image.copy()
    frame.info = info
    return frame

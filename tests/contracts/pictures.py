"""Pictures of every mode, for the contracts of codecs; and where several of them are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageCms


def count_in_file(frames: Sequence[Image.Image]) -> int:
    """How many of the frames are in a file: those are made anew each time that they are asked for."""
    return sum(frames[place] is not frames[place] for place in range(len(frames)))


def smooth(mode: str, size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A gradient without sharp edges, so that chroma subsampling costs little."""
    width, height = size
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    rgb = Image.fromarray(np.stack([x, y, (x + y) / 2], -1).astype(np.uint8))
    alpha = Image.fromarray((255 - x / 2).astype(np.uint8))
    if mode in ("I;16", "I;16B"):
        return Image.fromarray((x * 257).astype("<u2" if mode == "I;16" else ">u2"))
    if mode == "I":
        return Image.fromarray((x * 200).astype(np.int32))
    if mode == "F":
        return Image.fromarray((x / 255).astype(np.float32))
    if mode in ("RGBA", "LA", "RGBa", "La"):
        made = rgb if mode.startswith("RGB") else rgb.convert("L")
        made = made.copy()
        made.putalpha(alpha)
        return made if mode in ("RGBA", "LA") else made.convert(mode)
    if mode == "P":
        return rgb.quantize(64)
    if mode == "PA":
        made = rgb.quantize(64).convert("PA")
        made.putalpha(alpha)
        return made
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        lab = ImageCms.profileToProfile(rgb, *profiles, outputMode="LAB")
        assert lab is not None
        return lab
    return rgb.convert(mode)

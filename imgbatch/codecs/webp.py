"""How is WebP written? Lossy or lossless, with alpha and animation, RGB only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec, Metadata
from imgbatch.codecs.encoding import Encoding
from imgbatch.codecs.recognize import SUFFIXES

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 82


class Webp(Codec):
    """WebP, by libwebp."""

    name = "webp"
    pillow = "WEBP"
    suffixes = SUFFIXES["webp"]
    modes = frozenset({"RGB", "RGBA"})
    targets = ("RGB", "RGBA", "RGB", "RGBA")
    longest = 16383
    multiframe = True
    plays = True

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return None
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        from imgbatch.codecs import palette

        return palette.uniform(frames) if len(frames) > 1 else frames

    def beside(self, held: Metadata, missed: list[str]) -> dict[str, Any]:
        super().beside(replace(held, xmp=None), missed)
        return {"xmp": held.xmp} if held.xmp else {}

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        method = 4 if encoding.effort is None else round(encoding.effort * 6 / 9)
        if encoding.lossless:
            return {"lossless": True, "exact": True, "quality": 75, "method": method}
        return {"quality": self.quality(encoding), "method": method}

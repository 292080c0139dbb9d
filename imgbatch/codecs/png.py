"""How is PNG written? Lossless, with alpha; several frames become APNG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec, Encoding, Motion
from imgbatch.codecs.recognize import SUFFIXES

if TYPE_CHECKING:
    from PIL.Image import Image

_LONGEST_MS = 65535


class Png(Codec):
    """PNG and APNG, by zlib."""

    name = "png"
    pillow = "PNG"
    suffixes = SUFFIXES["png"]
    modes = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
    longest = 2**31 - 1
    multiframe = True
    plays = True
    keyed = True
    optimizes = True

    def finish(self, frames: list[Image], encoding: Encoding, changes: list[str]) -> list[Image]:
        from imgbatch.codecs import palette

        if encoding.colors is not None:
            frames = palette.reduced(frames, encoding.colors, changes)
        return palette.uniform(frames) if len(frames) > 1 else frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        if encoding.optimize:
            return {"optimize": True}
        return {"compress_level": 6 if encoding.effort is None else max(1, encoding.effort)}

    def motion(self, motion: Motion, count: int, changes: list[str]) -> dict[str, Any]:
        options = super().motion(motion, count, changes)
        if max(options["duration"]) > _LONGEST_MS:
            changes.append(f"durations: at most {_LONGEST_MS} ms")
            options["duration"] = [min(duration, _LONGEST_MS) for duration in options["duration"]]
        return {**options, "disposal": 0, "blend": 0, "default_image": False}

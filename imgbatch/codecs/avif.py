"""How is AVIF written? Lossy, with alpha and sequences; gray, RGB and RGBA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec, Encoding, Motion
from imgbatch.codecs.recognize import SUFFIXES
from imgbatch.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 60
_SPEED = 6


class Avif(Codec):
    """AVIF, by libavif.

    Pillow converts colors to YCbCr before libavif sees them, which rounds by up to 3 of 255 even at quality 100: only
    gray is without loss, so ``lossless`` is refused for colors rather than half kept.
    """

    name = "avif"
    pillow = "AVIF"
    suffixes = SUFFIXES["avif"]
    modes = frozenset({"L", "RGB", "RGBA"})
    targets = ("L", "RGBA", "RGB", "RGBA")
    longest = 32768
    multiframe = True
    plays = True

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return 100
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def finish(self, frames: list[Image], encoding: Encoding, changes: list[str]) -> list[Image]:
        from imgbatch.codecs import palette

        if encoding.lossless and any(frame.mode != "L" for frame in frames):
            raise ImageError(
                "unsupported", "avif cannot hold colors without loss here; use --format webp, or --quality 100"
            )
        return palette.uniform(frames) if len(frames) > 1 else frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        speed = _SPEED if encoding.effort is None else round(10 - encoding.effort * 10 / 9)
        # One thread: the pool keeps all cores busy, and the bytes must not depend on the machine.
        options: dict[str, Any] = {"quality": self.quality(encoding), "speed": speed, "max_threads": 1}
        if frames[0].mode != "L":
            options["subsampling"] = "4:2:0" if encoding.subsampling == "auto" else encoding.subsampling
        return options

    def metadata(self, exif: bytes) -> dict[str, Any]:
        from imgbatch.codecs.metadata import without_upright

        # Pillow would rewrite a block that holds an orientation, and with it break maker notes.
        return {"exif": without_upright(exif)}

    def motion(self, motion: Motion, count: int, changes: list[str]) -> dict[str, Any]:
        options = super().motion(motion, count, changes)
        if options.pop("loop") != 0:
            changes.append("loop count not written: avif")
        return options

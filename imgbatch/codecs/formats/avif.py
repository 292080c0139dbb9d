"""AVIF: how is it written? Lossy, with alpha and sequences; gray, RGB and RGBA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import AnimationTiming
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.errors import Finding

QUALITY = 60
_SPEED = 6
#: Boxes of a sequence that begin with the times of creation and change (ISO 14496-12, 8).
_TIME_BOXES = (b"mvhd", b"tkhd", b"mdhd")


class Avif(Codec):
    """AVIF, by libavif.

    Pillow converts colors to YCbCr before libavif sees them, which rounds by up to 3 of 255 even at quality 100: only
    gray is without loss, so ``lossless`` is refused for colors rather than half kept.
    """

    name = "avif"
    modes = frozenset({"L", "RGB", "RGBA"})
    targets = ("L", "RGBA", "RGB", "RGBA")
    longest = 32768
    plays = True
    for_web = True
    plain_xmp = True
    feature = "avif"

    def findings(self, data: bytes) -> Iterator[Finding]:
        from imgbatch.codecs.containers import integrity

        return integrity.avif(data)

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return 100
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        from imgbatch.codecs.writing import palette

        if encoding.lossless and any(frame.mode != "L" for frame in frames):
            raise ImageError(
                "unsupported", "avif cannot hold colors without loss here; use --format webp, or --quality 100"
            )
        return palette.to_one_mode(frames) if len(frames) > 1 else frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        speed = _SPEED if encoding.effort is None else round(10 - encoding.effort * 10 / 9)
        # One thread: the pool keeps all cores busy, and the bytes must not depend on the machine.
        options: dict[str, Any] = {"quality": self.quality(encoding), "speed": speed, "max_threads": 1}
        if frames[0].mode != "L":
            options["subsampling"] = self.sampling(encoding)
        return options

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        from imgbatch.codecs.metadata.exif import without_orientation

        # Pillow would rewrite a block that holds an orientation, and with it break maker notes.
        return {"exif": without_orientation(exif)}

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """As for every format; the same frames give the same bytes, so a sequence does not say when it was made."""
        data = super().save(frames, options)
        return data if len(frames) == 1 else _without_dates(data)

    def animation_options(self, timing: AnimationTiming, count: int, changes: list[str]) -> dict[str, Any]:
        options = super().animation_options(timing, count, changes)
        if options.pop("loop") != 0:
            changes.append("loop count not written: avif")
        return options


def _without_dates(data: bytes) -> bytes:
    """`data` with 0 for every time of creation and change in its headers; libavif writes the clock's, to the second."""
    from imgbatch.codecs.containers import color_boxes

    result = bytearray(data)
    for name, start, _ in color_boxes.film_boxes(data):
        if name in _TIME_BOXES:
            result[start + 4 : start + 4 + (16 if data[start] == 1 else 8)] = bytes(16 if data[start] == 1 else 8)
    return bytes(result)

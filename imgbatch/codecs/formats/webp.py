"""WebP: how is it written? Lossy or lossless, with alpha and animation, RGB only."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import SAME, Encoding
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.errors import Finding

QUALITY = 82
_MOST_PLAYS = 65535
_ALPHA = 0x10  # in the flags of the VP8X chunk


class Webp(Codec):
    """WebP, by libwebp."""

    name = "webp"
    modes = frozenset({"RGB", "RGBA"})
    targets = ("RGB", "RGBA", "RGB", "RGBA")
    longest = 16383
    plays = True
    for_web = True
    plain_xmp = True
    feature = "webp"

    def findings(self, data: bytes) -> Iterator[Finding]:
        from imgbatch.codecs.containers import integrity

        return integrity.webp(data)

    def confirm(self, data: bytes, findings: list[Finding]) -> list[Finding]:
        """A long even area at a picture's end is coded as zeros, which its decoder needs: without some it fails.

        After an interrupted copy zeros are where more telling data have been, and only a part of them is read.
        """
        from imgbatch.codecs.containers import integrity

        if integrity.zeros_of_webp(data) is None or _is_decoded(integrity.short_webp(data)):
            return findings
        return [finding for finding in findings if finding.kind != "truncated"]

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return None
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def inherit(
        self, encoding: Encoding, metadata: Metadata, frames: Sequence[Image], changes: list[str]
    ) -> tuple[Encoding, dict[str, Any]]:
        """What is lossless stays so where no quality is asked for, under ``same``, or where it is to be kept."""
        kept = encoding.quality == "keep"
        if (
            encoding.lossless
            or not metadata.lossless
            or not (kept or (encoding.quality is None and encoding.format == SAME))
        ):
            return encoding, {}
        if encoding.max_bytes is not None or encoding.min_ssim is not None:
            changes.append("lossless coding not kept: a size or likeness is asked for")
            return encoding, {}
        if kept:
            changes.append("quality: the source's lossless coding kept")
        return replace(encoding, lossless=True), {}

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        from imgbatch.codecs.writing import palette

        return palette.to_one_mode(frames) if len(frames) > 1 else frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        method = 4 if encoding.effort is None else round(encoding.effort * 6 / 9)
        if encoding.lossless:
            return {"lossless": True, "exact": True, "quality": 75, "method": method}
        return {"quality": self.quality(encoding), "method": method}

    def animation_options(self, timing: AnimationTiming, count: int, changes: list[str]) -> dict[str, Any]:
        options = super().animation_options(timing, count, changes)
        return options | {"loop": min(options["loop"], _MOST_PLAYS)}

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """As for every format; an animation with alpha says so.

        libwebp cuts frames to what changes. Where each of these rectangles is opaque it leaves the header's alpha flag
        unset, and readers that trust it (Pillow, ImageMagick) show black where nothing is.
        """
        data = super().save(frames, options)
        if len(frames) == 1 or frames[0].mode != "RGBA" or data[12:16] != b"VP8X":
            return data
        return data[:20] + bytes([data[20] | _ALPHA]) + data[21:]


def _is_decoded(data: bytes | None) -> bool:
    """Whether a picture can be decoded; also where there is none."""
    from PIL import Image as Images

    if data is None:
        return True
    try:
        with Images.open(io.BytesIO(data), formats=["WEBP"]) as image:
            image.load()
    except OSError:
        return False
    return True

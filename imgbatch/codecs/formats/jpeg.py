"""JPEG: how is it written? Lossy, one picture, gray, RGB or CMYK, no alpha."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import JpegTables, Metadata
from imgbatch.codecs.metadata.header_blocks import EXIF

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.errors import Finding

QUALITY = 82
_COLOR = ("RGB", "YCbCr")
_MARKER = 65533 - 6  # what fits into one segment after "Exif\0\0"
_PACKET = 65533 - 29  # the same after the name of XMP
_COMMENT = 65533
_PROFILE = 255 * 65519  # 255 segments, all that their counter can say
_buffer = threading.Lock()


class Jpeg(Codec):
    """JPEG, by libjpeg-turbo."""

    name = "jpeg"
    modes = frozenset({"L", "RGB", "YCbCr", "CMYK"})
    targets = ("L", "L", "RGB", "RGB")
    longest = 65500
    alpha = False
    optimizes = True
    for_web = True
    label_places = ("exif", "xmp", "iptc")
    feature = "jpg"

    def findings(self, data: bytes) -> Iterator[Finding]:
        from imgbatch.codecs.containers import integrity, mpo_index

        yield from integrity.jpeg(data)
        yield from mpo_index.findings(data)

    def quality(self, encoding: Encoding) -> int | None:
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        options: dict[str, Any] = {"quality": self.quality(encoding)}
        if frames[0].mode in _COLOR:
            options["subsampling"] = self.sampling(encoding)
        if encoding.progressive:
            options["progressive"] = True
        if encoding.optimize or (encoding.effort or 0) >= 5:
            options["optimize"] = True
        return options

    def halves_chroma(self, encoding: Encoding) -> bool:
        return encoding.quality != "keep" and self.sampling(encoding) == "4:2:0"

    def table_options(self, tables: JpegTables, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        options: dict[str, Any] = {"quality": -1, "qtables": tables.quantization}  # -1: the tables as they are
        if frames[0].mode in _COLOR and encoding.subsampling == "auto" and tables.sampling is not None:
            options["subsampling"] = tables.sampling
        return options

    def can_write_profile(self, icc: bytes) -> bool:
        return len(icc) <= _PROFILE

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        return {"exif": EXIF + exif} if len(exif) <= _MARKER else {}

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        from imgbatch.codecs.metadata import iptc, xmp

        options: dict[str, Any] = {}
        packet = (
            metadata.xmp if metadata.xmp is None or len(metadata.xmp) <= _PACKET else xmp.without_padding(metadata.xmp)
        )
        if packet and len(packet) <= _PACKET:
            options["xmp"] = packet
        if metadata.iptc and (segment := iptc.segment(metadata.iptc)):
            options["extra"] = segment
        if (note := metadata.comment or metadata.text.get("Comment", "").encode()) and len(note) <= _COMMENT:
            options["comment"] = note
        if metadata.resolution:
            options["dpi"] = metadata.resolution
        missing += ["xmp"] if metadata.xmp and "xmp" not in options else []
        missing += ["iptc"] if metadata.iptc and "extra" not in options else []
        missing += ["comment"] if metadata.comment and "comment" not in options else []
        missing += ["text"] if metadata.text.keys() - {"Comment"} else []
        return options

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        if not (options.get("progressive") or options.get("optimize")):
            return super().save(frames, options)
        from PIL import ImageFile

        # These need a buffer for the whole file, and Pillow's guess is too small for noisy pictures.
        width, height = frames[0].size
        room = 2 * width * height * len(frames[0].getbands()) + len(options.get("icc_profile", b"")) + 4 * 65536
        with _buffer:
            previous = ImageFile.MAXBLOCK
            ImageFile.MAXBLOCK = max(previous, room)
            try:
                return super().save(frames, options)
            finally:
                ImageFile.MAXBLOCK = previous

"""JPEG XL: how is it written? With or without loss, with alpha, one picture, by pillow-jxl-plugin where it is there.

The package hands no ICC profile to libjxl, which says sRGB of colors and of gray: pixels are converted to it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.reading import optional_readers

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

QUALITY = 82
_EFFORT = 7


class Jxl(Codec):
    """JPEG XL, by libjxl."""

    name = "jxl"
    modes = frozenset({"L", "LA", "RGB", "RGBA", "I;16"})
    longest = 2**18
    icc = False
    for_web = True
    plain_xmp = True

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return None
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        effort = _EFFORT if encoding.effort is None else max(1, encoding.effort)
        # One thread: the pool keeps all cores busy.
        options: dict[str, Any] = {"effort": effort, "num_threads": 1}
        return options | ({"lossless": True} if encoding.lossless else {"quality": self.quality(encoding)})

    def inherit(
        self, encoding: Encoding, metadata: Metadata, frames: Sequence[Image], changes: list[str]
    ) -> tuple[Encoding, dict[str, Any]]:
        """An orientation that pixels still need has no place: readers go by libjxl's own, not by that of EXIF."""
        block = metadata.exif or b""
        for entry in exif_tags.entries(block):
            if entry.directory == "image" and entry.tag == exif_tags.ORIENTATION and entry.length >= 2:
                (value,) = struct.unpack_from(f"{exif_tags.order_of(block)}H", block, entry.start)
                changes += [f"orientation {value} not written: jxl"] if value != 1 else []
        return encoding, {}

    def open(self, data: bytes) -> ImageFile:
        return optional_readers.open_optional(self.name, data, self.longest**2)

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """By the package's own encoder, which nobody has to register with Pillow for that."""
        module = optional_readers.module_of(self.name, "encoder", "choose another --format")
        file, picture = io.BytesIO(), frames[0]
        picture.encoderinfo = options  # as Pillow hands them to an encoder
        module._save(picture, file, "")
        return file.getvalue()

"""HEIC: how is it written? Lossy, with alpha, one picture, by pillow-heif where it is there and can encode HEVC.

Pixels of more than 8 bits get 10, as libheif's own tool gives them and as phones show them, or 12 where the source has
12 or 16 are asked for, which fewer programs show.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.reading import optional_readers
from imgbatch.core.errors import ImageError
from imgbatch.pixels.color import DEEP

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.metadata.block import Metadata

QUALITY = 60
_GRAY = ("L", "I;16")
_LOSSLESS = -1  # pillow-heif's quality for it


class Heif(Codec):
    """HEIC, by libheif and x265."""

    name = "heif"
    modes = frozenset({"L", "RGB", "RGBA", "I;16", "RGB;16", "RGBA;16"})
    most_bits = 12
    targets = ("L", "RGBA", "RGB", "RGBA")
    longest = 16384
    plain_xmp = True

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return 100
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def deep_bits(self, encoding: Encoding, metadata: Metadata) -> int:
        return self.most_bits if encoding.depth == "16" or metadata.bits == self.most_bits else 10

    def inherit(
        self, encoding: Encoding, metadata: Metadata, frames: Sequence[Image], changes: list[str]
    ) -> tuple[Encoding, dict[str, Any]]:
        is_deep = frames[0].mode in DEEP
        return encoding, {"bit_depth": self.deep_bits(encoding, metadata)} if is_deep else {}

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        if encoding.lossless and frames[0].mode not in _GRAY:
            raise ImageError(
                "unsupported", "heif cannot hold colors without loss here; use --format webp, or --quality 100"
            )
        return frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        options: dict[str, Any] = {"quality": _LOSSLESS if encoding.lossless else self.quality(encoding)}
        if frames[0].mode not in _GRAY:
            options["chroma"] = int(self.sampling(encoding).replace(":", ""))
        return options

    def exif_options(self, exif: bytes) -> dict[str, Any]:
        from imgbatch.codecs.metadata.exif import without_orientation

        # Pixels are upright already: an orientation would be turned into a box that turns them again.
        return {"exif": without_orientation(exif)}

    def open(self, data: bytes) -> ImageFile:
        return optional_readers.open_optional(self.name, data, self.longest**2)

    def save(self, frames: Sequence[Image], options: dict[str, Any]) -> bytes:
        """By the package's own encoder, which nobody has to register with Pillow for that."""
        module = optional_readers.module_of(self.name, "encoder", "choose another --format")
        if not module._pillow_heif.get_lib_info().get("HEIF"):
            raise ImageError("unsupported", "this pillow-heif has no encoder for HEIC; choose another --format")
        file, picture = io.BytesIO(), frames[0]
        if picture.mode in DEEP:
            bits = options.get("bit_depth", self.most_bits)
            package = importlib.import_module(module.__package__)
            mode = f"{picture.mode.removesuffix(';16')};{bits}"
            package.encode(mode, picture.size, _samples(picture, bits), file, **{**options, "bit_depth": bits})
            return file.getvalue()
        picture.encoderinfo = options  # as Pillow hands them to an encoder
        module._save_heif(picture, file, "")
        return file.getvalue()


def _samples(picture: Image, bits: int) -> bytes:
    """Samples of 16 bits rounded to `bits`, side by side."""
    import numpy

    return ((numpy.asarray(picture).astype(numpy.uint32) * ((1 << bits) - 1) + 32767) // 65535).astype("<u2").tobytes()

"""HEIC: how is it written? Lossy, with alpha, one picture, by pillow-heif where it is there and can encode HEVC."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.reading import optional_readers
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

QUALITY = 60
_LOSSLESS = -1  # pillow-heif's quality for it


class Heif(Codec):
    """HEIC, by libheif and x265."""

    name = "heif"
    modes = frozenset({"L", "RGB", "RGBA"})
    targets = ("L", "RGBA", "RGB", "RGBA")
    longest = 16384
    plain_xmp = True

    def quality(self, encoding: Encoding) -> int | None:
        if encoding.lossless:
            return 100
        return encoding.quality if isinstance(encoding.quality, int) else QUALITY

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        if encoding.lossless and frames[0].mode != "L":
            raise ImageError(
                "unsupported", "heif cannot hold colors without loss here; use --format webp, or --quality 100"
            )
        return frames

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        options: dict[str, Any] = {"quality": _LOSSLESS if encoding.lossless else self.quality(encoding)}
        if frames[0].mode != "L":
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
        picture.encoderinfo = options  # as Pillow hands them to an encoder
        module._save_heif(picture, file, "")
        return file.getvalue()

"""BMP: how is it written? Uncompressed, one picture, no alpha."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import Metadata

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.errors import Finding


class Bmp(Codec):
    """BMP as every program reads it: 1, 8 or 24 bits a pixel."""

    name = "bmp"
    modes = frozenset({"1", "L", "P", "RGB"})
    targets = ("L", "L", "RGB", "RGB")
    longest = 65535
    alpha = False
    icc = False
    exif = False
    label_places = ()
    color_key = True  # never written: alpha is flattened before, palettes stay palettes

    def findings(self, data: bytes) -> Iterator[Finding]:
        from imgbatch.codecs.containers import integrity

        return integrity.bmp(data)

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        return {}

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        super().metadata_options(replace(metadata, resolution=None), missing)
        return {"dpi": metadata.resolution} if metadata.resolution else {}

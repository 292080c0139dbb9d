"""Which formats are there, and how does one get from bytes to frames and back?

Reading is Pillow's, with limits; writing has one codec per format.

`encode` is all that writing needs, `open_image` all that reading needs. What reads and writes is loaded when
it is first used: planning asks for names only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.encoder_options import FORMATS, SAME, Encoding
from imgbatch.codecs.reading import identify
from imgbatch.codecs.reading.identify import IMAGE_SUFFIXES, PREFIX, format_of, is_image
from imgbatch.core.errors import unknown
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.lazy_import import first_use

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.base import Codec
    from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
    from imgbatch.codecs.reading.decode import SourceImage, open_image
    from imgbatch.codecs.writing.encode import Encoded

    CODECS: tuple[Codec, ...]

#: The module that each of these names is in.
_HOMES = {
    "AnimationTiming": "metadata.block", "Codec": "base", "Encoded": "writing.encode", "Metadata": "metadata.block",
    "SourceImage": "reading.decode", "open_image": "reading.decode",
}  # fmt: skip

__all__ = [
    "CODECS", "FORMATS", "IMAGE_SUFFIXES", "PREFIX", "SAME", "AnimationTiming", "Codec", "Encoded", "Encoding",
    "FormatInfo", "Metadata", "SourceImage", "codec", "describe_formats", "encode", "format_of", "holds", "is_image",
    "open_image", "rewrite_metadata", "suffix_fits",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "CODECS":
        return tuple(map(codec, FORMATS))
    return first_use(globals(), name, _HOMES.get(name))


@functools.cache
def codec(name: str) -> Codec:
    """The codec of a format; UsageError names the nearest known one."""
    if name not in FORMATS:
        raise unknown(name, "format", FORMATS)
    made: Codec = first_use(globals(), name.capitalize(), f"formats.{name}")()
    return made


def encode(
    frames: Iterable[Image], format: str, encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> Encoded:
    """`frames` as one file of `format`, in memory; as :func:`writing.encode.encode`, or searched for by its quality."""
    if encoding.max_bytes is not None or encoding.min_ssim is not None:
        from imgbatch.codecs.writing.quality_search import encode
        from imgbatch.pixels.frames import of

        return encode(codec(format), of(frames), encoding, metadata, timing)
    from imgbatch.codecs.writing import encode as encoding_procedure

    return encoding_procedure.encode(codec(format), frames, encoding, metadata, timing)


def rewrite_metadata(data: bytes, encoding: Encoding, opened: SourceImage) -> Encoded | None:
    """A JPEG's own picture with the metadata that `encoding` asks for; None where it has to be encoded again."""
    from imgbatch.codecs.formats import jpeg_lossless

    return jpeg_lossless.rewrite(data, encoding, opened.metadata, opened.size)


def holds(format: str, mode: str) -> bool:
    """Whether a format keeps pixels of a Pillow mode: as they are, or as another spelling of the same."""
    spelled = {"RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB", "PA": "RGBA", "I": "I;16"}
    modes = codec(format).modes
    return mode in modes or spelled.get(mode, "I;16" if mode.startswith("I;16") else mode) in modes


def suffix_fits(suffix: str, format: str) -> bool:
    """Whether a file of `format` may keep `suffix` (with its dot, in any case)."""
    return suffix.lower() in codec(format).suffixes


@frozen
class FormatInfo:
    """One line of ``imgbatch formats``."""

    name: str
    suffixes: tuple[str, ...]
    read: bool
    write: bool
    frames: bool = False
    alpha: bool = False
    icc: bool = False
    exif: bool = False
    advice: str = ""  # how to install what reads it


def describe_formats() -> list[FormatInfo]:
    """What this installation reads and writes: the formats of `CODECS`, then those that are only read."""
    from PIL import Image as Images

    from imgbatch.codecs.reading import optional_readers

    Images.init()
    lines = [
        FormatInfo(
            one.name, one.suffixes, one.pillow in Images.OPEN and _built(one.name), one.pillow in Images.SAVE,
            one.multiframe, one.alpha, one.icc, one.exif,
        )
        for one in map(codec, FORMATS)
    ]  # fmt: skip
    for name, suffixes in identify.READ_ONLY.items():
        lines.append(FormatInfo(name, suffixes, name == "mpo" or (name.upper() in Images.OPEN and _built(name)), False))
    for name, extra in optional_readers.EXTRAS.items():
        there = optional_readers.found(name)
        lines.append(
            FormatInfo(name, extra.suffixes, there, False, advice="" if there else optional_readers.advice(name))
        )
    return lines


def _built(name: str) -> bool:
    """Whether Pillow was built with the library that a format needs."""
    from PIL import features

    needed = {"jpeg": "jpg", "png": "zlib", "webp": "webp", "avif": "avif", "jpeg2000": "jpg_2000"}.get(name)
    return needed is None or bool(features.check(needed))

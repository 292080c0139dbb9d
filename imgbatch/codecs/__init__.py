"""Codecs: which formats are there, and how does one get from bytes to frames and back?

Reading is Pillow's, with limits; writing has one codec per format.

`encode` is all that writing needs, `open_image` all that reading needs. What reads and writes is loaded when
it is first used: planning asks for names only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.encoder_options import FORMATS, SAME, Encoding
from imgbatch.codecs.reading import identify
from imgbatch.codecs.reading.identify import IMAGE_SUFFIXES, PREFIX, format_of, is_image
from imgbatch.codecs.registry import CODECS, load
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.lazy_import import first_use

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.base import Codec
    from imgbatch.codecs.errors import Finding
    from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
    from imgbatch.codecs.reading.decode import SourceImage
    from imgbatch.codecs.reading.open import open_image
    from imgbatch.codecs.writing.encode import EncodedFile

_ANY_PIXELS = 1 << 40  # nothing is decoded
#: The module that each of these names is in.
_HOMES = {
    "AnimationTiming": "metadata.block", "Codec": "base", "EncodedFile": "writing.encode", "Metadata": "metadata.block",
    "SourceImage": "reading.decode", "open_image": "reading.open",
}  # fmt: skip

__all__ = [
    "CODECS", "FORMATS", "IMAGE_SUFFIXES", "PREFIX", "SAME", "AnimationTiming", "Codec", "EncodedFile", "Encoding",
    "FormatInfo", "Metadata", "SourceImage", "all_codecs", "codec", "describe_formats", "encode", "findings",
    "format_of", "has_depth", "holds", "is_image", "open_image", "read_metadata", "rewrite_metadata", "suffix_fits",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    return first_use(globals(), name, _HOMES.get(name))


def codec(name: str) -> Codec:
    """The codec of a format; UsageError names the nearest known one."""
    result: Codec = load(name)
    return result


def all_codecs() -> list[Codec]:
    """The codecs of all formats that are written, in the order of the docs."""
    return list(map(codec, FORMATS))


def findings(data: bytes, suffix: str) -> list[Finding]:
    """What is wrong with a file, by its bytes and its suffix (with the dot, in any case); nothing is decoded."""
    prefix = data[:PREFIX]
    name = format_of(prefix)
    problems = [] if name is None else list(codec(name).findings(data))
    if (warning := identify.suffix_warning(prefix, suffix)) is not None:
        from imgbatch.codecs.errors import Finding

        problems.append(Finding(None, warning))
    return problems


def read_metadata(data: bytes, suffix: str) -> Metadata | None:
    """What a file says beside its pixels; None where it cannot be opened.

    Parameters
    ----------
    data : bytes
        The whole file, or of a JPEG the beginning: None where its header is not whole.
    suffix : str
        Of its name, with the dot.
    """
    from imgbatch.codecs.reading import limits
    from imgbatch.codecs.reading.open import open_image
    from imgbatch.core.errors import ImageError

    try:
        with limits.warning_recorder(_ANY_PIXELS), open_image(data, suffix, _ANY_PIXELS) as picture:
            return picture.metadata
    except ImageError:
        return None


def encode(
    frames: Iterable[Image], format: str, encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> EncodedFile:
    """`frames` as one file of `format`, in memory; for ``max_bytes`` and ``min_ssim`` its quality is searched for.

    Parameters
    ----------
    frames : iterable of Image
        At least one.
    format : str
        Our name of it: ``jpeg``, ``webp``, ...
    encoding, metadata, timing
        As of :func:`writing.encode.encode`, which says the errors, too.
    """
    if encoding.max_bytes is not None or encoding.min_ssim is not None:
        from imgbatch.codecs.writing.quality_search import encode
        from imgbatch.pixels.frames import spool

        return encode(codec(format), spool(frames), encoding, metadata, timing)
    from imgbatch.codecs.writing import encode as encoding_module  # a module is found in less time than what is in it

    return encoding_module.encode(codec(format), frames, encoding, metadata, timing)


def rewrite_metadata(data: bytes, encoding: Encoding, image: SourceImage) -> EncodedFile | None:
    """A file's own picture with the metadata that `encoding` asks for; None where it has to be encoded again.

    Parameters
    ----------
    data : bytes
        The whole file.
    encoding : Encoding
        Of it, ``set`` matters, and of a JPEG ``strip``, ``keep``, ``icc`` and ``gainmap``.
    image : SourceImage
        The same file, opened.
    """
    if image.format != "jpeg":
        from imgbatch.codecs.formats.rewrites import relabel

        return relabel.relabel(data, encoding, image)
    from imgbatch.codecs.formats.rewrites import jpeg_lossless

    return jpeg_lossless.rewrite(data, encoding, image)


def holds(format: str, mode: str) -> bool:
    """Whether a format keeps pixels of a Pillow mode: as they are, or as another spelling of the same."""
    equivalents = {"RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB", "PA": "RGBA", "I": "I;16"}
    equivalents |= {"LA;16": "RGBA;16"}
    modes = codec(format).modes
    return mode in modes or equivalents.get(mode, "I;16" if mode.startswith("I;16") else mode) in modes


def has_depth(format: str, depth: str, bits: int) -> bool:
    """Whether a picture has the depth that is asked for already, as far as the format can.

    Parameters
    ----------
    format : str
    depth : str
        ``8`` or ``16``, in bits.
    bits : int
        Of a sample of the picture.
    """
    return bits <= 8 if depth == "8" else bits == codec(format).most_bits or not holds(format, "RGB;16")


def suffix_fits(suffix: str, format: str) -> bool:
    """Whether a file of `format` may keep `suffix` (with its dot, in any case)."""
    return suffix.lower() in codec(format).suffixes


#: What formats that are only read need of Pillow.
_FEATURES = {"jpeg2000": "jpg_2000"}


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
            one.name, one.suffixes, one.pillow in Images.OPEN and _has_feature(one.feature), one.pillow in Images.SAVE,
            one.multiframe, one.alpha, one.icc, one.exif,
        )
        for one in all_codecs()
    ]  # fmt: skip
    for name, suffixes in identify.READ_ONLY.items():
        if name not in CODECS:
            readable = name == "mpo" or (name.upper() in Images.OPEN and _has_feature(_FEATURES.get(name)))
            lines.append(FormatInfo(name, suffixes, readable, False))
    for name, extra in optional_readers.EXTRAS.items():
        there, one = optional_readers.is_installed(name), codec(name)
        advice = "" if there else optional_readers.advice(name)
        lines.append(FormatInfo(name, extra.suffixes, there, there, False, one.alpha, one.icc, one.exif, advice))
    return lines


def _has_feature(feature: str | None) -> bool:
    """Whether Pillow was built with a library."""
    from PIL import features

    return feature is None or bool(features.check(feature))

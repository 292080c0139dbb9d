"""Registry of formats: which are written, where is the codec of each, and how is a file of it known from outside?

Adding a format is its file in formats/ and its entry in :data:`CODECS`. The entry holds what planning and reading ask
of every file; all else that is true of a format is an attribute of its codec's class. The class is named in words and
loaded when it is first used: to load all of them costs a run that only plans 6 ms (tests/unit/test_floors.py). So this
module imports no other of the room, and every floor may ask it.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from imgbatch.core.errors import unknown
from imgbatch.core.frozen_dataclass import frozen


@frozen
class Format:
    """A format that is written, from outside.

    Attributes
    ----------
    codec : str
        Module (inside codecs) and class.
    pillow, plugin : str
        Pillow's name of the format, and the module of PIL that reads and writes it.
    suffixes : tuple of str
        Lower case with the dot; the first is the one given to new names.
    matches : callable
        Whether a file is of the format, by its first :data:`reading.identify.PREFIX` bytes.
    multiframe : bool
        Whether it holds several frames or pages.
    densest : int
        Bytes a pixel that hardly any file of it passes.
    whole_chroma : int or None
        The quality from which ``--subsampling auto`` halves no colors: 90 for JPEG, and what looks like it elsewhere
        (``python -m tests.benchmarks.equal_quality``). None: colors are never halved, or always.
    """

    codec: str
    pillow: str
    plugin: str
    suffixes: tuple[str, ...]
    matches: Callable[[bytes], bool]
    multiframe: bool = False
    densest: int = 4
    whole_chroma: int | None = None


def brands(prefix: bytes) -> frozenset[bytes]:
    """The brands of an ISO media file: the major one and those it is compatible with."""
    if prefix[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(prefix[:4], "big"), len(prefix))
    return frozenset((prefix[8:12], *(prefix[at : at + 4] for at in range(16, end - 3, 4))))


PNG_START = b"\x89PNG\r\n\x1a\n"
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
AVIF_BRANDS = frozenset((b"avif", b"avis"))
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))  # bytes

#: All formats that are written, by our name, in the order of the docs.
CODECS: dict[str, Format] = {
    "jpeg": Format("formats.jpeg:Jpeg", "JPEG", "JpegImagePlugin", (".jpg", ".jpeg", ".jpe", ".jfif"),
                   lambda prefix: prefix.startswith(b"\xff\xd8\xff"), densest=1, whole_chroma=90),
    "png": Format("formats.png:Png", "PNG", "PngImagePlugin", (".png", ".apng"),
                  lambda prefix: prefix.startswith(PNG_START), multiframe=True),
    "webp": Format("formats.webp:Webp", "WEBP", "WebPImagePlugin", (".webp",),
                   lambda prefix: prefix[:4] == b"RIFF" and prefix[8:12] == b"WEBP", multiframe=True, densest=1),
    "avif": Format("formats.avif:Avif", "AVIF", "AvifImagePlugin", (".avif", ".avifs"),
                   lambda prefix: not brands(prefix).isdisjoint(AVIF_BRANDS), multiframe=True, densest=1,
                   whole_chroma=78),
    "tiff": Format("formats.tiff:Tiff", "TIFF", "TiffImagePlugin", (".tif", ".tiff"),  # CR: camera raw
                   lambda prefix: prefix[:4] in TIFF_STARTS and prefix[8:10] != b"CR", multiframe=True),
    "gif": Format("formats.gif:Gif", "GIF", "GifImagePlugin", (".gif",),
                  lambda prefix: prefix[:6] in (b"GIF87a", b"GIF89a"), multiframe=True),
    "bmp": Format("formats.bmp:Bmp", "BMP", "BmpImagePlugin", (".bmp",),
                  lambda prefix: prefix[:2] == b"BM" and int.from_bytes(prefix[14:18], "little") in _BMP_HEADERS),
}  # fmt: skip


def _by_its_reader(prefix: bytes) -> bool:
    return False


#: Formats that are written where somebody else's package is installed, each an extra of that name. Their files are
#: known by their readers (reading/optional_readers.py): a source of them stays what it is only where it is asked for.
OPTIONAL: dict[str, Format] = {
    "jxl": Format("formats.jxl:Jxl", "JXL", "", (".jxl",), _by_its_reader, densest=1),
    "heif": Format("formats.heif:Heif", "HEIF", "", (".heic", ".heif", ".hif"), _by_its_reader, densest=1,
                   whole_chroma=90),
}  # fmt: skip
#: All formats that an output may have.
WRITTEN: dict[str, Format] = {**CODECS, **OPTIONAL}


@functools.cache
def load(name: str) -> Any:
    """An instance of a format's codec; UsageError names the nearest known format."""
    if name not in WRITTEN:
        raise unknown(name, "format", WRITTEN)
    module, _, title = WRITTEN[name].codec.partition(":")
    return getattr(importlib.import_module(f"{__package__}.{module}"), title)()

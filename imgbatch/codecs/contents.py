"""Contents: what can stand in a file of each format beside its pixels, and what becomes of each block of it?

Nothing is lost without a word. A block is stored anew with the pixels; or somebody here reads it, and it is kept where
the output has a place for it, changed where it has to stay true, and else named; or it accompanies the picture, for
formats/companions and reading/companions.py. Whatever is none of these stays in a copy of the file only, and its finder
names it for the record's changes. So a block that nobody has heard of is named, too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

#: What becomes of a block.
ANEW, READ, COMPANION = "stored anew", "read", "companion"
#: How many names of blocks one file is given.
MOST_NAMES = 8
Fates = Mapping[str, str]
#: What names the blocks of a whole file, of that format by our name, whose fates are not among those that are known.
Finder = Callable[[bytes, str, Fates], list[str]]


class Contents(NamedTuple):
    """The blocks of one format: the module that finds those that are not known, and what becomes of the others."""

    finder: str
    fates: Fates


def _fates(anew: str = "", read: str = "", companion: str = "") -> Fates:
    """The fates of names that stand in rows; ``_`` is a space."""
    rows = {ANEW: anew, READ: read, COMPANION: companion}
    return {name.replace("_", " "): fate for fate, row in rows.items() for name in row.split()}


#: Whose finders see more of a picture than its bytes, and are asked where that is read.
_BY_READER = ("jpeg", "tiff")
#: Boxes of all media files (ISO/IEC 14496-12), and what the items of a picture's may be.
_MEDIA = "ftyp styp meta mdat moov free skip wide pdin sidx moof mfra"
_ITEMS = "av01 hvc1 hvc2 lhv1 avc1 vvc1 evc1 jpeg j2k1 unci grid iden iovl"
CONTENTS: dict[str, Contents] = {
    "jpeg": Contents("metadata.header_blocks", _fates(
        read="APP0 APP1 APP2 APP13 COM", anew="APP14", companion="APP2")),
    "png": Contents("containers.png_chunks", _fates(
        anew="IHDR PLTE IDAT IEND tRNS acTL fcTL fdAT",
        read="iCCP sRGB gAMA cHRM cICP cLLI mDCV eXIf pHYs tEXt zTXt iTXt")),
    "webp": Contents("containers.blocks.webp_chunks", _fates(
        anew="VP8_ VP8L VP8X ALPH ANIM ANMF", read="ICCP EXIF XMP_")),
    "gif": Contents("containers.blocks.gif_blocks", _fates(
        anew="NETSCAPE2.0 ANIMEXTS1.0", read="comment ICCRGBG1012 XMP_DataXMP")),
    "tiff": Contents("containers.tiff_tags", _fates()),
    "avif": Contents("containers.blocks.boxes", _fates(
        anew=f"{_MEDIA} {_ITEMS}", read="Exif mime", companion="mpvd tmap")),
    "heif": Contents("containers.blocks.boxes", _fates(
        anew=f"{_MEDIA} {_ITEMS}", read="Exif mime", companion="mpvd tmap")),
    "jxl": Contents("containers.blocks.boxes", _fates(
        anew="JXL_ ftyp jxlc jxlp jxll jxli", read="Exif xml_", companion="jhgm")),
    "jpeg2000": Contents("containers.blocks.boxes", _fates(
        anew="jP__ ftyp rreq jp2h jp2c free", read="xmp exif")),
    **dict.fromkeys(
        ("bmp", "tga", "ppm", "qoi", "dds", "sgi", "ico", "cur", "icns"), Contents("containers.blocks.trailers", {})
    ),
}  # fmt: skip


def strangers(data: bytes, format: str) -> list[str]:
    """What a file has that only a copy of it keeps, in words that ``not kept`` follows.

    Parameters
    ----------
    data : bytes
        The whole file.
    format : str
        Our name of its format.
    """
    contents = CONTENTS.get(format)
    if contents is None or format in _BY_READER:
        return []
    module = importlib.import_module(f"{__package__}.{contents.finder}")
    find: Finder = module.strangers
    return list(dict.fromkeys(find(data, format, contents.fates)))


def bytes_after(count: int) -> str:
    """What is said of bytes behind the end of a picture."""
    return f"{count} bytes after the picture"


def word_of(name: bytes, what: str) -> str:
    """What a block is called: by its name where that is made of letters."""
    text = name.decode("latin-1").rstrip(" \0")
    return f"{text if text.isascii() and text.isprintable() and text.strip() else 'nameless'} {what}"

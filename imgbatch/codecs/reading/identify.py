"""Identification: which format is a file by its first bytes, and is it an image by its content or suffix?

Nothing is decoded and Pillow is not imported: discovery asks this for every file of a folder.
"""

from __future__ import annotations

import re

from imgbatch.codecs.registry import AVIF_BRANDS, CODECS, TIFF_STARTS, brands

#: How many first bytes are enough for every answer here.
PREFIX = 64

#: Formats that are only read: Pillow's lower-case name -> suffixes.
READ_ONLY: dict[str, tuple[str, ...]] = {
    "jpeg2000": (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),
    "psd": (".psd",),
    "ppm": (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
    "tga": (".tga", ".icb", ".vda", ".vst"),
    "ico": (".ico",),
    "cur": (".cur",),
    "icns": (".icns",),
    "qoi": (".qoi",),
    "dds": (".dds",),
    "sgi": (".sgi", ".rgb", ".rgba", ".bw"),
    "pcx": (".pcx",),
    "dcx": (".dcx",),
    "xbm": (".xbm",),
    "xpm": (".xpm",),
    "dib": (".dib",),
    "mpo": (".mpo",),
    "fits": (".fit", ".fits"),
    "blp": (".blp",),
    "fli": (".fli", ".flc"),
    "ftex": (".ftc", ".ftu"),
    "gbr": (".gbr",),
    "msp": (".msp",),
    "pcd": (".pcd",),
    "pixar": (".pxr",),
    "sun": (".ras",),
    "im": (".im",),
}

#: Images that Pillow alone has no reader for (optional_readers.py): candidates, that may fail with a sentence that
#: says so.
UNREADABLE: dict[str, str] = {".heic": "HEIC", ".heif": "HEIC", ".hif": "HEIC", ".jxl": "JPEG XL"}

#: Vectors, documents and data that some readers of Pillow would take: no images here, but for those whose content is
#: one under a false name.
NOT_RASTER = frozenset((
    ".svg", ".svgz", ".eps", ".epsf", ".ps", ".pdf", ".wmf", ".emf", ".ai", ".h5", ".hdf", ".hdf5", ".grib", ".grb",
    ".bufr", ".mpg", ".mpeg", ".iim", ".fpx", ".mic",
))  # fmt: skip

#: Camera raw. Many are TIFF inside, and a TIFF reader would deliver only their thumbnail.
RAW_SUFFIXES = frozenset((
    ".3fr", ".ari", ".arw", ".bay", ".cap", ".cr2", ".cr3", ".crw", ".dcr", ".dcs", ".dng", ".drf", ".eip", ".erf",
    ".fff", ".gpr", ".iiq", ".k25", ".kdc", ".mdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".ptx",
    ".r3d", ".raf", ".raw", ".rw2", ".rwl", ".rwz", ".sr2", ".srf", ".srw", ".x3f",
))  # fmt: skip

IMAGE_SUFFIXES = frozenset(
    suffix for suffixes in (*(one.suffixes for one in CODECS.values()), *READ_ONLY.values()) for suffix in suffixes
) | frozenset(UNREADABLE)

#: Formats whose first bytes nothing else begins with: camera raw, say, which may be TIFF inside or begin with anything.
_CERTAIN = frozenset(("jpeg", "png", "gif", "webp", "avif", "jpeg2000", "psd", "qoi"))
#: Endings that a program or a person has put behind a name; they say nothing of the content.
_COPIES = frozenset((".bak", ".old", ".orig", ".save", ".tmp", ".temp", ".part", ".copy"))
_ENDING = r"\.(?=\d*[a-z])[a-z0-9]{2,4}"  # compiled when it is needed, as those below
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"))
_RAW_STARTS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb")

#: (signature, Pillow's lower-case name) of formats that are only read
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"8BPS", "psd"),
    (b"qoif", "qoi"),
    (b"DDS ", "dds"),
    (b"icns", "icns"),
    (b"\x59\xa6\x6a\x95", "sun"),
    (b"/* XPM */", "xpm"),
    (b"SIMPLE  =", "fits"),
    (b"BLP1", "blp"),
    (b"BLP2", "blp"),
    (b"FTEX", "ftex"),
    (b"DanM", "msp"),
    (b"LinS", "msp"),
    (b"\xb1\x68\xde\x3a", "dcx"),
)
_PPM = rb"P[1-7fF][\s#]"
_XBM = rb"\s*#define\s+\w*_width\s"


def format_of(prefix: bytes) -> str | None:
    """Which of the written formats (registry.CODECS) a file is that begins with `prefix`; None for anything else.

    `prefix` is the first :data:`PREFIX` bytes, or all there are. Camera raw is not TIFF here.
    """
    for name, one in CODECS.items():
        if one.matches(prefix):
            return name
    return None


def other_format_of(prefix: bytes) -> str | None:
    """Which format that is only read, by signature and as Pillow's lower-case name; None where there is none."""
    for signature, name in _SIGNATURES:
        if prefix.startswith(signature):
            return name
    if prefix[:4] in (b"\0\0\1\0", b"\0\0\2\0") and len(prefix) >= 22 and prefix[4:6] != b"\0\0" and prefix[9] == 0:
        return "ico" if prefix[2] == 1 else "cur"
    if prefix[:2] == b"\x01\xda" and prefix[2:3] in (b"\0", b"\1") and prefix[3:4] in (b"\1", b"\2"):
        return "sgi"
    if prefix[:1] == b"\n" and prefix[1:2] in (b"\0", b"\2", b"\3", b"\5") and prefix[2:3] == b"\1":
        return "pcx" if prefix[3:4] in (b"\1", b"\2", b"\4", b"\x08") else None
    if re.match(_PPM, prefix):
        return "ppm"
    return "xbm" if re.match(_XBM, prefix) else None


def unreadable(prefix: bytes) -> str | None:
    """The name of an image format that Pillow cannot read (HEIC, JPEG XL), by signature."""
    file_brands = brands(prefix)
    if file_brands & _HEIF_BRANDS and not file_brands & AVIF_BRANDS:
        return "HEIC"
    if prefix.startswith((b"\xff\n", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "JPEG XL"
    return None


def _is_certain(prefix: bytes) -> bool:
    """Whether this is an image whatever the name says."""
    return (format_of(prefix) or other_format_of(prefix)) in _CERTAIN


def is_raw(prefix: bytes, suffix: str = "") -> bool:
    """Whether this is camera raw, by content, or by suffix where the content is not that of another image."""
    if prefix.startswith(_RAW_STARTS) or (suffix.lower() in RAW_SUFFIXES and not _is_certain(prefix)):
        return True
    return prefix[:4] in TIFF_STARTS and prefix[8:10] == b"CR" or prefix[4:12] == b"ftypcrx "


def is_image(prefix: bytes, suffix: str) -> bool:
    """Whether a file found in a folder is a candidate: its content is recognized, or its suffix is an image's.

    Vectors, documents and camera raw are none, unless the content of a file of that name is beyond doubt an image's.
    `suffix` has its dot, in any case.
    """
    ending = suffix.lower()
    if is_raw(prefix, ending):
        return False
    if ending in NOT_RASTER:
        return _is_certain(prefix)
    if ending in IMAGE_SUFFIXES or format_of(prefix) is not None or other_format_of(prefix) is not None:
        return True
    return unreadable(prefix) == "HEIC" or prefix.startswith(b"\0\0\0\x0cJXL ")


def suffix_warning(prefix: bytes, suffix: str) -> str | None:
    """What to say of a suffix of another format; which of the two was meant, only the owner can say."""
    name, ending = format_of(prefix) or other_format_of(prefix), suffix.lower()
    if name is None or ending in _COPIES or is_raw(prefix, ending):
        return None
    if ending not in IMAGE_SUFFIXES and not re.fullmatch(_ENDING, ending):
        return None
    suffixes = CODECS[name].suffixes if name in CODECS else READ_ONLY.get(name, ())
    if name == "jpeg":
        suffixes = (*suffixes, *READ_ONLY["mpo"])
    if not suffixes or ending in suffixes:
        return None
    return f"the name says {ending}, the content is {name}; rename it to {suffixes[0]}, or replace it"


def is_lossless_webp(data: bytes) -> bool:
    """Whether all pictures of a WebP are coded without loss (VP8L), by its chunks; nothing is decoded."""
    at, lossless = 12, False
    while at + 8 <= len(data):
        word, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if word == b"VP8 ":
            return False
        lossless = lossless or word == b"VP8L"
        at += 24 if word == b"ANMF" else 8 + length + length % 2  # a frame's chunks follow its place and duration
    return lossless


def looks_like(data: bytes) -> str | None:
    """What data that no reader takes may be, in words for a message; None when they look like nothing known."""
    start = data[:512]
    if not start.strip(b"\0"):
        return "only zero bytes" if start else "nothing"
    if start.startswith(b"version https://git-lfs"):
        return "a git LFS pointer: fetch the file with git lfs pull"
    for signature, words in (
        (b"PK\x03\x04", "a zip archive"), (b"\x1f\x8b", "gzip data"), (b"7z\xbc\xaf", "a 7z archive"),
        (b"Rar!", "a RAR archive"), (b"%PDF", "a PDF document"), (b"%!PS", "PostScript"),
        (b"\xd7\xcd\xc6\x9a", "a Windows metafile"), (b"\xc5\xd0\xd3\xc6", "an EPS document"), (b"RIFF", "a RIFF file"),
        (b"\x1aE\xdf\xa3", "a video"), (b"SQLite format 3", "a SQLite database"), (b"\x7fELF", "a program"),
    ):  # fmt: skip
        if start.startswith(signature):
            return words
    if start[4:8] == b"ftyp":
        return "a video or another ISO media file"
    lower = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in lower:
        return "an SVG drawing"
    if lower.startswith((b"<!doctype html", b"<html", b"<head")):
        return "an HTML page"
    if lower.startswith(b"<?xml"):
        return "an XML document"
    if len(start) > 1 and all(byte in b"\t\n\r\f\x1b" or byte >= 32 for byte in start) and b"\x7f" not in start:
        try:
            data[:4096].decode("utf-8", "ignore" if len(data) > 4096 else "strict")
        except UnicodeDecodeError:
            return None
        return "text"
    return None

"""PNG chunks: what stands in a PNG beside its pixels, and what of it is too heavy to be read?

EXIF, XMP and texts may stand behind the pixels, where only decoding would find them. Profiles and texts may be packed,
a thousand times smaller than they are; Pillow refuses the whole picture for the sake of one, so such chunks are left
out before it sees them, with a warning.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from imgbatch.codecs.contents import MOST_NAMES, Fates, bytes_after

#: Bytes of a chunk, unpacked: what Pillow allows, too.
MOST = 1 << 20
#: Bytes of all texts together.
MOST_TEXT = 16 << 20
_WORDS = {b"iCCP": "icc", b"zTXt": "text", b"iTXt": "text", b"tEXt": "text", b"eXIf": "exif"}
TEXTS = (b"iTXt", b"zTXt", b"tEXt")
#: Chunks of the picture itself, which nothing here has to look into.
_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_XMP = b"XML:com.adobe.xmp"
_HEAD = struct.Struct(">I4s")  # a chunk's length and name


def is_bare(data: bytes) -> bool:
    """Whether a PNG has nothing but its picture: one walk in place of those that look for something beside it."""
    for name, _, end in chunks(data):
        if name not in _PICTURE:
            return False
        if name == b"IEND":
            return len(data) - end <= 1
    return True


def without_heavy_chunks(data: bytes) -> tuple[bytes, list[str]]:
    """The file without chunks of metadata that are too heavy, and what to say of them; itself where none are."""
    heavy, warnings, texts, total = [], [], 0, 0
    for name, start, end in chunks(data):
        if name not in _WORDS:
            continue
        # Once so much was unpacked in vain, what is left is not looked into.
        size = _unpacked_size(name, data, start + 8, end - 4) if total <= 2 * MOST_TEXT else MOST_TEXT + 1
        total += size
        texts += size if name != b"iCCP" else 0
        if size > MOST or texts > MOST_TEXT:
            heavy.append((start, end))
            texts -= size if name != b"iCCP" else 0
            word = "xmp" if data.startswith(_XMP, start + 8) else _WORDS[name]
            most = MOST if MOST < size <= MOST_TEXT else MOST_TEXT
            warnings.append(f"{word} ignored: more than {most / 1e6:.0f} MB")
    if not heavy:
        return data, []
    pieces, at = [], 0
    for start, end in heavy:
        pieces.append(data[at:start])
        at = end
    return b"".join([*pieces, data[at:]]), list(dict.fromkeys(warnings))


def metadata_only(data: bytes) -> bytes | None:
    """A PNG without pixels that holds all of `data`'s metadata chunks; None when none follow the pixels.

    EXIF and XMP may stand after the pixels, where only decoding would find them.
    """
    pieces, trailing, behind_pixels = [data[:8]], False, False
    for name, start, end in chunks(data):
        if name == b"IEND":
            break
        if name == b"IDAT":
            behind_pixels = True
        elif name not in (b"fdAT", b"fcTL", b"acTL"):
            useful = name in (b"eXIf", b"iTXt", b"zTXt", b"tEXt")
            trailing = trailing or (behind_pixels and useful)
            if useful or not behind_pixels:
                pieces.append(data[start:end])
    if not trailing:
        return None
    idat = b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
    return b"".join([*pieces, idat, b"\0\0\0\0IEND\xaeB`\x82"])


def info_of_png(data: bytes) -> dict[str, Any]:
    """Pillow's info of a PNG whose metadata follow its pixels: EXIF, XMP, texts."""
    small = metadata_only(data)
    if small is None:
        return {}
    from PIL import Image as Images

    try:
        with Images.open(io.BytesIO(small), formats=["PNG"]) as image:
            return {str(key): value for key, value in image.info.items()}
    except Exception:  # noqa: BLE001 - damaged metadata: the decoder will say what it thinks of the file
        return {}


def add_late_info(image: Any, data: bytes) -> None:
    """Give what Pillow opened of a PNG the metadata that follow its pixels, where it has none of that name before."""
    for key, value in info_of_png(data).items():
        image.info.setdefault(key, value)
        if isinstance(value, str):
            image.png.im_text.setdefault(key, value)


def rescale_key(image: Any, data: bytes) -> None:
    """The transparent color of a PNG in the scale of the pixels: Pillow leaves it in the file's."""
    key = image.info.get("transparency")
    if key is None:
        return
    depth = data[24] if len(data) > 24 else 8
    if image.mode == "RGB" and isinstance(key, tuple) and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in key)
    elif image.mode == "1" and isinstance(key, int):
        image.info["transparency"] = 255 if key else 0  # Pillow before 13 says 1
    elif image.mode == "L" and isinstance(key, int) and depth in (2, 4):
        image.info["transparency"] = min(255, key * (85 if depth == 2 else 17))


def cicp(data: bytes) -> tuple[int, int, int, int] | None:
    """Primaries, transfer, matrix and range (ITU-T H.273) of the chunk cICP, which stands before palette and pixels."""
    for name, start, end in chunks(data):
        if name == b"cICP":
            return (data[start + 8], data[start + 9], data[start + 10], data[start + 11]) if end - start == 16 else None
        if name in (b"IDAT", b"PLTE"):
            break
    return None


def light_levels(data: bytes) -> list[str]:
    """The names of the chunks that say how bright HDR is, and the screen on which it was made."""
    names = []
    for name, _, _ in chunks(data):
        if name == b"IDAT":
            break
        if name in (b"cLLI", b"mDCV"):
            names.append(name.decode())
    return names


def strangers(data: bytes, format: str, fates: Fates) -> list[str]:
    """What a PNG has that nobody reads here: chunks by their names, texts whose keyword comes again, bytes behind.

    Parameters
    ----------
    data, format, fates
        As of :data:`contents.Finder`.
    """
    names: dict[str, None] = {}
    texts: dict[bytes, bytes] = {}
    known = {name.encode() for name in fates}
    rest = 0
    for name, start, end in chunks(data):
        if name in TEXTS:
            key = data[start + 8 : start + 88].partition(b"\0")[0]
            if texts.setdefault(key, data[start:end]) != data[start:end]:
                names["second text of a keyword"] = None
        elif name == b"IEND":
            rest = len(data) - end
            break
        elif name not in known and len(names) < MOST_NAMES:
            names[f"{name.decode() if name.isalpha() else 'nameless'} chunk"] = None
    if any(key.startswith((b"date:", b"exif:")) for key in texts):
        names["ImageMagick's texts"] = None
    return [*names, *([bytes_after(rest)] if rest > 1 else [])]


def with_cicp(data: bytes, code: tuple[int, int, int, int]) -> bytes:
    """A PNG that says of its colors what code points say, behind its head."""
    return b"".join([data[:33], chunk(b"cICP", bytes(code)), data[33:]])


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of the chunks that lie within the file."""
    at, size = 8, len(data)
    while at + 12 <= size:
        length, name = _HEAD.unpack_from(data, at)
        end = at + 12 + length
        if end > size:
            return
        yield name, at, end
        at = end


def _unpacked_size(name: bytes, data: bytes, start: int, end: int) -> int:
    """How many bytes the content of a chunk takes when it is read; unpacked only until it is known to be too much."""
    content = memoryview(data)[start:end]
    if name in (b"tEXt", b"eXIf"):
        return end - start
    begin = data.find(b"\0", start, min(end, start + 80)) + 2  # behind the keyword and the method
    if begin < start + 2:
        return end - start
    if name == b"iTXt":
        if data[begin - 1 : begin] == b"\0":
            return end - start
        begin = data.find(b"\0", data.find(b"\0", begin + 1, end) + 1, end) + 1
    try:
        return len(zlib.decompressobj().decompress(content[begin - start :], MOST + 1))
    except zlib.error:
        return 0

"""What is the worst input of a size for each parser, and for each of its regular expressions and loops?"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from PIL import Image

from imgbatch import codecs
from imgbatch.codecs.containers import jpeg_progression, jpeg_scans, jxl_boxes, png_chunks, tiff_tags
from imgbatch.codecs.formats.rewrites import jpeg_lossless
from imgbatch.codecs.metadata import exif_tags, header_blocks, iptc, read, xmp
from imgbatch.codecs.metadata.privacy import exif_compaction
from imgbatch.codecs.reading import identify, limits, open
from imgbatch.codecs.reading.samples import bit_depth
from imgbatch.operations.tone import cube_file
from tests.faults.soak import inputs

_HEAD = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_TAIL = b"</rdf:RDF></x:xmpmeta>"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_NO_LIMIT = 268_000_000
Make = Callable[[int], bytes]
Use = Callable[[bytes], object]


def _repeat(part: bytes, head: bytes = b"", tail: bytes = b"") -> Make:
    """As many of a part as fit into the size."""
    return lambda size: head + part * ((size - len(head) - len(tail)) // len(part)) + tail


def overlapping_directories(size: int) -> bytes:
    """A TIFF of directories that share their entries, one beginning 6 bytes behind the other."""
    count = min(65535, size // 24)
    data = bytearray(b"II*\0\x08\0\0\0").ljust(size, b"\0")
    for at in range(8, size // 2 - 100, 6):
        struct.pack_into("<H", data, at, count)
        struct.pack_into("<I", data, at + 2 + 12 * count, at + 6)
    return bytes(data)


def _packet(attributes: bytes, part: bytes, content: bytes = b"") -> Make:
    """An XMP packet that is long within its description's tag (or, with `content`, behind that)."""
    head = _HEAD + b'<rdf:Description xmlns:a="b"' + attributes
    return _repeat(part, head, b">" + content + b"</rdf:Description>" + _TAIL)


def _many_attributes(size: int) -> bytes:
    attributes = b"".join(b' a:c%d="d"' % number for number in range(size // 14))
    return _HEAD + b'<rdf:Description xmlns:a="b"' + attributes + b"/>" + _TAIL


def _many_elements(size: int) -> bytes:
    head, tail = _HEAD + b'<rdf:Description xmlns:a="b">', b"</rdf:Description>" + _TAIL
    return _repeat(b'<a:b c="d">x</a:b>', head, tail)(size)


def _nested_elements(size: int) -> bytes:
    depth = size // 14
    return (
        _HEAD
        + b'<rdf:Description xmlns:a="b">'
        + b"<a:bcd>" * depth
        + b"</a:bcd>" * depth
        + b"</rdf:Description>"
        + _TAIL
    )


def _exif(size: int, tag: Callable[[int], int], value: Callable[[int], int], kind: int = 5) -> bytes:
    """An EXIF block of one directory: so many entries, each with its tag and the place of its value."""
    count = min(65535, size // 20)
    entries = b"".join(struct.pack("<HHII", tag(number), kind, 1, value(number)) for number in range(count))
    body = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4)
    return body + b"\1\0\0\0" * ((size - len(body)) // 4)


def _half_go_half_stay(size: int) -> bytes:
    """Half of the entries go, half stay, and all have a value of their own."""
    count = min(65535, size // 20)
    first = 8 + 2 + 12 * count + 4
    return _exif(size, lambda number: 0x8000 + number % 2, lambda number: first + 8 * number)


def _directories_that_overlap(size: int) -> bytes:
    """Every entry points to another directory; all of them are long, and lie upon each other."""
    count = min(65535, size // 20)
    first = 8 + 2 + 12 * count + 4
    length = (size - first) // 24
    body = _exif(size, lambda number: 0x8769, lambda number: first + 2 * (number % (6 * length)), kind=4)
    return body[:first] + struct.pack("<H", length) * ((size - first) // 2)


def _odd(tags: Sequence[exif_tags.Entry]) -> list[exif_tags.Entry]:
    return [entry for entry in tags if entry.tag % 2 == 1]


def _segments(content: bytes) -> Make:
    return lambda size: inputs.jpeg(_repeat(inputs.jpeg_segment(0xE5, content))(size))


def _scans(size: int) -> bytes:
    """A progressive JPEG with the same refining scan again and again."""
    made = io.BytesIO()
    Image.effect_noise((256, 256), 40).save(made, "JPEG", progressive=True)
    data = made.getvalue()
    scan = b"\xff\xda\0\x08\1\1\0\1\x01\0" + b"\0"
    return data[:-2] + _repeat(scan)(max(len(scan), size - len(data))) + b"\xff\xd9"


def _gif(size: int) -> bytes:
    made = io.BytesIO()
    Image.new("P", (8, 8)).save(made, "GIF")
    data = made.getvalue()
    return data[:-1] + _repeat(b"\x21\xfe\1x\0")(size) + b";"


def _packed_texts(size: int) -> bytes:
    return inputs.png(_repeat(inputs.png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(900_000), 9)))(size))


def _tiff_of_many_tags(size: int) -> bytes:
    return _exif(size, lambda number: 258, lambda number: 100, kind=3)


def _open(suffix: str) -> Use:
    def use(data: bytes) -> object:
        limits.readers()
        with limits.pixel_limit(_NO_LIMIT):
            return open.open_image(data, suffix, _NO_LIMIT)

    return use


def _findings(suffix: str) -> Use:
    return lambda data: codecs.findings(data, suffix)


def _read_extension(data: bytes) -> object:
    image = SimpleNamespace(info={"xmp": data}, applist=[("APP1", _EXTENSION)])
    return read.packet(cast(Any, image), "jpeg", b"", [], [])


def _is_credit(name: str, value: bytes) -> bool:
    return name == "credit"


def _raw_profile(data: bytes) -> object:
    return header_blocks.raw_profile(data.decode("latin-1"))


def _without(data: bytes) -> object:
    return xmp.without(data, lambda prefix, name, inside: name == "GPSLatitude")


_BLANKS = _repeat(b" ", inputs.XMP, b"<!-- x -->")
_ORIENTATION = b' tiff:Orientation="'
#: What is slow, the input of a size in bytes, and what reads it.
CASES: dict[str, tuple[Make, Use]] = {
    "xmp: blanks that are no padding": (_BLANKS, xmp.without_padding),
    "xmp: blanks before no attribute": (_packet(b' a:c="d"', b" "), _without),
    "xmp: blanks before no extension": (_BLANKS, _read_extension),
    "xmp: attributes": (_many_attributes, _without),
    "xmp: attribute without value": (_packet(b"", b" a:c"), _without),
    "xmp: long attribute": (_packet(b' a:c="', b">x", b'"'), _without),
    "xmp: elements": (_many_elements, _without),
    "xmp: nested elements": (_nested_elements, _without),
    "xmp: orientation of many digits": (_packet(_ORIENTATION, b"1"), xmp.with_upright_orientation),
    "xmp: orientation of many blanks": (_packet(_ORIENTATION, b" "), xmp.with_upright_orientation),
    "xmp: many orientations": (_packet(b"", _ORIENTATION), xmp.with_upright_orientation),
    "xmp: blanks before orientation": (_packet(b" tiff:Orientation", b" "), xmp.with_upright_orientation),
    "xmp: widths": (_packet(b"", b"<tiff:ImageWidth > 1 "), lambda data: xmp.with_size(data, (9, 9))),
    "xmp: position": (_packet(b"", b":gpsl"), xmp.has_position),
    "exif: half removed": (_half_go_half_stay, lambda data: exif_tags.without(data, _odd)),
    "exif: all removed": (_half_go_half_stay, lambda data: exif_tags.without(data, list)),
    "exif: packed": (_half_go_half_stay, exif_compaction.compact),
    "exif: numbers": (_half_go_half_stay, lambda data: exif_tags.with_size(data, (9, 9))),
    "exif: directories that overlap": (_directories_that_overlap, exif_tags.has_position),
    "iptc: records": (_repeat(b"\x1c\2\x50\0\0"), lambda data: iptc.without(data, _is_credit)),
    "iptc: resources": (_repeat(b"8BIM\3\xed\0\0\0\0\0\0"), iptc.records_in_resources),
    "iptc: as the text of a PNG": (_repeat(b"\x1c\2\x50\0\5hello"), iptc.hexadecimal),
    "png: raw profile": (_repeat(b"ab\n", b"\nexif\n 99999999\n"), _raw_profile),
    "png: raw profile of blanks": (_repeat(b"\n ", b"\n"), _raw_profile),
    "png: chunks": (lambda size: inputs.png(_repeat(inputs.png_chunk(b"tEXt", b"k\0v"))(size)),
                    png_chunks.without_heavy_chunks),
    "png: chunks of no kind": (lambda size: inputs.png(_repeat(inputs.png_chunk(b"quUx", b""))(size)),
                               _findings(".png")),
    "png: international texts": (lambda size: inputs.png(_repeat(inputs.png_chunk(b"iTXt", b"k\0\1\0en"))(size)),
                                 png_chunks.without_heavy_chunks),
    "tiff: directories that overlap": (overlapping_directories, tiff_tags.page_directories),
    "png: packed texts": (_packed_texts, png_chunks.without_heavy_chunks),
    "png: chunks after the pixels": (
        lambda size: inputs.samples(".png")[-1][:-12] + _repeat(inputs.png_chunk(b"tEXt", b"k\0v"))(size)
        + inputs.png_chunk(b"IEND", b""), png_chunks.info_of_png),
    "png: opened": (lambda size: inputs.png(_repeat(inputs.png_chunk(b"tEXt", b"k\0v"))(size)), _open(".png")),
    "jpeg: segments": (_segments(b""), lambda data: jpeg_lossless.replace_metadata(data, {}, True)),
    "jpeg: fill bytes": (_repeat(b"\xff", b"\xff\xd8", b"\xd9"), _findings(".jpg")),
    "jpeg: restart marks": (_repeat(b"\xff\xd0\xff\xd7", inputs.samples(".jpg")[-1][:-2]), _findings(".jpg")),
    "jpeg: scans without a picture": (_repeat(b"\xff\xda\0\2", b"\xff\xd8", b"\xff\xd9"), _findings(".jpg")),
    "jpeg: scans": (_scans, jpeg_scans.findings),
    "jpeg: scans left out": (_scans, jpeg_progression.without_fine_scans),
    "jpeg: opened": (_segments(b"Exif\0\0"), _open(".jpg")),
    "gif: blocks": (_gif, _findings(".gif")),
    "gif: opened": (_gif, _open(".gif")),
    "avif: boxes": (_repeat(b"\0\0\0\x08free", b"\0\0\0\x14ftypavif\0\0\0\0avif"), _findings(".avif")),
    "jxl: boxes": (_repeat(b"\0\0\0\x08free", b"\0\0\0\x0cJXL \r\n\x87\n", inputs.JXL[-16:]), jxl_boxes.size),
    "tiff: tags": (_tiff_of_many_tags, bit_depth.tiff_samples),
    "tiff: opened": (_tiff_of_many_tags, _open(".tif")),
    "zeros": (_repeat(b"\0", inputs.samples(".jpg")[-1][:-2]), _findings(".jpg")),
    "blanks that are no xbm": (_repeat(b" "), lambda data: identify.other_format_of(data)),
    "xbm: long name": (_repeat(b"a", b"#define "), lambda data: identify.other_format_of(data)),
    "text": (_repeat(b"text "), identify.looks_like),
    "cube: comments": (_repeat(b"# x\n", inputs.CUBE), lambda data: cube_file.parse_cube(data.decode())),
    "cube: one long line": (_repeat(b"1 ", inputs.CUBE), lambda data: cube_file.parse_cube(data.decode())),
    "noise": (random.Random(1).randbytes, _findings(".jpg")),
}  # fmt: skip

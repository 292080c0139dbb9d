"""Files with blocks that nobody has heard of, and with bytes behind their end.

Made with struct and Pillow only, so that a test does not believe what the package under test writes.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib

from PIL import Image

from tests import accompanied

#: Bytes behind the end of a picture; no name of a block is among them.
BEHIND = b"bytes behind\r\nthe end"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="the attic"/></rdf:RDF>'
    b"</x:xmpmeta>"
)
_XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")


def saved(format: str, **options: object) -> bytes:
    """A small picture of a format."""
    file = io.BytesIO()
    accompanied.ramp((40, 30)).save(file, format, **options)
    return file.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    """A box of a media file."""
    return struct.pack(">I", 8 + len(content)) + name + content


def full_box(name: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box that begins with a version."""
    return box(name, bytes((version,)) + flags.to_bytes(3, "big") + content)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of chunks."""
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def item(number: int, kind: bytes, more: bytes = b"", hidden: bool = False) -> bytes:
    """What the box ``iinf`` has of an item."""
    return full_box(b"infe", struct.pack(">HH", number, 0) + kind + b"\0" + more, 2, int(hidden))


def meta(*items: bytes, references: bytes = b"", properties: bytes = b"") -> bytes:
    """A box ``meta`` whose primary item is the first."""
    inner = full_box(b"hdlr", bytes(20)) + full_box(b"pitm", b"\0\1")
    inner += full_box(b"iinf", struct.pack(">H", len(items)) + b"".join(items))
    inner += full_box(b"iref", references) if references else b""
    return full_box(b"meta", inner + box(b"iprp", box(b"ipco", properties)))


#: A HEIC's boxes, without pixels, and all that nobody reads in them.
HEIC = (
    box(b"ftyp", b"heic\0\0\0\0mif1heic")
    + meta(
        item(1, b"hvc1"), item(2, b"hvc1"), item(3, b"hvc1"), item(4, b"Exif"), item(5, b"Exif"),
        item(6, b"mime", b"application/rdf+xml\0"), item(7, b"mime", b"text/plain\0"), item(8, b"uri "),
        item(9, b"hvc1", hidden=True),
        references=box(b"thmb", struct.pack(">HHH", 2, 1, 1)) + box(b"auxl", struct.pack(">HHH", 3, 1, 1)),
        properties=full_box(b"auxC", b"urn:com:example:2020:aux:skin\0"),
    )
    + box(b"mdat", bytes(20)) + box(b"abcd", b"x") + BEHIND
)  # fmt: skip
HEIC_NAMES = [
    "text/plain item", "uri item", "second exif block", "embedded thumbnail", "auxiliary picture skin", "abcd box",
    f"{len(BEHIND)} bytes after the picture",
]  # fmt: skip
#: A JPEG XL's.
JXL = (
    b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ") + box(b"jxlc", b"\xff\n" + bytes(40))
    + box(b"Exif", bytes(4)) + box(b"xml ", XMP) + box(b"xml ", b"<a/>") + box(b"jumb", b"x")
    + box(b"brob", b"xml abc") + box(b"jbrd", b"x")
)  # fmt: skip
JXL_NAMES = ["second xmp packet", "jumb box (C2PA and others)", "compressed xml box", "JPEG reconstruction data"]


def _png() -> bytes:
    data = saved("PNG")
    return data[:33] + png_chunk(b"prIv", b"x") + png_chunk(b"tIME", bytes(7)) + data[33:] + BEHIND


def _webp() -> bytes:
    data = saved("WEBP")
    head = (b"VP8X", b"\x04\0\0\0" + (39).to_bytes(3, "little") + (29).to_bytes(3, "little"))
    packets = ((b"XMP ", XMP), (b"XMP ", XMP + b" "))
    return riff(head, (data[12:16], data[20 : 20 + int.from_bytes(data[16:20], "little")]), *packets, (b"ABCD", b"x"))


def _webp_of_a_silent_head() -> bytes:
    data, exif = saved("WEBP"), saved("WEBP", exif=_exif())
    head = (b"VP8X", b"\0\0\0\0" + (39).to_bytes(3, "little") + (29).to_bytes(3, "little"))
    block = exif[exif.index(b"EXIF") + 8 :]
    return riff(head, (data[12:16], data[20:]), (b"EXIF", block), (b"XMP ", XMP))


def _gif_of_two_packets() -> bytes:
    blocks = (b"\x21\xff\x0bXMP DataXMP" + packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"
              for packet in (XMP, XMP + b" "))  # fmt: skip
    return saved("GIF")[:-1] + b"".join(blocks) + b";"


def _gif() -> bytes:
    first = saved("GIF", comment=b"the first", save_all=True, append_images=[Image.new("RGB", (40, 30), "red")])
    text = b"\x21\x01\x0c" + bytes(12) + b"\x02hi\0"
    application = b"\x21\xff\x0bMYAPPL  1.0\x03abc\0"
    return first[:-1] + application + text + b"\x21\xfe\x05later\0" + b";" + BEHIND


def _tga() -> bytes:
    file = io.BytesIO()
    accompanied.ramp((40, 30)).save(file, "TGA", compression="tga_rle")
    plain = bytearray(file.getvalue().removesuffix(bytes(8) + b"TRUEVISION-XFILE.\0"))
    plain[0:1] = b"\x05"
    return bytes(plain[:18]) + b"image" + bytes(plain[18:]) + BEHIND


def _tga_of_version_two() -> bytes:
    plain = saved("TGA").removesuffix(bytes(8) + b"TRUEVISION-XFILE.\0")
    area = (struct.pack("<H", 495) + b"somebody".ljust(41, b"\0") + b"a comment").ljust(495, b"\0")
    return plain + area + struct.pack("<II", len(plain), 0) + b"TRUEVISION-XFILE.\0"


def _jpeg2000() -> bytes:
    return saved("JPEG2000") + box(b"uuid", _XMP_BOX + XMP) + box(b"xml ", b"<a/>") + box(b"uuid", bytes(16))


def _bmp() -> bytes:
    return saved("BMP") + BEHIND


def _jpeg() -> bytes:
    data = accompanied.jpeg(accompanied.ramp((40, 30)), comment=b"the last")
    more = accompanied.segment(0xE5, b"MYAPP\0abc") + accompanied.segment(0xFE, b"the first")
    small = bytearray(accompanied.inserted(data, more))
    small[4:6], small[18:20] = (16 + 3).to_bytes(2, "big"), b"\1\1"  # JFIF with a picture of one pixel
    return bytes(small[:20]) + b"rgb" + bytes(small[20:]) + BEHIND


def _cursor() -> bytes:
    data = bytearray(saved("ICO", sizes=[(16, 16)], bitmap_format="bmp"))
    data[2], data[10:14] = 2, b"\3\0\4\0"
    return bytes(data) + BEHIND


def _psd() -> bytes:
    """A PSD of 2 x 1 gray pixels with XMP and a setting of guides."""
    resources = b"".join(
        b"8BIM" + struct.pack(">HH", number, 0) + struct.pack(">I", len(content)) + content + b"\0" * (len(content) % 2)
        for number, content in ((0x0424, XMP), (0x0408, bytes(16)))
    )
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 1, 1, 2, 8, 1)
    return head + bytes(4) + struct.pack(">I", len(resources)) + resources + bytes(4) + b"\0\0" + b"\x40\x80"


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def _tiff() -> bytes:
    """Two pages, the first with a private tag and a small picture in a directory of its own."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    tags = ImageFileDirectory_v2()
    tags[65000], tags.tagtype[65000] = b"private", 7
    file = io.BytesIO()
    Image.new("L", (8, 6), 9).save(file, "TIFF", tiffinfo=tags, save_all=True, append_images=[Image.new("L", (8, 6))])
    return file.getvalue()


_AFTER = f"{len(BEHIND)} bytes after the picture"


@functools.cache
def files() -> dict[str, tuple[bytes, list[str]]]:
    """Whole files by their names, and what of each nobody reads."""
    avif = saved("AVIF")
    return {
        "a.png": (_png(), ["prIv chunk", "tIME chunk", _AFTER]),
        "a.webp": (_webp() + BEHIND, ["second xmp packet", "ABCD chunk", _AFTER]),
        "b.webp": (
            _webp_of_a_silent_head(),
            ["exif block that the head does not announce", "xmp packet that the head does not announce"],
        ),
        "b.gif": (_gif_of_two_packets(), ["second xmp packet"]),
        "a.gif": (
            _gif(),
            ["MYAPPL  1.0 application block", "plain text block", "comment of a later frame", _AFTER],
        ),
        "a.jpg": (_jpeg(), ["second comment", "APP5 segment MYAPP", "JFIF thumbnail"]),
        "a.avif": (avif + box(b"uuid", bytes(16)), ["uuid box"]),
        "b.avif": (avif + BEHIND, [_AFTER]),
        "a.jp2": (_jpeg2000(), ["xml box", "uuid box"]),
        "b.jp2": (saved("JPEG2000", no_jp2=True) + BEHIND, [_AFTER]),
        "a.bmp": (_bmp(), [_AFTER]),
        "a.tga": (_tga(), ["image id", _AFTER]),
        "b.tga": (_tga_of_version_two(), ["extension area (author, comment)"]),
        "a.ppm": (saved("PPM").replace(b"P6\n", b"P6\n# by hand\n", 1) + BEHIND, ["comment", _AFTER]),
        "a.qoi": (saved("QOI") + BEHIND, [_AFTER]),
        "a.sgi": (saved("SGI") + BEHIND, [_AFTER]),
        "a.ico": (saved("ICO", sizes=[(16, 16)]) + BEHIND, [_AFTER]),
        "a.cur": (_cursor(), ["hotspot", _AFTER]),
        "a.icns": (saved("ICNS") + BEHIND, [_AFTER]),
        "a.psd": (_psd(), ["photoshop's resources"]),
        "a.tif": (_tiff(), ["tiff tag 65000"]),
        # Pillow ends several pages with two bytes of its own
        "b.tif": (_tiff() + BEHIND, ["tiff tag 65000", f"{len(BEHIND) + 2} bytes after the picture"]),
        "c.tif": (saved("TIFF", compression="tiff_lzw", exif=_exif()) + BEHIND, [_AFTER]),
    }  # fmt: skip

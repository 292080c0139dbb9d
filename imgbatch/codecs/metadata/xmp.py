"""XMP: what does a packet say, and how are properties taken out of it without touching the others?

XMP is RDF in XML: a property is an attribute (``tiff:Orientation="6"``) or an element. The packet is read once by
expat, which tells where elements begin and end; what goes is cut out of the bytes, the rest stays as it was written,
prefixes, order and spaces included. Which properties go, strip.py decides. A packet with a document type is not read:
entities could unfold without end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: prefix and local name of a property, and whether it stands inside another -> whether it goes
Drops = Callable[[str, str, bool], bool]

_ORIENTATION = "tiff:Orientation"
_WIDTHS, _HEIGHTS = ("tiff:ImageWidth", "exif:PixelXDimension"), ("tiff:ImageLength", "exif:PixelYDimension")
# Spaces are tried from the first of them only, and given up whole: else a packet of spaces takes hours.
_ATTRIBUTE = re.compile(rb"(?<!\s)\s++([\w.-]++):([\w.-]++)\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
_PADDING = re.compile(rb"(?<!\s)\s{64,}+(?=<\?xpacket end)")
_POSITION = re.compile(rb"[:<\s]gps(?:lat|long)", re.IGNORECASE)
#: Elements that hold properties and are none themselves.
_FRAME = frozenset({"x:xmpmeta", "x:xapmeta", "rdf:RDF", "rdf:Description"})
_WHOLE = frozenset({"xmlns", "rdf", "xml", "x"})


def to_utf8(xmp: bytes) -> bytes:
    """The packet in UTF-8; one in UTF-16 or UTF-32 is brought there."""
    for mark, name in ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"),
                       (b"\xfe\xff", "utf-16"), (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"),
                       (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):  # fmt: skip
        if xmp.startswith(mark):
            try:
                return xmp.decode(name).encode()
            except UnicodeDecodeError:
                return xmp
    return xmp.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0")


def with_upright_orientation(xmp: bytes) -> bytes:
    """The packet with the orientation 1 where it says one."""
    return _with_number(xmp, _ORIENTATION, 1)


def with_size(xmp: bytes, size: tuple[int, int]) -> bytes:
    """The packet with `size` (width, height) where it says how many pixels the picture has."""
    for names, side in ((_WIDTHS, size[0]), (_HEIGHTS, size[1])):
        for name in names:
            xmp = _with_number(xmp, name, side)
    return xmp


def has_position(xmp: bytes) -> bool:
    """Whether a latitude or longitude is among the properties."""
    return _POSITION.search(xmp) is not None


def without_padding(xmp: bytes) -> bytes:
    """The packet without the spaces that are kept for editing in place."""
    return _PADDING.sub(b"\n", xmp)


def without(xmp: bytes, drops: Drops) -> bytes | None:
    """The packet without the properties that `drops` names; None where it cannot be read, or nothing is left.

    A property that goes is gone with all that is inside it.
    """
    from xml.parsers import expat  # only where properties are taken out

    cuts: list[tuple[int, int]] = []
    count = 0
    stack: list[tuple[int, bool, bool]] = []  # where each begins, if it is in a property, if it goes
    parser = expat.ParserCreate("utf-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        at = parser.CurrentByteIndex
        _, inside, goes = stack[-1] if stack else (0, False, False)
        prefix, _, local = name.rpartition(":")
        names = name not in _FRAME and prefix != "rdf"
        goes = goes or (names and drops(prefix, local, inside))
        stack.append((at, inside or names, goes))
        if goes:
            return
        count += names
        for match in _ATTRIBUTE.finditer(xmp, at, _tag_end(xmp, at)):
            space, word = match[1].decode(), match[2].decode()
            if space in _WHOLE:
                continue
            if drops(space, word, inside or names):
                cuts.append(match.span())
            else:
                count += 1

    def finish(name: str) -> None:
        at, _, goes = stack.pop()
        if goes and not (stack and stack[-1][2]):
            cuts.append((at, _tag_end(xmp, parser.CurrentByteIndex)))

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser.StartElementHandler, parser.EndElementHandler = start, finish
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(xmp, True)
    except (expat.ExpatError, ValueError, UnicodeError):
        return None
    if not count:
        return None
    pieces, at = [], 0
    for begin, end in sorted(cuts):
        pieces.append(xmp[at:begin])
        at = end
    return b"".join([*pieces, xmp[at:]])


def _tag_end(xmp: bytes, at: int) -> int:
    """Where the tag that begins at `at` ends: quotes may hold a ``>``."""
    quote = 0
    for place in range(at, len(xmp)):
        byte = xmp[place]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x3E:
            return place + 1
    return len(xmp)


def _with_number(xmp: bytes, name: str, value: int) -> bytes:
    """The packet with `value` for a number that it says as an attribute or an element."""
    word = re.escape(name.encode())
    if name.encode() not in xmp:
        return xmp
    number = str(value).encode()
    xmp = re.sub(rb"(\s" + word + rb"\s*+=\s*+[\"'])\s*+\d++\s*+(?=[\"'])", rb"\g<1>" + number, xmp)
    return re.sub(rb"(<" + word + rb"\s*+>)\s*+\d++\s*+(?=</)", rb"\g<1>" + number, xmp)

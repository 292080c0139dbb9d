"""XMP: what does a packet say, and how are properties taken out of it without touching the others?

XMP is RDF in XML: a property is an attribute (``tiff:Orientation="6"``) or an element. The packet is read once by
expat, which tells where elements begin and end; what goes is cut out of the bytes, the rest stays as it was written,
prefixes, order and spaces included. Which properties go, strip_rules.py decides. A packet with a document type is not
read: entities could unfold without end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from imgbatch.codecs.metadata.spans import Span, union

#: prefix and local name of a property, and whether it stands inside another -> whether it goes
Drops = Callable[[str, str, bool], bool]
#: the local name of the property whose value it is, and a text -> whether it goes
DropsValue = Callable[[str, str], bool]

_ORIENTATION, _COLOR_SPACE = "tiff:Orientation", "exif:ColorSpace"
_WIDTHS, _HEIGHTS = ("tiff:ImageWidth", "exif:PixelXDimension"), ("tiff:ImageLength", "exif:PixelYDimension")
# Patterns are compiled by the re module when they are needed: most pictures have no packet.
# Spaces are tried from the first of them only, and given up whole: else a packet of spaces takes hours.
_ATTRIBUTE = rb"(?<!\s)\s++([^\s=<>\"']++)\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+')"
_PADDING = rb"(?<!\s)\s{64,}+(?=<\?xpacket end)"
_POSITION = (
    rb"(?i)(?<!xmlns)[:<\s]gps(?:lat|long)|(?<!xmlns)[:<](?:\w*+(?<=latitude)|\w*+(?<=longitude)|lat|long?)\s*+[=>]"
)
#: Elements that hold properties and are none themselves.
_FRAME = frozenset({(prefix, name) for prefix in ("x", "") for name in ("xmpmeta", "xapmeta")})
_WHOLE = frozenset({"xmlns", "rdf", "xml", "x"})
#: The usual prefix of each vocabulary, by its name without what it ends with.
_USUAL = {
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf", "adobe:ns:meta": "x", "http://ns.adobe.com/exif/1.0": "exif",
    "http://cipa.jp/exif/1.0": "exifEX", "http://ns.adobe.com/exif/1.0/aux": "aux",
    "http://ns.adobe.com/tiff/1.0": "tiff", "http://ns.adobe.com/xap/1.0": "xmp",
    "http://ns.adobe.com/xap/1.0/rights": "xmpRights", "http://ns.adobe.com/xap/1.0/mm": "xmpMM",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia": "xmpDM", "http://purl.org/dc/elements/1.1": "dc",
    "http://purl.org/dc/terms": "dcterms", "http://ns.adobe.com/photoshop/1.0": "photoshop",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29": "Iptc4xmpExt", "http://www.dji.com/drone-dji/1.0": "drone-dji",
    "http://www.w3.org/2003/01/geo/wgs84_pos": "geo", "http://www.georss.org/georss": "georss",
    "http://www.opengis.net/gml": "gml", "http://schema.org": "schema", "https://schema.org": "schema",
    "http://ns.adobe.com/pdf/1.3": "pdf", "http://ns.adobe.com/lightroom/1.0": "lr",
    "http://www.digikam.org/ns/1.0": "digiKam", "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://ns.iview-multimedia.com/mediapro/1.0": "mediapro", "http://ns.acdsee.com/iptc/1.0": "acdsee",
}  # fmt: skip


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


def with_srgb(xmp: bytes) -> bytes | None:
    """The packet with sRGB where it names the color space, and without the name of another profile.

    None where nothing is left; the packet itself where it cannot be read.
    """
    xmp = _with_number(xmp, _COLOR_SPACE, 1)
    if b"ICCProfile" not in xmp:
        return xmp
    result = without(xmp, lambda prefix, name, _: (prefix, name) == ("photoshop", "ICCProfile"))
    return xmp if result is None and not is_readable(xmp) else result


def has_position(xmp: bytes) -> bool:
    """Whether a latitude or longitude is among the properties."""
    return re.search(_POSITION, xmp) is not None


def without_padding(xmp: bytes) -> bytes:
    """The packet without the spaces that are kept for editing in place."""
    return re.sub(_PADDING, b"\n", xmp)


def is_readable(xmp: bytes) -> bool:
    """Whether it can be read, and has properties that could be taken out."""
    return without(xmp, lambda *_: False) is not None


def without(xmp: bytes, drops: Drops, drops_value: DropsValue | None = None) -> bytes | None:
    """The packet without the properties that `drops` names; None where it cannot be read, or nothing is left.

    A property that goes is gone with all that is inside it.

    Parameters
    ----------
    xmp : bytes
        UTF-8.
    drops : callable
        Is asked of each property.
    drops_value : callable, optional
        Is asked of each value that is a text, a list's items included.
    """
    from xml.parsers import expat  # only where properties are taken out

    cuts: list[Span] = []
    attribute = re.compile(_ATTRIBUTE)
    count = 0
    stack: list[_Element] = []
    prefixes = _Prefixes()
    parser = expat.ParserCreate("utf-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        at = parser.CurrentByteIndex
        prefixes.enter(attributes)
        inside, goes, owner = (stack[-1].inside, stack[-1].goes, stack[-1].owner) if stack else (False, False, "")
        if stack:
            stack[-1].texts = None
        prefix, local = prefixes.split(name)
        names = prefix != "rdf" and (prefix, local) not in _FRAME
        goes = goes or (names and drops(prefix, local, inside))
        if names and drops_value is not None:
            goes = goes or any(drops_value(local, attributes[key]) for key in attributes if is_resource(key))
        stack.append(_Element(at, inside or names, goes, local if names else owner))
        if goes:
            return
        count += names
        matches = 0
        for match in attribute.finditer(xmp, at, tag_end(xmp, at)):
            matches += 1
            full = match[1].decode()
            space, word = prefixes.split(full)
            if ":" not in full or space in _WHOLE:
                continue
            text = attributes.get(full, "")
            if drops(space, word, inside or names) or (drops_value is not None and drops_value(word, text)):
                cuts.append(match.span())
            else:
                count += 1
        if matches != len(attributes):
            raise ValueError("an attribute that is not found again")

    def is_resource(key: str) -> bool:
        return prefixes.split(key) == ("rdf", "resource")

    def finish(name: str) -> None:
        element = stack.pop()
        prefixes.leave()
        text = "".join(element.texts or ())
        if not element.goes and text and drops_value is not None and element.inside:
            element.goes = drops_value(element.owner, text)
        if element.goes and not (stack and stack[-1].goes):
            first = tag_end(xmp, element.begin)
            is_empty = xmp[first - 2 : first] == b"/>"  # of which expat says the end, not the start
            cuts.append((element.begin, first if is_empty else tag_end(xmp, parser.CurrentByteIndex)))

    def read(text: str) -> None:
        if stack and stack[-1].texts is not None:
            stack[-1].texts.append(text)

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser.StartElementHandler, parser.EndElementHandler = start, finish
    parser.StartDoctypeDeclHandler = refuse
    if drops_value is not None:
        parser.CharacterDataHandler = read
    try:
        parser.Parse(xmp, True)
    except (expat.ExpatError, ValueError, UnicodeError):
        return None
    if not count:
        return None
    pieces, at = [], 0
    for begin, end in union(cuts):
        pieces.append(xmp[at:begin])
        at = end
    return b"".join([*pieces, xmp[at:]])


class _Element:
    """An element that is not closed yet: where it begins, if it is in a property, if it goes, whose value it is."""

    __slots__ = ("begin", "goes", "inside", "owner", "texts")

    def __init__(self, begin: int, inside: bool, goes: bool, owner: str) -> None:
        self.begin, self.inside, self.goes, self.owner = begin, inside, goes, owner
        self.texts: list[str] | None = []  # None: it has elements of its own


class _Prefixes:
    """What the prefixes stand for where the parser is: a vocabulary has its usual one, whatever a file calls it."""

    def __init__(self) -> None:
        self._spaces: dict[str, list[str]] = {}
        self._declarations: list[list[str]] = []

    def enter(self, attributes: dict[str, str]) -> None:
        """Read the declarations of an element."""
        own = []
        for key, space in attributes.items():
            if key == "xmlns" or key.startswith("xmlns:"):
                prefix = key[6:]
                usual = _USUAL.get(space.rstrip("/#"), "" if prefix in _WHOLE else prefix)
                self._spaces.setdefault(prefix, []).append(usual)
                own.append(prefix)
        self._declarations.append(own)

    def leave(self) -> None:
        """Forget the declarations of the element that ends."""
        for prefix in self._declarations.pop():
            self._spaces[prefix].pop()

    def split(self, name: str) -> tuple[str, str]:
        """The usual prefix of a name, and its local part."""
        prefix, _, local = name.rpartition(":")
        spaces = self._spaces.get(prefix)
        return (spaces[-1] if spaces else prefix), local


def tag_end(xmp: bytes, at: int) -> int:
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

"""Announcements: what does an XMP packet say of pictures, films and depth that accompany the picture in its file?

Adobe's and Apple's gain maps, Google's container directory, motion photos (which were called micro videos), and the
older way to put depth, a picture or sound into the packet itself. Where what is announced goes, the announcement must
go, too: a viewer would look for it in vain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from imgbatch.codecs.metadata import xmp
from imgbatch.codecs.metadata.block import DEPTH, FILM, GAIN_MAP, PICTURE, SOUND

#: The meaning of each namespace whose properties are announcements, all of them; "" where the items say it.
_SPACES = {
    "http://ns.adobe.com/hdr-gain-map/1.0/": GAIN_MAP,
    "http://ns.apple.com/HDRGainMap/1.0/": GAIN_MAP,
    "http://ns.google.com/photos/1.0/depthmap/": DEPTH,
    "http://ns.google.com/photos/1.0/image/": PICTURE,
    "http://ns.google.com/photos/1.0/audio/": SOUND,
    "http://ns.apple.com/pixeldatainfo/1.0/": "",
    "http://ns.google.com/photos/1.0/container/": "",
    "http://ns.google.com/photos/1.0/container/item/": "",
    "http://ns.google.com/photos/dd/1.0/device/": "",
}
#: Those whose data are too long for a packet, and stand in its extension.
IN_EXTENSIONS = tuple(space for space, kind in _SPACES.items() if kind in (DEPTH, PICTURE, SOUND))
#: Single properties, whatever their namespace is called.
_FILMS = ("MicroVideo", "MotionPhoto")
_LOOK = re.compile(
    rb"hdr-gain-map|HDRGainMap/|pixeldatainfo/|photos/1\.0/(?:container|depthmap|image|audio)/|photos/dd/|:(?:MicroVideo|MotionPhoto)"
)
_SPACE = re.compile(rb"xmlns:([\w.-]++)\s*+=\s*+[\"']([^\"'<>]{1,99})[\"']")
_ITEM = re.compile(rb"<[\w.-]++:Item[\s>]")
_ITEM_SIZE = 2000  # bytes of an item that are looked at
_SEMANTICS = {"gainmap": GAIN_MAP, "motionphoto": FILM, "depth": DEPTH, "depthmap": DEPTH, "confidence": DEPTH}
_OFFSET = re.compile(rb"MicroVideoOffset(?:\s*+=\s*+[\"']|>)\s*+(\d{1,12})(?!\d)")


_OF_GAIN_MAPS = (
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.apple.com/pixeldatainfo/1.0/",
)
_HEAD = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_TAIL = b"</rdf:RDF></x:xmpmeta>"


class Item(NamedTuple):
    """One item of a container directory: what it is, and the bytes of its data and of the padding behind them."""

    kind: str
    length: int
    padding: int


def announces(packet: bytes) -> bool:
    """Whether a packet may announce anything: a quick look."""
    return _LOOK.search(packet) is not None


def items(packet: bytes) -> list[Item]:
    """The items of the container directory, in order; the first is the picture itself, of kind ""."""
    rows = []
    starts = [match.end() for match in _ITEM.finditer(packet)]
    for start, following in zip(starts, [*starts[1:], len(packet)], strict=False):
        item = packet[start - 1 : min(following, start + _ITEM_SIZE)]
        semantic = _value(item, b"Semantic").decode("ascii", "replace").lower()
        mime = _value(item, b"Mime").lower()
        kind = _SEMANTICS.get(semantic, FILM if mime.startswith(b"video/") else PICTURE)
        kind = "" if semantic == "primary" else kind
        rows.append(Item(kind, _number(item, b"Length"), _number(item, b"Padding")))
    return rows


def film_length(packet: bytes) -> int | None:
    """How many bytes before the end of the file a micro video begins; None where there is none."""
    match = _OFFSET.search(packet)
    return None if match is None else int(match[1])


def without_announcements(
    packet: bytes, only: Collection[str] = (), keep_films: bool = False
) -> tuple[bytes | None, list[str]]:
    """The packet without announcements (None: nothing is left, or it cannot be read), and what was announced.

    Parameters
    ----------
    packet : bytes
    only : collection of str
        The namespaces that are meant; none: all.
    keep_films : bool
        Whether what is said of a film beside the container directory stays.
    """
    if not announces(packet):
        return packet, []
    spaces = _spaces(packet)
    kinds = {} if only else {item.kind: None for item in items(packet) if item.kind}

    def drops(prefix: str, name: str, inside: bool) -> bool:
        space = spaces.get(prefix, "")
        kind = _SPACES.get(space) if space in only or not only else None
        if kind is None and not only and not keep_films and name.startswith(_FILMS):
            kind = FILM
        if kind:
            kinds[kind] = None
        return kind is not None

    return xmp.without(packet, drops), list(kinds)


def with_directory(packet: bytes | None, parts: Sequence[tuple[str, int]]) -> bytes | None:
    """`packet` with a container directory of the picture and what follows it, and with Ultra HDR's mark.

    Parameters
    ----------
    packet : bytes or None
        Without announcements; None: a new one is made.
    parts : sequence of (str, int)
        What follows the picture, and the bytes of each.
    """
    words = {GAIN_MAP: "GainMap", DEPTH: "Depth", FILM: "MotionPhoto"}
    lines = ['<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>']
    for kind, length in parts:
        semantic = f'Item:Semantic="{words.get(kind, "Original")}"'
        mime = "video/mp4" if kind == FILM else "image/jpeg"
        lines.append(f'<Container:Item {semantic} Item:Mime="{mime}" Item:Length="{length}"/>')
    has_gain_map = any(kind == GAIN_MAP for kind, _ in parts)
    mark = ' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"' if has_gain_map else ""
    directory = "".join(f'<rdf:li rdf:parseType="Resource">{line}</rdf:li>' for line in lines)
    description = (
        f'<rdf:Description rdf:about="" xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        f'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"{mark}>'
        f"<Container:Directory><rdf:Seq>{directory}</rdf:Seq></Container:Directory></rdf:Description>"
    ).encode()
    return _HEAD + description + _TAIL if packet is None else _with_description(packet, description)


def with_extension(packet: bytes, name: bytes) -> bytes:
    """`packet` with the note that it has an extension of that name."""
    description = (
        b'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
        b'xmpNote:HasExtendedXMP="' + name + b'"/>'
    )
    return _with_description(packet, description)


def only_gain_map(packet: bytes) -> bytes | None:
    """What a gain map's own packet says of it, without all else; None where it says nothing or cannot be read."""
    spaces = _spaces(packet)
    return xmp.without(
        packet,
        lambda prefix, name, inside: not inside and spaces.get(prefix) not in _OF_GAIN_MAPS,
    )


def _with_description(packet: bytes, description: bytes) -> bytes:
    """`packet` with one more description at its end; the same where it has no place for it."""
    at = packet.rfind(b"</rdf:RDF>")
    return packet if at < 0 else packet[:at] + description + packet[at:]


def _spaces(packet: bytes) -> dict[str, str]:
    """The namespaces of a packet by their prefixes."""
    return {
        match[1].decode("ascii", "replace"): match[2].decode("ascii", "replace") for match in _SPACE.finditer(packet)
    }


def _value(item: bytes, name: bytes) -> bytes:
    """What an item says in an attribute or an element."""
    match = re.search(rb":" + name + rb"(?:\s*+=\s*+[\"']|\s*+>)\s*+([^\"'<]*+)", item)
    return b"" if match is None else match[1].strip()


def _number(item: bytes, name: bytes) -> int:
    digits = _value(item, name)
    return int(digits) if digits.isdigit() and len(digits) <= 12 else 0

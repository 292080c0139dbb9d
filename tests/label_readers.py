"""What do a file's EXIF, XMP, IPTC and texts say of artist, copyright, title, description and keywords? By Pillow."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

from PIL import Image, IptcImagePlugin

EXIF = {0x013B: "artist", 0x8298: "copyright", 0x010E: "description"}
IPTC = {(2, 80): "artist", (2, 116): "copyright", (2, 5): "title", (2, 120): "description", (2, 25): "keywords"}
KEYS = {"Author": "artist", "Copyright": "copyright", "Title": "title", "Description": "description"}
DUBLIN = {"creator": "artist", "rights": "copyright", "title": "title", "description": "description",
          "subject": "keywords"}  # fmt: skip
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
Texts = dict[str, list[str]]


def read(data: bytes) -> dict[str, Texts]:
    """By block the texts of each word."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()  # what follows the pixels of a PNG
        blocks = {"exif": _exif(image), "xmp": _xmp(image), "iptc": _iptc(image), "text": _text(image)}
    return {name: block for name, block in blocks.items() if block}


def _exif(image: Image.Image) -> Texts:
    tags = image.getexif()
    return {word: [_utf8(tags[tag])] for tag, word in EXIF.items() if tag in tags}


def _utf8(text: str) -> str:
    """EXIF's text, which Pillow takes for Latin-1."""
    return text.encode("latin-1").decode()


def _xmp(image: Image.Image) -> Texts:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    packet = packet.encode() if isinstance(packet, str) else packet
    return dublin(packet) if packet else {}


def dublin(packet: bytes) -> Texts:
    """What a packet says in Dublin Core: the items of each list, several lists joined."""
    root = ElementTree.fromstring(packet.decode().strip("\ufeff\0"))
    texts: Texts = {}
    for name, word in DUBLIN.items():
        for element in root.iter(_DC + name):
            items = [item.text or "" for item in element.iter(f"{_RDF}li")]
            texts.setdefault(word, []).extend(items or [element.text or ""])
    return texts


def _iptc(image: Any) -> Texts:
    records: dict[tuple[int, int], Any] = IptcImagePlugin.getiptcinfo(image) or {}
    texts: Texts = {}
    for key, word in IPTC.items():
        if key in records:
            values = records[key] if isinstance(records[key], list) else [records[key]]
            texts[word] = [value.decode() for value in values]
    if texts:
        assert records[1, 90] == b"\x1b%G", "the mark of UTF-8"
    return texts


def _text(image: Any) -> Texts:
    return {word: [str(image.text[key])] for key, word in KEYS.items() if key in getattr(image, "text", {})}

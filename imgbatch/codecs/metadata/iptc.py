"""IPTC (IIM): what is it, where does it stand, and how are its records taken out?

Records of IIM: 0x1C, record number, dataset number, length, value. In a JPEG they stand in a Photoshop resource, in a
TIFF in a tag, in a PNG in a text that ImageMagick made usual ("Raw profile type iptc", hexadecimal).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.metadata import header_blocks
from imgbatch.codecs.metadata.exif_tags import IPTC_TAG, RESOURCES_TAG

if TYPE_CHECKING:
    from PIL.Image import Image

RESOURCE, _DIGEST = 0x0404, 0x0425  # of Photoshop's: the records, and the MD5 by which it sees that they were changed
PNG_TEXT = header_blocks.PNG_IPTC
#: The names of record 2 that have one in exiftool too.
NAMES = {
    5: "objectname", 7: "editstatus", 10: "urgency", 15: "category", 20: "supplementalcategories", 25: "keywords",
    26: "contentlocationcode", 27: "contentlocationname", 100: "country-primarylocationcode",
    40: "specialinstructions", 55: "datecreated", 60: "timecreated", 62: "digitalcreationdate",
    63: "digitalcreationtime", 65: "originatingprogram", 80: "by-line", 85: "by-linetitle", 90: "city",
    92: "sub-location", 95: "province-state", 101: "country-primarylocationname", 103: "originaltransmissionreference",
    105: "headline", 110: "credit", 115: "source", 116: "copyrightnotice", 118: "contact", 120: "caption-abstract",
    122: "writer-editor",
}  # fmt: skip


def find_records(image: Image) -> bytes | None:
    """The records that a picture came with."""
    blocks: Any = image.info.get("photoshop")
    if isinstance(blocks, dict) and isinstance(blocks.get(RESOURCE), bytes):
        return blocks[RESOURCE] or None
    tags: Any = getattr(image, "tag_v2", None)
    if tags is not None:
        return _bytes_of_tag(tags, IPTC_TAG) or records_in_resources(_bytes_of_tag(tags, RESOURCES_TAG) or b"")
    text = image.info.get(PNG_TEXT)
    if isinstance(text, str):
        return records_of_profile(header_blocks.raw_profile(text) or b"")
    return None


def records_of_profile(raw: bytes) -> bytes | None:
    """The records of a raw profile of a PNG, which are Photoshop's resources or the records themselves."""
    blocks = raw.removeprefix(header_blocks.PHOTOSHOP)
    return records_in_resources(blocks) if blocks.startswith(b"8BIM") else blocks or None


def has_other_resources(raw: bytes) -> bool:
    """Whether there is more in a raw profile of a PNG than records: Photoshop's resources of another kind."""
    blocks = raw.removeprefix(header_blocks.PHOTOSHOP)
    return blocks.startswith(b"8BIM") and with_records(blocks, None).strip(b"\0") != b""


def records_in_resources(blocks: bytes) -> bytes | None:
    """The records among Photoshop's resources."""
    return next((content for code, content, _ in _resources(blocks) if code == RESOURCE), None) or None


def with_records(blocks: bytes, records: bytes | None) -> bytes:
    """Photoshop's resources with other records, or none, among them, and without the digest of those of before."""
    pieces = [] if not records else [_resource(records)]
    at = 0
    for code, _, raw in _resources(blocks):
        at += len(raw)
        if code not in (RESOURCE, _DIGEST):
            pieces.append(raw)
    return b"".join(pieces) + blocks[at:]


def _resources(blocks: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Of each of Photoshop's resources its number, its content, and all of it."""
    at = 0
    while blocks[at : at + 4] == b"8BIM":
        start, code, name = at, int.from_bytes(blocks[at + 4 : at + 6], "big"), blocks[at + 6 : at + 7]
        at += 6 + (2 + (name[0] if name else 0)) // 2 * 2
        length = int.from_bytes(blocks[at : at + 4], "big")
        content, at = blocks[at + 4 : at + 4 + length], at + 4 + length + length % 2
        yield code, content, blocks[start:at]


def segment(iptc: bytes) -> bytes | None:
    """The JPEG segment that holds the records; None where they are too long for one."""
    content = header_blocks.PHOTOSHOP + _resource(iptc)
    return b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content if len(content) <= 65533 else None


def _resource(iptc: bytes) -> bytes:
    return b"8BIM\x04\x04\0\0" + len(iptc).to_bytes(4, "big") + iptc + bytes(len(iptc) % 2)


def hexadecimal(iptc: bytes) -> str:
    """The records as the text of a PNG."""
    digits = iptc.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return f"\niptc\n{len(iptc):8}\n" + "\n".join(lines) + "\n"


def without(iptc: bytes, drops: Callable[[str, bytes], bool]) -> bytes | None:
    """The records but those whose name and value `drops` names; None where none are left but what tells the coding."""
    pieces, count = [], 0
    for record, dataset, head, raw in items(iptc):
        if record == 2 and dataset and drops(NAMES.get(dataset, str(dataset)), raw[head:]):
            continue
        pieces.append(raw)
        count += record == 2 and dataset != 0
    return b"".join(pieces) if count else None


def texts(iptc: bytes, datasets: Collection[int]) -> dict[int, str]:
    """The first value of each of these datasets of record 2, by its number."""
    values: dict[int, str] = {}
    for record, dataset, head, raw in items(iptc):
        if record == 2 and dataset in datasets:
            values.setdefault(dataset, raw[head:].decode("utf-8", "replace"))
    return values


def items(iptc: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Of each record its number and dataset, where its value begins, and all of it."""
    at = 0
    while at + 5 <= len(iptc) and iptc[at] == 0x1C:
        length, head = int.from_bytes(iptc[at + 3 : at + 5], "big"), 5
        if length & 0x8000:  # an extended record: so many bytes tell the length
            head = 5 + (length & 0x7FFF)
            length = int.from_bytes(iptc[at + 5 : at + head], "big")
        end = at + head + length
        if end > len(iptc):
            return
        yield iptc[at + 1], iptc[at + 2], head, iptc[at:end]
        at = end


def _bytes_of_tag(tags: Any, number: int) -> bytes | None:
    """A tag's value as bytes; some writers say that they are 32-bit numbers, of which Pillow gives the first only."""
    raw = getattr(tags, "_tagdata", {}).get(number)  # private to Pillow: where it is missing, its value has to do
    value: object = raw if isinstance(raw, bytes) else tags.get(number)
    if isinstance(value, bytes):
        return value or None
    if isinstance(value, int):
        value = (value,)
    if isinstance(value, tuple) and value and all(isinstance(one, int) and 0 <= one < 1 << 32 for one in value):
        order = "little" if getattr(tags, "_endian", "<") == "<" else "big"
        return b"".join(one.to_bytes(4, order) for one in value)
    if isinstance(value, tuple) and value and all(isinstance(one, bytes) for one in value):
        return b"".join(value)
    return None

"""Item list: which items stand beside the picture of an AVIF or HEIC, and where are their bytes?

A box ``meta`` lists them (iinf) and says where each is (iloc; ISO/IEC 14496-12, 8.11); a sequence has one in its
track, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imgbatch.codecs.containers.blocks.boxes import XMP_TYPE

Box = tuple[bytes, int, int, int]  # name, where it begins, where its content does, and where it ends


class BoxDamage(Exception):
    """The boxes do not fit into each other, or say something that is not followed."""


@dataclass(repr=False, eq=False)
class ListItem:
    """Where an item's bytes are: how places are counted (0: from the file's start), and its extents.

    An extent is its index, place and length.
    """

    identity: int
    construction: int
    extents: tuple[tuple[int, int, int], ...]


class ItemList:
    """What a box ``meta`` lists.

    Attributes
    ----------
    box : Box
    inner : list of Box
        Its boxes.
    items : dict of int to ListItem
        By their numbers.
    entries : dict of int to bytes
        The boxes that say what each item is.
    index_size : int
        Bytes of an extent's index.
    """

    def __init__(self, data: bytes, box: Box) -> None:
        self.data, self.box = data, box
        self.inner = list(boxes(data, box[2] + 4, box[3]))
        if any(sum(one[0] == name for one in self.inner) != 1 for name in (b"iinf", b"iloc")):
            raise BoxDamage
        self.items, self.index_size = self._locations()
        self.entries = self._entries()

    @property
    def primary(self) -> int:
        """The number of the picture that counts."""
        start, _ = self.span(b"pitm")
        return number(self.data, start + 4, 4 if self.data[start] else 2)

    def of_kind(self, kind: str) -> list[int]:
        """The numbers of the items that are ``exif`` or ``xmp``."""
        return [identity for identity, box in self.entries.items() if _kind(box) == kind]

    def content(self, identity: int) -> bytes:
        """The bytes of an item; BoxDamage where they stand elsewhere than in the file."""
        return b"".join(self.data[start:end] for start, end in self.spans(identity))

    def spans(self, identity: int) -> list[tuple[int, int]]:
        """Where an item's bytes are in the file."""
        item = self.items.get(identity)
        if item is None or item.construction != 0:
            raise BoxDamage
        return [(at, at + length) for _, at, length in item.extents]

    def span(self, name: bytes) -> tuple[int, int]:
        """Where the content of a box begins and ends."""
        box = next((one for one in self.inner if one[0] == name), None)
        if box is None or box[3] - box[2] < 6:
            raise BoxDamage
        return box[2], box[3]

    def _locations(self) -> tuple[dict[int, ListItem], int]:
        data, (at, end) = self.data, self.span(b"iloc")
        version, sizes = data[at], number(data, at + 4, 2)
        place, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
        index = index if version else 0
        known = version <= 2 and {place, length} <= {4, 8} and {base, index} <= {0, 4, 8}
        if not known:
            raise BoxDamage
        width = 4 if version == 2 else 2
        count, at = number(data, at + 6, width), at + 6 + width
        items = {}
        for _ in range(count):
            identity = number(data, at, width)
            at += width
            construction = number(data, at, 2) & 15 if version else 0
            at += 2 if version else 0
            start, several = number(data, at + 2, base), number(data, at + 2 + base, 2)
            is_elsewhere = number(data, at, 2) != 0
            at += 4 + base
            if is_elsewhere or at + several * (index + place + length) > end:
                raise BoxDamage
            extents = []
            for _ in range(several):
                first = number(data, at, index), start + number(data, at + index, place)
                extents.append((*first, number(data, at + index + place, length)))
                at += index + place + length
            if construction == 0 and any(begin + size > len(data) or not size for _, begin, size in extents):
                raise BoxDamage
            if construction == 0 and sum(size for _, _, size in extents) > len(data):
                raise BoxDamage
            items[identity] = ListItem(identity, construction, tuple(extents))
        return items, index

    def _entries(self) -> dict[int, bytes]:
        at, end = self.span(b"iinf")
        rows = {}
        for name, start, content, stop in boxes(self.data, at + (6 if self.data[at] == 0 else 8), end):
            version = self.data[content] if content < stop else 0
            if name != b"infe" or content != start + 8 or version not in (2, 3):
                raise BoxDamage
            rows[number(self.data, content + 4, 2 if version == 2 else 4)] = self.data[start:stop]
        return rows


def _kind(box: bytes) -> str:
    """What an item is, by the box that says it."""
    at = 16 if box[8] == 2 else 18
    if box[at : at + 4] == b"Exif":
        return "exif"
    if box[at : at + 4] != b"mime":
        return ""
    return "xmp" if box[at + 4 :].partition(b"\0")[2].startswith(XMP_TYPE) else ""


def boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places, which they fill; BoxDamage where they do not.

    Parameters
    ----------
    data : bytes
    at, end : int
    """
    while at < end:
        if at + 8 > end:
            raise BoxDamage
        length, name, content = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if length == 1:
            length, content = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        stop = end if length == 0 else at + length
        if not content <= stop <= end:
            raise BoxDamage
        yield name, at, content, stop
        at = stop


def number(data: bytes, at: int, width: int) -> int:
    """A number of so many bytes; BoxDamage where the file is shorter.

    Parameters
    ----------
    data : bytes
    at, width : int
    """
    if at + width > len(data):
        raise BoxDamage
    return int.from_bytes(data[at : at + width], "big")

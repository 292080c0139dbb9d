"""Item boxes: how do texts get into the EXIF and XMP of an AVIF or HEIC around the same coded picture?

Both are items beside the picture (ISO/IEC 23008-12, annex A). The lists of items, a film's too, are written again with
the new ones, whose bytes come to the end of the file; what stands behind a list moves, and every place in the file that
is said of it moves with it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from imgbatch.codecs.containers.blocks.boxes import XMP_TYPE
from imgbatch.codecs.formats.rewrites.item_list import Box, BoxDamage, ItemList, ListItem, boxes, number
from imgbatch.codecs.metadata import header_blocks, spans
from imgbatch.codecs.metadata.labels import exif_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import Labels
from imgbatch.codecs.metadata.xmp import to_utf8

_KINDS = ("exif", "xmp")
_FOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
#: Outermost boxes that say places in a way that is not followed here.
_STRANGERS = (b"moof", b"sidx", b"mfra")
_MOST_TRACKS = 8  # that are pictures, each with a list of its own: a sequence has one
Blocks = Mapping[str, bytes | None]


def with_labels(data: bytes, labels: Labels) -> bytes | None:
    """A file with the texts of `labels`; the same where it has them, None where its boxes are not followed."""
    try:
        file = _BoxFile(data)
        exif, packet = file.blocks()
        new = exif_labels.with_labels(exif, labels), xmp_labels.with_labels(packet, labels, [])
        if new == (exif, packet) and file.is_alike():
            return data
        return file.with_blocks({"exif": None if new[0] is None else bytes(4) + new[0], "xmp": new[1]})
    except (BoxDamage, struct.error, OverflowError):
        return None


class _BoxFile:
    """The boxes of a file that say where something is."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.top = list(boxes(data, 0, len(data)))
        names = [box[0] for box in self.top]
        if names.count(b"meta") != 1 or names.count(b"moov") > 1 or not set(names).isdisjoint(_STRANGERS):
            raise BoxDamage
        self.list = ItemList(data, next(box for box in self.top if box[0] == b"meta"))
        self.film = next((box for box in self.top if box[0] == b"moov"), None)
        #: Of each track that is a picture its box, and the list of items in it.
        self.tracks = {} if self.film is None else dict(self._tracks(self.film))
        if len(self.tracks) > _MOST_TRACKS:
            raise BoxDamage

    def _tracks(self, film: Box) -> Iterator[tuple[Box, ItemList | None]]:
        for track in boxes(self.data, film[2], film[3]):
            if track[0] != b"trak":
                continue
            inner = list(boxes(self.data, track[2], track[3]))
            media = next((box for box in inner if box[0] == b"mdia"), None)
            handlers = () if media is None else boxes(self.data, media[2], media[3])
            if any(name == b"hdlr" and self.data[at + 8 : at + 12] == b"pict" for name, _, at, _ in handlers):
                metas = [box for box in inner if box[0] == b"meta"]
                yield track, ItemList(self.data, metas[0]) if metas else None

    def blocks(self) -> tuple[bytes | None, bytes | None]:
        """The first EXIF block and the first packet of XMP."""
        exif, packet = (
            next((one.content(items[0]) for one in self._lists() if (items := one.of_kind(kind))), None)
            for kind in _KINDS
        )
        if exif is not None:
            exif = header_blocks.without_marks(exif[4 + int.from_bytes(exif[:4], "big") :]) or None
        return exif, None if packet is None else to_utf8(packet)

    def is_alike(self) -> bool:
        """Whether each list has at most one item of a kind, the same in all."""
        items = [[(one, one.of_kind(kind)) for one in self._lists()] for kind in _KINDS]
        if any(len(own) > 1 for row in items for _, own in row):  # they may be thousands in one place of the file
            return False
        return all(len({tuple(map(one.content, own)) for one, own in row}) == 1 for row in items)

    def _lists(self) -> list[ItemList]:
        return [self.list, *(one for one in self.tracks.values() if one is not None)]

    def with_blocks(self, blocks: Blocks) -> bytes:
        """The file with these blocks, and without others of their kinds."""
        block = bytearray(self.data)
        free_spans = [
            span for one in self._lists() for kind in _KINDS for item in one.of_kind(kind) for span in one.spans(item)
        ]
        others = {item for kind in _KINDS for item in self.list.of_kind(kind)}
        rest = [
            (at, at + length)
            for item in self.list.items.values()
            if item.identity not in others and item.construction == 0
            for _, at, length in item.extents
        ]
        heads = [(box[1], box[3] if box[0] != b"mdat" else box[2]) for box in self.top]
        for start, end in spans.difference(free_spans, [*rest, *heads]):
            block[start:end] = bytes(end - start)
        end = self._close_last(block, free_spans)
        tail = b"".join(content for content in blocks.values() if content)
        width = 8 if end + len(tail) + (1 << 20) >= 1 << 32 else 4
        moves = self._new_boxes(block, blocks, width, {}, 0)
        shifts = {box[3]: len(new) - (box[3] - box[1]) for box, new in moves.items()}
        self._move_chunks(block, end, shifts)
        moves = self._new_boxes(block, blocks, width, shifts, end + sum(shifts.values()) + 8)
        pieces, at = [], 0
        for box in sorted(moves, key=lambda box: box[1]):
            pieces += [bytes(block[at : box[1]]), moves[box]]
            at = box[3]
        return b"".join([*pieces, bytes(block[at:end]), _box(b"mdat", tail) if tail else b""])

    def _close_last(self, block: bytearray, free_spans: list[spans.Span]) -> int:
        """Where the file ends: without a last box of data that held nothing but what is free now.

        A box that goes on up to the end of the file says how long it is from now on.
        """
        name, start, content, end = self.top[-1]
        if name == b"mdat" and end > content and not spans.difference([(content, end)], free_spans):
            return start
        if self.data[start : start + 4] == bytes(4):
            struct.pack_into(">I", block, start, end - start)
        return end

    def _new_boxes(
        self, block: bytearray, blocks: Blocks, width: int, shifts: Mapping[int, int], tail: int
    ) -> dict[Box, bytes]:
        """The outermost boxes that are written again, with the places of items after `shifts`."""
        places, at = {}, tail
        for kind, content in blocks.items():
            if content is not None:
                places[kind] = (at, len(content))
                at += len(content)
        new = {self.list.box: self._meta(self.list, places, width, shifts)}
        if self.film is not None:
            new[self.film] = _box(b"moov", self._inner(block, self.film, places, width))
        return new

    def _inner(self, block: bytearray, box: Box, places: Mapping[str, tuple[int, int]], width: int) -> bytes:
        """The content of a film or track, with a list of items in each track that is a picture."""
        pieces = []
        for inner in boxes(self.data, box[2], box[3]):
            if inner in self.tracks:
                pieces.append(_box(b"trak", self._inner(block, inner, places, width)))
            elif inner[0] != b"meta" or box not in self.tracks:
                pieces.append(bytes(block[inner[1] : inner[3]]))
        if box in self.tracks and places:
            pieces.insert(1, self._track_list(self.tracks[box], places, width))
        return b"".join(pieces)

    def _track_list(self, old: ItemList | None, places: Mapping[str, tuple[int, int]], width: int) -> bytes:
        if old is not None and len(old.entries) != sum(len(old.of_kind(kind)) for kind in _KINDS):
            raise BoxDamage  # items that nobody here knows
        entries = [_entry(number, kind) for number, kind in enumerate(places, 1)]
        items = {number: ListItem(number, 0, ((0, *place),)) for number, place in enumerate(places.values(), 1)}
        handler = next((box for box in self.list.inner if box[0] == b"hdlr"), None)
        head = b"" if handler is None else self.data[handler[1] : handler[3]]
        rows = bytes(4) + struct.pack(">H", len(entries)) + b"".join(entries)
        return _box(b"meta", bytes(4) + head + _box(b"iloc", _iloc(items, 0, width)) + _box(b"iinf", rows))

    def _meta(
        self, old: ItemList, places: Mapping[str, tuple[int, int]], width: int, shifts: Mapping[int, int]
    ) -> bytes:
        items = {
            identity: item if item.construction != 0 else ListItem(identity, 0, tuple(
                (index, at + sum(shift for end, shift in shifts.items() if at >= end), length)
                for index, at, length in item.extents
            ))
            for identity, item in old.items.items()
        }  # fmt: skip
        entries, leavers, news = dict(old.entries), set(), []
        for kind in _KINDS:
            own = old.of_kind(kind)
            for identity in own[kind in places :]:
                leavers.add(identity)
                del entries[identity]
                items.pop(identity, None)
            if kind in places:
                identity = own[0] if own else max([*entries, *items, *leavers, 0]) + 1
                if not own:
                    news.append(identity)
                    entries[identity] = _entry(identity, kind)
                items[identity] = ListItem(identity, 0, ((0, *places[kind]),))
        return self._with_items(old, entries, _iloc(items, old.index_size, width), leavers, news)

    def _with_items(
        self, old: ItemList, entries: Mapping[int, bytes], iloc: bytes, leavers: set[int], news: list[int]
    ) -> bytes:
        data = self.data
        pieces, has_references = [data[old.box[2] : old.box[2] + 4]], False
        for name, start, content, end in old.inner:
            if name == b"iinf":
                count = struct.pack(">H" if data[content] == 0 else ">I", len(entries))
                pieces.append(_box(name, data[content : content + 4] + count + b"".join(entries.values())))
            elif name == b"iloc":
                pieces.append(_box(name, iloc))
            elif name == b"iref":
                has_references, width = True, 4 if data[content] else 2
                rows = [
                    data[first:stop]
                    for _, first, at, stop in boxes(data, content + 4, end)
                    if number(data, at, width) not in leavers
                ]
                rows += [_reference(one, old.primary, width) for one in news]
                pieces.append(_box(name, data[content : content + 4] + b"".join(rows)) if rows else b"")
            else:
                pieces.append(data[start:end])
        if news and not has_references:
            pieces.append(_box(b"iref", bytes(4) + b"".join(_reference(one, old.primary, 2) for one in news)))
        return _box(b"meta", b"".join(pieces))

    def _move_chunks(self, block: bytearray, length: int, shifts: Mapping[int, int]) -> None:
        """Move the places of a film's frames that stand behind a box that grew."""
        for name, at, end in _chunk_boxes(self.data, 0, length):
            width, count = 4 if name == b"stco" else 8, number(self.data, at + 4, 4)
            if at + 8 + count * width > end:
                raise BoxDamage
            for place in range(at + 8, at + 8 + count * width, width):
                value = number(self.data, place, width)
                value += sum(shift for start, shift in shifts.items() if value >= start)
                block[place : place + width] = value.to_bytes(width, "big")


def _iloc(items: Mapping[int, ListItem], index_size: int, width: int) -> bytes:
    is_wide = max(items, default=0) > 0xFFFF
    identity = ">I" if is_wide else ">H"
    pieces = [bytes((2 if is_wide else 1, 0, 0, 0, width << 4 | width, index_size)), struct.pack(identity, len(items))]
    for item in items.values():
        pieces.append(
            struct.pack(identity, item.identity) + struct.pack(">HHH", item.construction, 0, len(item.extents))
        )
        for index, at, length in item.extents:
            pieces += [index.to_bytes(index_size, "big"), at.to_bytes(width, "big"), length.to_bytes(width, "big")]
    return b"".join(pieces)


def _entry(identity: int, kind: str) -> bytes:
    is_wide = identity > 0xFFFF
    head = bytes((3 if is_wide else 2, 0, 0, 0)) + identity.to_bytes(4 if is_wide else 2, "big") + bytes(2)
    return _box(b"infe", head + (b"Exif\0" if kind == "exif" else b"mime\0" + XMP_TYPE + b"\0"))


def _reference(identity: int, primary: int, width: int) -> bytes:
    """That an item describes the primary picture."""
    return _box(b"cdsc", identity.to_bytes(width, "big") + b"\0\1" + primary.to_bytes(width, "big"))


def _chunk_boxes(data: bytes, at: int, end: int, depth: int = 0) -> Iterator[tuple[bytes, int, int]]:
    for name, _, content, stop in boxes(data, at, end):
        if name in _FOLDERS and depth < len(_FOLDERS):
            yield from _chunk_boxes(data, content, stop, depth + 1)
        elif name in (b"stco", b"co64"):
            yield name, content, stop


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content

"""GIF blocks: in what order do pictures and extensions stand, and which of them does nobody read here?"""

from __future__ import annotations

from collections.abc import Iterator

from imgbatch.codecs.contents import MOST_NAMES, Fates, bytes_after, word_of

EXTENSION, PICTURE, END = 0x21, 0x2C, 0x3B
_XMP = b"\x21\xff\x0bXMP DataXMP"
_PLAIN_TEXT, _CONTROL, _COMMENT, _APPLICATION = 0x01, 0xF9, 0xFE, 0xFF


def blocks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(kind, start, end) of the blocks, the first that is of no known kind included.

    A block that is cut off ends behind the file.
    """
    at = head_length(data)
    while at < len(data):
        kind, start = data[at], at
        if kind == PICTURE:
            at += 11 + _table(data[at + 9 : at + 10])
        elif kind == EXTENSION:
            at += 2
        else:
            yield kind, start, start + 1
            return
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        yield kind, start, at


def head_length(data: bytes) -> int:
    """Where the first block begins."""
    return 13 + _table(data[10:11])


def strangers(data: bytes, format: str, fates: Fates) -> list[str]:
    """What a GIF has that nobody reads here.

    Comments before the first picture are read; those of later pictures, texts to be drawn, and blocks of applications
    that nobody knows are not.

    Parameters
    ----------
    data, format, fates
        As of :data:`contents.Finder`.
    """
    names: dict[str, None] = {}
    packets: list[bytes] = []
    behind_picture, rest = False, 0
    for kind, start, end in blocks(data):
        if kind == END:
            rest = len(data) - end
        elif kind == PICTURE:
            behind_picture = True
        elif kind == EXTENSION and len(names) < MOST_NAMES and end <= len(data):
            name = _name(data, start, fates, behind_picture)
            packets += [data[start:end]] if data.startswith(_XMP, start) else []
            names |= {} if name is None else {name: None}
    others = ["second xmp packet"] if any(packet != packets[0] for packet in packets) else []
    return [*names, *others, *([bytes_after(rest)] if rest > 1 else [])]


def _name(data: bytes, start: int, fates: Fates, behind_picture: bool) -> str | None:
    """What an extension that nobody reads is called."""
    label = data[start + 1]
    if label == _CONTROL:
        return None
    if label == _COMMENT:
        return "comment of a later frame" if behind_picture else None
    if label == _PLAIN_TEXT:
        return "plain text block"
    if label != _APPLICATION:
        return "unknown extension"
    name = data[start + 3 : start + 14]
    return None if name.decode("latin-1") in fates else word_of(name, "application block")


def _table(flags: bytes) -> int:
    """The bytes of the color table that a GIF's flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0

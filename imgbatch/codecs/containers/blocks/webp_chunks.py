"""WebP chunks: what stands in a RIFF file beside its pictures, and behind it?"""

from __future__ import annotations

from collections.abc import Iterator

from imgbatch.codecs.contents import MOST_NAMES, READ, Fates, bytes_after, word_of

_FRAME, _FRAME_HEAD = b"ANMF", 16
_NAMES = {"EXIF": "exif block", "XMP ": "xmp packet", "ICCP": "profile"}
#: What the head (VP8X) has to announce, by its first byte, for readers to take the chunk.
_FLAGS = {"XMP ": 4, "EXIF": 8, "ICCP": 32}


def strangers(data: bytes, format: str, fates: Fates) -> list[str]:
    """What a WebP has that nobody reads here.

    Parameters
    ----------
    data, format, fates
        As of :data:`contents.Finder`.
    """
    end = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    names: dict[str, None] = {}
    present: dict[str, bytes] = {}
    flags = data[20] if data[12:16] == b"VP8X" and len(data) > 20 else 0
    for name, start, stop in _chunks(data, 12, end):
        word = name.decode("latin-1")
        if word not in fates:
            if len(names) < MOST_NAMES:
                names[word_of(name, "chunk")] = None
        elif word in _FLAGS and not flags & _FLAGS[word]:
            names[f"{_NAMES[word]} that the head does not announce"] = None
        elif fates[word] == READ and present.setdefault(word, data[start:stop]) != data[start:stop]:
            names[f"second {_NAMES.get(word, word)}"] = None
        elif name == _FRAME and len(names) < MOST_NAMES:
            inner = (name for name, _, _ in _chunks(data, start + _FRAME_HEAD, stop))
            others = dict.fromkeys(word_of(name, "chunk") for name in inner if name.decode("latin-1") not in fates)
            names |= dict.fromkeys(list(others)[:MOST_NAMES])
    rest = len(data) - end - end % 2
    return [*names, *([bytes_after(rest)] if rest > 1 else [])]


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of the content of the chunks from `at` on."""
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, min(at + 8 + length, end)
        at += 8 + length + length % 2

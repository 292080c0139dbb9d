"""PNGs that are sound, damaged, or odd in any way: what becomes of them with pyspng, and what with Pillow alone?

``python -m tests.contracts.damaged_pngs [COUNT] [SEED]`` compares so many, and says of how many pyspng gave the pixels.
"""

from __future__ import annotations

import random
import struct
import sys
import zlib
from collections import Counter
from typing import Any
from unittest.mock import patch

from imgbatch.codecs import open_image
from imgbatch.codecs.containers.png_chunks import chunk, chunks
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.samples import loaded_frame, simd_png
from imgbatch.core.errors import ImageError

MOST = 1_000_000
_START, _END = b"\x89PNG\r\n\x1a\n", chunk(b"IEND", b"")
_BANDS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_WAYS = (
    "delete", "double", "swap", "cut", "flip", "flip", "flip", "sum", "add", "empty", "grow", "head", "rows",
)  # fmt: skip
Chunks = list[tuple[bytes, bytes]]


def look(data: bytes, installed: bool = True, untrusted: bool = False, band: int = 4000) -> tuple[object, bool]:
    """All that is told of a file, be it its frames or the error; and whether pyspng gave its pixels.

    Parameters
    ----------
    data : bytes
    installed : bool
        False: without pyspng.
    untrusted : bool
        Whether it is a stranger's.
    band : int
        Bytes of rows that are handed over at a time.
    """
    finished: list[object] = []
    fill = loaded_frame.fill

    def note(*args: Any) -> None:
        finished.append(args)
        fill(*args)

    changes: dict[str, Any] = {
        "_LEAST": 1, "_BAND": band, "_is_worth_numpy": lambda _: True, "is_installed": lambda: installed,
    }  # fmt: skip
    recorder = limits.warning_recorder(MOST)
    with patch.multiple(simd_png, **changes), patch.object(loaded_frame, "fill", note), recorder as warnings:
        try:
            with open_image(data, ".png", MOST, untrusted) as opened:
                frames = [(frame.mode, frame.size, frame.info, frame.tobytes()) for frame in opened.decode()[0]]
                facts = opened.format, opened.mode, opened.size, opened.depth, opened.metadata
                result: object = frames, facts, opened.warnings, opened.changes, limits.format_warnings(warnings)
        except ImageError as error:
            result = error.kind, str(error)
    return result, bool(finished)


def file_of(parts: Chunks) -> bytes:
    """A PNG of chunks whose checksums are right."""
    return _START + b"".join(chunk(name, content) for name, content in parts)


def sound(chance: random.Random) -> Chunks:
    """The chunks of a PNG: plain ones mostly, of any filter and compression, in one piece or many."""
    color_type = chance.choice((2, 2, 2, 6, 6, 0, 3, 4))
    width, height = chance.randrange(1, 60), chance.randrange(1, 60)
    stride = _BANDS[color_type] * width + 1
    kind = chance.choice(("noise", "gradient", "color", "steps"))
    rows = bytearray()
    for row in range(height):
        if kind == "noise":
            values = chance.randbytes(stride - 1)
        elif kind == "steps":
            values = bytes(row // 7 * 31 % 256 for _ in range(stride - 1))
        else:
            values = bytes((row * place // 5 % 256 if kind == "gradient" else 9) for place in range(stride - 1))
        rows += bytes([chance.choice((0, 1, 2, 3, 4, 4))]) + values
    stream = zlib.compress(bytes(rows), chance.choice((0, 1, 6, 9)))
    head = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    parts: Chunks = [(b"IHDR", head)]
    if color_type == 3:
        parts.append((b"PLTE", chance.randbytes(768)))
    extra: Chunks = [
        (b"tEXt", b"Title\0a"), (b"pHYs", struct.pack(">IIB", 3000, 3000, 1)), (b"gAMA", struct.pack(">I", 45455)),
        (b"tRNS", bytes({0: 2, 2: 6, 3: 5}.get(color_type, 4))), (b"bKGD", bytes(6)), (b"prIv", b"private"),
        (b"tIME", bytes(7)), (b"zTXt", b"Comment\0\0" + zlib.compress(b"words")), (b"sBIT", b"\5\6\5"),
    ]  # fmt: skip
    parts += chance.sample(extra, chance.choice((0, 0, 1, 3)))
    piece = chance.choice((len(stream), len(stream), 100, 30, 7, len(stream) - 3)) or 1
    parts += [(b"IDAT", stream[at : at + piece]) for at in range(0, len(stream), max(1, piece))]
    if chance.random() < 0.2:
        parts.append(chance.choice(extra))
    return [*parts, (b"IEND", b"")]


def changed(parts: Chunks, chance: random.Random) -> Chunks:
    """The chunks with some left out, doubled, exchanged, cut, flipped or added; their checksums will be right."""
    parts = list(parts)
    way = chance.choice(_WAYS)
    places = [place for place, (name, _) in enumerate(parts) if name == b"IDAT"]
    place = chance.choice(places) if places and chance.random() < 0.7 else chance.randrange(len(parts))
    place = 0 if way == "head" else place
    name, content = parts[place]
    if way == "delete":
        del parts[place]
    elif way == "double":
        parts.insert(chance.randrange(len(parts)), parts[place])
    elif way == "swap":
        other = chance.choice(places) if places else 0
        parts[place], parts[other] = parts[other], parts[place]
    elif way == "cut":
        parts[place] = name, content[: chance.randrange(len(content) + 1)]
    elif way in ("flip", "head") and content:
        at = chance.randrange(len(content))
        parts[place] = name, content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
    elif way == "sum" and places:
        content = parts[places[-1]][1]
        parts[places[-1]] = b"IDAT", content[:-4] + chance.randbytes(len(content[-4:]))
    elif way == "add":
        new = chance.choice((b"tEXt", b"acTL", b"fcTL", b"fdAT", b"tRNS", b"iCCP", b"eXIf", b"abCd", b"ABCD", b"IDAT"))
        parts.insert(place, (new, chance.randbytes(chance.randrange(30))))
    elif way == "empty":
        parts.insert(place, (b"IDAT", b""))
    elif way == "grow":
        parts[place] = name, content + chance.randbytes(chance.randrange(1, 9))
    elif way == "rows" and places:  # the same stream, unpacked to other rows: filters that are none, too many, too few
        stream = b"".join(parts[at][1] for at in places)
        try:
            rows = bytearray(zlib.decompress(stream))
        except zlib.error:
            return parts
        rows[chance.randrange(len(rows)) if rows else 0 :] = chance.randbytes(chance.randrange(40))
        parts = [one for one in parts if one[0] != b"IDAT"]
        parts.insert(min(places[0], len(parts)), (b"IDAT", zlib.compress(bytes(rows))))
    return parts


def one(chance: random.Random) -> bytes:
    """A PNG: as it should be, of changed chunks, or with changed bytes."""
    parts = sound(chance)
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        parts = changed(parts, chance)
    data = file_of(parts)
    way = chance.random()
    if way < 0.1:
        return data[: chance.randrange(len(data))]
    if way < 0.35:
        for _ in range(chance.choice((1, 1, 2, 5))):
            at = chance.randrange(8, len(data)) if len(data) > 8 else 0
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    elif way < 0.4:
        data += chance.choice((b"\0", bytes(600), b"more", _END))
    elif way < 0.45:
        at = chance.randrange(8, len(data) + 1)
        data = data[:at] + chance.randbytes(chance.randrange(1, 20)) + data[at + chance.randrange(20) :]
    return data


def compare(count: int, seed: int) -> tuple[Counter[str], list[bytes]]:
    """Of so many PNGs: how many are read, by whom, and how many fail; and those of which not the same is told."""
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    different = []
    for _ in range(count):
        data = one(chance)
        with_it, by_pyspng = look(data)
        if with_it != look(data, installed=False)[0]:
            different.append(data)
        reader = "pyspng" if by_pyspng else "Pillow"
        counts[f"read by {reader}" if isinstance(with_it, tuple) and len(with_it) == 5 else "failed"] += 1
    return counts, different


def main() -> None:
    count, seed = (*map(int, sys.argv[1:]), *(10_000, 1)[len(sys.argv) - 1 :])
    counts, different = compare(count, seed)
    print(f"{count} PNGs (seed {seed}): {dict(counts)}, told otherwise than by Pillow: {len(different)}")
    for data in different[:3]:
        print([(name, end - start - 12) for name, start, end in chunks(data)])
        print(look(data)[0], "\n", look(data, False)[0])


if __name__ == "__main__":
    main()

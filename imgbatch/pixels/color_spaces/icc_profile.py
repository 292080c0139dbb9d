"""ICC profile: which bytes say of gray or RGB pixels what primaries and a curve say?

Profiles of version 4 (ICC.1:2022): white is D50, the primaries are adapted to it by Bradford's matrix (annex E), curves
are formulas where one fits and tables where none does.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Mapping, Sequence

from imgbatch.pixels.color_spaces.color_space import ColorSpace, Curve, Primaries

Matrix = tuple[tuple[float, ...], ...]  # (row, column)

#: White of all profiles, D50, in 65536ths.
D50 = (63190, 65536, 54061)
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_CICP, _NAME = b"cicp", b"desc"
_MOST_TAGS, _MOST_SHARES = 200, 4  # tags may share their content: how often in all
_ENTRIES = 1024  # of a curve's table
_NARROW = (16 / 255, 235 / 255)  # black and white of narrow range (ITU-R BT.709)


@functools.lru_cache(maxsize=64)
def profile_of(
    space: ColorSpace, gray: bool = False, narrow: bool = False, code: tuple[int, int] | None = None
) -> bytes:
    """The profile of a color space; the same bytes always.

    Parameters
    ----------
    space : ColorSpace
    gray : bool
        For gray pixels, of which the curve is all that matters.
    narrow : bool
        Whether black is 16 of 255 and white 235.
    code : (int, int), optional
        Primaries and transfer by ITU-T H.273, which the profile of RGB repeats for readers who know what HDR is.
    """
    tags = {b"desc": text_tag(space.name), b"cprt": text_tag("No copyright, use freely"), b"wtpt": xyz_tag(D50)}
    curve = _curve_tag(space.curve, narrow)
    if gray:
        return profile_file(b"GRAY", tags | {b"kTRC": curve})
    adaptation = _adaptation(space.primaries[:2])
    tags[b"chad"] = b"sf32\0\0\0\0" + struct.pack(">9i", *(round(65536 * one) for row in adaptation for one in row))
    columns = [[round(65536 * one) for one in column] for column in zip(*matrix_to_d50(space.primaries), strict=True)]
    green = [white - red - blue for white, red, blue in zip(D50, columns[0], columns[2], strict=True)]
    for name, column in ((b"r", columns[0]), (b"g", green), (b"b", columns[2])):
        tags |= {name + b"XYZ": xyz_tag(column), name + b"TRC": curve}
    if code is None:
        return profile_file(b"RGB ", tags)
    tags[_CICP] = struct.pack(">4s4x4B", _CICP, *code, 0, not narrow)
    return profile_file(b"RGB ", tags, minor=4)


def tags_of(icc: bytes) -> dict[bytes, bytes]:
    """The contents of a profile's tags by their names: of no more, and no longer together, than profiles have."""
    tags, room = {}, _MOST_SHARES * len(icc)
    for number in range(min(_MOST_TAGS, int.from_bytes(icc[128:132], "big"))):
        entry = icc[132 + 12 * number : 144 + 12 * number]
        start, length = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
        room -= length
        if len(entry) == 12 and start + length <= len(icc) and room >= 0:
            tags[entry[:4]] = icc[start : start + length]
    return tags


def is_whole(icc: bytes) -> bool:
    """Whether its name and its tables are as long as they say: Little CMS makes room for that before it reads them."""
    return all(
        _length(content) <= len(content)
        for name, content in tags_of(icc).items()
        if name == _NAME or name[:3] in (b"A2B", b"B2A")
    )


def _length(content: bytes) -> int:
    """The bytes of a tag's content as it says itself (ICC.1:2022, 10.10 to 10.12, 10.15); 0 where it does not."""
    kind, head = content[:4], content.ljust(52, b"\0")
    bands, colors, steps = head[8:11]
    if kind == b"mluc":
        return 16 + 12 * int.from_bytes(head[8:12], "big")
    if kind == b"mft1":
        return 48 + 256 * (bands + colors) + int(steps**bands) * colors
    if kind == b"mft2":
        entries = bands * int.from_bytes(head[48:50], "big") + colors * int.from_bytes(head[50:52], "big")
        return 52 + 2 * (entries + int(steps**bands) * colors)
    at = int.from_bytes(head[24:28], "big")
    if kind in (b"mAB ", b"mBA ") and at:
        width = 2 if content[at + 16 : at + 17] == b"\2" else 1  # bytes of a number
        return at + 20 + math.prod(content[at : at + bands]) * colors * width
    return 0


def code_points(icc: bytes) -> tuple[int, int, int, int] | None:
    """Primaries, transfer, matrix and range (ITU-T H.273) of a profile that has them; None where it does not."""
    content = tags_of(icc).get(_CICP, b"")
    return (content[8], content[9], content[10], content[11]) if len(content) == 12 else None


def matrix_to_xyz(primaries: Primaries) -> Matrix:
    """What takes amounts of red, green and blue light to XYZ, of which their white has a Y of 1 (SMPTE RP 177)."""
    white, *colors = (primaries[at : at + 2] for at in (0, 2, 4, 6))
    columns = _transpose([(x, y, 1 - x - y) for x, y in colors])
    amounts = _times(_inverse(columns), _xyz(white))
    return tuple(tuple(one * amount for one, amount in zip(row, amounts, strict=True)) for row in columns)


def matrix_to_d50(primaries: Primaries) -> Matrix:
    """The same for the white D50, to which Bradford's matrix takes theirs."""
    adaptation = _adaptation(primaries[:2])
    return _transpose([_times(adaptation, column) for column in _transpose(matrix_to_xyz(primaries))])


def profile_file(pixels: bytes, tags: Mapping[bytes, bytes], minor: int = 3) -> bytes:
    """A display profile of version 4.

    Parameters
    ----------
    pixels : bytes
        Whose it is, as the header has it: ``RGB `` or ``GRAY``.
    tags : mapping of bytes to bytes
        By their names; equal ones are written once.
    minor : int
        The version's second number: 4 for tags that came with it (``cicp``).
    """
    at, table, body = 132 + 12 * len(tags), b"", b""
    places: dict[bytes, int] = {}
    for name, value in tags.items():
        if value not in places:
            places[value] = at + len(body)
            body += value + bytes(-len(value) % 4)
        table += struct.pack(">4sII", name, places[value], len(value))
    head = struct.pack(">I4sI4s4s4s6H4s", at + len(body), b"\0\0\0\0", 4 << 24 | minor << 20, b"mntr", pixels, b"XYZ ",
                       1999, 10, 18, 0, 0, 0, b"acsp")  # fmt: skip
    head = head.ljust(64, b"\0") + struct.pack(">I3i", 1, *D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def text_tag(text: str) -> bytes:
    """A multiLocalizedUnicodeType of one record, English."""
    content = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(content), 28) + content


def xyz_tag(numbers: Sequence[int]) -> bytes:
    """An XYZType of three numbers in 65536ths."""
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *numbers)


def formula_tag(numbers: Sequence[float]) -> bytes:
    """A parametricCurveType: of one number a power, of five a power and a straight line (its kinds 0 and 3)."""
    kind = 0 if len(numbers) == 1 else 3
    sixteen = [round(65536 * number) for number in numbers]
    return b"para\0\0\0\0" + struct.pack(f">HH{len(sixteen)}i", kind, 0, *sixteen)


def _curve_tag(curve: Curve, narrow: bool) -> bytes:
    if not narrow and curve.numbers:
        return formula_tag(curve.numbers)
    black, white = _NARROW if narrow else (0.0, 1.0)
    steps = (place / (_ENTRIES - 1) for place in range(_ENTRIES))
    light = [curve.light(min(1.0, max(0.0, (step - black) / (white - black)))) for step in steps]
    return b"curv\0\0\0\0" + struct.pack(f">I{_ENTRIES}H", _ENTRIES, *(round(65535 * one) for one in light))


def _adaptation(white: Sequence[float]) -> Matrix:
    """Bradford's matrix from a white to D50."""
    source, target = (_times(_BRADFORD, xyz) for xyz in (_xyz(white), [one / 65536 for one in D50]))
    to_white = tuple(
        tuple(one * after / before for one in row) for row, before, after in zip(_BRADFORD, source, target, strict=True)
    )
    return _transpose([_times(_inverse(_BRADFORD), column) for column in _transpose(to_white)])


def _xyz(white: Sequence[float]) -> list[float]:
    x, y = white
    return [x / y, 1.0, (1 - x - y) / y]


def _times(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [sum(one * other for one, other in zip(row, vector, strict=True)) for row in matrix]


def _transpose(rows: Sequence[Sequence[float]]) -> Matrix:
    return tuple(zip(*rows, strict=True))


def _inverse(matrix: Matrix) -> Matrix:
    """By the cross products of its rows; ZeroDivisionError where there is none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return tuple(tuple(one / determinant for one in row) for row in cofactors)

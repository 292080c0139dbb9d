"""Cube file: how is a LUT read, in the format of Adobe's "Cube LUT Specification" 1.0?

Keywords first (TITLE, LUT_1D_SIZE or LUT_3D_SIZE, DOMAIN_MIN, DOMAIN_MAX; DaVinci Resolve's LUT_1D_INPUT_RANGE and
LUT_3D_INPUT_RANGE), then one line of three numbers for each point; of a 3D table red changes fastest. ``#`` begins a
comment.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZES = {"LUT_1D_SIZE": (2, 65536), "LUT_3D_SIZE": (2, 256)}
_RANGES = ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE")
Triple = tuple[float, float, float]


class Cube(NamedTuple):
    """A LUT: (size, 3) for one table per band, or (blue, green, red, 3), float32; and the colors that it is for."""

    table: NDArray[Any]
    low: Triple
    high: Triple


def parse_cube(text: str) -> Cube:
    """The LUT; ValueError with a sentence that names the line where the text is none."""
    import numpy

    keyword, size = "", 0
    low, high = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words or words[0] == "TITLE":
            continue
        first = words[0]
        if first in _SIZES:
            if keyword:
                raise ValueError(f"line {number}: a second table ({first}); a .cube file holds one")
            keyword, size = first, _size(number, words)
        elif first in ("DOMAIN_MIN", "DOMAIN_MAX"):
            if first == "DOMAIN_MIN":
                low = _triple(number, words[1:])
            else:
                high = _triple(number, words[1:])
        elif first in _RANGES:
            start, end = _numbers(number, words[1:], 2)
            low, high = (start,) * 3, (end,) * 3
        elif first[0].isalpha() and first[:3].lower() not in ("nan", "inf"):
            raise ValueError(f"line {number}: unknown keyword")
        else:
            rows.append(_numbers(number, words, 3))
    if not keyword:
        raise ValueError("no LUT_1D_SIZE or LUT_3D_SIZE: this is no .cube file")
    count = size if keyword == "LUT_1D_SIZE" else size**3
    if len(rows) != count:
        raise ValueError(f"{keyword} {size} needs {count} lines of three numbers, the file has {len(rows)}")
    if not all(bottom < top for bottom, top in zip(low, high, strict=True)):
        raise ValueError("DOMAIN_MIN is not below DOMAIN_MAX")
    table = numpy.array(rows, numpy.float32)
    return Cube(table if keyword == "LUT_1D_SIZE" else table.reshape(size, size, size, 3), low, high)


def _size(number: int, words: list[str]) -> int:
    low, high = _SIZES[words[0]]
    if len(words) != 2 or not words[1].isdecimal() or not low <= int(words[1][:9]) <= high:
        raise ValueError(f"line {number}: expected {words[0]} and a whole number from {low} to {high}")
    return int(words[1])


def _triple(number: int, words: list[str]) -> Triple:
    red, green, blue = _numbers(number, words, 3)
    return red, green, blue


def _numbers(number: int, words: list[str], count: int) -> list[float]:
    try:
        result = [float(word) for word in words]
    except ValueError:
        result = []
    if len(result) != count or not all(map(math.isfinite, result)):
        raise ValueError(f"line {number}: expected {count} numbers")
    return result

"""Lengths: how long is a side that was typed, and where in a box does a smaller box sit? Numbers only, no pixels.

A *length* is either px (``120``) or a share of the picture's side (``50%``).
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from imgbatch.core.errors import UsageError
from imgbatch.core.parameter_kinds import Choice, Grammar, whole_numbers
from imgbatch.core.quantities import Size

#: The longest side in px that can be asked for.
MAX_SIDE = 1_000_000

#: A whole number is px, a fraction is a share of the picture's side.
Length = int | Fraction

if TYPE_CHECKING:
    from typing import SupportsIndex, TypeAlias

    #: What two sides may be given as in Python: a word, one number for both, or a tuple in px.
    Sides: TypeAlias = SupportsIndex | str | tuple[SupportsIndex, SupportsIndex]

#: How far along (x, y) a smaller box sits: 0 at the left or top, 1 at the right or bottom.
ANCHORS: dict[str, tuple[Fraction, Fraction]] = {
    word: (Fraction(x, 2), Fraction(y, 2))
    for word, x, y in (
        ("center", 1, 1),
        ("north", 1, 0),
        ("northeast", 2, 0),
        ("east", 2, 1),
        ("southeast", 2, 2),
        ("south", 1, 2),
        ("southwest", 0, 2),
        ("west", 0, 1),
        ("northwest", 0, 0),
    )
}
GRAVITY = Choice(tuple(ANCHORS))
#: The same for type checkers.
Gravity = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"
]  # fmt: skip
#: The place that the pixels decide on: where there is the most to see (entropy.py).
ENTROPY = "entropy"
PLACE = Choice((*ANCHORS, ENTROPY))
Place = Literal[Gravity, "entropy"]

#: A point of the picture as shares of its width and height, 0..1.
Point = tuple[Fraction, Fraction]

#: One length in a pattern: ``120``, ``50%`` or ``33.3%``.
LENGTH = r"[0-9]{1,6}(?:\.[0-9]{1,6})?%|[0-9]{1,100}"
_SIDES = rf"(?P<both>{LENGTH})|(?P<width>{LENGTH})?x(?P<height>{LENGTH})?"  # compiled where something is typed
_RATIO = r"(?P<width>[0-9]{1,5}(?:\.[0-9]{1,6})?):(?P<height>[0-9]{1,5}(?:\.[0-9]{1,6})?)"


def half_up(value: Fraction) -> int:
    """`value` rounded to the nearest whole number, halves upward."""
    return math.floor(value + Fraction(1, 2))


def pixels(length: Length, side: int) -> int:
    """`length` in px for a picture whose side is `side` px; at least 1 unless `length` is 0."""
    if isinstance(length, int):
        return length
    return max(1, half_up(length * side)) if length else 0


def anchor(inner: Size, outer: Size, gravity: str) -> tuple[int, int]:
    """Left and top, in px, of a box within another; an odd px goes right or below.

    Parameters
    ----------
    inner, outer : Size
        Of the two boxes, in px; the result is negative where `inner` is larger.
    gravity : str
        A key of :data:`ANCHORS`.
    """
    if inner == outer:
        return 0, 0
    x, y = ANCHORS[gravity]
    return math.floor((outer[0] - inner[0]) * x), math.floor((outer[1] - inner[1]) * y)


def offset(
    inner: tuple[Fraction | int, Fraction | int], outer: Size, gravity: str, focal: Point | None = None
) -> tuple[Fraction, Fraction]:
    """Left and top, in px and exact, of a box no larger than the one around it.

    Parameters
    ----------
    inner, outer : Size
        Of the two boxes, in px; `inner` may be fractions.
    gravity : str
        A key of :data:`ANCHORS`.
    focal : (x, y), optional
        Shares of the sides of `outer`, 0..1: the center of `inner`, as far as the edges allow, instead of `gravity`.
    """
    room = outer[0] - Fraction(inner[0]), outer[1] - Fraction(inner[1])
    if focal is None:
        x, y = ANCHORS[gravity]
        return room[0] * x, room[1] * y
    left, top = outer[0] * focal[0] - Fraction(inner[0]) / 2, outer[1] * focal[1] - Fraction(inner[1]) / 2
    return min(max(left, Fraction(0)), room[0]), min(max(top, Fraction(0)), room[1])


def place(inner: Size, outer: Size, gravity: str, focal: Point | None = None) -> tuple[int, int]:
    """:func:`offset` in whole px.

    Parameters
    ----------
    inner, outer, gravity, focal
        As in :func:`offset`.
    """
    if focal is None:
        return anchor(inner, outer, gravity)
    left, top = offset(inner, outer, gravity, focal)
    return half_up(left), half_up(top)


def read_focal(word: str) -> Point:
    """The point that ``30%x40%`` means; ValueError when it means none."""
    sides = read_sides(squeeze(word))
    if sides is None or sides[2] or not all(isinstance(side, Fraction) and side <= 1 for side in sides[:2]):
        raise ValueError(word)
    return Fraction(sides[0] or 0), Fraction(sides[1] or 0)


def spell_focal(x: Fraction, y: Fraction) -> str:
    """The one spelling of a point."""
    return f"{spell_length(x)}x{spell_length(y)}"


FOCAL = Grammar(
    "a point of the picture such as 30%x40%, from its left and its top",
    lambda word: spell_focal(*read_focal(word)),
    ("30%x40%", "0%x100%", "62.5%x12.5%"),
)


def refuse_two_places(word: str, gravity: str | None, focal: str | None) -> None:
    """UsageError when a rectangle is placed by a gravity and by a point.

    Parameters
    ----------
    word : str
        The operation's name.
    gravity, focal : str or None
        As they were typed.
    """
    if gravity is not None and focal is not None:
        raise UsageError(f"expected gravity or focal for {word}, got gravity={gravity} and focal={focal}")


def read_length(word: str) -> Length:
    """The length that a match of the pattern means; UsageError where it is too long."""
    if word.endswith("%"):
        return Fraction(word[:-1]) / 100
    number = int(word)
    if number > MAX_SIDE:
        raise UsageError(f"expected a side of at most {MAX_SIDE} px, got {word!r}")
    return number


def spell_length(length: Length | None) -> str:
    """The one spelling of a length; nothing for None."""
    if length is None:
        return ""
    return decimal(length * 100) + "%" if isinstance(length, Fraction) else str(length)


def decimal(number: Fraction) -> str:
    """A number of at most six decimals without needless zeros."""
    return f"{float(number):.6f}".rstrip("0").rstrip(".")


def squeeze(word: str) -> str:
    """`word` in small letters and without blanks."""
    return "".join(word.split()).lower()


def read_sides(word: str) -> tuple[Length | None, Length | None, bool] | None:
    """Width, height (None where left out) and whether one number stands for both; None when `word` is no size."""
    match = re.fullmatch(_SIDES, word)
    if match is None or word == "x":
        return None
    if match["both"]:
        both = read_length(match["both"])
        return both, both, True
    width, height = match["width"], match["height"]
    return read_length(width) if width else None, read_length(height) if height else None, False


def spell_size(value: object) -> object:
    """A tuple of width and height in px as the word of that size."""
    sides = whole_numbers(value, 0, MAX_SIDE)
    return f"{sides[0]}x{sides[1]}" if len(sides) == 2 else value


def read_ratio(word: str) -> Fraction | None:
    """The width over the height of ``16:9``; None when `word` is no ratio."""
    match = re.fullmatch(_RATIO, word)
    if match is None:
        return None
    width, height = Fraction(match["width"]), Fraction(match["height"])
    if not width or not height:
        raise ValueError(word)
    return width / height

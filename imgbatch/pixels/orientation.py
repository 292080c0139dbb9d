"""Orientation: which way up is a picture, and how do the eight orientations of EXIF turn it?

Only the tables stand here. The decision is pipeline/decisions/decode_plan's (`DecodePlan.turner`); the ways of
applying it: pixels turned after decoding (codecs/reading/decode, `SourceImage.decode`; libtiff's and libjxl's readers
turn them themselves), pixels turned after a crop and resize in stored coordinates (operations/geometry/crop_resize),
and of images that a caller hands over (runs/apply). The tag is set to 1 by codecs/metadata/exif (`turn`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray
    from PIL.Image import Transpose

N = TypeVar("N", int, "Fraction | int")


def to_upright(orientation: int) -> Transpose | None:
    """What turns stored pixels of `orientation` (1..8) upright; None: they are."""
    if orientation == 1:
        return None
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }.get(orientation)  # fmt: skip


def from_upright(orientation: int) -> Transpose | None:
    """What turns upright pixels back to how `orientation` stores them."""
    return to_upright({6: 8, 8: 6}.get(orientation, orientation))


def upright_view(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Samples (row, column, ...) of stored pixels, upright; nothing is copied."""
    view = samples.swapaxes(0, 1) if orientation >= 5 else samples
    view = view[:, ::-1] if orientation in (2, 3, 6, 7) else view
    return view[::-1] if orientation in (3, 4, 7, 8) else view


def swap_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(width, height) as stored of an upright `size`, or the other way around."""
    return (size[1], size[0]) if orientation >= 5 else size


def stored_box(box: tuple[N, N, N, N], size: tuple[int, int], orientation: int) -> tuple[N, N, N, N]:
    """Where a rectangle of an upright picture lies among the stored pixels.

    Parameters
    ----------
    box : (left, top, right, bottom)
        In px of the upright picture.
    size : (width, height)
        Of the upright picture, in px.
    orientation : int
        How it is stored: EXIF's 1..8.
    """
    left, top, right, bottom = box
    if orientation in (2, 3, 6, 7):
        left, right = size[0] - right, size[0] - left
    if orientation in (3, 4, 7, 8):
        top, bottom = size[1] - bottom, size[1] - top
    return (left, top, right, bottom) if orientation < 5 else (top, left, bottom, right)

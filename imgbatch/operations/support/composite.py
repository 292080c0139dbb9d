"""Compositing: how is one picture laid over another?

Source over destination with the separable blend modes of the W3C's "Compositing and Blending Level 1" (sections 9.1 and
5.1): ``Cs' = (1 - Ab) Cs + Ab B(Cb, Cs)``, ``Ao = As + Ab (1 - As)``, ``Co = (As Cs' + Ab Cb (1 - As)) / Ao``, where b
is the picture below, s what is laid over it, and colors and alpha run from 0 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from imgbatch.core.parameter_kinds import Grammar
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.operations.support.lengths import LENGTH, anchor, pixels, read_length, spell_length, squeeze
from imgbatch.pixels.alpha import to_straight_alpha, with_header
from imgbatch.pixels.deep.gray import gray_range, is_deep

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Values = NDArray[Any]  # (row, column, channel), 0..1

_ROWS = 256  # laid at a time, so that a large picture needs little memory


def _hard_light(below: Values, above: Values) -> Values:
    import numpy

    result: Values = numpy.where(above <= 0.5, below * 2 * above, _screen(below, 2 * above - 1))
    return result


def _screen(below: Values, above: Values) -> Values:
    result: Values = below + above - below * above
    return result


def _soft_light(below: Values, above: Values) -> Values:
    import numpy

    root = numpy.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, numpy.sqrt(below))
    dark = below - (1 - 2 * above) * below * (1 - below)
    result: Values = numpy.where(above <= 0.5, dark, below + (2 * above - 1) * (root - below))
    return result


def _color_dodge(below: Values, above: Values) -> Values:
    import numpy

    result: Values = numpy.where(below == 0, 0, numpy.minimum(1, below / numpy.maximum(1 - above, 1e-9)))
    return result


def _color_burn(below: Values, above: Values) -> Values:
    import numpy

    result: Values = numpy.where(below == 1, 1, 1 - numpy.minimum(1, (1 - below) / numpy.maximum(above, 1e-9)))
    return result


def _darken(below: Values, above: Values) -> Values:
    import numpy

    result: Values = numpy.minimum(below, above)
    return result


def _lighten(below: Values, above: Values) -> Values:
    import numpy

    result: Values = numpy.maximum(below, above)
    return result


Blend = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light",
    "soft-light", "difference", "exclusion",
]  # fmt: skip
#: B(Cb, Cs) of each blend mode, in the order of the specification.
BLENDS: dict[str, Callable[[Values, Values], Values]] = {
    "normal": lambda below, above: above,
    "multiply": lambda below, above: below * above,
    "screen": _screen,
    "overlay": lambda below, above: _hard_light(above, below),
    "darken": _darken,
    "lighten": _lighten,
    "color-dodge": _color_dodge,
    "color-burn": _color_burn,
    "hard-light": _hard_light,
    "soft-light": _soft_light,
    "difference": lambda below, above: abs(below - above),
    "exclusion": lambda below, above: below + above - 2 * below * above,
}


def composite(
    operation: Operation,
    image: Image,
    mark: NDArray[Any],
    corner: tuple[int, int],
    opacity: float = 1.0,
    blend: str = "normal",
) -> Image:
    """`image` with `mark` laid over it; what sticks out is cut.

    Palettes become RGB or RGBA; gray becomes RGB for a mark with colors. Transparent levels of 16-bit gray stay so.

    Parameters
    ----------
    mark : numpy.ndarray
        (row, column, 4) uint8: red, green, blue, alpha.
    corner : (int, int)
        Left and top of the mark in the picture, in px.
    opacity : float
        0..1, multiplied into the mark's alpha.
    blend : str
        One of :data:`BLENDS`.

    Raises
    ------
    ImageError
        Kind ``mode``: a mark with colors on gray of more than 8 bits.
    """
    ready = to_straight_alpha(image)
    left, top = max(0, corner[0]), max(0, corner[1])
    right, bottom = min(ready.width, corner[0] + mark.shape[1]), min(ready.height, corner[1] + mark.shape[0])
    if left >= right or top >= bottom:
        return image
    visible = mark[top - corner[1] : bottom - corner[1], left - corner[0] : right - corner[0]]
    ready = _able(operation, ready, _has_color(visible))
    gray = ready.mode not in ("RGB", "RGBA")
    low, high = gray_range(ready)
    result = ready.copy()
    for row in range(top, bottom, _ROWS):
        end = min(row + _ROWS, bottom)
        strip = ready.crop((left, row, right, end))
        above = visible[row - top : end - top].astype("float32") / 255
        above = above[..., [0, 3]] if gray else above
        below = (samples(strip).astype("float32") - low) / ((high - low) or 1)
        values = _over(below, above, opacity, blend, alpha=ready.mode in ("LA", "RGBA")) * (high - low) + low
        patch = picture(values, strip)
        result.paste(patch if not is_deep(ready) else _keep_clear(patch, strip), (left, row))
    return with_header(result, ready)


def _over(below: Values, above: Values, opacity: float, blend: str, alpha: bool) -> Values:
    import numpy

    share = above[..., -1:] * opacity
    colors, under = above[..., :-1], (below[..., :-1] if alpha else below)
    if not alpha:
        return share * BLENDS[blend](under, colors) + under * (1 - share)
    solid = below[..., -1:]
    mixture = (1 - solid) * colors + solid * BLENDS[blend](under, colors)
    whole = share + solid * (1 - share)
    result = (share * mixture + solid * under * (1 - share)) / numpy.maximum(whole, 1e-9)
    return numpy.concatenate([numpy.where(whole > 0, result, under), whole], axis=2)


def _able(operation: Operation, image: Image, has_color: bool) -> Image:
    if image.mode in ("CMYK", "LAB"):
        raise refuse_mode(operation, image, "convert the file to sRGB first")
    if not has_color or image.mode in ("RGB", "RGBA"):
        return image
    if is_deep(image):
        raise refuse_mode(
            operation, image, "use a gray mark, or convert the file to 8 bits first: no mode holds 16 in color"
        )
    return with_header(image.convert("RGBA" if image.mode == "LA" else "RGB"), image)


def _has_color(mark: NDArray[Any]) -> bool:
    visible = mark[mark[..., 3] > 0]
    return bool((visible[:, 0] != visible[:, 1]).any() or (visible[:, 1] != visible[:, 2]).any())


def _keep_clear(result: Image, before: Image) -> Image:
    """`result` with the transparent level of `before` where it was, and nowhere else."""
    import numpy

    key = before.info.get("transparency")
    if key is None:
        return result
    levels, values = samples(before), samples(result).copy()
    values[values == key] = key - 1 if key else 1
    return picture(numpy.where(levels == key, levels, values), result)


def _canonical_length(word: str) -> str:
    text = squeeze(word)
    if not re.fullmatch(LENGTH, text):
        raise ValueError(word)
    return spell_length(read_length(text))


def _canonical_side(word: str) -> str:
    text = _canonical_length(word)
    if text in ("0", "0%"):
        raise ValueError(word)
    return text


SIDE = Grammar("a length such as 200 (px) or 20% (of the picture)", _canonical_side, ("20%", "40", "5%"))
MARGIN = Grammar("a length such as 10 (px) or 2% (of the picture)", _canonical_length, ("2%", "3", "0"))


def share_px(word: str, image: Image) -> int:
    """A length in px: a share is one of the picture's shorter side."""
    return pixels(read_length(word), min(image.size))


def inside_margins(mark: Size, size: Size, gravity: str, margin: int) -> tuple[int, int]:
    """Left and top of a mark within margins, in px.

    Parameters
    ----------
    mark, size : Size
        Of the mark and of the picture, in px.
    gravity : str
        A key of ``ANCHORS``.
    margin : int
        On each side, in px.
    """
    room = (size[0] - 2 * margin, size[1] - 2 * margin)
    left, top = anchor(mark, room, gravity)
    return left + margin, top + margin

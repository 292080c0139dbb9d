"""Histogram plot: how does a histogram look? One translucent curve per channel, with axes, drawn with Pillow alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

SIZE = (960, 540)  # px
_TIMES = 2  # drawn larger and then reduced, for smooth edges
_LEFT, _TOP, _RIGHT, _BOTTOM = 76, 58, 24, 52  # px around the axes
_FONT, _TITLE = 15, 18  # px
_BACK, _INK, _GRID = (255, 255, 255), (60, 60, 60), (226, 226, 226)
_COLORS = {
    "red": (222, 45, 38), "green": (35, 155, 70), "blue": (40, 95, 215), "gray": (90, 90, 90), "alpha": (150, 90, 190),
}  # fmt: skip
_FILL = 70  # of 255: how much of a curve's color covers what is below
_TICKS = (0, 32, 64, 96, 128, 160, 192, 224, 255)
_SPIKE = 1.6  # a bar at one of the ends that is so much higher than all others is cut off


def draw(histogram: NDArray[Any], channels: Sequence[str], title: str = "", notes: Sequence[str] = ()) -> Image:
    """The curves of a histogram as a picture.

    Parameters
    ----------
    histogram : (C, 256) integers
        How many pixels have each value. Clipped values often fill the first or last bar; where such a bar dwarfs the
        others it is cut off, and its share is written beside it.
    channels : sequence of str
        Their names: red, green, blue, gray, alpha.
    title : str
        The line above.
    notes : sequence of str
        What the legend says of each channel, beside its name.

    Returns
    -------
    PIL.Image.Image
        RGB, of SIZE.
    """
    from PIL import Image as Images
    from PIL import ImageDraw
    from PIL.Image import Resampling

    shares = _shares(histogram)
    top = _top(shares)
    large = Images.new("RGB", (SIZE[0] * _TIMES, SIZE[1] * _TIMES), _BACK)
    pen = ImageDraw.Draw(large)
    _axes(pen, top)
    for share, name in zip(shares, channels, strict=True):
        _curve(large, share, top, _COLORS[name])
    picture = large.resize(SIZE, Resampling.BOX)
    pen = ImageDraw.Draw(picture)
    _words(pen, top, title)
    _legend(pen, channels, notes)
    _cut_off(pen, shares, top, channels)
    return picture


def _shares(histogram: NDArray[Any]) -> NDArray[Any]:
    """Percent of a channel's pixels."""
    import numpy

    totals = histogram.sum(axis=1, keepdims=True)
    percent: NDArray[Any] = 100.0 * histogram / numpy.maximum(totals, 1)
    return percent


def _top(shares: NDArray[Any]) -> float:
    """The percentage at the upper end of the axis."""
    highest, inner = float(shares.max()), float(shares[:, 1:-1].max())
    height = highest if not inner or highest <= inner * _SPIKE else inner * 1.15
    for step in _steps() if highest else ():
        if height <= step * 5:
            return step * 5
    return 100.0 if highest else 1.0


def _steps() -> Iterator[float]:
    """Distances of grid lines that read well, from small to large, in percent."""
    for power in range(-4, 2):
        for digit in (1, 2, 4, 5):
            yield digit * 10.0**power


def _x(value: float) -> float:
    return _LEFT + value / 255 * (SIZE[0] - _LEFT - _RIGHT)


def _y(share: float, top: float) -> float:
    return SIZE[1] - _BOTTOM - min(share / top, 1.0) * (SIZE[1] - _TOP - _BOTTOM)


def _axes(pen: ImageDraw, top: float) -> None:
    """Grid and axes, in the large picture."""
    for part in range(6):
        y = _y(top * part / 5, top) * _TIMES
        pen.line((_x(0) * _TIMES, y, _x(255) * _TIMES, y), _INK if part == 0 else _GRID, _TIMES)
    for tick in _TICKS:
        x = _x(tick) * _TIMES
        pen.line((x, _y(0, top) * _TIMES, x, _y(top, top) * _TIMES), _GRID, _TIMES)
        pen.line((x, _y(0, top) * _TIMES, x, (_y(0, top) + 5) * _TIMES), _INK, _TIMES)


def _curve(large: Image, share: NDArray[Any], top: float, color: tuple[int, int, int]) -> None:
    """The area below a curve, translucent, and the curve itself."""
    from PIL import Image as Images
    from PIL import ImageDraw

    points = [(_x(value) * _TIMES, _y(float(part), top) * _TIMES) for value, part in enumerate(share)]
    ground = _y(0, top) * _TIMES
    mask = Images.new("L", large.size, 0)
    pen = ImageDraw.Draw(mask)
    pen.polygon([(points[0][0], ground), *points, (points[-1][0], ground)], fill=_FILL)
    pen.line(points, fill=230, width=2 * _TIMES, joint="curve")
    large.paste(color, mask=mask)


def _words(pen: ImageDraw, top: float, title: str) -> None:
    font = _font(_FONT)
    for part in range(6):
        share = top * part / 5
        pen.text((_LEFT - 8, _y(share, top)), f"{share:.4g} %", _INK, font, anchor="rm")
    for tick in _TICKS:
        pen.text((_x(tick), SIZE[1] - _BOTTOM + 9), str(tick), _INK, font, anchor="mt")
    pen.text((_x(127.5), SIZE[1] - 8), "value", _INK, font, anchor="mb")
    pen.text((_LEFT, 8), title, _INK, _font(_TITLE), anchor="lt")


def _legend(pen: ImageDraw, channels: Sequence[str], notes: Sequence[str]) -> None:
    """One line above the axes: a patch of color, the name, what there is to say."""
    font, x, y = _font(_FONT), float(_LEFT), 42
    for place, name in enumerate(channels):
        text = f"{name}  {notes[place]}" if place < len(notes) else name
        pen.rectangle((x, y - 6, x + 12, y + 6), _COLORS[name])
        pen.text((x + 18, y), text, _INK, font, anchor="lm")
        x += 18 + pen.textlength(text, font) + 18


def _cut_off(pen: ImageDraw, shares: NDArray[Any], top: float, channels: Sequence[str]) -> None:
    """What the bars that do not fit amount to, beside them."""
    font = _font(_FONT - 2)
    for value, x, anchor in ((0, _x(0) + 8, "lt"), (255, _x(255) - 8, "rt")):
        y = _TOP + 6
        for share, name in zip(shares[:, value], channels, strict=True):
            if share > top:
                pen.text((x, y), f"{name} {value}: {share:.3g} %", _COLORS[name], font, anchor=anchor)
                y += _FONT + 3


def _font(size: int) -> Font:
    """The font that comes with Pillow."""
    from PIL import ImageFont

    return ImageFont.load_default(size)

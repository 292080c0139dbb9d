"""Color space: what do primaries, a white and a curve mean, told by the numbers of ITU-T H.273 or by themselves?

H.273 (also ISO/IEC 23091-2) numbers them: nclx of AVIF and HEIC, cICP of PNG and the parameters of JPEG 2000 are its
code points. Curves are those from the stored number to light, as an amount of 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from imgbatch.pixels.color_spaces import tone_mapping

#: x and y of white, red, green and blue: eight numbers.
Primaries = tuple[float, ...]

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_SAME = 0.002  # of x and y: what programs write for one and the same primary differs in the last digits
_OPEN = 2


class Curve(NamedTuple):
    """From a stored number to light, by the numbers that an ICC profile has for it.

    Attributes
    ----------
    name : str
    numbers : tuple of float
        The power; or the power g, and a, b, c, d: ``(a x + b)^g`` from d on, below it ``c x``. None: `function`.
    function : callable or None
        Where a profile has no formula for it.
    """

    name: str
    numbers: tuple[float, ...]
    function: Callable[[float], float] | None = None

    def light(self, number: float) -> float:
        """The amount of light of a stored number, both 0..1."""
        if self.function is not None:
            return self.function(number)
        if len(self.numbers) == 1:
            return float(number ** self.numbers[0])
        power, a, b, c, d = self.numbers
        return float((a * number + b) ** power) if number >= d else c * number


class ColorSpace(NamedTuple):
    """What the numbers of pixels mean."""

    name: str
    primaries: Primaries
    curve: Curve

    def is_srgb(self, gray: bool) -> bool:
        """Whether nothing differs from sRGB; of gray pixels the curve alone counts."""
        return self.curve == SRGB_CURVE and (gray or is_same(self.primaries, SRGB.primaries))


def _line_and_power(name: str, power: float, offset: float, slope: float, start: float) -> Curve:
    """The curve whose inverse is ``(1 + offset) L^(1/power) - offset``, and ``slope L`` below `start`."""
    whole = 1 + offset
    return Curve(name, (power, 1 / whole, offset / whole, 1 / slope, slope * start))


def power_curve(gamma: float) -> Curve:
    """A plain power, called by its number."""
    return Curve("linear" if gamma == 1 else f"gamma {gamma:.4g}", (gamma,))


SRGB_CURVE = Curve("sRGB curve", (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
_BT709 = _line_and_power("BT.709 curve", 1 / 0.45, 0.09929682680944, 4.5, 0.018053968510807)
#: Transfer characteristics (H.273, table 3); those of HDR to the light of an SDR screen.
_CURVES = {
    1: _BT709, 4: power_curve(2.2), 5: power_curve(2.8), 6: _BT709,
    7: _line_and_power("SMPTE 240M curve", 1 / 0.45, 0.111572195921731, 4.0, 0.022821585529445),
    8: power_curve(1.0), 9: Curve("logarithm of 100:1", (), lambda number: 10 ** (2 * number - 2) if number else 0),
    10: Curve("logarithm of 316:1", (), lambda number: 10 ** (2.5 * number - 2.5) if number else 0),
    11: _BT709, 12: _BT709, 13: SRGB_CURVE, 14: _BT709, 15: _BT709,
    16: Curve("PQ (SDR by BT.2390)", (), tone_mapping.light_of_pq), 17: power_curve(2.6),
    18: Curve("HLG (SDR by BT.2390)", (), tone_mapping.light_of_hlg),
}  # fmt: skip
#: Color primaries (H.273, table 2), and what they are called.
_PRIMARIES: dict[int, tuple[str, Primaries]] = {
    1: ("sRGB primaries", (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)),
    4: ("BT.470 M primaries", (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08)),
    5: ("BT.470 BG primaries", (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06)),
    6: ("SMPTE 170M primaries", (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
    7: ("SMPTE 170M primaries", (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070)),
    8: ("film primaries", (*_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049)),
    9: ("BT.2020 primaries", (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    10: ("CIE XYZ", (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0)),
    11: ("DCI P3 primaries", (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
    12: ("P3 primaries", (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
    22: ("EBU 3213 primaries", (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077)),
}
_ADOBE: Primaries = (*_D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_ROMM: Primaries = (0.3457, 0.3585, 0.734699, 0.265301, 0.159597, 0.840403, 0.036598, 0.000105)

SRGB = ColorSpace("sRGB", _PRIMARIES[1][1], SRGB_CURVE)
#: Adobe RGB (1998): its power is 563/256.
ADOBE_RGB = ColorSpace("Adobe RGB", _ADOBE, Curve("gamma 2.2", (2.19921875,)))
#: ISO 22028-2, as 8 bits have it.
ROMM_RGB = ColorSpace("ROMM RGB", _ROMM, Curve("ROMM curve", (1.8, 1.0, 0.0, 1 / 16, 0.03125)))
#: Spaces that have a name of their own.
_NAMED = (
    SRGB, ADOBE_RGB, ROMM_RGB, ColorSpace("Display P3", _PRIMARIES[12][1], SRGB_CURVE),
    ColorSpace("BT.2020", _PRIMARIES[9][1], _BT709), ColorSpace("BT.709", _PRIMARIES[1][1], _BT709),
    ColorSpace("DCI P3", _PRIMARIES[11][1], power_curve(2.6)),
    *(ColorSpace(f"BT.2100 {_CURVES[number].name}", _PRIMARIES[9][1], _CURVES[number]) for number in (16, 18)),
)  # fmt: skip


def is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether primaries and white, or the numbers of curves, are the same but for their last digits."""
    return all(abs(here - there) <= _SAME for here, there in zip(one, other, strict=True))


def color_space(primaries: Primaries, curve: Curve) -> ColorSpace | None:
    """The color space of primaries and a curve; None where the primaries span none.

    What is the same as a space with a name, or as primaries with one, becomes that.
    """
    for space in _NAMED:
        alike = len(curve.numbers) == len(space.curve.numbers) and curve.function is space.curve.function
        if alike and is_same((*curve.numbers, *primaries), (*space.curve.numbers, *space.primaries)):
            return space
    white, red, green, blue = (primaries[at : at + 2] for at in (0, 2, 4, 6))
    area = (green[0] - red[0]) * (blue[1] - red[1]) - (blue[0] - red[0]) * (green[1] - red[1])
    sound = all(-1 <= number <= 2 for number in primaries) and abs(area) > 0.01 and white[1] > 0.05
    if not sound or not _is_inside(white, red, green, blue):
        return None
    name, exact = next((one for one in _PRIMARIES.values() if is_same(one[1], primaries)), ("", primaries))
    if not name and is_same(primaries, _ADOBE):
        name, exact = "Adobe RGB primaries", _ADOBE
    return ColorSpace(f"{name or 'primaries of its own'}, {curve.name}", exact, curve)


def of_code_points(primaries: int, transfer: int) -> ColorSpace | None:
    """The color space that H.273 numbers so, where what is not specified is sRGB's; None: reserved."""
    curve = SRGB_CURVE if transfer == _OPEN else _CURVES.get(transfer)
    one = _PRIMARIES[1] if primaries == _OPEN else _PRIMARIES.get(primaries)
    return None if curve is None or one is None else color_space(one[1], curve)


def _is_inside(white: tuple[float, ...], *corners: tuple[float, ...]) -> bool:
    """Whether a white lies between three primaries: it then has some of each."""
    sides = [
        (x2 - x1) * (white[1] - y1) - (y2 - y1) * (white[0] - x1)
        for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True)
    ]
    return all(side > 0 for side in sides) or all(side < 0 for side in sides)

"""How different do two colors look? CIEDE2000, and the sRGB of numbers by the definitions of their space alone."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_D65 = (0.3127, 0.3290)
#: x and y of white, red, green, blue.
PRIMARIES: dict[str, tuple[float, ...]] = {
    "sRGB": (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    "P3": (*_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    "BT.2020": (*_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    "Adobe RGB": (*_D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06),
}


def light_of_srgb(values: Array) -> Array:
    """IEC 61966-2-1, 5.2."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _light_of_bt709(values: Array) -> Array:
    """The inverse of BT.709's opto-electronic curve."""
    return np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))


def _pq(light: Array) -> Array:
    """BT.2100, table 4: the number of an amount of light in cd/m2."""
    power = (light / 10000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _light_of_pq(values: Array) -> Array:
    root = values ** (1 / 78.84375)
    return np.asarray(10000 * ((root - 0.8359375).clip(0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125))


def _on_sdr(values: Array) -> Array:
    """BT.2390, 5.4.1: numbers of PQ for a screen of 1000 cd/m2 on one of 203, as shares of its white."""
    source, most = _pq(np.array(1000.0)), _pq(np.array(203.0)) / _pq(np.array(1000.0))
    knee = 1.5 * most - 0.5
    one = (values / source).clip(0, 1)
    t = (one - knee) / (1 - knee)
    start, middle, end = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2
    rolled = start * knee + middle * (1 - knee) + end * most
    return np.asarray(_light_of_pq(np.where(one < knee, one, rolled) * source) / 203)


def _light_of_hlg(values: Array) -> Array:
    """BT.2100, table 5, on a screen of 1000 cd/m2, with its system gamma for each channel."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return _on_sdr(_pq(1000 * scene.clip(0, 1) ** 1.2))


CURVES: dict[str, Any] = {
    "sRGB": light_of_srgb,
    "2.2": lambda values: values**2.2,
    "BT.709": _light_of_bt709,
    "linear": lambda values: values,
}
#: HDR on an SDR screen.
HDR_CURVES: dict[str, Any] = {"PQ": _on_sdr, "HLG": _light_of_hlg}


def to_xyz(primaries: tuple[float, ...]) -> Array:
    """The matrix from amounts of three lights to XYZ of their white."""
    x, y = np.array(primaries[2::2]), np.array(primaries[3::2])
    columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white = np.array([primaries[0] / primaries[1], 1, (1 - primaries[0] - primaries[1]) / primaries[1]])
    return np.asarray(columns * np.linalg.solve(columns, white))


def srgb_light(values: Array, primaries: str, curve: str) -> Array:
    """The amounts of sRGB's lights for numbers 0..1 of a space whose white is D65, cut at what sRGB holds."""
    matrix = np.linalg.inv(to_xyz(PRIMARIES["sRGB"])) @ to_xyz(PRIMARIES[primaries])
    return np.asarray(((CURVES | HDR_CURVES)[curve](values) @ matrix.T).clip(0, 1))


def lab(light: Array) -> Array:
    """CIE Lab of amounts of sRGB's lights (..., 3)."""
    matrix = to_xyz(PRIMARIES["sRGB"])
    xyz = (light @ matrix.T) / matrix.sum(axis=1)
    roots = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(roots, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def delta_e(one: Array, other: Array) -> Array:
    """CIEDE2000 of two arrays of Lab colors (CIE 142-2001; G. Sharma et al., Color Res. Appl. 30, 2005)."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = np.arctan2(b1, a1 * stretch) % (2 * np.pi), np.arctan2(b2, a2 * stretch) % (2 * np.pi)
    gray = c1 * c2 == 0
    turn = np.where(gray, 0, (h2 - h1 + np.pi) % (2 * np.pi) - np.pi)
    hue = np.where(gray, h1 + h2, h1 + turn / 2)
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    weight = (
        1
        - 0.17 * np.cos(hue - np.pi / 6)
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + np.radians(6))
        - 0.20 * np.cos(4 * hue - np.radians(63))
    )
    blue = np.radians(60) * np.exp(-((((np.degrees(hue) % 360) - 275) / 25) ** 2))
    dl = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2) / (1 + 0.015 * chroma * weight)
    cross = -np.sin(blue) * 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    return np.asarray(np.sqrt(dl**2 + dc**2 + dh**2 + cross * dc * dh))

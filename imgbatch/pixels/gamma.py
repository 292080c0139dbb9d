"""Gamma: how much light is a sample of sRGB? The transfer function of IEC 61966-2-1, for one number and for arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_linear(value: float) -> float:
    """An sRGB sample, 0..1, as linear light, 0..1."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def from_linear(light: float) -> float:
    """Linear light, 0..1, as an sRGB sample, 0..1."""
    return light * 12.92 if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)


def light_of_levels(levels: int) -> NDArray[Any]:
    """The light, 0..1, of each of so many evenly spaced levels (256 or 65536): (levels,) float32."""
    import numpy

    value = numpy.arange(levels) / (levels - 1)
    return numpy.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(numpy.float32)


def levels_of_light(light: NDArray[Any], levels: int) -> NDArray[Any]:
    """`light`, cut to 0..1, as levels 0..levels - 1, not rounded: float32."""
    import numpy

    linear = light.clip(0, 1)
    value = numpy.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (value * (levels - 1)).astype(numpy.float32)

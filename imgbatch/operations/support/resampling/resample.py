"""Resampling: how is a part of a picture averaged to fewer pixels, or spread over more? Its levels, or its light."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import ImageError
from imgbatch.core.quantities import Size
from imgbatch.operations.support.as_array import picture
from imgbatch.operations.support.fit import ExactBox
from imgbatch.operations.support.resampling.separable import reduce_image
from imgbatch.pixels.alpha import as_deep, to_straight_alpha, with_header
from imgbatch.pixels.color import DEEP_COLOR, WIDE
from imgbatch.pixels.deep.gray import apply_as_float, has_16_bits
from imgbatch.pixels.gamma import levels_of_light, light_of_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image, Resampling


def resample_image(
    image: Image, box: ExactBox, size: Size, kernel: str, gap: float | None = None, linear: bool = False
) -> Image:
    """The rectangle `box` of `image` as `size` px, its transparency respected.

    Parameters
    ----------
    gap : float or None
        As Pillow's ``reducing_gap``.
    linear : bool
        Whether light is averaged: levels are taken through sRGB's curve and back.
    """
    left, top, right, bottom = box
    same_size = right - left == size[0] and bottom - top == size[1]
    if same_size and left.denominator == top.denominator == 1:
        return image if size == image.size else image.crop((int(left), int(top), int(right), int(bottom)))
    part = float(left), float(top), float(right), float(bottom)
    if kernel == "nearest":
        return image.resize(size, _method(kernel), part)
    method = _method(kernel)

    def change(plain: Image) -> Image:
        return reduce_image(plain, size, method, part, gap)

    ready = to_straight_alpha(image)
    if linear and ready.mode not in WIDE:
        return _in_light(ready, change)
    if ready.mode in DEEP_COLOR:  # whole blocks averaged first would cost more precision than 16 bits have
        return as_deep(ready).change_by_alpha(lambda plane: reduce_image(plane, size, method, part))
    return apply_as_float(ready, change)


@functools.cache
def _method(kernel: str) -> Resampling:
    from PIL.Image import Resampling

    return Resampling[kernel.upper()]


def _in_light(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to each band of `image` as light (mode F), weighted by alpha; then back to levels."""
    import numpy

    if image.mode not in ("L", "LA", "RGB", "RGBA") and not has_16_bits(image):
        message = f"resize cannot average the light of {image.mode} pixels; convert them to sRGB, or leave linear out"
        raise ImageError("mode", message)
    levels = 65536 if has_16_bits(image) else 256
    light = light_of_levels(levels)
    if "A" not in image.getbands():
        planes = [_change(light[numpy.asarray(band)], change) for band in image.split()]
        return _picture([levels_of_light(plane, levels) for plane in planes], image)
    *colors, solid = image.split()
    share = numpy.asarray(solid, numpy.float32) / numpy.float32(levels - 1)
    alpha = _change(share, change).clip(0, 1)
    planes = [_change(light[numpy.asarray(band)] * share, change) for band in colors]
    visible = numpy.maximum(alpha, 1 / 512)  # less than half a level of alpha shows no color
    return _picture([*(levels_of_light(plane / visible, levels) for plane in planes), alpha * (levels - 1)], image)


def _change(values: NDArray[Any], change: Callable[[Image], Image]) -> NDArray[Any]:
    """`change` over a plane of float32."""
    import numpy
    from PIL import Image as Images

    return numpy.asarray(change(Images.fromarray(values)))


def _picture(planes: list[NDArray[Any]], like: Image) -> Image:
    import numpy

    return with_header(picture(numpy.stack(planes, axis=2), like), like)

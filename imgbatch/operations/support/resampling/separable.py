"""Separable kernels: who sweeps them over a picture, and in which order? Down its columns first, then along its rows.

Samples of 8 bits go through exact matrix products (banded_product.py), plane by plane, in less time than Pillow takes
(``python -m tests.benchmarks.choices --only pillows-kernels``), and to samples that are nearer to what 64-bit floats
give (``python -m tests.contracts.resampling_table``). The rest is Pillow's: other samples, fewer pixels than pay,
enlarging, and whole blocks that are averaged first. Pillow's kernels sweep along the rows first, though that sweep has
more to do and columns take less time than rows; so they are given a picture's columns, and then its rows.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from imgbatch.core.quantities import Size
from imgbatch.operations.support.resampling import resampler

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

    from imgbatch.operations.support.resampling.banded_product import Bands

Part = tuple[float, float, float, float]  # left, top, right, bottom in px

_REACH = 3  # px of the result: as far as the widest kernel looks, lanczos
#: Pixels of a result from which on numpy pays: it has to be loaded first.
WORTH = 256 * 256
#: Px of a side up to which a matrix is made: it takes hundreds of bytes for each, whatever the other side is.
LONGEST = 1 << 14
#: Samples of a result up to which many matrices are remembered (some 40 kB each).
FEW = 320
_TOGETHER = {"LA": "La", "RGBA": "RGBa"}  # modes with alpha, and those of colors that are weighted by it
#: Modes of samples of 8 bits.
EIGHT_BITS = frozenset({"L", "La", "RGB", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"})


def reduce_image(
    image: Image, size: Size, kernel: Resampling, part: Part, gap: float | None = None, luma: bool = False
) -> Image:
    """A rectangle of `image` averaged to fewer pixels, by a kernel that looks at more than one pixel.

    Where SIMD code resizes (resampler.py) it does all that it can, and without blocks.

    Parameters
    ----------
    image : Image
    size : Size
        Of the result, in px.
    kernel : Resampling
    part : (left, top, right, bottom)
        In px of `image`.
    gap : float, optional
        Pillow's ``reducing_gap``.
    luma : bool
        Take the brightness alone of a YCbCr picture; the result is L.
    """
    if resampler.current() == "cykooz":
        from imgbatch.operations.support.resampling import simd_resize  # few have the package

        plain = image.getchannel(0) if luma else image
        if simd_resize.can_resize(plain.mode, kernel):
            return simd_resize.resize(plain, size, kernel, part)
    left, top, right, bottom = part
    across, down = (right - left) / size[0], (bottom - top) / size[1]
    if min(across, down) < 1 or not pays(image.size, size):
        return (image.getchannel(0) if luma else image).resize(size, kernel, part, gap)
    if image.mode in _TOGETHER:
        return reduce_image(image.convert(_TOGETHER[image.mode]), size, kernel, part, gap).convert(image.mode)
    if gap is not None and max(across, down) >= 2 * gap:
        blocks = max(1, int(across / gap)), max(1, int(down / gap))
        image, part = _average_blocks(image.getchannel(0) if luma else image, size, part, blocks)
        return reduce_image(image, size, kernel, part)
    if luma or image.mode in EIGHT_BITS:
        return _multiply(image, size, kernel, part, luma)
    first = max(0, math.floor(left - _REACH * across) - 1)
    last = min(image.width, math.ceil(right + _REACH * across) + 1)
    if last - first < image.width:
        image = image.crop((first, 0, last, image.height))
    swept = image.resize((image.width, size[1]), kernel, (0, top, image.width, bottom))
    return swept.resize(size, kernel, (left - first, 0, right - first, size[1]))


def pays(source: Size, result: Size) -> bool:
    """Whether matrix products do it: for a result of many pixels, of lines that are not too long."""
    return math.prod(result) >= WORTH and max(source) <= LONGEST


def _average_blocks(image: Image, size: Size, part: Part, blocks: Size) -> tuple[Image, Part]:
    """Blocks of so many columns and rows as one pixel each, and where `part` lies among these."""
    left, top, right, bottom = part
    beyond = _REACH * (right - left) / size[0], _REACH * (bottom - top) / size[1]
    first = max(0, math.floor(left - beyond[0])), max(0, math.floor(top - beyond[1]))
    last = min(image.width, math.ceil(right + beyond[0])), min(image.height, math.ceil(bottom + beyond[1]))
    result = image.reduce(blocks, (*first, *last))
    result.info = dict(image.info)
    places = ((side - start) / block for side, start, block in zip(part, first * 2, blocks * 2, strict=True))
    left, top, right, bottom = places
    return result, (left, top, min(right, result.width), min(bottom, result.height))


def _multiply(image: Image, size: Size, kernel: Resampling, part: Part, luma: bool) -> Image:
    """The same by matrix products, of as many planes as `image` has, or of its brightness alone."""
    from PIL import Image as Images

    from imgbatch.operations.support.resampling.banded_product import multiply, plane, to_image

    left, top, right, bottom = part
    name = kernel.name.lower()
    down = _reduction(name, image.height, top, bottom, size[1], 0)
    across = _reduction(name, image.width, left, right, size[0], 1)
    planes = [image] if luma or image.mode == "L" else image.split()
    results = [to_image(multiply(plane(one), down, across)) for one in planes]
    result = results[0] if len(results) == 1 else Images.merge(image.mode, results)
    result.info = dict(image.info)
    return result


def _reduction(name: str, length: int, begin: float, end: float, count: int, axis: int) -> Bands:
    """The matrix that reduces a part of a line; `axis` 0: of columns, 1: of rows."""
    return (_of_few if count <= FEW else _of_many)(name, length, begin, end, count, axis)


def _matrix(name: str, length: int, begin: float, end: float, count: int, axis: int) -> Bands:
    from imgbatch.operations.support.resampling.banded_product import bands
    from imgbatch.operations.support.resampling.kernels import kernel_weights

    return bands(kernel_weights(name, length, begin, end, count), length, axis)


# Planes of one picture, and pictures of one size, have them in common; those of few samples take little memory
_of_few, _of_many = (functools.lru_cache(maxsize=most)(_matrix) for most in (128, 16))

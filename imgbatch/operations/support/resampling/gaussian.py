"""Gaussian: how is a picture of 8 bits blurred, true to the bell and in little time?

By exact matrix products (banded_product.py), plane by plane; a wide bell is laid over blocks of pixels, each of which
is a small bell, whose variance is taken off the wide one's. Pillow's approximation by three box blurs takes longer
(``python -m tests.benchmarks.choices --only pillows-blur``), and is off by many levels at edges
(``python -m tests.contracts.resampling_table``). It blurs that for which they do not pay (`separable.pays`).
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

from imgbatch.core.quantities import Size
from imgbatch.operations.support.resampling import separable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.operations.support.resampling.banded_product import Bands
    from imgbatch.operations.support.resampling.kernels import Weights

    Values = NDArray[Any]

_WIDE = 8  # px of a standard deviation, from which on a bell is laid over blocks
_BLOCKS_IN_SIGMA = 4  # at least: so many blocks are as long as a standard deviation
_MARGIN = 3  # blocks beyond each edge that see something of the picture
_LEAST_BLOCKS = 64  # of a line: the mean of each is rounded, which would be seen where there are fewer


def blur_bands(image: Image, sigma: float) -> Image:
    """`image` with each band blurred by itself; pixels outside count as copies of the edge's.

    Parameters
    ----------
    image : Image
        Of 8 bits a band; colors that alpha hides are to be weighted by it (``RGBa``).
    sigma : float
        Standard deviation in px.
    """
    from PIL import Image as Images
    from PIL import ImageFilter

    bands = [image] if image.mode == "L" else image.split()
    if separable.pays(image.size, image.size):
        results = [_blur_plane(band, sigma) for band in bands]
    else:
        results = [band.filter(ImageFilter.GaussianBlur(sigma)) for band in bands]
    return results[0] if image.mode == "L" else Images.merge(image.mode, results)


def _blur_plane(band: Image, sigma: float) -> Image:
    from imgbatch.operations.support.resampling.banded_product import multiply, plane, to_image

    blocks = _block(sigma, band.height), _block(sigma, band.width)
    samples = plane(band) if max(blocks) == 1 else _average_blocks(plane(band), blocks)
    down, across = _bell(sigma, band.height, blocks[0], 0), _bell(sigma, band.width, blocks[1], 1)
    return to_image(multiply(samples, down, across))


def _block(sigma: float, length: int) -> int:
    """How many px of a line of `length` px are one sample for a bell."""
    return max(1, min(int(sigma / _BLOCKS_IN_SIGMA), length // _LEAST_BLOCKS)) if sigma >= _WIDE else 1


def _average_blocks(samples: Values, blocks: Size) -> Values:
    """One sample for each block of so many rows and columns, and for some blocks of copies of the edge beyond it."""
    import numpy

    from imgbatch.operations.support.resampling.banded_product import multiply

    pairs = zip(samples.shape, blocks, strict=True)
    outer = [(2 * _MARGIN * block if block > 1 else 0, -length % block) for length, block in pairs]
    margins = [(margin, margin + rest) for margin, rest in outer]
    wide = numpy.pad(samples, margins, mode="edge")
    return multiply(wide, _means(wide.shape[0], blocks[0], 0), _means(wide.shape[1], blocks[1], 1))


@functools.lru_cache(maxsize=16)
def _means(length: int, block: int, axis: int) -> Bands:
    """The matrix that makes a sample of each block of a line of `length` px, but of those in the outer margin."""
    from imgbatch.operations.support.resampling.banded_product import bands

    return bands(_block_weights(length, block), length, axis)


def _block_weights(length: int, block: int) -> Weights:
    """Small bells, not boxes: of a pattern that is finer than the blocks, boxes would make a coarse one."""
    from imgbatch.operations.support.resampling.kernels import kernel_weights

    if block == 1:
        return kernel_weights("box", length, 0, length, length)
    outer = _MARGIN * block
    return kernel_weights("gaussian", length, outer, length - outer, (length - 2 * outer) // block)


@functools.lru_cache(maxsize=16)
def _bell(sigma: float, length: int, block: int, axis: int) -> Bands:
    """The matrix that blurs lines of `length` px; what they are made of are blocks of `block` px."""
    import numpy

    from imgbatch.operations.support.resampling.banded_product import bands
    from imgbatch.operations.support.resampling.kernels import gaussian_weights

    if block == 1:
        return bands(gaussian_weights(sigma, length), length, axis)
    shares = _block_weights((2 * _MARGIN + 1) * block, block).shares[0]
    places = numpy.arange(len(shares))
    variance = shares @ places**2 - (shares @ places) ** 2  # that the blocks have already
    spread = math.sqrt(sigma * sigma - variance) / block
    return bands(gaussian_weights(spread, length, block, _MARGIN), -(-length // block) + 2 * _MARGIN, axis)

"""SSIM: how alike do two pictures look? As Wang, Bovik, Sheikh and Simoncelli defined it.

"Image quality assessment: from error visibility to structural similarity", IEEE Transactions on Image Processing
13 (2004): Gaussian window of 11x11 px with sigma 1.5, K1 = 0.01, K2 = 0.03, the mean over all windows that lie within
the picture, on gray values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

RADIUS, SIGMA = 5, 1.5  # px
RANGE = 255.0
_C1, _C2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
_BAND = 64  # rows at a time: what is worked on stays in the processor's cache


def ssim(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The mean structural similarity of two gray pictures.

    Parameters
    ----------
    one, other : numpy.ndarray
        (H, W) uint8, of one shape.

    Returns
    -------
    float
        1.0 for equal pictures, less for less alike ones, at least -1.0. Pictures of less than 11 px on a side are
        compared as if their edges went on.
    """
    import numpy

    if one.shape != other.shape:
        raise ValueError(f"pictures of one shape, got {one.shape} and {other.shape}")
    if min(one.shape) <= 2 * RADIUS:
        margins = [(max(0, 2 * RADIUS + 1 - side),) * 2 for side in one.shape]
        one, other = numpy.pad(one, margins, mode="edge"), numpy.pad(other, margins, mode="edge")
    total = 0.0
    rows = one.shape[0] - 2 * RADIUS
    for start in range(0, rows, _BAND):
        stop = min(start + _BAND, rows) + 2 * RADIUS
        total += float(_similar(one[start:stop], other[start:stop]).sum(dtype=numpy.float64))
    return float(total / (rows * (one.shape[1] - 2 * RADIUS)))


def _similar(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """The SSIM of every window of two bands."""
    import numpy

    x = one.astype(numpy.float32) - 128  # centered, so that squares keep their last digits
    y = other.astype(numpy.float32) - 128
    mean_x, mean_y = _blur(x), _blur(y)
    variance = _blur(x * x + y * y) - mean_x * mean_x - mean_y * mean_y
    covariance = _blur(x * y) - mean_x * mean_y
    mean_x += 128
    mean_y += 128
    both: NDArray[Any] = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    both /= (mean_x * mean_x + mean_y * mean_y + _C1) * (variance + _C2)
    return both


def _blur(values: NDArray[Any]) -> NDArray[Any]:
    """The Gaussian mean of every window, (H - 10, W - 10)."""
    import numpy

    steps = numpy.arange(-RADIUS, RADIUS + 1)
    weights = numpy.exp(-(steps**2) / (2 * SIGMA**2))
    weights = (weights / weights.sum()).astype(numpy.float32)
    height, width = values.shape[0] - 2 * RADIUS, values.shape[1] - 2 * RADIUS
    down = weights[RADIUS] * values[RADIUS : RADIUS + height]
    for step in range(RADIUS):
        down += weights[step] * (values[step : step + height] + values[2 * RADIUS - step :][:height])
    across: NDArray[Any] = weights[RADIUS] * down[:, RADIUS : RADIUS + width]
    for step in range(RADIUS):
        across += weights[step] * (down[:, step : step + width] + down[:, 2 * RADIUS - step :][:, :width])
    return across

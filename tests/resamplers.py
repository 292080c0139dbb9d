"""Which engines resize, and what would exact weights make of a picture? For the tests of what both have to keep.

The weights are Pillow's by definition: a kernel stretched by the scale where a picture gets smaller, taken at the
centers of the pixels that it reaches inside of the picture, and brought to the sum 1; all in float64, without clipping
or rounding between the sweeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling

from imgbatch.operations.support.resampling import resampler

#: Those that a machine may have; the second comes with an extra.
NAMES = ("numpy", "cykooz")
_SKIP = pytest.mark.skipif(not resampler.is_installed(), reason=f"needs cykooz-resizer: {resampler.ADVICE}")
ENGINES = [pytest.param(name, marks=_SKIP) if name == "cykooz" else name for name in NAMES]
each_engine = pytest.mark.parametrize("engine", ENGINES)
needs_cykooz = _SKIP
@pytest.fixture(params=ENGINES)
def resizing_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test once with every engine."""
    with resampler.use(request.param):
        yield


@pytest.fixture
def numpy_resizes() -> Iterator[None]:
    """The engine without extras, for tests of how it works."""
    with resampler.use("numpy"):
        yield


Part = tuple[float, float, float, float]


def _box(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((x > -0.5) & (x <= 0.5), 1.0, 0.0)


def _bilinear(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1 - abs(x))


def _hamming(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(abs(x) < 1, np.sinc(x) * (0.54 + 0.46 * np.cos(np.pi * x)), 0.0)


def _bicubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = abs(x)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


_KERNELS: dict[Resampling, tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], float]] = {
    Resampling.BOX: (_box, 0.5),
    Resampling.BILINEAR: (_bilinear, 1),
    Resampling.HAMMING: (_hamming, 1),
    Resampling.BICUBIC: (_bicubic, 2),
    Resampling.LANCZOS: (_lanczos, 3),
}
KERNELS = tuple(_KERNELS)


def weights(length: int, begin: float, end: float, count: int, kernel: Resampling) -> NDArray[np.float64]:
    """(count, length): what each of `length` px adds to each of `count` samples between `begin` and `end`."""
    function, support = _KERNELS[kernel]
    scale = (end - begin) / count
    stretch = max(1.0, scale)
    centers = begin + (np.arange(count) + 0.5) * scale
    first = np.maximum(0, np.floor(centers - support * stretch + 0.5))
    last = np.minimum(length, np.floor(centers + support * stretch + 0.5))
    pixels = np.arange(length)
    values = function((pixels[None] - centers[:, None] + 0.5) / stretch)
    values[(pixels < first[:, None]) | (pixels >= last[:, None])] = 0
    result: NDArray[np.float64] = values / values.sum(axis=1, keepdims=True)
    return result


def exact(image: Image.Image, size: tuple[int, int], kernel: Resampling, part: Part) -> NDArray[np.float64]:
    """(row, column, band): the levels of each band by itself, 0..255, not rounded."""
    left, top, right, bottom = part
    samples = np.asarray(image, np.float64).reshape(image.height, image.width, -1)
    across = weights(image.width, left, right, size[0], kernel)
    down = weights(image.height, top, bottom, size[1], kernel)
    levels: NDArray[np.float64] = np.einsum("yr,xc,rcb->yxb", down, across, samples, optimize=True)
    return levels.clip(0, 255)


def errors(image: Image.Image, levels: NDArray[np.float64]) -> tuple[float, float]:
    """The largest difference of a picture to exact levels, and the root of their mean square."""
    difference = np.asarray(image, np.float64).reshape(levels.shape) - levels
    return float(abs(difference).max()), float(np.sqrt((difference**2).mean()))


def photograph(size: tuple[int, int], mode: str = "RGB", seed: int = 7) -> Image.Image:
    """Soft waves of all lengths, noise as a camera has it, and what kernels overshoot at: black and white bars."""
    random = np.random.default_rng(seed)
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    bands = []
    for turn in range(len(Image.new(mode, (1, 1)).getbands())):
        values = 127 + 60 * np.sin(across**1.6 / 300 + turn) + 50 * np.cos(down / (9 + turn))
        values += random.normal(0, 4, values.shape)
        for along, bars in ((down > 0.8 * size[1], across // 5), (across > 0.8 * size[0], down // 5)):
            values[along] = np.where(bars[along] % 2, 0, 255)
        bands.append(Image.fromarray(values.clip(0, 255).astype(np.uint8)))
    return bands[0] if mode == "L" else Image.merge(mode, bands)


def exact_blur(band: Image.Image, sigma: float) -> np.ndarray:
    """What a Gaussian makes of a band, (H, W) float64; pixels outside count as copies of the edge's."""
    result: np.ndarray = _bell(band.height, sigma) @ np.asarray(band, float) @ _bell(band.width, sigma).T
    return result


def _bell(length: int, sigma: float) -> np.ndarray:
    """The bell to six standard deviations, as a matrix."""
    reach = max(1, int(np.ceil(6 * sigma)))
    places = np.arange(-reach, reach + 1)
    shares = np.exp(-0.5 * (places / sigma) ** 2)
    result = np.zeros((length, length))
    for place, share in zip(places, shares / shares.sum(), strict=True):
        np.add.at(result, (np.arange(length), np.clip(np.arange(length) + place, 0, length - 1)), share)
    return result

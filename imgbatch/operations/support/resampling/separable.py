"""Separable kernels: in which order do they sweep over a picture? Down its columns first, then along its rows.

Pillow's kernels do it the other way round, though the first sweep has more to do and columns take less time than rows:
there neighbors in memory are treated alike. One plane of bytes is even treated four columns at a time, as the channels
of a picture a quarter as wide, and its rows as the columns of its mirror image. The samples differ from Pillow's by
the rounding between the sweeps, and where a kernel overshoots black or white.

Processor time of a whole run over 60 photographs of 9-18 MP (``python -m tests.benchmarks.choices``): in Pillow's order
1600 px take 6 % more, four widths 11 %; with each column by itself 4 and 7 %. That is in workers, which keep their
memory (executors/processes/worker.py); where the system clears it for every picture, as with ``-j 0``, the copies cost
that.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imgbatch.core.quantities import Size
from imgbatch.operations.support.resampling import resampler, simd_resize

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

Part = tuple[float, float, float, float]

_REACH = 3  # px of the result: as far as the widest kernel looks, lanczos
_WORTH = 256 * 256  # px of a result from which on it pays
_TOGETHER = {"LA": "La", "RGBA": "RGBa"}  # modes whose colors count as much as they are seen


def reduce_image(
    image: Image, size: Size, kernel: Resampling, part: Part, gap: float | None = None, luma: bool = False
) -> Image:
    """A rectangle of `image` averaged to fewer pixels, by a kernel that looks at more than one pixel.

    Where SIMD code resizes (resampler.py) it does all that it can, without blocks. Else what Pillow does in other ways
    stays with it: enlarging, averaging whole blocks first (`gap`), and small results.

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
        plain = image.getchannel(0) if luma else image
        if simd_resize.can_resize(plain.mode, kernel):
            return simd_resize.resize(plain, size, kernel, part)
    left, top, right, bottom = part
    across, down = (right - left) / size[0], (bottom - top) / size[1]
    blocks = gap is not None and max(across, down) >= 2 * gap
    if blocks or min(across, down) < 1 or math.prod(size) < _WORTH:
        return (image.getchannel(0) if luma else image).resize(size, kernel, part, gap)
    if image.mode in _TOGETHER:
        return reduce_image(image.convert(_TOGETHER[image.mode]), size, kernel, part).convert(image.mode)
    first = max(0, math.floor(left - _REACH * across) - 1)
    last = min(image.width, math.ceil(right + _REACH * across) + 1)
    if last - first < image.width:
        image = image.crop((first, 0, last, image.height))
    if luma or image.mode == "L":
        swept = _mirror(_down(image, size[1], kernel, top, bottom))
        result = _mirror(_down(swept, size[0], kernel, left - first, right - first))
        result.info = dict(image.info)
        return result
    swept = image.resize((image.width, size[1]), kernel, (0, top, image.width, bottom))
    return swept.resize(size, kernel, (left - first, 0, right - first, size[1]))


def _down(image: Image, height: int, kernel: Resampling, top: float, bottom: float) -> Image:
    """The rows from `top` to `bottom` of a plane, or of a picture's brightness, as `height` rows."""
    from PIL import Image as Images

    fours = -(-image.width // 4)
    wide = Images.frombuffer("RGBX", (fours, image.height), _rows(image), "raw", "RGBX", 0, 1)
    swept = wide.resize((fours, height), kernel, (0, top, fours, bottom))
    result = Images.frombuffer("L", (4 * fours, height), swept.tobytes(), "raw", "L", 0, 1)
    return result if result.width == image.width else result.crop((0, 0, image.width, height))


def _rows(image: Image) -> bytes:
    """The samples of a plane, or of a picture's brightness, each row filled up to fours."""
    over = image.width % 4
    if image.mode == "YCbCr" and not over:
        return image.tobytes("raw", "Y")  # no plane is made of them: a quarter less memory, half the time
    plane = image if image.mode == "L" else image.getchannel(0)
    return (plane.crop((0, 0, plane.width + 4 - over, plane.height)) if over else plane).tobytes()


def _mirror(plane: Image) -> Image:
    from PIL.Image import Transpose

    return plane.transpose(Transpose.TRANSPOSE)

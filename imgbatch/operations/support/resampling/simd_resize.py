"""SIMD resize: how does cykooz-resizer resize a picture? In Pillow's memory, with three of Pillow's kernels.

Its bilinear, bicubic (Catmull-Rom) and Lanczos are Pillow's, to the same support, also where a picture is enlarged and
where a part begins between two pixels. It has no hamming, and its box takes another pixel than Pillow's where the
kernel's edge lies between two. Samples differ from Pillow's by the rounding between the sweeps, and where a kernel
overshoots black or white, as both clip after each sweep; to exact weights both are about equally near
(``python -m tests.contracts.resampling_table``). Every instruction set gives the same bits.

The two sweeps are two calls. In one call cykooz-resizer 4.0.1 takes the columns that the first and the last sample of a
row need for all that are needed, which they are not where their outermost weights are zero: it reads beyond its memory,
and the process may die. A sweep by itself reads the picture.
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import EngineError
from imgbatch.core.quantities import Size
from imgbatch.operations.support.resampling import resampler

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

    from imgbatch.operations.support.resampling.separable import Part


#: Its name of each of Pillow's kernels, and how far that looks, in px of the smaller grid.
KERNELS = {"BILINEAR": ("bilinear", 1), "BICUBIC": ("catmull_rom", 2), "LANCZOS": ("lanczos3", 3)}
#: Modes of 8 bits that it takes; of RGBA the colors are averaged as they are seen.
MODES = {"L": "L", "RGB": "RGB", "RGBa": "RGBa", "RGBA": "RGBa", "CMYK": "CMYK"}
_TEST_SIZE, _TEST_PART = (21, 16), (1.3, 0.5, 20.9, 15.75)  # px
_TEST_RESULT = (9, 20)  # px: fewer columns, more rows
_TOLERANCE = 2  # levels that it may differ from Pillow


def can_resize(mode: str, kernel: Resampling) -> bool:
    """Whether it takes pictures of that mode, and has the kernel."""
    return mode in MODES and kernel.name in KERNELS


def resize(image: Image, size: Size, kernel: Resampling, part: Part, cpu: str | None = None) -> Image:
    """A rectangle of `image`, resized; every pixel of it counts.

    Parameters
    ----------
    image : Image
        Of one of `MODES`.
    size : Size
        Of the result, in px.
    kernel : Resampling
        One of `KERNELS`.
    part : (left, top, right, bottom)
        In px of `image`, inside it.
    cpu : str, optional
        The instruction set, one of its ``CpuExtensions``; by default the best that the processor has.
    """
    (left, top, right, bottom), (width, height) = part, size
    reach = KERNELS[kernel.name][1] * max(1.0, (right - left) / width) + 1
    first, last = max(0, math.floor(left - reach)), min(image.width, math.ceil(right + reach))
    result = image if image.mode == MODES[image.mode] else image.convert(MODES[image.mode])
    if (top, bottom) != (0, height) or height != image.height:
        result = _sweep(result, (last - first, height), kernel, (first, top, last, bottom), cpu)
        left, right = left - first, right - first
    if (left, right) != (0, width) or width != result.width:
        result = _sweep(result, size, kernel, (left, 0, right, height), cpu)
    if result is image:
        return image.copy()
    result = result if result.mode == image.mode else result.convert(image.mode)
    result.info = dict(image.info)
    return result


def check_results() -> None:
    """Resize a small picture with each kernel; EngineError where something else comes out than Pillow makes."""
    from PIL import Image as Images
    from PIL.Image import Resampling

    samples = bytes(60 + place * place * 7 % 131 for place in range(3 * _TEST_SIZE[0] * _TEST_SIZE[1]))
    for mode in ("L", "RGB"):
        picture = Images.frombytes(mode, _TEST_SIZE, samples[: len(mode) * _TEST_SIZE[0] * _TEST_SIZE[1]])
        for name in KERNELS:
            ours = resize(picture, _TEST_RESULT, Resampling[name], _TEST_PART).tobytes()
            pillows = picture.resize(_TEST_RESULT, Resampling[name], _TEST_PART).tobytes()
            if max(abs(one - other) for one, other in zip(ours, pillows, strict=True)) > _TOLERANCE:
                raise EngineError(f"its {name.lower()} makes another picture than Pillow's")


def _sweep(image: Image, size: Size, kernel: Resampling, part: Part, cpu: str | None) -> Image:
    """A rectangle of `image`, of which one side keeps its length and both ends of it lie between pixels."""
    from PIL import Image as Images

    module: Any = importlib.import_module(resampler.PACKAGE)
    algorithm = module.ResizeAlg.convolution(module.FilterType[KERNELS[kernel.name][0]])
    result = Images.new(image.mode, size)
    left, top, right, bottom = part
    box = module.CropBox(left, top, right - left, bottom - top)
    resizer = module.Resizer()  # by itself, as threads may resize at the same time; it starts none
    if cpu is not None:
        resizer.cpu_extensions = module.CpuExtensions[cpu]
    resizer.resize_pil(image, result, module.ResizeOptions(algorithm, crop_box=box))
    return result

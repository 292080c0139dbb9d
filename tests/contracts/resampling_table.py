"""Table: how far is each engine from exact weights, for each kernel? In levels of 8 bits.

``python -m tests.contracts.resampling_table``: for each kernel and each way to resize, the largest difference to exact
weights in float64 and the root of their mean square, of Pillow and of the engines that are installed. A dash: what the
engine leaves to the first one, because it does not have the kernel. Then the same for a blur, for each sigma.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter
from PIL.Image import Resampling

from imgbatch.operations.support.resampling import resampler, simd_resize
from imgbatch.operations.support.resampling.gaussian import blur_bands
from imgbatch.operations.support.resampling.separable import reduce_image
from tests.resamplers import KERNELS, NAMES, Part, errors, exact, exact_blur, photograph

SOURCE = (1008, 756)
SIGMAS = (0.3, 0.5, 1, 2, 4, 7.9, 8, 12, 16, 32, 64, 128, 250)
#: What is made of the picture: a size, of a part.
WAYS: dict[str, tuple[tuple[int, int], Part]] = {
    "0.8 of it": ((800, 600), (0, 0, *SOURCE)),
    "a quarter": ((252, 189), (0, 0, *SOURCE)),
    "a twentieth": ((50, 38), (0, 0, *SOURCE)),
    "a part, in thirds of px": ((256, 256), (125 + 1 / 3, 2 / 3, 880 + 2 / 3, 755)),
    "enlarged": ((1400, 1050), (0, 0, *SOURCE)),
}


def resize_with(engine: str, image: Image.Image, size: tuple[int, int], kernel: Resampling, part: Part) -> Image.Image:
    """What an engine makes of a picture."""
    with resampler.use(engine):
        return reduce_image(image, size, kernel, part)


def main() -> None:
    """Print the table."""
    engines: dict[str, Callable[..., Image.Image]] = {"Pillow": lambda *what: what[0].resize(*what[1:])}
    for name in NAMES:
        if name != "cykooz" or resampler.is_installed():
            engines[name] = lambda *what, name=name: resize_with(name, *what)
    print(f"{'':34}" + "".join(f"{name:>16}" for name in engines))
    print(f"{'kernel':10}{'way':24}" + f"{'largest':>9}{'rms':>7}" * len(engines))
    image = photograph(SOURCE)
    for kernel in KERNELS:
        for way, (size, part) in WAYS.items():
            levels = exact(image, size, kernel, part)
            cells = []
            for name, resize in engines.items():
                if name == "cykooz" and not simd_resize.can_resize(image.mode, kernel):
                    cells.append(f"{'-':>9}{'-':>7}")
                else:
                    most, mean = errors(resize(image, size, kernel, part), levels)
                    cells.append(f"{most:9.2f}{mean:7.3f}")
            print(f"{kernel.name.lower():10}{way:24}" + "".join(cells), flush=True)
    _print_blurs(image.convert("L"))


def _print_blurs(image: Image.Image) -> None:
    print(f"\n{'sigma of a blur, px':34}{'Pillow':>16}{'numpy':>16}")
    for sigma in SIGMAS:
        levels = exact_blur(image, sigma)
        cells = []
        for result in (image.filter(ImageFilter.GaussianBlur(sigma)), blur_bands(image, sigma)):
            off = np.asarray(result) - levels
            cells.append(f"{abs(off).max():9.2f}{np.sqrt((off**2).mean()):7.3f}")
        print(f"{sigma:<34}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()

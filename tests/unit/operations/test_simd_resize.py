"""cykooz-resizer makes Pillow's picture but for rounding, whatever is resized, and never reads beyond it."""

from __future__ import annotations

import importlib
import os
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling

from imgbatch.operations import Resize
from imgbatch.operations.support.resampling import resampler, simd_resize
from imgbatch.operations.support.resampling.separable import Part, reduce_image
from tests.resamplers import needs_cykooz, photograph

pytestmark = needs_cykooz
KERNELS = [Resampling[name] for name in simd_resize.KERNELS]
#: Ways to resize a picture of 90x70 px: the size, and the part of it.
WAYS: list[tuple[tuple[int, int], Part]] = [
    ((41, 32), (0, 0, 90, 70)),
    ((41, 32), (7.25, 3.5, 81.75, 66.1)),
    ((90, 35), (0, 0, 90, 70)),
    ((45, 70), (0, 0, 90, 70)),
    ((45, 40), (0, 20, 90, 60)),
    ((200, 160), (0, 0, 90, 70)),
    ((131, 30), (20 + 1 / 3, 0, 61.9, 70)),
    ((1, 1), (0, 0, 90, 70)),
    ((90, 70), (0.5, 0.5, 89.5, 69.5)),
]


def soft(size: tuple[int, int], mode: str, seed: int = 7) -> Image.Image:
    """Noise between 60 and 195, so that no kernel overshoots black or white."""
    count = len(Image.new(mode, (1, 1)).getbands())
    samples = np.random.default_rng(seed).integers(60, 196, (size[1], size[0], count), dtype=np.uint8)
    return Image.frombytes(mode, size, samples.tobytes())


def difference(one: Image.Image, other: Image.Image) -> int:
    assert (one.mode, one.size) == (other.mode, other.size)
    pair = (np.frombuffer(image.tobytes(), np.uint8).astype(int) for image in (one, other))
    first, second = pair
    return int(abs(first - second).max())


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBa", "CMYK"])
def test_it_is_pillows_picture_but_for_rounding(mode: str, kernel: Resampling) -> None:
    image = soft((90, 70), mode)
    for size, part in WAYS:
        assert difference(simd_resize.resize(image, size, kernel, part), image.resize(size, kernel, part)) <= 2


@pytest.mark.parametrize("kernel", KERNELS)
def test_parts_that_begin_and_end_anywhere(kernel: Resampling) -> None:
    random = np.random.default_rng(11)
    for _ in range(400):
        width, height = (int(side) for side in random.integers(1, 60, 2))
        image = soft((width, height), "L", int(random.integers(1 << 30)))
        size = int(random.integers(1, 90)), int(random.integers(1, 90))
        parts = int(random.integers(1, 9))  # of a px
        sides = []
        for length in (width, height):
            begin = int(random.integers(0, length * parts))
            sides.append((Fraction(begin, parts), Fraction(int(random.integers(begin + 1, length * parts + 1)), parts)))
        part = float(sides[0][0]), float(sides[1][0]), float(sides[0][1]), float(sides[1][1])
        assert difference(simd_resize.resize(image, size, kernel, part), image.resize(size, kernel, part)) <= 2


def test_columns_with_weights_of_zero_are_there() -> None:
    image = soft((35, 53), "RGB")  # in one call of cykooz-resizer 4.0.1 the process dies of it
    size, part = (11, 68), (27.25, 5.75, 32.75, 19.25)
    ours = simd_resize.resize(image, size, Resampling.BICUBIC, part)
    assert difference(ours, image.resize(size, Resampling.BICUBIC, part)) <= 2


def test_a_large_picture_lies_in_several_pieces_of_memory() -> None:
    image = photograph((3000, 2400))  # Pillow's pieces have 16 MB
    whole = (0.0, 0.0, 3000.0, 2400.0)
    for size in ((1500, 1200), (3000, 1000), (1000, 2400)):
        ours = np.asarray(simd_resize.resize(image, size, Resampling.LANCZOS, whole), int)
        pillows = np.asarray(image.resize(size, Resampling.LANCZOS, whole), int)
        assert abs(ours - pillows).mean() <= 0.25


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_every_instruction_set_gives_the_same_bits(mode: str, kernel: Resampling) -> None:
    cykooz_resizer: Any = importlib.import_module(resampler.PACKAGE)
    image = photograph((301, 203), mode)
    best = simd_resize.resize(image, (144, 97), kernel, (3.25, 7.5, 290, 199.125))
    count = 0
    for cpu in ("none", "sse4_1", "avx2", "neon"):
        try:
            cykooz_resizer.Resizer().cpu_extensions = cykooz_resizer.CpuExtensions[cpu]
        except (RuntimeError, ValueError):  # of another processor
            continue
        count += 1
        assert simd_resize.resize(image, (144, 97), kernel, (3.25, 7.5, 290, 199.125), cpu) == best
    assert count >= 2


def test_colors_count_as_much_as_they_are_seen() -> None:
    image = soft((200, 150), "RGBA")
    ours = simd_resize.resize(image, (77, 58), Resampling.LANCZOS, (0, 0, 200, 150))
    pillows = image.resize((77, 58), Resampling.LANCZOS)
    assert ours.mode == "RGBA"
    assert difference(ours.convert("RGBa"), pillows.convert("RGBa")) <= 2
    hidden = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    hidden.paste((10, 20, 30, 255), (0, 0, 32, 64))
    with resampler.use("cykooz"):
        result = np.asarray(Resize("15").apply(hidden))
    assert abs(result[result[..., 3] > 20][:, :3].astype(int) - (10, 20, 30)).max() <= 4  # no red of what is not seen


def test_the_header_stays_and_the_argument_too() -> None:
    image = photograph((90, 70))
    image.info["dpi"] = (300, 300)
    before = image.tobytes()
    for size, part in WAYS:
        result = simd_resize.resize(image, size, Resampling.BICUBIC, part)
        assert result.info == image.info and result.info is not image.info
    same = simd_resize.resize(image, image.size, Resampling.BICUBIC, (0, 0, 90, 70))
    assert same == image and same is not image and image.tobytes() == before


@pytest.mark.parametrize("kernel", [Resampling.BOX, Resampling.HAMMING])
def test_what_it_does_otherwise_is_left_to_the_other_engine(kernel: Resampling) -> None:
    image = photograph((400, 300))
    assert not simd_resize.can_resize("RGB", kernel)
    pictures = []
    for engine in ("numpy", "cykooz"):
        with resampler.use(engine):
            pictures.append(reduce_image(image, (300, 200), kernel, (0, 0, 400, 300)))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("mode", ["LA", "La", "I", "F", "YCbCr", "LAB", "I;16"])
def test_modes_that_it_does_not_take(mode: str) -> None:
    assert not simd_resize.can_resize(mode, Resampling.LANCZOS)


def test_the_brightness_of_a_picture_is_resized_by_itself() -> None:
    image = photograph((400, 300)).convert("YCbCr")
    with resampler.use("cykooz"):
        luma = reduce_image(image, (300, 200), Resampling.LANCZOS, (0, 0, 400, 300), 3.0, luma=True)
        plane = reduce_image(image.getchannel(0), (300, 200), Resampling.LANCZOS, (0, 0, 400, 300))
    assert luma.mode == "L" and luma.tobytes() == plane.tobytes()


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads as Linux lists them")
def test_it_starts_no_threads() -> None:
    image = photograph((1200, 900))
    before = os.listdir("/proc/self/task")
    simd_resize.resize(image, (800, 600), Resampling.LANCZOS, (0, 0, 1200, 900))
    assert set(os.listdir("/proc/self/task")) <= set(before)


def test_threads_may_resize_at_the_same_time() -> None:
    images = [photograph((600, 400), seed=seed) for seed in range(4)]
    whole = (0.0, 0.0, 600.0, 400.0)
    expected = [simd_resize.resize(image, (311, 207), Resampling.LANCZOS, whole).tobytes() for image in images]
    results: list[list[bytes]] = [[] for _ in images]

    def work(place: int) -> None:
        for _ in range(10):
            results[place].append(simd_resize.resize(images[place], (311, 207), Resampling.LANCZOS, whole).tobytes())

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[one] * 10 for one in expected]


def test_its_results_are_checked() -> None:
    simd_resize.check_results()

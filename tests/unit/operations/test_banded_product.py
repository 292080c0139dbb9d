"""Matrix products: is nothing ever rounded in them, so that every machine gives the same bits?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgbatch.operations.support.resampling import banded_product, kernels
from imgbatch.operations.support.resampling.banded_product import Bands, bands, multiply
from imgbatch.operations.support.resampling.kernels import Weights, gaussian_weights, kernel_weights

REPO = Path(__file__).parents[3]
NAMES = ("box", "bilinear", "hamming", "bicubic", "lanczos")


def dense(matrix: Bands, length: int, unit: float) -> np.ndarray:
    """A banded matrix as whole numbers of 1 / `unit`."""
    result = np.zeros((matrix[-1].end, length))
    for band in matrix:
        result[band.begin : band.end, band.first : band.last] = band.weights
    whole = np.rint(result * unit)
    assert (whole == result * unit).all()
    return whole.astype(np.int64)


def round_half_to_even(sums: np.ndarray, unit: int) -> np.ndarray:
    quotient, rest = np.divmod(sums, unit)
    result: np.ndarray = quotient + ((2 * rest > unit) | ((2 * rest == unit) & (quotient % 2 == 1)))
    return result


def in_whole_numbers(samples: np.ndarray, down: Bands, across: Bands) -> np.ndarray:
    """The same as `multiply`, in 64-bit integers; and no sum of absolute values is beyond what a float32 holds."""
    first, second = dense(down, samples.shape[0], 2**13), dense(across, samples.shape[1], 2**14)
    assert (abs(first).sum(axis=1) * 255).max() < 2**24
    between = round_half_to_even(first @ samples.astype(np.int64), 2**13)
    assert (abs(between) @ abs(second).T).max() < 2**24
    return round_half_to_even(between @ second.T, 2**14).clip(0, 255).astype(np.uint8)


def worst(down: Bands, across: Bands, shape: tuple[int, int]) -> np.ndarray:
    """White where a weight of the middle row of each matrix is positive, black where it is negative."""
    pairs = zip((down, across), shape, strict=True)
    signs = [dense(matrix, length, 2**14)[matrix[-1].end // 2] for matrix, length in pairs]
    return np.where(np.outer(*signs) >= 0, 255, 0).astype(np.uint8)


@settings(deadline=None)
@given(
    st.sampled_from(NAMES), st.integers(1, 90), st.integers(1, 300), st.floats(0, 0.4), st.floats(0.6, 1), st.integers()
)
def test_sums_are_exact_for_every_geometry(
    name: str, count: int, length: int, begin: float, end: float, seed: int
) -> None:
    down = bands(kernel_weights(name, length, begin * length, end * length, count), length, 0)
    across = bands(kernel_weights(name, length, begin * length, end * length, count), length, 1)
    random = np.random.default_rng(abs(seed)).integers(0, 256, (length, length), np.uint8)
    for samples in (random, worst(down, across, random.shape)):
        assert (multiply(samples, down, across) == in_whole_numbers(samples, down, across)).all()


@settings(deadline=None)
@given(st.one_of(st.floats(0.005, 1), st.floats(1, 250)), st.integers(1, 200), st.booleans())
def test_sums_of_a_bell_are_exact(sigma: float, length: int, wide: bool) -> None:
    block = max(1, int(sigma / 4)) if wide else 1
    blocks = -(-length // block) + 2 * wide
    weights = gaussian_weights(sigma / block, length, block, int(wide))
    down, across = bands(weights, blocks, 0), bands(weights, blocks, 1)
    samples = np.random.default_rng(5).integers(0, 256, (blocks, blocks), np.uint8)
    assert (multiply(samples, down, across) == in_whole_numbers(samples, down, across)).all()


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("weights", [kernel_weights("lanczos", 301, 3.5, 290.25, 97), gaussian_weights(2.5, 301)])
def test_a_picture_of_one_level_keeps_it(level: int, weights: Weights) -> None:
    down, across = bands(weights, 301, 0), bands(weights, 301, 1)
    assert (multiply(np.full((301, 301), level, np.uint8), down, across) == level).all()


def test_neither_bands_nor_strips_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(2).integers(0, 256, (700, 500), np.uint8)
    weights = kernel_weights("lanczos", 700, 0, 700, 411), kernel_weights("lanczos", 500, 1.5, 499, 333)

    def result() -> np.ndarray:
        return multiply(samples, bands(weights[0], 700, 0), bands(weights[1], 500, 1))

    expected = result()
    for rows, strip in (((1, 1), 1), ((8, 32), 8), ((5, 7), 33), ((999, 999), 999)):
        monkeypatch.setattr(banded_product, "_BAND_ROWS", rows)
        monkeypatch.setattr(banded_product, "_STRIP_ROWS", max(strip, rows[0]))
        assert (result() == expected).all()


SCRIPT = """
import hashlib
import numpy as np
from imgbatch.operations.support.resampling.banded_product import bands, multiply
from imgbatch.operations.support.resampling.kernels import gaussian_weights, kernel_weights
samples, digest = np.random.default_rng(1).integers(0, 256, (907, 1201), np.uint8), hashlib.sha256()
for name in ("bilinear", "bicubic", "lanczos"):
    down, across = kernel_weights(name, 907, 3.5, 900.25, 411), kernel_weights(name, 1201, 0, 1201, 640)
    digest.update(multiply(samples, bands(down, 907, 0), bands(across, 1201, 1)).tobytes())
for sigma in (0.7, 4):
    down, across = gaussian_weights(sigma, 907), gaussian_weights(sigma, 1201)
    digest.update(multiply(samples, bands(down, 907, 0), bands(across, 1201, 1)).tobytes())
print(digest.hexdigest())
"""
#: Kernels of OpenBLAS for processors of x86, and what a processor needs for each (flags of /proc/cpuinfo).
BLAS = {"Prescott": "sse2", "Nehalem": "sse4_2", "Sandybridge": "avx", "Haswell": "avx2", "Zen": "avx2",
        "SkylakeX": "avx512vl", "Cooperlake": "avx512_bf16"}  # fmt: skip
WAYS = [
    *({"OPENBLAS_CORETYPE": name} for name in BLAS), {"OPENBLAS_NUM_THREADS": "4"}, {"OMP_NUM_THREADS": "3"},
    {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX AVX512_ICL AVX512_SPR X86_V4"},
    {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 X86_V3 AVX512F AVX512_SKX X86_V4"},
]  # fmt: skip


def digest(way: dict[str, str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(REPO), **way}
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def digest_here() -> str:
    return digest({})


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(f"{key}={word}" for key, word in way.items())[:60])
def test_every_blas_and_every_number_of_threads_gives_the_same_bits(way: dict[str, str], digest_here: str) -> None:
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").is_file() else []
    needs = BLAS.get(way.get("OPENBLAS_CORETYPE", ""))
    if needs is not None and needs not in flags:
        pytest.skip(f"this processor has no {needs}")
    assert digest(way) == digest_here


DIGEST = "a9b6ba1c50ffb7ee4e30cf2102aab7c265bcd34007bd84c380eda219c450a0d0"


def test_the_bits_are_those_that_they_have_always_been(digest_here: str) -> None:
    """Of whatever machine this is: another digest is another result for the same recipe."""
    assert digest_here.strip() == DIGEST



def test_weights_are_pillows() -> None:
    """By a picture of one bright column, in floats: what it becomes are the weights of that column."""
    from PIL import Image

    for name in NAMES:
        for length, begin, end, count in ((90, 0, 90, 31), (90, 4.25, 77.5, 13), (40, 0, 40, 40), (12, 1, 11, 5)):
            weights = kernel_weights(name, length, begin, end, count)
            ours = np.zeros((count, length))
            for row, (first, shares) in enumerate(zip(*weights, strict=True)):
                part = shares[: length - first]
                ours[row, first : first + len(part)] = part
                assert (shares[len(part) :] == 0).all()
            unit = Image.fromarray(np.eye(length, dtype=np.float32))
            kernel = Image.Resampling[name.upper()]
            theirs = np.asarray(unit.resize((count, length), kernel, (begin, 0, end, length))).T
            assert abs(ours - theirs).max() < 1e-6, (name, length, begin, end, count)


def test_a_bell_is_cut_where_little_is_left() -> None:
    middle = gaussian_weights(4, 200).shares[100]
    places = np.arange(len(middle)) - (len(middle) - 1) / 2
    bell = np.exp(-0.5 * (places / 4) ** 2)
    assert abs(middle - bell / bell.sum()).max() < 1e-12
    assert len(middle) == 2 * kernels.GAUSSIAN_REACH * 4 + 1


def test_the_edge_is_repeated_beyond_it() -> None:
    weights = gaussian_weights(3, 50)
    padded = gaussian_weights(3, 50 + 2 * 20)
    line = np.random.default_rng(3).random(50)
    repeated = np.pad(line, 20, mode="edge")

    def result(weights: Weights, samples: np.ndarray) -> np.ndarray:
        taps = weights.first[:, None] + np.arange(weights.shares.shape[1])
        sums: np.ndarray = np.sum(samples[taps] * weights.shares, axis=1)
        return sums

    assert abs(result(weights, line) - result(padded, repeated)[20:-20]).max() < 1e-12

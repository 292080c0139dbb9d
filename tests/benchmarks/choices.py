"""What do the choices in the code spare, and what do they cost in likeness?

``python -m tests.benchmarks.choices [--only room] [--rounds 5] [--data DIR] [--work DIR]``: each choice is turned the
other way for one run of a workload, beside the run as it is, interleaved: processor seconds of the whole process
(median), their ratio to it as it is, and the SSIM of both. The runs have no workers, but a worker's memory settings, so
that no second process has to be told.

``... --turn NAME WORD ...`` carries out one ``imgbatch`` command with that choice turned.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import math
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ImageFilter

from tests.benchmarks import quality
from tests.benchmarks.case import Case, Tools
from tests.benchmarks.data import REPO, Sets
from tests.benchmarks.measure import clear, run
from tests.benchmarks.peers import imgbatch
from tests.benchmarks.tables import align
from tests.benchmarks.workloads import WORKLOADS

AS_IT_IS = "as-it-is"


def _pillows_kernels() -> None:
    """Pillow reduces and blurs, not matrix products."""
    from imgbatch.operations.support.resampling import separable

    separable.WORTH = 10**12


def _pillows_blur() -> None:
    """Pillow's three box blurs stand in for a Gaussian."""
    from imgbatch.operations.support.resampling import gaussian

    gaussian.blur_bands = lambda image, sigma: image.filter(ImageFilter.GaussianBlur(sigma))


def _filters_of_rgb() -> None:
    """Filters are applied to red, green and blue, not to brightness and colors at half size."""
    from imgbatch.pipeline.decisions import half_size_colors

    half_size_colors._stays_in_planes = lambda chain: len(chain) == 1


def _room(times: float) -> Callable[[], None]:
    """JPEGs are decoded at no less than so many times what is wanted, however large that is."""

    def turn() -> None:
        from imgbatch.pipeline.decisions import decode_plan

        def demand(op: Any, size: tuple[int, int]) -> tuple[int, int]:
            width, height = op.demand(op.placement(size).canvas, size)
            return min(math.ceil(times * width), size[0]), min(math.ceil(times * height), size[1])

        decode_plan._demand = demand

    return turn


def _whole_colors() -> None:
    """Colors are made at full size, as the encoder would average them."""
    from imgbatch.pipeline.decisions import half_size_colors

    half_size_colors.suits_encoder = lambda *_: False


def _no_blocks() -> None:
    """The kernel looks at every decoded pixel: no blocks are averaged before it."""
    from imgbatch.pipeline.decisions import decode_plan

    decode_plan.GAP = 10.0**9


def _from_the_picture() -> None:
    """Each size is made of the decoded picture, none of a larger one."""
    from imgbatch.pipeline.decisions import decode_plan

    decode_plan.STEP = 10.0**9


def _memory_given_back() -> None:
    """Memory is given back to the system after every picture."""
    from imgbatch.executors.processes import worker

    worker._MALLOPT = ()  # type: ignore[assignment]  # none of them


def _long_way() -> None:
    """Small PNGs are read and written by Pillow's reader and writer, as all others."""
    from imgbatch.codecs import small_png

    small_png._is_codec_known = lambda: False  # type: ignore[assignment]  # not cached


def _pillows_filters() -> None:
    """PNGs are decoded by Pillow, also where pyspng is installed."""
    from imgbatch.codecs.reading.samples import simd_png

    simd_png.is_installed = lambda: False  # type: ignore[assignment]  # not cached


def _no_simd_resize() -> None:
    """numpy and Pillow resize, also where cykooz-resizer is installed."""
    from imgbatch.operations.support.resampling import resampler

    resampler.is_installed = lambda: False  # type: ignore[assignment]  # not cached


@dataclass(frozen=True)
class Choice:
    """A choice, where it shows (keys of workloads), and what turns it."""

    workloads: str
    turn: Callable[[], None]


CHOICES: dict[str, Choice] = {
    "pillows-kernels": Choice("W1 W3 W4 W5 W6", _pillows_kernels),
    "pillows-blur": Choice("W5", _pillows_blur),
    "filters-of-rgb": Choice("W5", _filters_of_rgb),
    "room-1": Choice("W2", _room(1.0)),
    "room-2": Choice("W1 W2 W3", _room(2.0)),
    "whole-colors": Choice("W1 W2", _whole_colors),
    "no-blocks": Choice("W2 W3 W4", _no_blocks),
    "from-the-picture": Choice("W6", _from_the_picture),
    "memory-given-back": Choice("W8", _memory_given_back),
    "long-way": Choice("W8", _long_way),
    "pillows-filters": Choice("W4", _pillows_filters),
    "no-simd-resize": Choice("W1 W2 W3 W4 W6", _no_simd_resize),
}


def run_choice(name: str, words: list[str]) -> int:
    """One command with a choice turned; it says how many processor seconds it took."""
    from imgbatch.__main__ import main as command
    from imgbatch.executors.processes import worker

    if name != AS_IT_IS:
        CHOICES[name].turn()
    with contextlib.suppress(OSError, AttributeError):  # no glibc
        for option, value in worker._MALLOPT:
            ctypes.CDLL(None).mallopt(option, value)
    code = command(words)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    print(spent.ru_utime + spent.ru_stime)
    return code


def measure_choice(name: str, choice: Choice, sets: Sets, work: Path, rounds: int) -> list[tuple[str, ...]]:
    """A row for each workload where a choice shows."""
    rows = []
    for workload in (one for one in WORKLOADS if one.key in choice.workloads.split()):
        source = sets.folder(workload.data)
        times: dict[str, list[float]] = {AS_IT_IS: [], name: []}
        likeness: dict[str, float] = {}
        cache: quality.References = {}
        for _ in range(rounds):
            for turn, spent in times.items():
                case = Case(workload, source, work / "out", work, 0, Tools())
                words = [*imgbatch(case)[3:], "-j", "0"]
                command = [sys.executable, "-m", "tests.benchmarks.choices", "--turn", turn, *words]
                environment = {**os.environ, "PYTHONPATH": str(REPO)}
                spent.append(float(run(command, case.target, source, environment).printed.split()[-1]))
                if turn not in likeness:
                    likeness[turn] = statistics.mean(quality.scores(workload, source, case.target, cache))
        mine, other = (statistics.median(spent) for spent in times.values())
        seconds = (f"{mine:.2f}", f"{other:.2f}", f"{other / mine:.2f}")
        rows.append((name, workload.key, *seconds, *(f"{likeness[turn]:.4f}" for turn in times)))
    clear(work / "out")
    return rows


def main() -> None:
    if sys.argv[1:2] == ["--turn"]:
        sys.exit(run_choice(sys.argv[2], sys.argv[3:]))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.choices", description=__doc__)
    parser.add_argument("--only", help="choices whose names hold this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    words = parser.parse_args()
    work = words.work.resolve()
    sets = Sets(work, words.data, tiny=2000)
    rows: list[tuple[str, ...]] = [("turned", "in", "as it is, s", "turned, s", "ratio", "SSIM", "turned")]
    for name, choice in CHOICES.items():
        if (words.only or "") in name:
            rows += measure_choice(name, choice, sets, work, words.rounds)
    print("processor seconds of runs without workers", *align(rows), sep="\n")


if __name__ == "__main__":
    main()

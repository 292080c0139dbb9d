"""Half-size colors: which photographs go from the decoder to the encoder with brightness and colors apart?

Those whose outputs all begin with a reduction (half_chroma.py), go on with what can be done to planes, and end in a
JPEG of 4:2:0, or in one of grays. What comes after a grayscale only sees grays, so it may be anything.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from imgbatch import codecs
from imgbatch.codecs.metadata import strip
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation
from imgbatch.operations.base import works_on_planes
from imgbatch.operations.geometry.crop_resize import Reduction
from imgbatch.planning.recipe import Output

Ops = tuple[Operation, ...]

#: It pays for results from so many px (longest side) on; from FEW on of pictures that the decoder does not make four
#: times smaller itself: of others there is too little left to spare.
MANY, FEW = 512, 256
#: Kernels that look far enough.
_KERNELS = ("lanczos", "bicubic")
_GRAYSCALE = "grayscale"  # which workers that have no use for it do not load


def suits_encoder(output: Output, format: str, icc: bytes | None) -> bool:
    """Whether an output's encoder halves the chroma (4:2:0), and nothing before it needs full chroma.

    Parameters
    ----------
    output, format, icc
        The output, the format of its file, and the profile of the pixels, if any.
    """
    policy = strip.icc_policy(output.icc, output.strip, output.keep)
    if output.max_bytes is not None or output.min_ssim is not None or policy != "keep":
        return False
    codec = codecs.codec(format)
    return codec.halves_chroma(output) and (icc is None or codec.can_write_profile(icc))


def pays(chains: Sequence[Ops], size: Size, scale: int, is_simd: bool) -> bool:
    """Whether all that is made of a picture can be made of planes, and that spares something.

    Parameters
    ----------
    chains : sequence of tuple of Operation
        All operations of each output, its resizes as Reductions.
    size : (int, int)
        Of the upright picture, in px.
    scale : int
        By how much its decoder makes it smaller: 1, 2, 4 or 8.
    is_simd : bool
        Whether SIMD code resizes: red, green and blue in less time than it takes to part brightness and colors, which
        then only pays for filters.
    """
    if is_simd and all(len(chain) == 1 for chain in chains):
        return False
    reductions = [chain[0] for chain in chains if chain and isinstance(chain[0], Reduction)]
    if len(reductions) < len(chains) or not all(map(_stays_in_planes, chains)):
        return False
    placements = [op.placement(size) for op in reductions]
    return max(max(placement.size) for placement in placements) >= (FEW if scale <= 2 else MANY) and all(
        placement.size == placement.canvas and placement.size[0] <= right - left and placement.size[1] <= bottom - top
        for placement in placements
        for left, top, right, bottom in [placement.box]
    )


def halve_colors(ops: Ops) -> Ops:
    """`ops` with reductions that make the colors at half size."""
    return tuple(dataclasses.replace(op, half_chroma=True) if isinstance(op, Reduction) else op for op in ops)


def _stays_in_planes(chain: Ops) -> bool:
    """Whether what follows a reduction goes on with its planes, to the end or until there are grays alone."""
    first, *rest = chain
    assert isinstance(first, Reduction)
    planes = list(itertools.takewhile(works_on_planes, rest))
    is_gray = any(op.word == _GRAYSCALE for op in planes)
    return first.resize.kernel in _KERNELS and not first.resize.linear and (is_gray or len(planes) == len(rest))

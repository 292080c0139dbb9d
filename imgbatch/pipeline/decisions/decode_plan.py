"""Decode plan: how few pixels must be decoded, and who turns them upright?

It is made before anything is decoded. The operations of all outputs are read from last to first: each says how large
its input must be (:meth:`operations.base.Operation.demand`), and the largest demand decides at which scale a JPEG is
decoded. A resize takes over the crops before it and, where nothing between cares, the turning upright. Of several
outputs that begin with a resize, the smaller are made from the larger.

Without it (``--no-plan``) every pixel is decoded and operated on, with the same result but for rounding: `AGREE`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Literal

from imgbatch.codecs.reading.decode import ALL_DATA, SourceImage
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation, Resize
from imgbatch.operations.geometry.crop_resize import Reduction, bind_original, merge_crops
from imgbatch.pipeline.decisions import half_size_colors
from imgbatch.pipeline.decisions.padding import Window, decoder_window

Several = Sequence[Operation]
Ops = tuple[Operation, ...]
Turner = Literal["decoder", "operations", "nobody"]

_WHOLE = ("inside", "outside", "fill")
#: A picture wanted smaller than this (px, longest side) is decoded at no less than ROOM times that, a larger one at no
#: less than itself. Twice the size for all would cost 16 to 75 % more processor time for 0.002 to 0.005 of SSIM
#: (tests/benchmarks/choices.py). A kernel of one or two pixels needs it, else it shows which pixels these were.
SMALL = 512
ROOM = 1.25
WIDE = ("lanczos", "bicubic")
#: Blocks of pixels are averaged before the kernel as long as so many times the wanted sides are left.
GAP = 3.0
#: A picture is made from a larger output of the same file only if that is so many times as large.
STEP = 1.0
#: SSIM that planned and unplanned results have in common, at least (photographs; synthetic edges have less).
AGREE = 0.97


@frozen
class DecodePlan:
    """How one picture goes through the operations.

    Attributes
    ----------
    size : (int, int)
        Of the original in px, upright if the recipe wants it so.
    demand : (int, int) or None
        As `size`, how many pixels must be decoded at least; None: all.
    turner : str
        Who turns the picture upright, as EXIF's orientation says: the ``decoder`` (all pixels that it makes); the
        first resize of the ``operations`` (crop_resize.py: only those that it leaves); ``nobody``: it stays as stored.
    common, own : tuple of Operation, tuple of tuple of Operation
        What is applied to what was decoded, and what follows for each output.
    luma : bool
        Whether the picture stays YCbCr from the decoder to the encoders, with its colors at half size.
    deep : bool
        Whether it has 16 bits of color on the way: the file's own, or as many as an output asks for.
    """

    size: Size
    demand: Size | None
    turner: Turner
    common: Ops
    own: tuple[Ops, ...]
    luma: bool = False
    deep: bool = False

    @functools.cached_property
    def _idle(self) -> dict[int, bool]:
        return {}

    def is_idle(self, output: int) -> bool:
        """Whether an output leaves a picture of `size` as it is; pictures of one shape share plan and answer."""
        if output not in self._idle:
            ops = (*self.common, *self.own[output])
            self._idle[output] = all(isinstance(op, (Reduction, Resize)) and op.idle(self.size) for op in ops)
        return self._idle[output]


def full_plan(picture: SourceImage, upright: bool, common: Several, own: Sequence[Several] = ((),)) -> DecodePlan:
    """The plan of ``--no-plan``: all pixels are decoded, and the operations stay as they are.

    Parameters
    ----------
    picture, upright, common, own
        As of :func:`make_plan`.
    """
    size = picture.upright_size if upright else picture.size
    return DecodePlan(size, None, "decoder" if upright else "nobody", tuple(common), tuple(map(tuple, own)))


def make_plan(
    picture: SourceImage,
    upright: bool,
    common: Several,
    own: Sequence[Several] = ((),),
    halves: bool = False,
    is_simd: bool = False,
) -> DecodePlan:
    """The plan of a picture for operations that all outputs share, then each output's own.

    Parameters
    ----------
    picture : SourceImage
    upright : bool
        Whether the picture's orientation is applied.
    halves : bool
        Whether every output's encoder halves the colors (:func:`half_size_colors.suits_encoder`).
    is_simd : bool
        Whether SIMD code resizes (resampler.py).
    """
    size = picture.upright_size if upright else picture.size
    common_ops = merge_crops(common, size, GAP)
    after = sizes_along(common_ops, size)[-1]
    chains: Sequence[Ops] = [tuple(ops) if after is None else merge_crops(ops, after, GAP) for ops in own]
    demand = _largest_demand(common_ops, chains, size) if picture.format == "jpeg" else None
    luma = halves and picture.luma and half_size_colors.pays(
        [(*common_ops, *chain) for chain in chains], size, jpeg_scale(size, demand), is_simd
    )
    if luma:
        common_ops, *chains = map(half_size_colors.halve_colors, (common_ops, *chains))
    early = any(isinstance(op, Reduction) for op in common_ops)
    turns = upright and picture.orientation != 1 and picture.format != "tiff"
    if turns:
        turns = all(map(_can_turn_late, [common_ops] if early else [(*common_ops, *chain) for chain in chains]))
    orientation = picture.orientation if turns else 1
    window = decoder_window(picture.size, jpeg_scale(size, demand), picture.orientation if upright and not turns else 1)
    if window is not None and not all(_follows_places((*common_ops, *chain), size) for chain in chains):
        demand = window = None
    if demand is not None or turns:
        original = size if demand is not None else None
        if early:
            common_ops = _localize(common_ops, original, orientation, window)
        else:
            here = None if demand is None else after
            window = None if window is None else functools.reduce(Window.after, common_ops, window)
            chains = [_localize(chain, here, orientation, window) for chain in chains]
    turner: Turner = "operations" if turns else "decoder" if upright else "nobody"
    return DecodePlan(size, demand, turner, common_ops, tuple(chains), luma)


def order_outputs(plan: DecodePlan) -> list[tuple[int, int | None]]:
    """In which order the outputs of a picture of one frame are made: the smaller after, and from, the larger.

    Pairs of an output and the one whose reduced picture it is made from (None: what was decoded).
    """
    if len(plan.own) == 1 or not all(op.smooth for op in plan.common):
        return [(output, None) for output in range(len(plan.own))]
    firsts = [chain[0] if chain and isinstance(chain[0], Reduction) else None for chain in plan.own]
    sizes = [(0, 0) if first is None else first.placement(plan.size).size for first in firsts]
    order: list[tuple[int, int | None]] = []
    for output in sorted(range(len(firsts)), key=lambda output: -math.prod(sizes[output])):
        first = firsts[output]
        larger = [] if first is None else [earlier for earlier, _ in order if _keeps_whole(firsts[earlier])]
        enough = [
            source for source in larger if first is not None and _within(_demand(first, plan.size), sizes[source])
        ]
        order.append((output, min(enough, key=lambda source: math.prod(sizes[source]), default=None)))
    return order


def ops_from_larger(plan: DecodePlan, output: int) -> Ops:
    """An output's operations for the reduced picture of a larger output, which is upright."""
    first, *rest = plan.own[output]
    assert isinstance(first, Reduction)
    return (bind_original(first, plan.size), *rest)


def checking_plan(plan: DecodePlan) -> DecodePlan:
    """The plan of a picture whose bytes are copied: read to its end, so that damage is found, and no further."""
    turner: Turner = "nobody" if plan.turner == "nobody" else "decoder"
    return DecodePlan(plan.size, ALL_DATA, turner, (), ((),) * len(plan.own))


def jpeg_scale(size: Size, demand: Size | None) -> int:
    """1, 2, 4 or 8: by how much a JPEG of `size` is decoded smaller where `demand` px will do."""
    if demand is None:
        return 1
    most = min(size[0] // demand[0], size[1] // demand[1])
    return next(scale for scale in (8, 4, 2, 1) if most >= scale or scale == 1)


def shows_whole_source(ops: Several) -> bool:
    """Whether the result shows all of the source, at most in another size: then an embedded thumbnail still fits."""
    return all(_keeps_whole(op) or (isinstance(op, Resize) and op.fit in _WHOLE) for op in ops)


def sizes_along(ops: Sequence[Operation], size: Size) -> list[Size | None]:
    """The size before each operation and after the last, as far as it can be told."""
    sizes: list[Size | None] = [size]
    for op in ops:
        here = sizes[-1]
        sizes.append(None if here is None else op.after(here))
    return sizes


def _largest_demand(common_ops: Ops, chains: Sequence[Ops], size: Size) -> Size | None:
    """The largest demand over all outputs; None: every pixel."""
    wishes = [_demand_of_all((*common_ops, *chain), size) for chain in chains]
    if not wishes or any(wish[0] >= size[0] or wish[1] >= size[1] for wish in wishes):
        return None
    return max(width for width, _ in wishes), max(height for _, height in wishes)


def _demand_of_all(ops: Ops, size: Size) -> Size:
    """How large the first operation's input must be, read from the last operation to the first."""
    sizes = sizes_along(ops, size)
    demand: Size | None = sizes[-1]
    for op, here in zip(reversed(ops), reversed(sizes[:-1]), strict=True):
        if here is None:
            continue
        all_of_it = here if demand is None else op.demand(demand, here)
        demand = _demand(op, here) if isinstance(op, Reduction) else all_of_it
    return demand or size


def _demand(op: Reduction, size: Size) -> Size:
    """What a reduction needs of a picture of `size`, with room for the kernel where its result is small."""
    placement = op.placement(size)
    width, height = op.demand(placement.canvas, size)
    room = 1.0
    if max(placement.size) <= SMALL:
        room = ROOM if op.resize.kernel in WIDE else 2.0
    return min(math.ceil(room * width), size[0]), min(math.ceil(room * height), size[1])


def _can_turn_late(ops: Ops) -> bool:
    """Whether `ops` reduce the picture, and nothing before that cares which way up it is."""
    for op in ops:
        if isinstance(op, Reduction):
            return True
        if not op.smooth:
            return False
    return False


def _follows_places(ops: Ops, size: Size) -> bool:
    """Whether each operation before the first reduction says where the places of a picture come to lie."""
    before = itertools.takewhile(lambda op: not isinstance(op, Reduction), ops)
    return all(here and op.place_map(here) for op, here in zip(before, sizes_along(ops, size), strict=False))


def _localize(ops: Ops, original: Size | None, orientation: int, window: Window | None) -> Ops:
    """`ops` with the first reduction told what it will see: `window` is what the first of them sees."""
    sizes = [None] * len(ops) if original is None else sizes_along(ops, original)
    at = next(place for place, op in enumerate(ops) if isinstance(op, Reduction))
    first = ops[at]
    assert isinstance(first, Reduction)
    part = None if window is None else functools.reduce(Window.after, ops[:at], window).part
    return (*ops[:at], bind_original(first, sizes[at], orientation, part), *ops[at + 1 :])


def _keeps_whole(op: Operation | None) -> bool:
    """Whether a reduction keeps all of the picture, nothing else, and its levels: then smaller ones are made of it."""
    if not isinstance(op, Reduction) or op.crops or op.resize.linear:
        return False
    return op.resize.fit in _WHOLE


def _within(demand: Size, size: Size) -> bool:
    return demand[0] * STEP <= size[0] and demand[1] * STEP <= size[1]

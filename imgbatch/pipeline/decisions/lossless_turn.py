"""Lossless turn: which outputs are their JPEG turned, whose coefficients are moved instead of being encoded anew?

Those that show all of it at its size, where nothing is said of the encoding that it does not have already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch import codecs
from imgbatch.codecs.metadata import strip
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation, Resize
from imgbatch.operations.geometry.crop_resize import Reduction
from imgbatch.pipeline.decisions.output_decision import TURNS, Decisions, OutputDecision, left_open
from imgbatch.pixels.orientation import swap_size

if TYPE_CHECKING:
    from imgbatch.codecs.reading.decode import SourceImage
    from imgbatch.core.job import Target
    from imgbatch.pipeline.decisions.decode_plan import DecodePlan
    from imgbatch.planning.recipe import Output


@frozen
class Turn:
    """How a JPEG is turned.

    Attributes
    ----------
    way : int
        The orientation (EXIF's 1..8) from which what is stored is turned upright; 1: turns that cancel each other out.
    size : (int, int)
        Of the result, in px.
    optimize : bool
        Whether the tables of codes are to be made for it.
    advice : str
        What to install for it, where it has to be encoded anew only because the package is missing; else "".
    """

    way: int
    size: Size
    optimize: bool = False
    advice: str = ""


def with_turns(
    decisions: Decisions,
    picture: SourceImage,
    plan: DecodePlan,
    outputs: Sequence[Output],
    targets: Sequence[Target],
    data: bytes,
) -> Decisions:
    """The decisions with those on outputs for which coefficients are turned; where the sides forbid it, it is noted.

    Parameters
    ----------
    decisions : Decisions
    picture, plan, outputs, targets, data
        As of :func:`output_decision.decide`.
    """
    if picture.format != "jpeg":
        return decisions

    def with_turn(decision: OutputDecision) -> OutputDecision:
        place = decision.output
        if decision.copy is not None or targets[place].format != "jpeg":
            return decision
        turn = _find_turn(picture, plan, (*plan.common, *plan.own[place]), outputs[place], data)
        if turn is None:
            return decision
        return dataclasses.replace(decision, turn=turn, source=decision.source if turn.advice else None)

    return dataclasses.replace(decisions, outputs=tuple(map(with_turn, decisions.outputs)))


def _find_turn(
    picture: SourceImage, plan: DecodePlan, ops: Sequence[Operation], output: Output, data: bytes
) -> Turn | None:
    """How an output is made of its JPEG by turning it; None: not at all."""
    orientation = 1 if plan.turner == "nobody" else picture.orientation
    if orientation == 1 and not any(op.word in TURNS for op in ops):
        return None
    turns, here = [], plan.size
    for op in ops:
        if op.word in TURNS:
            turns.append(op)
            here = op.after(here) or here
        elif not isinstance(op, (Reduction, Resize)) or not op.idle(here):
            return None
    from imgbatch.codecs.formats import jpeg_turn
    from imgbatch.operations.geometry.view import follow

    view = follow(turns, picture.size, orientation)
    way = next((way for way in range(1, 9) if view == follow((), picture.size, way)), None)
    if way is None or picture.heavy or not _keeps_encoding(picture, output, way, data):
        return None
    why = jpeg_turn.obstacle(data, way)
    advice = "" if jpeg_turn.is_installed() else jpeg_turn.ADVICE
    if why is None:
        return Turn(way, swap_size(picture.size, way), output.optimize, advice)
    if not advice and why not in picture.changes:
        picture.changes.append(why)
    return None


def _keeps_encoding(picture: SourceImage, output: Output, way: int, data: bytes) -> bool:
    """Whether an output leaves open, or asks for, how its JPEG is encoded, and the colors stay."""
    icc = picture.metadata.icc
    if icc is not None and (
        strip.icc_policy(output.icc, output.strip, output.keep) != "keep"
        or not codecs.codec("jpeg").can_write_profile(icc)
    ):
        return False
    from imgbatch.codecs.formats.jpeg_turn import is_progressive

    without_meaning = {"optimize": False, "compression": "keep", "depth": "keep"}
    changes: dict[str, Any] = {"strip": None, "keep": None, "set": None, **without_meaning}
    if output.quality == "keep":
        changes["quality"] = None
    if output.progressive and is_progressive(data):
        changes["progressive"] = False
    tables = picture.metadata.tables
    sampling = None if tables is None or tables.other_sampling else tables.sampling
    if output.subsampling == sampling and (sampling != "4:2:2" or way < 5):
        changes["subsampling"] = "auto"
    return left_open(dataclasses.replace(output, **changes))

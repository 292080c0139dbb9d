"""Depth: do 16 bits of color stay so on the way from the decoder to the encoders?

They do where an output's format holds them, it does not ask for 8 bits, and its operations work with 16; and for all
formats where colors are converted, up to that. An output that asks for 16 bits gets them before the operations,
whatever the source has. Floats stay floats up to the encoders.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs.metadata import strip
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.core.job import Target
from imgbatch.operations.base import eight_bit_operation, loses_depth
from imgbatch.pipeline.decisions.decode_plan import DecodePlan
from imgbatch.pixels import color, profile_conversion
from imgbatch.planning.recipe import Output

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.operations.base import Operation


def with_depth(
    plan: DecodePlan, picture: SourceImage, outputs: Sequence[Output], targets: Sequence[Target]
) -> DecodePlan:
    """`plan` with the decision; what keeps an output from 16 bits is noted in the picture's changes.

    Parameters
    ----------
    plan : DecodePlan
    picture : SourceImage
    outputs : sequence of Output
    targets : sequence of Target
        As many, in the same order.
    """
    if picture.deep == color.FLOATS:  # what operations do to floats is the same for every format
        operation = eight_bit_operation(plan.common)
        picture.changes += [f"depth: {operation.word} works with 8 bits"] if operation else []
        return dataclasses.replace(plan, deep=operation is None, luma=False)
    wishes = [
        eight_bit_operation((*plan.common, *ops))
        for output, target, ops in zip(outputs, targets, plan.own, strict=True)
        if _keeps(output, target.format, picture)
    ]
    if None in wishes:
        return dataclasses.replace(plan, deep=True, luma=False)
    if picture.deep is not None:
        picture.changes += [f"depth: {operation.word} works with 8 bits" for operation in wishes if operation]
    return plan


def lose_depth(image: Image, operations: Iterable[Operation], changes: list[str]) -> None:
    """Note in `changes` which of `operations` makes 8 bits of a picture with more.

    Parameters
    ----------
    image : Image
        What they get.
    operations : iterable of Operation
    changes : list of str
    """
    operation = next((one for one in operations if loses_depth(one, image)), None)
    if operation is not None:
        changes.append(color.depth_loss(image))
        if image.mode in color.WIDE:
            color.to_eight_bits(image, changes)  # for what it says
        changes.append(f"depth: {operation.word} works with 8 bits")


def watch_depth(frames: Iterable[Image], operations: Sequence[Operation], changes: list[str]) -> Iterator[Image]:
    """`frames` as they come; of the first is noted which of `operations` makes 8 bits of it.

    Parameters
    ----------
    frames : iterable of Image
    operations : sequence of Operation
    changes : list of str
        Gets the note.
    """
    for number, frame in enumerate(frames):
        if not number:
            lose_depth(frame, operations, changes)
        yield frame


def raise_depth(
    frames: Iterator[Image], plan: DecodePlan, outputs: Sequence[Output], changes: list[str]
) -> Iterator[Image]:
    """`frames` as they come, with 16 bits where an output asks for them.

    Parameters
    ----------
    frames : iterator of Image
    plan : DecodePlan
    outputs : sequence of Output
    changes : list of str
        Gets a note of it.
    """
    if not plan.deep or all(output.depth != "16" for output in outputs):
        return frames
    return map(functools.partial(_raise_depth, changes), frames)


def _raise_depth(changes: list[str], frame: Image) -> Image:
    if frame.mode in color.DEEP or frame.mode in color.INK:
        return frame
    changes.append("depth: 8 -> 16 bits")
    from imgbatch.pixels.alpha import to_straight_alpha
    from imgbatch.pixels.deep import bands

    return bands.from_eight_bits(to_straight_alpha(frame))


def _keeps(output: Output, format: str, picture: SourceImage) -> bool:
    icc = picture.metadata.icc
    converts = icc is not None and strip.icc_policy(output.icc, output.strip, output.keep) != "keep"
    if converts and not profile_conversion.converts_depth(icc or b""):
        return False
    if converts and picture.deep is not None and not profile_conversion.is_srgb(icc or b""):
        return True  # until the colors are sRGB's: 8 bits of PQ or of light would show as steps
    if not codecs.holds(format, "RGB;16"):
        return False
    return output.depth == "16" or (output.depth == "keep" and picture.deep is not None)

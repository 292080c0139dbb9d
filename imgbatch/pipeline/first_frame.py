"""First frame: what do operations make of a file's first frame, with no more pixels than they need?

That is how measure.py and fill_array_row.py see a file; steps.py makes all frames, for several outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.operations import Operation, apply_all
from imgbatch.operations.base import needs_screen
from imgbatch.pipeline import template_fields
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.task import FileContext
from imgbatch.pixels import profile_conversion

if TYPE_CHECKING:
    from PIL.Image import Image


def first_frame(file: FileContext, ops: Sequence[Operation], upright: bool) -> Image:
    """The first frame of a file that is open, after the operations.

    Parameters
    ----------
    file : FileContext
        Its worker grants the memory; its `changes` get what the operations cost.
    ops : sequence of Operation
    upright : bool
        Whether the picture's orientation is applied.
    """
    picture = file.picture
    ready_ops = template_fields.bind_fields(ops, file.job, picture, file.data, upright)
    plan = decode_plan.make_plan(picture, upright, ready_ops)
    file.worker.reserve(memory_demand(picture, plan, picture.length, spool=False))
    frames, _ = picture.decode("first", plan.demand, upright, turn=plan.turner == "decoder")
    frame = next(frames)
    if picture.companions:
        from imgbatch.codecs.reading.companions import losses

        file.changes += losses(picture.companions, picture)
    file.timer.enter("ops")
    if needs_screen(plan.common, frame.mode):
        file.changes.append(f"mode: {frame.mode} -> sRGB")
        frame = profile_conversion.to_rgb(frame, picture.metadata.icc)
    (image,) = apply_all(plan.common, [frame])
    return image

"""Small gray picture: how is the first frame seen in gray, upright, with no more pixels than are asked for?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.fill_array_row import in_mode
from imgbatch.pipeline.task import FileContext

if TYPE_CHECKING:
    from PIL.Image import Image


def small_gray(file: FileContext, side: int) -> Image:
    """The first frame of a file that is open, as brightness (mode L), transparency on white.

    Parameters
    ----------
    file : FileContext
        Its worker grants the memory.
    side : int
        Of a JPEG fewer pixels may be decoded than there are, but each side has so many, unless the picture has fewer.
    """
    picture = file.picture
    width, height = picture.upright_size
    plan = replace(
        decode_plan.full_plan(picture, True, ()), demand=(min(side, width), min(side, height)), luma=picture.luma
    )
    file.worker.reserve(memory_demand(picture, plan, picture.length, spool=False))
    frame = next(picture.decode("first", plan.demand, luma=plan.luma)[0])
    return gray(frame, picture.metadata.icc)


def gray(frame: Image, icc: bytes | None) -> Image:
    """The brightness of a frame, mode L; `icc`: its profile."""
    if frame.mode == "YCbCr":
        return frame.getchannel(0)
    return in_mode(frame, "L", icc, [])

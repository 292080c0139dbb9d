"""Small gray picture: how is the first frame seen in gray, upright, with no more pixels than are asked for?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.fill_array_row import in_mode

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.reading.decode import SourceImage
    from imgbatch.pipeline.decisions.decode_plan import DecodePlan


def small_plan(picture: SourceImage, side: int) -> DecodePlan:
    """The plan of a picture of which each side needs so many pixels, unless there are fewer."""
    width, height = picture.upright_size
    plan = decode_plan.full_plan(picture, True, ())
    return replace(plan, demand=(min(side, width), min(side, height)), luma=picture.luma)


def small_demand(picture: SourceImage, plan: DecodePlan) -> int:
    """About how many bytes :func:`small_gray` takes."""
    return memory_demand(picture, plan, picture.length, spool=False)


def small_gray(picture: SourceImage, plan: DecodePlan) -> Image:
    """The first frame of a picture as brightness (mode L), transparency on white, by its :func:`small_plan`."""
    frame = next(picture.decode("first", plan.demand, luma=plan.luma)[0])
    return gray(frame, picture.metadata.icc)


def gray(frame: Image, icc: bytes | None) -> Image:
    """The brightness of a frame, mode L; `icc`: its profile."""
    if frame.mode == "YCbCr":
        return frame.getchannel(0)
    return in_mode(frame, "L", icc, [])

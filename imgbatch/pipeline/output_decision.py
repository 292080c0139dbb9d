"""When may the source's own bytes stand in for an output? Where nothing would change but what encoding loses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from imgbatch import codecs
from imgbatch.codecs.metadata import strip
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.operations import Resize
from imgbatch.operations.geometry.crop_resize import Reduction
from imgbatch.pipeline.decode_plan import DecodePlan
from imgbatch.planning.recipe import Output


def can_copy(opened: SourceImage, plan: DecodePlan, output: Output, number: int, format: str) -> bool:
    """Whether the file of an output (and its `number`) is the source's, byte for byte.

    That is so when its format is the source's, its encoding is left open (a quality, say, asks for encoding), nothing
    is turned, and no operation changes the picture. A size that is asked for (``max_bytes``) is left open where the
    source keeps to it: encoding a picture again that is small enough would only cost quality. A JPEG's metadata can be
    stripped around the same picture.
    """
    if not _same_shape(opened, plan, number, format):
        return False
    if can_rewrite(opened, output, format):
        output = dataclasses.replace(output, strip=None, keep=None)
    if output.max_bytes is not None and opened.length <= output.max_bytes:
        output = dataclasses.replace(output, max_bytes=None, min_ssim=None, min_quality=None, then_shrink=False)
    return _left_open(output) and _same_frames(opened, plan, output, number)


def can_rewrite(opened: SourceImage, output: Output, format: str) -> bool:
    """Whether metadata are to go from a JPEG that stays one, and its colors need not change for that."""
    if format != "jpeg" or (output.strip is None and output.keep is None):
        return False
    return opened.metadata.icc is None or strip.icc_policy(output.icc, output.strip, output.keep) == "keep"


def may_keep_source(opened: SourceImage, plan: DecodePlan, output: Output, number: int, format: str) -> bool:
    """Whether the source's bytes may stand in for an output that saves too little (``min_savings``, ``optimize``).

    As for `can_copy`, but an encoding may be asked for: quality and effort, not what changes the content (colors, ...).
    """
    if output.min_savings is None and not (output.optimize and codecs.codec(format).optimizes):
        return False
    if not (_left_open(output, _STRENGTH) and _same_shape(opened, plan, number, format)):
        return False
    return _same_frames(opened, plan, output, number)


#: What decides how well the same picture is packed.
_STRENGTH = (
    "quality", "subsampling", "progressive", "optimize", "lossless", "effort", "max_bytes", "min_ssim", "min_quality",
    "then_shrink", "min_savings", "background",
)  # fmt: skip


def _same_shape(opened: SourceImage, plan: DecodePlan, number: int, format: str) -> bool:
    """Whether an output shows its source's first frame as it is, in the same format."""
    if format != opened.format or opened.image.format == "MPO":
        return False
    if plan.size != opened.size or opened.orientation != 1:
        return False
    ops = (*plan.common, *plan.own[number])
    return all(isinstance(op, (Reduction, Resize)) and op.idle(plan.size) for op in ops)


def _same_frames(opened: SourceImage, plan: DecodePlan, output: Output, number: int) -> bool:
    """Whether it shows all the others as well; a look through the file, so asked last."""
    if output.frames != "all" and opened.frame_count > 1:
        return False
    # The pages of a TIFF may have different sizes
    return opened.format != "tiff" or not (plan.common or plan.own[number]) or opened.frame_count == 1


def _left_open(output: Output, but: Sequence[str] = ()) -> bool:
    """Whether nothing is said of the encoding, but its format and what stands in `but`."""
    return all(getattr(output, name) == held for name, held in _OPEN.items() if name not in but)


#: What an output says of the encoding when it says nothing; asked for every file, so made once.
_OPEN = {
    field.name: getattr(Output(), field.name)
    for field in dataclasses.fields(Output)
    if field.name not in ("format", "dir", "name", "preserve", "frames", "ops")
}

"""Output decision: what becomes of an output? The source's bytes, the source with other metadata, or an encoding.

It is decided once for all outputs of a picture, with the frames and the pixels that they need, before anything is
decoded; a run carries it out and an explanation prints it. The source's own bytes stand in for an output where nothing
would change but what encoding loses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs.metadata import strip
from imgbatch.codecs.metadata.block import GAIN_MAP
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.codecs.writing.encode import EncodedFile
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Target
from imgbatch.operations.base import needs_screen
from imgbatch.pipeline.decisions import select_frames
from imgbatch.pipeline.decisions.decode_plan import DecodePlan, checking_plan, order_outputs
from imgbatch.pipeline.write_output import output_format
from imgbatch.pixels import color
from imgbatch.planning.recipe import Output

if TYPE_CHECKING:
    from imgbatch.pipeline.decisions.lossless_turn import Turn

COPY_CHANGE = "bytes copied: nothing to change"
TURNS = ("rotate", "flip", "flop")  # operations that a JPEG may be turned by without encoding it (lossless_turn.py)
ENCODE_CHANGE = "picture encoded anew: its metadata cannot be changed around it"


@frozen
class OutputDecision:
    """What becomes of one output.

    Attributes
    ----------
    output : int
        Its place among the job's targets.
    format : str
        Of its file, as far as the source tells: operations may change the mode that decides it.
    source : int or None
        Of an encoding, the output whose reduced picture it is made from; None: what was decoded.
    may_keep_source : bool
        Of an encoding, whether the source's bytes are written instead if it saves too little.
    copy : EncodedFile or None
        The file, if it is copied from the source; None: it is encoded.
    rewrites : bool
        Of a copy, whether only the picture is the source's, with other metadata around it.
    turn : Turn or None
        Of an encoding, how the coefficients of the source are turned instead (lossless_turn.py).
    """

    output: int
    format: str
    source: int | None = None
    may_keep_source: bool = False
    copy: EncodedFile | None = None
    rewrites: bool = False
    turn: Turn | None = None

    @property
    def turns(self) -> bool:
        """Whether coefficients are turned, for which all is there."""
        return self.turn is not None and not self.turn.advice


@frozen
class Decisions:
    """What becomes of all outputs of a picture, and what is decoded for that.

    Attributes
    ----------
    outputs : tuple of OutputDecision
        In the order in which they are made.
    selection : str
        The frames that are decoded for all of them: ``all``, ``first`` or how many.
    plan : DecodePlan
        How they are decoded; where all outputs are copied, the picture is only checked.
    """

    outputs: tuple[OutputDecision, ...]
    selection: str
    plan: DecodePlan

    @property
    def copies_all(self) -> bool:
        """Whether nothing is made of what is decoded."""
        return all(decision.copy is not None for decision in self.outputs)

    @property
    def only_checks(self) -> bool:
        """Whether what is decoded only shows that nothing is broken."""
        return all(decision.copy is not None or decision.turns for decision in self.outputs)

    def sources_from(self, place: int) -> set[int | None]:
        """The outputs from whose reduced pictures others are made: the one at that place in the order, and later."""
        return {decision.source for decision in self.outputs[place:]}


def decide(
    picture: SourceImage, plan: DecodePlan, outputs: Sequence[Output], targets: Sequence[Target], data: bytes
) -> Decisions:
    """The decisions for all outputs of a picture.

    Parameters
    ----------
    picture : SourceImage
    plan : DecodePlan
    outputs : sequence of Output
    targets : sequence of Target
        As many, in the same order.
    data : bytes
        The source's content.
    """
    copies = {
        place: copy
        for place, (output, target) in enumerate(zip(outputs, targets, strict=True))
        if (copy := _copy(picture, plan, output, target, place, data)) is not None
    }
    order: Sequence[tuple[int, int | None]] = [(place, None) for place in range(len(outputs))]
    selection = "all" if copies else select_frames.frame_selection(outputs)
    if len(outputs) > 1 and len(copies) < len(outputs):
        ink = picture.mode in color.INK and not needs_screen(plan.common, picture.mode)
        if select_frames.count(picture, selection) == 1 and not ink:
            order = order_outputs(plan)
    decisions = tuple(
        copies.get(place)
        or OutputDecision(
            place,
            _format(picture, plan, targets[place], place),
            None if source in copies else source,  # nothing is reduced for a copy
            may_keep_source(picture, plan, outputs[place], place, targets[place].format),
        )
        for place, source in order
    )
    return Decisions(decisions, selection, checking_plan(plan) if len(copies) == len(outputs) else plan)


def decide_encodings(
    picture: SourceImage, plan: DecodePlan, outputs: Sequence[Output], targets: Sequence[Target]
) -> Decisions:
    """The decisions without a plan (``--no-plan``): each output is encoded from the decoded frames.

    Parameters
    ----------
    picture, plan, outputs, targets
        As of :func:`decide`.
    """
    decisions = tuple(
        OutputDecision(
            place,
            _format(picture, plan, target, place),
            may_keep_source=may_keep_source(picture, plan, output, place, target.format),
        )
        for place, (output, target) in enumerate(zip(outputs, targets, strict=True))
    )
    return Decisions(decisions, select_frames.frame_selection(outputs), plan)


def _copy(
    picture: SourceImage, plan: DecodePlan, output: Output, target: Target, place: int, data: bytes
) -> OutputDecision | None:
    """The decision to copy from the source, its file or its picture; None: neither will do."""
    if not can_copy(picture, plan, output, place, target.format):
        return None
    if can_rewrite(picture, output, target.format):
        rewrite = codecs.rewrite_metadata(data, output, picture)
        if rewrite is None:
            picture.changes.append(ENCODE_CHANGE)
            return None
        if rewrite.data == data:
            copy = dataclasses.replace(rewrite, changes=[COPY_CHANGE, *rewrite.changes[1:]])
            return OutputDecision(place, target.format, copy=copy)
        return OutputDecision(place, target.format, copy=rewrite, rewrites=True)
    has_position = picture.metadata.has_position
    file = EncodedFile(data, target.format, *picture.size, changes=[COPY_CHANGE], has_position=has_position)
    return OutputDecision(place, target.format, copy=file)


def _format(picture: SourceImage, plan: DecodePlan, target: Target, place: int) -> str:
    on_screen = needs_screen((*plan.common, *plan.own[place]), picture.mode)
    return output_format(target, ["RGB" if on_screen else picture.mode])


def can_copy(picture: SourceImage, plan: DecodePlan, output: Output, number: int, format: str) -> bool:
    """Whether the file of an output is the source's, byte for byte.

    That is so when its format is the source's, its encoding is left open (a quality, say, asks for encoding), nothing
    is turned, and no operation changes the picture. A size that is asked for (``max_bytes``) is left open where the
    source keeps to it: encoding a picture again that is small enough would only cost quality. A JPEG's metadata can be
    stripped around the same picture, and texts be set in those of every format.

    Parameters
    ----------
    picture : SourceImage
    plan : DecodePlan
    output : Output
    number : int
        The output's place among the job's targets, from 0.
    format : str
        Of the file, where ``same`` is resolved.
    """
    if not _same_shape(picture, plan, number, format):
        return False
    if can_rewrite(picture, output, format):
        output = dataclasses.replace(output, strip=None, keep=None, set=None)
    elif drops_gain_map(picture, output):
        return False
    if output.depth != "keep" and codecs.has_depth(format, output.depth, picture.depth):
        output = dataclasses.replace(output, depth="keep")
    if format != "tiff" and output.compression != "keep":
        output = dataclasses.replace(output, compression="keep")  # it has no meaning there
    if output.max_bytes is not None and picture.length <= output.max_bytes:
        output = dataclasses.replace(output, max_bytes=None, min_ssim=None, min_quality=None, then_shrink=False)
    return left_open(output) and _same_frames(picture, plan, output, number)


def can_rewrite(picture: SourceImage, output: Output, format: str) -> bool:
    """Whether texts are to be set, or metadata or a gain map to go from a JPEG; colors need not change for that.

    Parameters
    ----------
    picture, output, format
        As of :func:`can_copy`.
    """
    if format != "jpeg":
        return output.set is not None and output.strip is None and output.keep is None
    if output.strip is None and output.keep is None and output.set is None and not drops_gain_map(picture, output):
        return False
    return picture.metadata.icc is None or strip.icc_policy(output.icc, output.strip, output.keep) == "keep"


def drops_gain_map(picture: SourceImage, output: Output) -> bool:
    """Whether the picture has a gain map that its output is not to have."""
    return output.gainmap == "drop" and any(one.kind == GAIN_MAP for one in picture.companions)


def may_keep_source(picture: SourceImage, plan: DecodePlan, output: Output, number: int, format: str) -> bool:
    """Whether the source's bytes may stand in for an output that saves too little (``min_savings``, ``optimize``).

    As for `can_copy`, but an encoding may be asked for: quality and effort, not what changes the content (colors, ...).

    Parameters
    ----------
    picture, plan, output, number, format
        As of :func:`can_copy`.
    """
    if drops_gain_map(picture, output):
        return False
    if output.min_savings is None and not (output.optimize and codecs.codec(format).optimizes):
        return False
    if not (left_open(output, _STRENGTH) and _same_shape(picture, plan, number, format)):
        return False
    return _same_frames(picture, plan, output, number)


#: What decides how well the same picture is packed.
_STRENGTH = (
    "quality", "subsampling", "progressive", "optimize", "lossless", "compression", "effort", "max_bytes", "min_ssim",
    "min_quality", "then_shrink", "min_savings", "background",
)  # fmt: skip


def _same_shape(picture: SourceImage, plan: DecodePlan, number: int, format: str) -> bool:
    """Whether an output shows its source's first frame as it is, in the same format."""
    if format != picture.format or picture.heavy:
        return False
    return plan.size == picture.size and picture.orientation == 1 and plan.is_idle(number)


def _same_frames(picture: SourceImage, plan: DecodePlan, output: Output, number: int) -> bool:
    """Whether an output shows all other frames as well; checked last, since counting frames reads the file."""
    if output.frames != "all" and picture.frame_count > 1:
        return False
    # The pages of a TIFF may have different sizes
    return picture.format != "tiff" or not (plan.common or plan.own[number]) or picture.frame_count == 1


def is_turned(picture: SourceImage, plan: DecodePlan) -> bool:
    """Whether a JPEG is turned or mirrored on its way to any output."""
    ops = (op for ops in (plan.common, *plan.own) for op in ops)
    return picture.format == "jpeg" and (picture.orientation != 1 or any(op.word in TURNS for op in ops))


def left_open(output: Output, but: Sequence[str] = ()) -> bool:
    """Whether an output leaves its encoding open, apart from the format and the fields in `but` (names)."""
    return all(getattr(output, name) == default for name, default in _OPEN.items() if name not in but)


#: The defaults of the fields that decide the encoding; computed once, because every file needs them.
_OPEN = {
    name: default
    for name, default in vars(Output()).items()
    if name not in ("format", "dir", "name", "preserve", "frames", "ops", "gainmap")
}

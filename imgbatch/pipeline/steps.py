"""Steps: what is done with one image of a run? Read, decode, operate, encode, write.

This is what a worker does for image_task.py, as inspect.py, measure.py and fill_array_row.py for other commands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs.metadata import profile_policy
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.metadata.exif import without_small_picture
from imgbatch.codecs.reading import decode
from imgbatch.codecs.writing.encode import Encoded
from imgbatch.core.errors import ImageError
from imgbatch.core.job import Job, Outcome, Target, Written
from imgbatch.operations import Operation
from imgbatch.pipeline import decode_plan, output_decision, select_frames, template_fields, write_output
from imgbatch.pipeline.task import FileContext, TaskContext
from imgbatch.pixels import color, profile_conversion
from imgbatch.pixels.frames import Film
from imgbatch.planning.recipe import Output
from imgbatch.storage.atomic_write import content_hash

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pipeline.image_task import ImageTask
    from imgbatch.pixels.exact_sums import Sheet

_PLANS = 1000  # that are remembered: a folder of tiny pictures has few shapes
COPIED = "bytes copied: nothing to change"


class ImageContext(FileContext):
    """One image while it is made into its outputs."""

    task: ImageTask

    def __init__(self, task: ImageTask, job: Job, worker: TaskContext) -> None:
        super().__init__(task, job, worker, task.profile)
        self.written: list[Written] = []
        self.source_hash = ""
        self.own = ""  # the source's format, where it is one that is written
        self.asked: set[str] = set()  # by the operations (template_fields.py)
        self.late: dict[str, tuple[Encoded, Output]] = {}  # under names that the pixels decided

    def process(self) -> None:
        """All steps."""
        self.read()
        self.source_hash = content_hash(self.data)
        self.own = codecs.format_of(self.data[: codecs.PREFIX]) or ""
        self.open()
        self.timer.format, self.timer.pixels = self.opened.format, math.prod(self.opened.size)
        _follow(self.task, self.job, self, self.opened, self.data)

    def outcome(self) -> Outcome:
        """What has become of the image."""
        return Outcome(
            self.job.index,
            self.job.source,
            "failed" if self.failure else "ok",
            outputs=tuple(sorted(self.written, key=lambda written: written.output)),
            error=self.failure,
            warnings=tuple(dict.fromkeys(self.warnings)),
            changes=tuple(dict.fromkeys(self.changes)),
            ms=self.timer.spent(),
            cost=self.timer.cost(),
            source_hash=self.source_hash,
        )

    def has(self, path: str, encoded: Encoded, output: Output) -> bool:
        """Whether another output is that file already, as renditions wider than the picture are.

        These are one picture, be it made in two ways.
        """
        if path not in self.late:
            return False
        held, other = self.late[path]
        same_size = (encoded.width, encoded.height) == (held.width, held.height)
        if held.data != encoded.data and not (same_size and _renditions_of_one(output, other)):
            raise ImageError("exists", f"two outputs would both be {path}; give them different --name or dir")
        return True

    def wrote(self, target: Target, path: str, encoded: Encoded, output: Output, mtime_ns: int) -> None:
        if target.late:
            self.late[path] = encoded, output
        self.written.append(
            Written(
                target.output,
                path,
                encoded.format,
                encoded.width,
                encoded.height,
                len(encoded.data),
                encoded.quality,
                encoded.frames,
                mtime_ns,
                encoded.mode,
                content_hash(encoded.data),
                self.own,
                encoded.located and codecs.codec(encoded.format).published,
                tuple(sorted(self.asked)),
            )  # fmt: skip
        )


def _follow(work: ImageTask, job: Job, made: ImageContext, opened: decode.SourceImage, data: bytes) -> None:
    """The way of an opened picture: decoded and operated on once, then into each output."""
    outputs = [work.recipe.outputs[target.output] for target in job.targets]
    plan = way_of(work, job, opened, outputs, made.asked)
    copied = copied_from(work, job, opened, plan, data)
    if len(copied) == len(outputs):
        plan = decode_plan.checking_plan(plan)
    made.worker.reserve(decode_plan.memory_needed(opened, plan, len(data)))
    picture = _decoded(work, opened, plan, made, "all" if copied else select_frames.frame_selection(outputs))
    made.timer.frames = len(picture.frames)
    planned = work.plan and picture.single
    for step in decode_plan.order_outputs(plan) if planned else map(decode_plan.OutputOrder, range(len(outputs))):
        target, output = job.targets[step.output], outputs[step.output]
        try:
            if step.output in copied:
                _count(made.worker.sums, picture.frames)
                encoded = replace(copied[step.output], frames=len(picture.frames))
            else:
                encoded = _encoded(work, picture, plan, step, target, output, made)
                if output_decision.may_keep_source(opened, plan, output, step.output, target.format):
                    encoded = _smaller(encoded, data, output, opened)
            made.changes += encoded.changes
            made.timer.enter("write")
            path = write_output.output_path(target, encoded, data)
            if made.has(path, encoded, output):
                continue
            since_ns = work.started_ns if made.worker.again else None
            mtime_ns = write_output.write_output(path, job, target, encoded, output, since_ns, work.resumed)
            made.wrote(target, path, encoded, output, mtime_ns)
        except Exception as error:  # noqa: BLE001 - the other outputs are still written
            made.fail(error)
    if len(copied) == len(outputs):
        opened.changes.clear()  # what decoding would lose is in the copy


def way_of(
    work: ImageTask,
    job: Job,
    opened: decode.SourceImage,
    outputs: Sequence[Output],
    asked: set[str] | None = None,
) -> decode_plan.DecodePlan:
    """How an opened picture goes through the operations into its outputs, with the profile it is taken to have."""
    select_frames.refuse_several(opened, job.targets, outputs)
    if opened.metadata.icc is None:
        assume = (output.assume_icc for output in outputs)
        opened.metadata.icc = profile_policy.assumed_profile(assume, opened.mode, opened.changes)
    icc = opened.metadata.icc
    files = zip(outputs, job.targets, strict=True)
    halves = opened.luma and all(decode_plan.halves_chroma(output, target.format, icc) for output, target in files)
    shape = opened.size, opened.orientation, opened.format, halves, *[target.output for target in job.targets]
    known = work.plans.get(shape)
    if known is not None:
        return known
    ops = work.recipe.ops, *(output.ops for output in outputs)
    common, *own = (template_fields.bind_fields(several, job, opened, asked) for several in ops)
    if work.plan:
        plan = decode_plan.make_plan(opened, work.recipe.auto_orient, common, own, halves)
    else:
        plan = decode_plan.full_plan(opened, work.recipe.auto_orient, common, own)
    if len(work.plans) < _PLANS and not any(map(template_fields.needs_fields, ops)):
        work.plans[shape] = plan
    return plan


def copied_from(
    work: ImageTask, job: Job, opened: decode.SourceImage, plan: decode_plan.DecodePlan, data: bytes
) -> dict[int, Encoded]:
    """What is copied from the source, whole or around its picture, by the places of the targets."""
    found: dict[int, Encoded] = {}
    for place, target in enumerate(job.targets if work.plan else ()):
        output = work.recipe.outputs[target.output]
        if not output_decision.can_copy(opened, plan, output, place, target.format):
            continue
        if output_decision.can_rewrite(opened, output, target.format):
            made = codecs.rewrite_metadata(data, output, opened)
        else:
            located = opened.metadata.located
            made = Encoded(data, target.format, *opened.size, changes=[COPIED], located=located)
        if made is not None:
            found[place] = made
    return found


def _decoded(
    work: ImageTask, opened: decode.SourceImage, plan: decode_plan.DecodePlan, made: ImageContext, count: str
) -> _Picture:
    """The frames after the operations that all outputs share."""
    decoded, motion = opened.decode(count, plan.wanted, work.recipe.auto_orient, not plan.turns, plan.luma)
    ink = opened.mode in color.INK
    if ink and any(op.on_screen for op in plan.common):
        decoded, ink = profile_conversion.ink_to_srgb(decoded, opened.metadata.icc), False
        opened.metadata.icc = None
        made.changes.append(f"mode: {opened.mode} -> sRGB")
    return _Picture(Film(made.timer.operating(plan.common, decoded)), motion, opened.metadata, opened.mode, ink)


def _encoded(
    work: ImageTask,
    picture: _Picture,
    plan: decode_plan.DecodePlan,
    step: decode_plan.OutputOrder,
    target: Target,
    output: Output,
    made: ImageContext,
) -> Encoded:
    """One output's file: its own operations on the frames it wants, then its format's encoder."""
    own, shown, metadata = plan.own[step.output], select_frames.select(picture.frames, output), picture.metadata
    if step.source in picture.reduced:
        own, shown = decode_plan.ops_from_larger(plan, step), picture.reduced[step.source]
    elif picture.ink and any(op.on_screen for op in own):
        shown, metadata = Film(profile_conversion.ink_to_srgb(shown, metadata.icc)), replace(metadata, icc=None)
        made.changes.append(f"mode: {picture.mode} -> sRGB")
    picture.reduced[step.output] = shown = _operated(made, own[:1], shown)
    shown = _operated(made, own[1:], shown)
    _count(made.worker.sums, shown)
    made.timer.enter("encode")
    format = _format(target, shown)
    if not decode_plan.shows_whole_source((*plan.common, *plan.own[step.output])):
        metadata = without_small_picture(metadata, made.changes)
    return codecs.encode(shown, format, output, metadata, select_frames.timing_of_first(picture.motion, len(shown)))


@dataclass
class _Picture:
    """A decoded picture: its frames, and what outputs have reduced them to so far."""

    frames: Film
    motion: AnimationTiming
    metadata: Metadata
    mode: str
    ink: bool
    reduced: dict[int | None, Film] = field(default_factory=dict)

    @property
    def single(self) -> bool:
        """Whether outputs may be made from one another."""
        return len(self.frames) == 1 and not self.ink


def _renditions_of_one(output: Output, other: Output) -> bool:
    """Whether two outputs differ in nothing but the width that they ask for."""
    if output.rendition is None or other.rendition is None:
        return False
    return replace(output, ops=output.ops[:-1]) == replace(other, ops=other.ops[:-1])


def _operated(made: ImageContext, ops: Sequence[Operation], frames: Film) -> Film:
    return Film(made.timer.operating(ops, frames)) if ops else frames


def _count(sums: Sheet | None, frames: Film) -> None:
    """Add an output's first frame to the sums of the run, where these are kept: the pixels that the encoder gets."""
    if sums is None:
        return
    from imgbatch.pixels.histogram import as_mode, tally  # numpy only where it is used

    for frame in frames[:1]:
        tally(sums, as_mode(frame, "RGB"))


def _smaller(encoded: Encoded, data: bytes, output: Output, opened: decode.SourceImage) -> Encoded:
    """`encoded`, or the source's bytes where it saves less than was asked for: 0 % where nothing was said."""
    share = float((output.min_savings or "0%").removesuffix("%"))
    if len(encoded.data) < len(data) * (1 - share / 100) or len(data) > (output.max_bytes or len(data)):
        return encoded
    saved = f"{100 * (1 - len(encoded.data) / len(data)):.1f}%"
    kept = f"original's bytes kept: encoding would save {saved}"
    return Encoded(data, encoded.format, *opened.size, encoded.frames, changes=[kept], located=encoded.located)


def _format(target: Target, frames: Sequence[Image]) -> str:
    """The planned format, or TIFF where it was planned as PNG for want of a writer and PNG cannot hold the mode."""
    if target.other is not None and not all(codecs.holds(target.format, frame.mode) for frame in frames):
        return "tiff"
    return target.format

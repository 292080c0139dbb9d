"""Steps: what is done with one image of a run, and in which order? See `DECISION_STEPS` and those that follow.

This is what a worker does for image_task.py, as inspect.py, measure.py and fill_array_row.py for other commands. A step
calls lower rooms, never another step: what two steps need stands in the image's context.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs.metadata import profile_policy
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.writing.encode import EncodedFile
from imgbatch.core.job import Job, Target, Written
from imgbatch.operations import Operation
from imgbatch.operations.base import needs_screen
from imgbatch.pipeline import template_fields, write_output
from imgbatch.pipeline.decisions import decode_plan, depth, half_size_colors, output_decision, select_frames
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.decisions.output_decision import Decisions, OutputDecision
from imgbatch.pipeline.decisions.ways import MOST_PLANS, Kind, Way, is_shared, kind_of
from imgbatch.pipeline.task import FileContext, TaskContext
from imgbatch.pixels import color, profile_conversion
from imgbatch.pixels.frames import SpooledFrames
from imgbatch.planning.recipe import Output
from imgbatch.storage.atomic_write import content_hash

if TYPE_CHECKING:
    from imgbatch.pipeline.decisions.lossless_turn import Turn
    from imgbatch.pipeline.image_task import ImageTask


class ImageContext(FileContext):
    """One image while it is made into its outputs.

    Attributes
    ----------
    outputs : list of Output
        The wishes for the job's targets, one for each.
    fields : set of str
        What the operations used that is no part of the file's content or name (template_fields.py).
    kind : Kind or None
        What the decisions follow from, where pictures that have it in common share them (ways.py).
    plan, decisions : decode_plan.DecodePlan, Decisions
        How the picture would be decoded if all outputs were encoded; what becomes of them, and what is decoded for it.
    frames, timing, ink : SpooledFrames, AnimationTiming, bool
        What was decoded, after the operations that all outputs share; how it plays; whether it is in CMYK or LAB still.
    reductions : dict of int to SpooledFrames
        What outputs have made of the frames by their first operation, as long as later outputs are made from it.
    """

    task: ImageTask
    plan: decode_plan.DecodePlan
    decisions: Decisions
    frames: SpooledFrames
    timing: AnimationTiming
    ink: bool

    def __init__(self, task: ImageTask, job: Job, worker: TaskContext) -> None:
        super().__init__(task, job, worker, task.profile)
        self.outputs = [task.recipe.outputs[target.output] for target in job.targets]
        self.kind: Kind | None = None
        self.source_format = ""  # where it is one that is written
        self.fields: set[str] = set()
        self.reductions: dict[int | None, SpooledFrames] = {}
        self.turns: dict[Turn, bytes] = {}  # what became of the source
        self.late: dict[str, tuple[EncodedFile, Output]] = {}  # under names that the pixels decided
        self.output_steps = OUTPUT_STEPS
        self.written: dict[str, bytes] = {}  # by path, where placeholders are wanted

    def process(self) -> None:
        """All steps; an output that fails does not keep the others from being made."""
        for step in (*DECISION_STEPS, *DECODE_STEPS):
            step(self)
        for place, decision in enumerate(self.decisions.outputs):
            if self.reductions:
                sources = self.decisions.sources_from(place)
                self.reductions = {output: frames for output, frames in self.reductions.items() if output in sources}
            one = OutputContext(decision, self.job.targets[decision.output], self.outputs[decision.output])
            try:
                for output_step in self.output_steps:
                    output_step(self, one)
            except Exception as error:  # noqa: BLE001 - the other outputs are still written
                self.fail(error)
        if self.written:
            from imgbatch.pipeline.previews.placeholder import with_placeholders

            self.files = with_placeholders(self.files, self.written.__getitem__, self.task.max_pixels)
        if self.picture.changes and self.decisions.copies_all:
            self.picture.changes.clear()  # what decoding would lose is in the copy


@dataclass(slots=True, repr=False, eq=False)
class OutputContext:
    """One output of an image while it is made."""

    decision: OutputDecision
    target: Target
    output: Output
    frames: SpooledFrames | None = None
    metadata: Metadata | None = None
    file: EncodedFile | None = None


def read(image: ImageContext) -> None:
    """Read the file."""
    image.read()
    image.source_hash = content_hash(image.data)
    image.source_format = codecs.format_of(image.data[: codecs.PREFIX]) or ""


def open_source(image: ImageContext) -> None:
    """Read the picture's header."""
    image.open()
    image.timer.format, image.timer.pixels = image.picture.format, math.prod(image.picture.size)


def plan_decode(image: ImageContext) -> None:
    """Plan how few pixels are decoded and who does what to them, with the profile the picture is assumed to have."""
    task, job, picture, outputs = image.task, image.job, image.picture, image.outputs
    image.kind = kind_of(picture, job.targets)
    if image.kind in task.ways:
        image.plan = task.ways[image.kind].plan
        return
    select_frames.refuse_several(picture, job.targets, outputs)
    paths = [output.assume_icc for output in outputs if output.assume_icc is not None]
    if paths and picture.metadata.icc is None:
        picture.metadata.icc = profile_policy.assumed_profile(task.assumed_icc(paths[0]), picture.mode, picture.changes)
    icc = picture.metadata.icc
    files = zip(outputs, job.targets, strict=True)
    halves = picture.luma and all(half_size_colors.suits_encoder(one, target.format, icc) for one, target in files)
    shape = picture.size, picture.orientation, picture.format, halves, *[target.output for target in job.targets]
    plan = task.plans.get(shape)
    if plan is None:
        ops = task.recipe.ops, *(output.ops for output in outputs)
        upright = task.recipe.auto_orient
        common, *own = (
            template_fields.bind_fields(several, job, picture, image.data, upright, image.fields) for several in ops
        )
        if task.plan:
            plan = decode_plan.make_plan(picture, upright, common, own, halves, task.resampler == "cykooz")
        else:
            plan = decode_plan.full_plan(picture, upright, common, own)
        if len(task.plans) < MOST_PLANS and not any(map(template_fields.needs_fields, ops)):
            task.plans[shape] = plan
        else:
            image.kind = None
    if picture.deep is not None or "16" in [output.depth for output in outputs]:
        plan = depth.with_depth(plan, picture, outputs, job.targets)
    image.plan = plan


def decide_outputs(image: ImageContext) -> None:
    """Decide what becomes of each output; where all are copied, the picture is only checked."""
    picture, plan, outputs, targets = image.picture, image.plan, image.outputs, image.job.targets
    write_output.refuse_long_names(image)
    if image.kind in image.task.ways:
        image.decisions = image.task.ways[image.kind].decisions
    elif image.task.plan:
        image.decisions = output_decision.decide(picture, plan, outputs, targets, image.data)
        if output_decision.is_turned(picture, plan) and not image.task.untrusted:
            from imgbatch.pipeline.decisions.lossless_turn import with_turns  # few pictures are

            image.decisions = with_turns(image.decisions, picture, plan, outputs, targets, image.data)
    else:
        image.decisions = output_decision.decide_encodings(picture, plan, outputs, targets)


def reserve(image: ImageContext) -> None:
    """Wait for the memory that the picture needs."""
    if image.kind in image.task.ways:
        image.worker.reserve(image.task.ways[image.kind].demand + len(image.data))
        return
    demand = memory_demand(image.picture, image.decisions.plan, len(image.data))
    if image.kind is not None and is_shared(image.decisions, image.picture, image.outputs):
        image.task.ways[image.kind] = Way(image.plan, image.decisions, demand - len(image.data))
    if any(decision.turns for decision in image.decisions.outputs):
        from imgbatch.codecs.formats.jpeg_turn import working_memory  # few pictures are only turned

        demand = max(demand, working_memory(image.data))
    image.worker.reserve(demand)


def turn(image: ImageContext) -> None:
    """Move the coefficients of a JPEG that is only turned; where nothing else is made of it, it is only checked."""
    if any(decision.turns for decision in image.decisions.outputs):
        from imgbatch.pipeline import coefficients

        coefficients.turn(image)


def decode(image: ImageContext) -> None:
    """Decode the frames, and apply the operations that all outputs share."""
    picture, plan = image.picture, image.decisions.plan
    orient, turn = plan.turner != "nobody", plan.turner == "decoder"
    frames, image.timing = picture.decode(image.decisions.selection, plan.demand, orient, turn, plan.luma, plan.deep)
    frames = depth.raise_depth(frames, plan, image.outputs, image.changes)
    image.ink = picture.mode in color.INK
    if needs_screen(plan.common, picture.mode):
        frames, image.ink = profile_conversion.ink_to_srgb(frames, picture.metadata.icc), False
        picture.metadata.icc = None
        image.changes.append(f"mode: {picture.mode} -> sRGB")
    if plan.common:
        frames = depth.watch_depth(frames, plan.common, image.changes)
    image.frames = SpooledFrames(image.timer.operate(plan.common, frames))
    image.timer.frames = len(image.frames)


def operate(image: ImageContext, one: OutputContext) -> None:
    """Apply an output's own operations to the frames that it shows; of a copy, only count its pixels."""
    decision, plan, metadata = one.decision, image.decisions.plan, image.picture.metadata
    if decision.copy is not None:
        frames = image.frames
    else:
        ops, frames = plan.own[decision.output], select_frames.select(image.frames, one.output)
        if decision.source in image.reductions:
            ops, frames = decode_plan.ops_from_larger(plan, decision.output), image.reductions[decision.source]
        elif image.ink and needs_screen(ops, image.picture.mode):
            frames = SpooledFrames(profile_conversion.ink_to_srgb(frames, metadata.icc))
            metadata = replace(metadata, icc=None)
            image.changes.append(f"mode: {image.picture.mode} -> sRGB")
        depth.lose_depth(image.frames[0], plan.own[decision.output], image.changes)
        frames = _apply(image, ops[:1], frames)
        if len(image.outputs) > 1 and decision.output in image.decisions.sources_from(0):
            image.reductions[decision.output] = frames
        frames = _apply(image, ops[1:], frames)
    one.frames, one.metadata = frames, metadata
    if image.worker.sums is not None:
        from imgbatch.pixels.histogram import as_mode, tally  # numpy only where it is used

        for frame in frames[:1]:  # the pixels that the encoder gets
            tally(image.worker.sums, as_mode(frame, "RGB"))


def encode(image: ImageContext, one: OutputContext) -> None:
    """Make an output's file, in memory."""
    decision, output, frames, metadata = one.decision, one.output, one.frames, one.metadata
    assert frames is not None and metadata is not None
    if decision.copy is not None:
        file = replace(decision.copy, frames=len(frames))
    else:
        image.timer.enter("encode")
        format = write_output.output_format(one.target, (frame.mode for frame in frames))
        if metadata.exif or metadata.xmp:
            from imgbatch.pipeline.decisions.journey import on_journey  # places are named in these

            size = frames[0].size if decision.turn is None else decision.turn.size
            metadata = on_journey(metadata, image.picture, image.plan, decision.output, size, image.changes)
        timing = select_frames.timing_of_first(image.timing, len(frames))
        pictures = image.picture.format == "jpeg" and image.picture.companions
        if pictures or metadata.xmp or metadata.pages or decision.turns:
            from imgbatch.pipeline import accompany  # few files need it

            file = accompany.encode(image, one, frames, format, metadata, timing)
        else:
            file = codecs.encode(frames, format, output, metadata, timing)
        if decision.may_keep_source:
            file = write_output.smaller_file(image, file, output)
    image.changes += file.changes
    one.file = file


def write(image: ImageContext, one: OutputContext) -> None:
    """Write an output's file, unless another output is that file already."""
    target, output, file = one.target, one.output, one.file
    assert file is not None
    image.timer.enter("write")
    path = write_output.output_path(target, file.format, (file.width, file.height), image.source_hash)
    if path in image.late:
        write_output.refuse_another_picture(path, file, output, *image.late[path])
        return
    mtime_ns = write_output.write_output(path, image.job, target, file, output, image.worker.again, image.task)
    if target.late:
        image.late[path] = file, output
    if image.task.placeholders:
        image.written[path] = file.data
    image.files.append(Written(
        target.output, path, file.format, file.width, file.height, len(file.data), file.quality, file.frames, mtime_ns,
        file.mode, content_hash(file.data), image.source_format,
        file.has_position and codecs.codec(file.format).for_web, tuple(sorted(image.fields)),
    ))  # fmt: skip


#: The steps of one image, in this order. Explanations (runs/preview/explain.py) end with the decisions.
DECISION_STEPS: tuple[Callable[[ImageContext], None], ...] = (read, open_source, plan_decode, decide_outputs)
DECODE_STEPS: tuple[Callable[[ImageContext], None], ...] = (reserve, turn, decode)
#: Those of each of its outputs.
OUTPUT_STEPS: tuple[Callable[[ImageContext, OutputContext], None], ...] = (operate, encode, write)


def _apply(image: ImageContext, ops: Sequence[Operation], frames: SpooledFrames) -> SpooledFrames:
    return SpooledFrames(image.timer.operate(ops, frames)) if ops else frames

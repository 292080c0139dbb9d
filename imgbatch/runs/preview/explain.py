"""Explanation: how will each file be made, with how few pixels, and what does that save? ``--explain``.

Files are read and their headers looked at; nothing is decoded, nothing written. The run's own first steps (steps.py)
are taken, up to the decisions on the outputs, and these are put into words: so the two cannot come apart.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from imgbatch import codecs
from imgbatch.codecs.reading import limits
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import SCHEMA, Failure, Job, readable
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation
from imgbatch.operations.geometry.crop_resize import Reduction
from imgbatch.operations.support.resampling import resampler
from imgbatch.pipeline import steps
from imgbatch.pipeline.decisions import decode_plan, select_frames
from imgbatch.pipeline.decisions.memory_demand import decoded_size
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import LocalContext
from imgbatch.pipeline.write_output import output_path
from imgbatch.pixels.orientation import swap_size
from imgbatch.planning.recipe import Output
from imgbatch.runs.batch import Batch
from imgbatch.runs.resampler_choice import choose_resampler


@frozen
class OutputExplanation:
    """How one output is made.

    Attributes
    ----------
    number : int
        Its place among the outputs of the file, from 0.
    path : str
        Absolute; with its width and height where these are part of it and can be told.
    late : bool
        Whether `path` is still a template: only the pixels tell its width and height.
    ops : tuple of str
        What is done for this output alone, in order; empty: nothing.
    source : int or None
        The `number` of the output whose reduced picture it is made from; None: what was decoded.
    copied : str
        ``file``: the source's bytes; ``picture``: those of its picture, with other metadata around them;
        ``coefficients``: those of its picture, turned; else "".
    savings : str
        The source's bytes are taken where encoding saves less than so much; "": never.
    advice : str
        What to install for turning its coefficients instead of encoding it anew; else "".
    labels : tuple of str
        Which texts of its metadata are set, which taken out, in words.
    """

    number: int
    path: str
    format: str
    ops: tuple[str, ...] = ()
    source: int | None = None
    copied: str = ""
    late: bool = False
    savings: str = ""
    advice: str = ""
    labels: tuple[str, ...] = ()


@frozen
class Explanation:
    """How one file is made; `error` instead of all else where its header tells already that it cannot be.

    Attributes
    ----------
    size, decoded : (int, int)
        Of a frame in px, upright if the recipe wants it so, and how much of it is decoded.
    turned : str
        ``after``: with the pixels that the first resize leaves; ``first``: with all that are decoded; "": not at all.
    halved : bool
        Whether its colors are resized to half the size and encoded so, as JPEGs hold them.
    common : tuple of str
        What is done once, for all outputs.
    outputs : tuple of OutputExplanation
        In the order in which they are made.
    """

    job: Job
    error: Failure | None = None
    format: str = ""
    frames: int = 1
    size: Size = (0, 0)
    decoded: Size = (0, 0)
    turned: str = ""
    halved: bool = False
    common: tuple[str, ...] = ()
    outputs: tuple[OutputExplanation, ...] = ()

    @property
    def copied(self) -> bool:
        """Whether nothing is made of what is decoded."""
        return all(output.copied for output in self.outputs)

    def record(self, base: str) -> dict[str, Any]:
        """The JSON record; paths are relative to the output folder, as in a run's."""
        source = self.job.source
        record: dict[str, Any] = {"v": SCHEMA, "event": "explanation"}
        record |= {"root": readable(source.root), "source": readable(source.relative)}
        if self.error is not None:
            error = {"kind": self.error.kind, "phase": self.error.phase, "message": self.error.message}
            return {**record, "error": error}
        paths = {output.number: readable(output.path.removeprefix(base.rstrip("/") + "/")) for output in self.outputs}
        return {
            **record,
            "error": None,
            "format": self.format,
            "frames": self.frames,
            "width": self.size[0],
            "height": self.size[1],
            "decoded": {"width": self.decoded[0], "height": self.decoded[1]},
            "turned": self.turned or None,
            "halved": self.halved,
            "ops": list(self.common),
            "outputs": [
                {
                    "path": paths[output.number],
                    "format": output.format,
                    "copied": output.copied or None,
                    "from": None if output.source is None else paths[output.source],
                    "ops": list(output.ops),
                }
                for output in sorted(self.outputs, key=lambda output: output.number)
            ],
        }


def explain(batch: Batch) -> Iterator[Explanation]:
    """How a prepared batch will make each of its files."""
    task = ImageTask(batch.recipe, batch.settings.max_pixels, plan=not batch.settings.no_plan)
    task = task.with_resampler(choose_resampler(batch.settings, batch.recipe.every_op, False))
    task = task.for_strangers_files() if batch.settings.untrusted else task
    for job in batch.todo:
        yield Explanation(job, job.source.problem) if job.source.problem is not None else _of_file(job, task)


def total_savings(explanations: Iterable[Explanation]) -> dict[str, int]:
    """What it comes to: files that can be made, their pixels, those that are decoded, and outputs by their plan."""
    sums = dict.fromkeys(("files", "pixels", "decoded", "outputs", "copied", "from_larger"), 0)
    for one in explanations:
        if one.error is not None:
            continue
        sums["files"] += 1
        sums["pixels"] += one.frames * math.prod(one.size)
        sums["decoded"] += one.frames * math.prod(one.decoded)
        sums["outputs"] += len(one.outputs)
        sums["copied"] += sum(bool(output.copied) for output in one.outputs)
        sums["from_larger"] += sum(output.source is not None for output in one.outputs)
    return sums


def _of_file(job: Job, task: ImageTask) -> Explanation:
    image = steps.ImageContext(task, job, LocalContext())
    with limits.warning_recorder(task.max_pixels), resampler.use(task.resampler):
        try:
            with contextlib.closing(image):
                for step in steps.DECISION_STEPS:
                    step(image)
                return _of_decisions(image)
        except Exception as error:  # noqa: BLE001 - one file's error is that file's value, as in the run
            image.fail(error)
            return Explanation(job, image.failure)


def _of_decisions(image: steps.ImageContext) -> Explanation:
    """What was decided, in words, with the sizes that follow from it."""
    job, picture, plan = image.job, image.picture, image.decisions.plan
    plan = decode_plan.checking_plan(plan) if image.decisions.only_checks else plan
    frames = select_frames.count(picture, image.decisions.selection)
    pixels = decoded_size(picture, plan)
    varying = picture.format == "tiff" and frames > 1  # pages have sizes of their own
    first = swap_size(pixels, picture.orientation) if plan.turner == "operations" else pixels
    words, here = _steps(plan.common, None if varying else first)
    outputs = []
    for decision in image.decisions.outputs:
        target, output = job.targets[decision.output], image.outputs[decision.output]
        ops, start = plan.own[decision.output], here
        if decision.source is not None:
            ops = decode_plan.ops_from_larger(plan, decision.output)
            start = _size_after_first(plan.own[decision.source], here)
        own_words, size = _steps(ops, start) if decision.copy is None else ((), picture.size)
        size = size if decision.turn is None else decision.turn.size
        path, late = output_path(target, decision.format, size, image.source_hash), target.late and size is None
        copy = "coefficients" if decision.turns else ""
        copy = copy if decision.copy is None else "picture" if decision.rewrites else "file"
        savings = (output.min_savings or "a byte") if decision.may_keep_source else ""
        outputs.append(
            OutputExplanation(
                decision.output,
                path,
                decision.format,
                own_words if not copy else (),
                decision.source,
                copy,
                late,
                savings,
                "" if decision.turn is None else decision.turn.advice,
                () if copy == "file" else _labels(output, decision.format),
            )
        )
    turn = {"operations": "after", "decoder": "first", "nobody": ""}[plan.turner]
    turn = "" if picture.orientation == 1 else turn
    return Explanation(job, None, picture.format, frames, plan.size, pixels, turn, plan.luma, words, tuple(outputs))


def _labels(output: Output, format: str) -> tuple[str, ...]:
    """What becomes of texts that are set, where the format has a place for them."""
    if not output.set or not codecs.codec(format).label_places:
        return ()
    from imgbatch.codecs.metadata.labels.write_labels import set_sentences

    return tuple(set_sentences(output.set))


def _steps(ops: Sequence[Operation], here: Size | None) -> tuple[tuple[str, ...], Size | None]:
    """What `ops` do to pixels of the size `here`, in words, and the size of what comes out, where it can be told."""
    words = []
    for op in ops:
        word = "crop and resize in one step" if isinstance(op, Reduction) and op.crops else op.word
        if isinstance(op, Reduction):
            before = op.original or (None if here is None else swap_size(here, op.orientation))
            after = None if before is None else op.placement(before).canvas
            idle = (
                before is not None and op.idle(before) and here is not None and swap_size(here, op.orientation) == after
            )
        else:
            before, idle = here, False
            after = None if here is None else op.after(here)
        if idle:
            words.append(f"{word}: nothing to do")
        elif after is not None and after != before:
            words.append(f"{word} to {_size(after)}")
        else:
            words.append(word if before is None else f"{word} of {_size(before)}")
        here = after
    return tuple(words), here


def _size_after_first(ops: Sequence[Operation], here: Size | None) -> Size | None:
    """The size after the first of `ops`."""
    return _steps(ops[:1], here)[1]


def _size(size: Size) -> str:
    return f"{size[0]}x{size[1]}"

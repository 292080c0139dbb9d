"""Renditions: which files does ``--widths`` make of one image?

One output per width, named by its width; a picture is not enlarged, so that widths above its own are one file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from imgbatch.core.job import Job
from imgbatch.operations import Resize
from imgbatch.planning.recipe import Output, Recipe, name_fields


def renditions(output: Output, widths: Iterable[int]) -> tuple[Output, ...]:
    """An output once per width in px, for ``srcset``: named ``{stem}-{width}w`` unless the name has the width."""
    name = output.name if "width" in name_fields(output.name) else _with_width(output.name)
    return tuple(replace(output, name=name, ops=(*output.ops, Resize(f"{width}x"))) for width in widths)


def outputs_without_file(widths: Mapping[int, int], job: Job, recipe: Recipe) -> set[int]:
    """The outputs that have no file of their own: renditions wider than the picture, of which one was written.

    Parameters
    ----------
    widths : mapping of int to int
        The width in px of each file that was written for the job's source, by output.
    job : Job
        Its targets are paths of this plan.
    recipe : Recipe
        The one that made the files.
    """
    goals = {
        target.output: (target.path, width)
        for target in job.targets
        if target.late and (width := recipe.outputs[target.output].rendition) is not None
    }
    narrower = {output: width for output, width in widths.items() if output in goals and width < goals[output][1]}
    natural = {goals[output][0]: width for output, width in narrower.items()}
    return {
        output
        for output, (path, width) in goals.items()
        if output not in widths and path in natural and natural[path] <= width
    }


def _with_width(template: str) -> str:
    head, dot, end = template.rpartition(".")
    return f"{head}-{{width}}w.{end}" if dot and "/" not in end else f"{template}-{{width}}w"

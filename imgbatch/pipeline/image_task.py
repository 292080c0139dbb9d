"""Image task: what does a worker do with each image of a run? What the recipe says; steps.py has the steps.

It is small, and sent to each worker once. The process that sends it loads nothing that only pixels need.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job
from imgbatch.pipeline.task import FileTask, TaskContext
from imgbatch.planning.recipe import Recipe
from imgbatch.storage.base import Storage
from imgbatch.storage.below import Root
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.operations.file_backed import FileContent
    from imgbatch.pipeline.decisions.decode_plan import DecodePlan
    from imgbatch.pipeline.decisions.ways import Kind, Way
    from imgbatch.pipeline.steps import ImageContext


@frozen
class ImageTask(FileTask):
    """The task of a run: what the recipe makes of an image.

    Attributes
    ----------
    recipe : Recipe
    max_pixels : int
        Pictures with more pixels (all frames together) fail.
    plan : bool
        Whether no more pixels are touched than needed (decode_plan.py).
    profile : bool
        Whether each Outcome says what its job cost.
    is_continuation : bool
        Whether a run of this recipe died, and may have left files that it could not record.
    root : Root, optional
        The output folder, below which all outputs are written; the folder of each when not given.
    assumed_profile : FileContent, optional
        Of pictures that have none; read from the file that the outputs name when not given.
    placeholders : bool
        Whether outputs are looked at again for what stands for them while they load.
    thumbnails : int
        How many jobs, the first ones, have an Outcome with a thumbnail.
    """

    recipe: Recipe
    max_pixels: int
    plan: bool = True
    profile: bool = False
    is_continuation: bool = False
    root: Root | None = None
    assumed_profile: FileContent | None = None
    placeholders: bool = False
    thumbnails: int = 0

    @property
    def uses_numpy(self) -> bool:
        is_numpy = self.resampler == "numpy"
        return self.placeholders or any(op.uses_numpy for op in self.recipe.every_op if op.word != "resize" or is_numpy)

    @functools.cached_property
    def plans(self) -> dict[object, DecodePlan]:
        """The plans of pictures so far, for others of the same shape; steps.py fills it."""
        return {}

    @functools.cached_property
    def ways(self) -> dict[Kind | None, Way]:
        """What was decided on pictures so far, for others of the same kind; steps.py fills it."""
        return {}

    @functools.cached_property
    def output_store(self) -> Storage | None:
        """The store of the output folder, which no link leads out of; None where each output has its own folder."""
        return None if self.root is None else storage_of(self.root.path).below(self.root)

    def assumed_icc(self, path: str) -> bytes:
        """The profile of pictures that have none, which the outputs name by `path`."""
        if self.assumed_profile is not None:
            return self.assumed_profile.array.tobytes()
        from imgbatch.pixels import profile_conversion  # only in the process that needs it

        return profile_conversion.read_profile(path)

    def begin(self, job: Job, context: TaskContext) -> ImageContext:
        """The context of one image, before the first step."""
        if job.index < self.thumbnails:
            from imgbatch.pipeline.review.thumbnail import ImageWithThumbnail  # few runs have a report that shows them

            return ImageWithThumbnail(self, job, context)
        from imgbatch.pipeline import steps  # only in the process that does it

        return steps.ImageContext(self, job, context)

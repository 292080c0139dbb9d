"""What is a worker told to do with every image? The recipe and the limits: small, and sent once; steps.py does it.

The process that sends it needs nothing of what pixels need, and does not load it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Desk, Failure, Job, Outcome, Status
from imgbatch.planning.recipe import Recipe

if TYPE_CHECKING:
    from imgbatch.pipeline.decode_plan import Way


@frozen
class ImageWork:
    """The work of a run: what the recipe makes of an image.

    Attributes
    ----------
    recipe : Recipe
    max_pixels : int
        Pictures with more pixels (all frames together) fail.
    started_ns : int
        When the run began, in the file system's clock (time.time_ns): a job that is done again after a worker's
        death may replace what appeared at its target since then, because that worker put it there.
    plan : bool
        Whether no more pixels are touched than needed (decode_plan.py).
    profile : bool
        Whether each Outcome says what its job cost.
    resumed : bool
        Whether a run of this recipe died, and may have left files that it could not record.
    """

    recipe: Recipe
    max_pixels: int
    started_ns: int
    plan: bool = True
    profile: bool = False
    resumed: bool = False

    @functools.cached_property
    def ways(self) -> dict[object, Way]:
        """The ways of pictures so far, for others of the same shape; steps.py fills it."""
        return {}

    def open(self) -> None:
        """Load what every file needs before the first one is timed."""
        from imgbatch.pipeline.steps import get_ready

        get_ready()

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one."""
        return Outcome(job.index, job.source, status, error=failure)

    def __call__(self, job: Job, desk: Desk) -> Outcome:
        """One image through the house."""
        if job.source.problem is not None:
            return self.blame(job, "failed", job.source.problem)
        from imgbatch.pipeline.steps import done  # only in the process that does it

        return done(self, job, desk)

"""Task: what does a worker do with a job, and where do errors become values?

`Task` and `TaskContext` are all that executors know of this room. Neither Pillow nor numpy is loaded before the first
job is done: the process that sends a task to the workers has no use for them.
"""

from __future__ import annotations

import copy
import operator
import os
import posixpath
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from imgbatch.core.errors import Phase
from imgbatch.core.job import Failure, Job, Outcome, Status, Written
from imgbatch.pipeline.timing import PhaseTimer
from imgbatch.storage.below import Root
from imgbatch.storage.read_source import SourceReader
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.codecs.reading.decode import SourceImage
    from imgbatch.pixels.exact_sums import Sheet

_BYTES_PER_PIXEL = 16  # that a worker may take for a picture, with what operations and encoders add
_OUTPUT = operator.attrgetter("output")
_SPARE_BYTES = 2 << 30  # for libraries that are loaded later, and their threads


class TaskContext(Protocol):
    """What a task has at hand while it does a job."""

    @property
    def again(self) -> bool:
        """Whether a worker died after it may have done this job: its files may already be in place."""

    @property
    def sums(self) -> Sheet | None:
        """The sheet for this job's numbers, added to the sums if its Outcome is "ok"; None: there are no sums."""

    def phase(self, phase: Phase) -> None:
        """Say which phase begins, so that a death or a timeout can be blamed on it."""

    def reserve(self, size: int) -> None:
        """Wait until `size` bytes may be decoded; the share lasts until the next one, or the end of the chunk."""


class LocalContext:
    """The context of a job without a supervisor: it knows the phase, and never waits for memory."""

    again: bool = False

    def __init__(self, sums: Sheet | None = None) -> None:
        self.current_phase: Phase = "read"
        self.sums = sums

    def phase(self, phase: Phase) -> None:
        """Remember the phase, for whoever must say where an error came from."""
        self.current_phase = phase

    def reserve(self, size: int) -> None:
        """Return at once: there is no memory budget."""


class Task(SourceReader, ABC):
    """What is done with each job. Picklable; sent to each worker once.

    Attributes
    ----------
    root : Root or None
        The folder below which it writes, if there is one.
    most_memory : int or None
        Bytes of address space that a worker process may have beyond those it starts with; None: as many as it likes.
    """

    root: Root | None = None
    most_memory: ClassVar[int | None] = None

    @property
    def uses_numpy(self) -> bool:
        """Whether most jobs need numpy, so that it is loaded once, before there are workers; a hint."""
        return False

    @abstractmethod
    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        """The job's Outcome; never raises for a bad image."""

    def open(self) -> None:
        """Load what every job needs: called once in each worker, before the first job is timed."""

    def own_process(self) -> None:
        """Know that this process does nothing else: called once in a worker, before the first job."""

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one.

        Parameters
        ----------
        job : Job
        status : str
            ``failed``, ``timeout`` or ``crashed``.
        failure : Failure
            With the phase that the job was in, as far as it is known.
        """
        return Outcome(job.index, job.source, status, error=failure)

    def for_strangers_files(self) -> Self:
        """The same task for files from strangers."""
        return self

    def with_resampler(self, name: str) -> Self:
        """The same task, resizing with that engine."""
        return self

    def missing_source(self, job: Job) -> str:
        """The path of a job's source where this process does not see it, else ""."""
        return "" if storage_of(job.source.path).exists(job.source.path) else job.source.path

    def clean_up(self, job: Job, pid: int) -> None:
        """Remove the temporary files that process `pid`, which died or is about to, has left of a job."""
        self.clean_up_after(pid, [job])

    def clean_up_after(self, pid: int | None, jobs: list[Job]) -> None:
        """As :meth:`clean_up`, for some jobs; None: of every process of this machine that has died."""
        from imgbatch.planning.folders import sweep_folders
        sweep_folders((target for job in jobs for target in job.targets), pid, self.root)


class FileTask(Task):
    """A task that reads its job's source file; an error becomes that file's value here, and nowhere else.

    Attributes
    ----------
    max_pixels : int
        Pictures with more pixels (all frames together) fail.
    untrusted : bool
        Whether only everyday formats are read, and by Pillow alone.
    resampler : str
        The engine that resizes, which the run has chosen; ``auto``: each process chooses one.
    """

    max_pixels: int
    untrusted: ClassVar[bool] = False
    resampler: ClassVar[str] = "auto"

    def for_strangers_files(self) -> Self:
        """The same task for files from strangers: few readers, and in a worker process only the memory that they need.

        That of the largest picture that `max_pixels` allows.
        """
        return self._with(untrusted=True, most_memory=_BYTES_PER_PIXEL * self.max_pixels + _SPARE_BYTES)

    def with_resampler(self, name: str) -> Self:
        """The same task, resizing with that engine; "": nothing is to be resized, so numpy does what is."""
        return self._with(resampler=name or "numpy")

    def _with(self, **values: object) -> Self:
        task = copy.copy(self)
        for name, value in values.items():
            object.__setattr__(task, name, value)
        return task

    def open(self) -> None:
        """Load Pillow's everyday readers; EngineError where the engine that resizes cannot be used here."""
        from imgbatch.codecs.reading import limits

        limits.everyday_readers()
        if self.resampler == "cykooz":  # asked here, so that others do not load the module
            from imgbatch.operations.support.resampling import resampler

            resampler.require_cykooz()

    def own_process(self) -> None:
        """Set once what is set anew for each file where others have a use for it, too."""
        from imgbatch.codecs.reading import limits

        limits.keep_router()

    @abstractmethod
    def begin(self, job: Job, context: TaskContext) -> FileContext:
        """The context of a job, before it is processed."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        """Process the job's file; its Outcome."""
        if job.source.problem is not None:
            return self.blame(job, "failed", job.source.problem)
        from imgbatch.codecs.reading import limits  # only in the process that does it
        from imgbatch.operations.support.resampling import resampler

        file = self.begin(job, context)
        with limits.warning_recorder(self.max_pixels) as warnings, resampler.use(self.resampler):
            try:
                try:
                    file.process()
                finally:
                    file.close()
            except Exception as error:  # noqa: BLE001 - one file's error is that file's value, never the batch's
                file.fail(error)
        file.warnings += limits.format_warnings(warnings)
        texts = limits.host_warnings(warnings)
        return replace(file.outcome(), host_warnings=texts) if texts else file.outcome()


class FileContext(ABC):
    """One job while it is done: its file, what was noticed, and the first failure.

    Parameters
    ----------
    task : FileTask
    job : Job
    worker : TaskContext
        Learns the phases, and grants memory.
    profile : bool
        Whether the time of each step is measured.

    Attributes
    ----------
    data : bytes
        The file's content, from `read` on.
    picture : SourceImage
        The picture, from `open` on.
    files : list of Written
        The files that were written.
    source_hash : str
        Of the content, where it is of use.
    warnings, changes : list of str
        For the Outcome; those of the opened picture are added when it is closed.
    """

    data: bytes
    picture: SourceImage

    def __init__(self, task: FileTask, job: Job, worker: TaskContext, profile: bool = False) -> None:
        self.task, self.job, self.worker = task, job, worker
        self.timer = PhaseTimer(worker, profile)
        self.warnings: list[str] = []
        self.changes: list[str] = []
        self.files: list[Written] = []
        self.source_hash = ""
        self.failure: Failure | None = None

    @property
    def suffix(self) -> str:
        """Of the source's name, with its dot, in lower case."""
        source = self.job.source
        path = source.path if "://" not in source.path else source.relative  # a web address may go on after its name
        stem, dot, ending = path.rpartition(os.sep)[2].rpartition(".")
        return dot + ending.lower() if stem.strip(".") else ""  # as os.path.splitext, in fewer calls

    @abstractmethod
    def process(self) -> None:
        """Do the job; may raise."""

    def read(self) -> None:
        """Read the file."""
        self.data = self.task.read(self.job.source)

    def open(self) -> None:
        """Open the picture: its header only."""
        from imgbatch.codecs.reading import open as opening

        self.timer.enter("decode")
        self.picture = picture = opening.open_image(self.data, self.suffix, self.task.max_pixels, self.task.untrusted)
        if picture.changes:
            from imgbatch.codecs.reading.color_description import OPEN_COLORS, profile_by_name

            if OPEN_COLORS in picture.changes:
                name = posixpath.basename(self.job.source.relative)
                picture.metadata.icc = profile_by_name(name, picture.mode, picture.changes)

    def close(self) -> None:
        """Close the picture, if it was opened, and note what was noticed of it."""
        if hasattr(self, "picture"):
            self.changes[:0] = self.picture.changes
            self.warnings += self.picture.warnings
            self.picture.close()

    def fail(self, error: Exception) -> None:
        """Keep the first failure: the later ones often follow from it."""
        from imgbatch.codecs import errors
        kind, message = errors.classify(error, self.timer.phase)
        self.failure = self.failure or Failure(kind, self.timer.phase, message)

    def outcome(self) -> Outcome:
        """What has become of the job."""
        return Outcome(
            self.job.index,
            self.job.source,
            "failed" if self.failure else "ok",
            outputs=tuple(sorted(self.files, key=_OUTPUT)),
            error=self.failure,
            warnings=tuple(dict.fromkeys(self.warnings)),
            changes=tuple(dict.fromkeys(self.changes)),
            ms=self.timer.phase_ms(),
            cost=self.timer.cost(),
            source_hash=self.source_hash,
        )

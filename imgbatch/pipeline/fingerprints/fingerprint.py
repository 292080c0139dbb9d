"""Fingerprint: what does one image leave to be compared with others? Hashes of its bytes, its look and its pixels.

Bytes and look are noted of every file, for which a JPEG is decoded at an eighth of its size; all pixels of all frames
only of files that may have them in common with another one (datasets/duplicates.py).
"""

from __future__ import annotations

from dataclasses import replace

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job, Outcome
from imgbatch.core.quantities import Size
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.fingerprints.small_gray import small_demand, small_gray, small_plan
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext
from imgbatch.pixels.perception.perceptual_hash import ENOUGH, PerceptualHash, perceptual_hash
from imgbatch.pixels.perception.pixel_hash import PixelHash
from imgbatch.storage.atomic_write import content_hash


@frozen(slots=True)
class Fingerprint(Outcome):
    """The Outcome of a file that can be compared; its `source_hash` is of its bytes.

    Attributes
    ----------
    size : (int, int)
        (width, height) in px of the first frame, upright; (0, 0) where nothing was decoded.
    frames : int
        How many frames or pages there are.
    dct, across, down, structure
        As of :class:`PerceptualHash`; of the first frame.
    pixel_hash : str
        Of all pixels of all frames; "" where it was not asked for.
    """

    size: Size = (0, 0)
    frames: int = 1
    dct: int = 0
    across: int = 0
    down: int = 0
    structure: float = 0.0
    pixel_hash: str = ""


@frozen
class FingerprintTask(FileTask):
    """The task of a comparison.

    Attributes
    ----------
    max_pixels : int
    content : "bytes", "look" or "pixels"
        What is noted beside the hash of the bytes: nothing; how it looks; all of its pixels.
    """

    max_pixels: int
    content: str = "look"

    @property
    def uses_numpy(self) -> bool:
        return self.content != "bytes"

    def begin(self, job: Job, context: TaskContext) -> FingerprintContext:
        """The context of one image, before it is read."""
        return FingerprintContext(self, job, context)


class FingerprintContext(FileContext):
    """One image while its hashes are made."""

    task: FingerprintTask

    def __init__(self, task: FingerprintTask, job: Job, worker: TaskContext) -> None:
        super().__init__(task, job, worker)
        self._look = PerceptualHash()
        self._size, self._frames, self._pixel_hash = (0, 0), 1, ""

    def process(self) -> None:
        """Read the file, decode what is asked for, and hash it."""
        self.read()
        self.source_hash = content_hash(self.data)
        if self.task.content == "bytes":
            return
        self.open()
        self._size, self._frames = self.picture.upright_size, self.picture.frame_count
        if self.task.content == "pixels":
            self._hash_pixels()
            return
        plan = small_plan(self.picture, ENOUGH)
        self.worker.reserve(small_demand(self.picture, plan))
        image = small_gray(self.picture, plan)
        self.timer.enter("ops")
        self._look = perceptual_hash(image)

    def _hash_pixels(self) -> None:
        picture = self.picture
        plan = replace(decode_plan.full_plan(picture, True, ()), deep=picture.deep is not None)
        self.worker.reserve(memory_demand(picture, plan, picture.length, spool=False))
        pixels = PixelHash()
        for frame in picture.decode("all", deep=plan.deep)[0]:
            pixels.add(frame)
        self._pixel_hash = pixels.digest()

    def outcome(self) -> Outcome:
        """A Fingerprint; for an image that failed, an Outcome with its error."""
        if self.failure is not None:
            return Outcome(self.job.index, self.job.source, "failed", error=self.failure, ms=self.timer.phase_ms())
        look = self._look
        return Fingerprint(
            self.job.index,
            self.job.source,
            "ok",
            warnings=tuple(dict.fromkeys(self.warnings)),
            ms=self.timer.phase_ms(),
            source_hash=self.source_hash,
            size=self._size,
            frames=self._frames,
            dct=look.dct,
            across=look.across,
            down=look.down,
            structure=look.structure,
            pixel_hash=self._pixel_hash,
        )

"""Inspection: is one file whole? Its bytes are checked (codecs.findings), then every frame is decoded.

Nothing is written. A damage makes the Outcome "failed", with the first one as its error; the others, and what is only
odd, are its warnings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs import errors
from imgbatch.codecs.containers import jpeg_scans
from imgbatch.codecs.errors import Finding
from imgbatch.codecs.reading import limits
from imgbatch.core.errors import ImageError, Kind
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext
from imgbatch.storage.atomic_write import content_hash

if TYPE_CHECKING:
    from PIL.Image import Image


@frozen
class InspectTask(FileTask):
    """The task of a check; with `quality` the first frame is judged, too: blurred, too dark, too light, or plain."""

    max_pixels: int
    quality: bool = False

    @property
    def uses_numpy(self) -> bool:
        return self.quality

    def open(self) -> None:
        """Load all of Pillow's readers."""
        limits.readers()

    def begin(self, job: Job, context: TaskContext) -> InspectContext:
        """The context of one file, before it is read."""
        return InspectContext(self, job, context)


class InspectContext(FileContext):
    """One file while it is inspected."""

    task: InspectTask

    def __init__(self, task: InspectTask, job: Job, worker: TaskContext) -> None:
        super().__init__(task, job, worker)
        self._findings: list[Finding] = []

    def process(self) -> None:
        """Every frame; of a JPEG all of the data, at an eighth of the size."""
        self.read()
        self.inspect()

    def inspect(self) -> None:
        """Every frame of what was read."""
        self.timer.enter("decode")
        self._findings += codecs.findings(self.data, self.suffix)
        self.open()
        picture = self.picture
        plan = decode_plan.checking_plan(decode_plan.full_plan(picture, False, ()))
        width, height = picture.size
        # The scans of a JPEG are compared at half the size
        memory_plan = replace(plan, demand=(max(1, width // 2), max(1, height // 2))) if picture.waves else plan
        demand = memory_demand(picture, memory_plan, len(self.data), spool=False)
        if self.task.quality and picture.scales:
            from imgbatch.pipeline.fingerprints.small_gray import small_demand, small_plan
            from imgbatch.pixels.perception.quality import SIDE

            demand = max(demand, small_demand(picture, small_plan(picture, SIDE)))
        self.worker.reserve(demand)
        differences = jpeg_scans.findings(self.data) if picture.format == "jpeg" else None
        if differences is not None:
            self._findings += differences
            self._judge(None)
            return
        first = None
        for frame in picture.decode("all", plan.demand, orient=False)[0]:
            first = first or frame
        if self._findings and picture.format in codecs.FORMATS:
            self.worker.reserve(2 * demand)  # it may be decoded once more
            self._findings = codecs.codec(picture.format).confirm(self.data, self._findings)
        self._judge(first)

    def _judge(self, first: Image | None) -> None:
        """Warn of a bad picture, where that is asked for and the file is whole; `first`: its first frame, if decoded.

        A JPEG was decoded too small for it, or not at all.
        """
        if not self.task.quality or any(finding.kind is not None for finding in self._findings):
            return
        from imgbatch.pipeline.fingerprints.small_gray import gray, small_gray, small_plan
        from imgbatch.pixels.perception.quality import SIDE, measure_quality

        if first is not None and self.picture.format == "jpeg":
            self.picture.close()
            self.open()
            first = None
        picture = self.picture
        image = small_gray(picture, small_plan(picture, SIDE)) if first is None else gray(first, picture.metadata.icc)
        self.warnings += measure_quality(image).findings()

    def fail(self, error: Exception) -> None:
        """Add the decoder's error, unless the check of the bytes found one of the same kind."""
        failure = Finding(*errors.classify(error, self.timer.phase))
        if not any(finding.kind == failure.kind for finding in self._findings):
            first = failure.kind in ("too_large", "unsupported", "unidentified", "memory")
            self._findings.insert(0 if first else len(self._findings), failure)

    def outcome(self) -> Outcome:
        """The first damage as the error, all other findings as warnings; what decoding changes is left out."""
        damages = [finding for finding in self._findings if finding.kind is not None]
        if damages and damages[0].kind is not None:
            self.failure = Failure(damages[0].kind, self.timer.phase, damages[0].message)
        oddities = [finding.message for finding in self._findings if finding.kind is None]
        self.warnings[:0] = [*(damage.message for damage in damages[1:]), *oddities]
        self.changes.clear()
        return super().outcome()


@frozen(slots=True)
class VerifyJob(Job):
    """An output to verify: its source says its size, `hash` its content; "" where the ledger has none."""

    hash: str = ""


@frozen
class VerifyTask(InspectTask):
    """The task of a verification; with `deep` every frame is decoded, too."""

    deep: bool = False

    def begin(self, job: Job, context: TaskContext) -> VerifyContext:
        """The context of one file, before it is read."""
        return VerifyContext(self, job, context)


class VerifyContext(InspectContext):
    """One output while it is compared with what the ledger knows of it."""

    task: VerifyTask
    job: VerifyJob

    def process(self) -> None:
        """Compare the bytes; with `deep` decode them, too."""
        self.read()
        size, hash = self.job.source.size, self.job.hash
        if len(self.data) != size:
            kind: Kind = "truncated" if len(self.data) < size else "corrupt"
            raise ImageError(kind, f"{len(self.data)} bytes, where imgbatch wrote {size}")
        if not hash:
            self.warnings.append("only the size was compared: the ledger holds no hash")
        elif content_hash(self.data) != hash:
            raise ImageError("corrupt", "the content is not what imgbatch wrote")
        if self.task.deep:
            self.inspect()

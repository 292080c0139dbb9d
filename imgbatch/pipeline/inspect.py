"""Is one file whole? Looked at from outside (codecs.integrity), then decoded to its last frame; nothing is kept.

Runs in a worker, as steps.py does: it never raises for a bad image. A damage makes the Outcome "failed", with the
first one as its error; the others, and what is only odd, are its warnings.
"""

from __future__ import annotations

import os
from dataclasses import replace

from imgbatch.codecs import errors
from imgbatch.codecs.containers import integrity, jpeg_scans
from imgbatch.codecs.containers.integrity import Finding
from imgbatch.codecs.reading import decode, limits
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Desk, Failure, Job, Outcome, Status
from imgbatch.pipeline import decode_plan
from imgbatch.pipeline.timing import Clock
from imgbatch.storage.registry import storage_of


@frozen
class InspectWork:
    """The work of a check.

    Attributes
    ----------
    max_pixels : int
        Pictures with more pixels (all frames together) fail.
    """

    max_pixels: int

    def open(self) -> None:
        """Load Pillow's readers before the first file is timed."""
        limits.readers()

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one."""
        return Outcome(job.index, job.source, status, error=failure)

    def __call__(self, job: Job, desk: Desk) -> Outcome:
        """One file, looked at and decoded."""
        if job.source.problem is not None:
            return self.blame(job, "failed", job.source.problem)
        clock = Clock(desk)
        found: list[Finding] = []
        said: list[str] = []
        with limits.warning_recorder(self.max_pixels) as caught:
            try:
                data = storage_of(job.source.path).read(job.source.path)
                clock.enter("decode")
                suffix = os.path.splitext(job.source.path)[1].lower()
                found += integrity.findings(data, suffix)
                self._decode(data, suffix, desk, found, said)
            except Exception as error:  # noqa: BLE001 - one file's error is that file's value, never the batch's
                _add(found, Finding(*errors.classify(error, clock.phase)))
        damages = [finding for finding in found if finding.kind is not None]
        failure = None
        if damages and damages[0].kind is not None:
            failure = Failure(damages[0].kind, clock.phase, damages[0].message)
        odd = [*(item.message for item in damages[1:]), *(item.message for item in found if item.kind is None)]
        return Outcome(
            job.index,
            job.source,
            "failed" if failure else "ok",
            error=failure,
            warnings=tuple(dict.fromkeys([*odd, *said, *limits.format_warnings(caught)])),
            ms=clock.spent(),
        )

    def _decode(self, data: bytes, suffix: str, desk: Desk, found: list[Finding], said: list[str]) -> None:
        """Every frame; of a JPEG all of the data, at an eighth of the size."""
        with decode.open_image(data, suffix, self.max_pixels) as opened:
            try:
                way = decode_plan.checking(decode_plan.plain(opened, False, ()))
                width, height = opened.size
                # The scans of a JPEG are compared at half the size
                held = replace(way, wanted=(max(1, width // 2), max(1, height // 2))) if opened.waves else way
                desk.reserve(decode_plan.needed(opened, held, len(data), films=False))
                shown = jpeg_scans.findings(data) if opened.format == "jpeg" else None
                if shown is not None:
                    found += shown
                    return
                for _ in opened.decode("all", way.wanted, orient=False)[0]:
                    pass
            finally:
                said += opened.warnings


def _add(found: list[Finding], failure: Finding) -> None:
    """What the decoder says, unless the bytes have told the same, or more: a frame's failure is what follows."""
    if not any(finding.kind == failure.kind for finding in found):
        first = failure.kind in ("too_large", "unsupported", "unidentified", "memory")
        found.insert(0 if first else len(found), failure)

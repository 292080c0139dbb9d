"""How does one image become one row of an array? Read, decode, operate, convert, and copy the pixels into their place.

This is what a worker does for :mod:`imgbatch.datasets.load`: the array lies in shared memory or in a mapped file, so
pixels are written where they stay, and only the Outcome travels.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imgbatch.codecs import errors
from imgbatch.codecs.reading import decode, limits
from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Desk, Failure, Job, Outcome, Status
from imgbatch.memory.shared_arrays import Holder
from imgbatch.operations import Flatten, Operation, Size, through
from imgbatch.pipeline import decode_plan, template_fields
from imgbatch.pipeline.timing import Clock
from imgbatch.pixels import color
from imgbatch.pixels.alpha import is_opaque, straight
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from PIL.Image import Image

#: The modes of a row, and how many channels each has.
CHANNELS = {"RGB": 3, "L": 1, "RGBA": 4}
_WHITE = Flatten("white")


@frozen
class RowWork:
    """The work of a load: each image into its row.

    Attributes
    ----------
    ops : tuple of Operation
    size : (int, int)
        Width and height in px that every image must have after `ops`.
    mode : str
        One of :data:`CHANNELS`.
    rows : Holder
        The array of shape (N, H, W, C), uint8; job number i writes row i.
    max_pixels : int
        Pictures with more pixels fail.
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    """

    ops: tuple[Operation, ...]
    size: Size
    mode: str
    rows: Holder
    max_pixels: int
    auto_orient: bool = True

    def open(self) -> None:
        """Load Pillow's everyday readers before the first file is timed."""
        limits.everyday_readers()

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one."""
        return Outcome(job.index, job.source, status, error=failure)

    def __call__(self, job: Job, desk: Desk) -> Outcome:
        """One image into its row."""
        if job.source.problem is not None:
            return self.blame(job, "failed", job.source.problem)
        told = _Told(desk)
        failure = None
        with limits.warning_recorder(self.max_pixels) as caught:
            try:
                self._fill(job, told)
            except Exception as error:  # noqa: BLE001 - one file's error is that file's value, never the batch's
                kind, message = errors.classify(error, told.phase)
                failure = Failure(kind, told.phase, message)
        return Outcome(
            job.index,
            job.source,
            "failed" if failure else "ok",
            error=failure,
            warnings=tuple(dict.fromkeys([*told.warnings, *limits.format_warnings(caught)])),
            changes=tuple(dict.fromkeys(told.changes)),
            ms=told.spent(),
        )

    def _fill(self, job: Job, told: _Told) -> None:
        data = storage_of(job.source.path).read(job.source.path)
        told.enter("decode")
        suffix = os.path.splitext(job.source.path)[1].lower()
        with decode.open_image(data, suffix, self.max_pixels) as opened:
            try:
                image = self._operated(job, opened, told)
            finally:
                told.changes[:0] = opened.changes
                told.warnings += opened.warnings
        image = in_mode(image, self.mode, opened.metadata.icc, told.changes)
        told.enter("write")
        import numpy

        rows = self.rows.array
        rows[job.index] = numpy.asarray(image).reshape(rows.shape[1:])

    def _operated(self, job: Job, opened: decode.SourceImage, told: _Told) -> Image:
        """The first frame after the operations, decoded with as few pixels as they need; checked for its size."""
        way = decode_plan.way(opened, self.auto_orient, template_fields.told(self.ops, job, opened))
        told.desk.reserve(decode_plan.needed(opened, way, opened.length, films=False))
        frames, _ = opened.decode("first", way.wanted, self.auto_orient, turn=not way.turns)
        frame = next(frames)
        told.enter("ops")
        if frame.mode in color.INK and any(op.on_screen for op in self.ops):
            frame = _from_ink(frame, opened.metadata.icc, told.changes)
        (image,) = through(way.common, [frame])
        if image.size != self.size:
            raise ImageError("target", _another_size(image.size, self.size, way.size))
        return image


def in_mode(image: Image, mode: str, icc: bytes | None, changes: list[str]) -> Image:
    """`image` in mode L, RGB or RGBA, and in `changes` what that cost.

    Ink and LAB become sRGB (through `icc` where it fits), 16 and 32 bits become 8, and without a channel for it
    transparency is laid on white. RGB and gray keep their values, whatever their profile says.
    """
    if image.mode == mode and "transparency" not in image.info:
        return image
    if mode != "RGBA" and not is_opaque(image):
        changes.append("alpha: flattened on #ffffff")
        image = _WHITE.apply(image)
    if image.mode in color.DEEP:
        changes.append(f"depth: {32 if image.mode in ('I', 'F') else 16} -> 8 bits")
        image = color.to_eight_bits(image)
    if image.mode in color.INK:
        image = _from_ink(image, icc, changes)
    plain = straight(image)
    return plain if plain.mode == mode else plain.convert(mode)


def _from_ink(image: Image, icc: bytes | None, changes: list[str]) -> Image:
    changes.append(f"mode: {image.mode} -> sRGB")
    return color.to_rgb(image, icc)


def _another_size(got: Size, wanted: Size, source: Size) -> str:
    """What to do when an image does not come out as the others do."""
    said = f"{got[0]}x{got[1]} px after the operations, where every image must have {wanted[0]}x{wanted[1]}"
    if source[0] < wanted[0] or source[1] < wanted[1]:
        small = f"the source has only {source[0]}x{source[1]}"
        return f"{said}; {small}: upscale=true would enlarge it, fit=contain would pad it"
    return f"{said}; the source has {source[0]}x{source[1]}: end with a resize that has both sides and a fit"


class _Told(Clock):
    """What there is to say of a file: its changes, its warnings, and the milliseconds of each phase."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.desk = desk
        self.changes: list[str] = []
        self.warnings: list[str] = []

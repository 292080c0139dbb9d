"""Array row: how does one image become one row of an array?

This is what a worker does for :mod:`imgbatch.datasets.load`: the array lies in shared memory or in a mapped file, so
pixels are written where they stay, and only the Outcome travels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job
from imgbatch.core.quantities import Size
from imgbatch.memory.array_holder import ArrayHolder
from imgbatch.operations import Flatten, Operation
from imgbatch.pipeline.first_frame import first_frame
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext
from imgbatch.pixels import color, profile_conversion
from imgbatch.pixels.alpha import is_opaque, to_straight_alpha

if TYPE_CHECKING:
    from PIL.Image import Image

#: The modes of a row, and how many channels each has.
CHANNELS = {"RGB": 3, "L": 1, "RGBA": 4}
_WHITE = Flatten("white")


@frozen
class ArrayRowTask(FileTask):
    """The task of a load: each image into its row.

    Attributes
    ----------
    ops : tuple of Operation
    size : (int, int)
        Width and height in px that every image must have after `ops`.
    mode : str
        One of :data:`CHANNELS`.
    rows : ArrayHolder
        The array of shape (N, H, W, C), uint8; job number i writes row i.
    max_pixels : int
        Pictures with more pixels fail.
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    """

    ops: tuple[Operation, ...]
    size: Size
    mode: str
    rows: ArrayHolder
    max_pixels: int
    auto_orient: bool = True

    def begin(self, job: Job, context: TaskContext) -> ArrayRowContext:
        """The context of one image, before it is read."""
        return ArrayRowContext(self, job, context)


class ArrayRowContext(FileContext):
    """One image on the way to its row."""

    task: ArrayRowTask

    def process(self) -> None:
        """Copy the pixels of the first frame after the operations to the row, if it has the size of the others."""
        self.read()
        self.open()
        task, picture = self.task, self.picture
        image = first_frame(self, task.ops, task.auto_orient)
        if image.size != task.size:
            source = picture.upright_size if task.auto_orient else picture.size
            raise ImageError("target", _another_size(image.size, task.size, source))
        image = in_mode(image, task.mode, picture.metadata.icc, self.changes)
        self.timer.enter("write")
        import numpy

        rows = task.rows.array
        rows[self.job.index] = numpy.asarray(image).reshape(rows.shape[1:])


def in_mode(image: Image, mode: str, icc: bytes | None, changes: list[str]) -> Image:
    """`image` in mode L, RGB or RGBA, and in `changes` what that cost.

    Ink and LAB become sRGB (through `icc` where it fits), 16 and 32 bits become 8, and without a channel for it
    transparency is laid on white. RGB and gray keep their values, whatever their profile says.

    Parameters
    ----------
    image : Image
        In any mode that a reader gives.
    mode : "L", "RGB" or "RGBA"
    icc : bytes or None
        The profile of the pixels.
    changes : list of str
        Extended.
    """
    if image.mode == mode and "transparency" not in image.info:
        return image
    if mode != "RGBA" and not is_opaque(image):
        changes.append("alpha: flattened on #ffffff")
        image = _WHITE.apply(image)
    if image.mode in color.DEEP:
        changes.append(color.depth_loss(image))
        image = color.to_eight_bits(image)
    if image.mode in color.INK:
        changes.append(f"mode: {image.mode} -> sRGB")
        image = profile_conversion.to_rgb(image, icc)
    plain = to_straight_alpha(image)
    return plain if plain.mode == mode else plain.convert(mode)


def _another_size(actual: Size, size: Size, source: Size) -> str:
    """The message for an image whose size is not that of the others."""
    message = f"{actual[0]}x{actual[1]} px after the operations, where every image must have {size[0]}x{size[1]}"
    if source[0] < size[0] or source[1] < size[1]:
        small = f"the source has only {source[0]}x{source[1]}"
        return f"{message}; {small}: upscale=true would enlarge it, fit=contain would pad it"
    return f"{message}; the source has {source[0]}x{source[1]}: end with a resize that has both sides and a fit"

"""Cell: what does a contact sheet show of one image? Its first frame, small, upright and in sRGB, and its caption.

The pixels are left under a temporary name of the process that has the run, which puts them on a page when all of that
page are there: of the pages that are not due, nothing is in memory.
"""

from __future__ import annotations

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job, Outcome
from imgbatch.core.quantities import Size
from imgbatch.operations import Flatten, Resize, Text
from imgbatch.pipeline.first_frame import first_frame
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext
from imgbatch.pipeline.template_fields import bind_fields
from imgbatch.pixels import color, profile_conversion
from imgbatch.storage.temporary import numbered_name


@frozen(slots=True)
class Cell(Outcome):
    """The Outcome of a picture that is shown.

    Attributes
    ----------
    size : (int, int)
        (width, height) in px of the pixels that were left, RGB.
    caption : str
        Its lines, with ``\\n`` between them.
    """

    size: Size = (0, 0)
    caption: str = ""


@frozen
class CellTask(FileTask):
    """The task of a contact sheet: each image into a cell.

    Attributes
    ----------
    box : (int, int)
        Width and height in px that the picture has to fit into; it is not enlarged.
    caption : str
        A text with fields, as the operation Text has it.
    background : str
        The color below what is transparent.
    place : str
        Where the pixels go: a temporary name, of which each file gets a numbered one, that of its job.
    max_pixels : int
        Pictures with more pixels fail.
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    """

    box: Size
    caption: str
    background: str
    place: str
    max_pixels: int
    auto_orient: bool = True

    def begin(self, job: Job, context: TaskContext) -> CellContext:
        """The context of one image, before it is read."""
        return CellContext(self, job, context)


class CellContext(FileContext):
    """One image on the way to its cell."""

    task: CellTask
    _size: Size
    _caption = ""

    def process(self) -> None:
        """Fill in the caption, make the picture small, and leave its pixels."""
        self.read()
        self.open()
        task, picture = self.task, self.picture
        if task.caption:
            (text,) = bind_fields((Text(task.caption),), self.job, picture, self.data, task.auto_orient)
            assert isinstance(text, Text)
            self._caption = (text.caption or "").replace("\\n", "\n")
        image = first_frame(self, (Resize("{}x{}".format(*task.box)),), task.auto_orient)
        icc = picture.metadata.icc
        if image.mode in color.DEEP_COLOR:
            image = color.to_eight_bits(image)
        image = profile_conversion.to_rgb((icc and profile_conversion.to_srgb(image, icc)) or image, icc)
        image = Flatten(task.background).apply(image).convert("RGB")
        self._size = image.size
        self.timer.enter("write")
        with open(numbered_name(task.place, self.job.index), "wb") as file:
            file.write(image.tobytes())

    def outcome(self) -> Outcome:
        """A Cell; for an image that failed, an Outcome with its error."""
        plain = super().outcome()
        if self.failure is not None:
            return plain
        values = {name: getattr(plain, name) for name in Outcome.__match_args__}
        return Cell(**{**values, "changes": ()}, size=self._size, caption=self._caption)

"""Sample: how does one image become a file of a training set? Its first frame after the operations, encoded.

The file is left under a temporary name of the process that has the run, which puts it into a shard (datasets/samples/)
in the order of the sources: no pixels travel, and what waits for its turn is on the disk. A picture that stays as it is
keeps its bytes, once it was seen that they can be decoded.
"""

from __future__ import annotations

from imgbatch import codecs
from imgbatch.codecs.encoder_options import SAME, Encoding
from imgbatch.codecs.metadata.block import AnimationTiming
from imgbatch.codecs.reading.decode import ALL_DATA
from imgbatch.codecs.registry import WRITTEN
from imgbatch.codecs.writing.encode import EncodedFile
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job, Outcome
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation
from imgbatch.pipeline.first_frame import first_frame
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext
from imgbatch.storage.temporary import numbered_name

_AS_IS = Encoding()


@frozen(slots=True)
class Sample(Outcome):
    """The Outcome of a picture that was encoded.

    Attributes
    ----------
    format : str
        Of its file, in our words.
    size : (int, int)
        (width, height) in px.
    """

    format: str = ""
    size: Size = (0, 0)


@frozen
class SampleTask(FileTask):
    """The task of a training set: each image to a file of its own.

    Attributes
    ----------
    ops : tuple of Operation
    format : str
        To write; ``same``: the source's own, or PNG where that is not written.
    encoding : Encoding
    place : str
        A temporary name of the process that has the run; each file gets a numbered one of it, that of its job.
    max_pixels : int
        Pictures with more pixels fail.
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    """

    ops: tuple[Operation, ...]
    format: str
    encoding: Encoding
    place: str
    max_pixels: int
    auto_orient: bool = True

    def begin(self, job: Job, context: TaskContext) -> SampleContext:
        """The context of one image, before it is read."""
        return SampleContext(self, job, context)


class SampleContext(FileContext):
    """One image on the way to its file."""

    task: SampleTask
    _file: EncodedFile

    def process(self) -> None:
        """Encode the first frame after the operations, and leave the file in its place."""
        self.read()
        self.open()
        self._file = self._as_it_is() or self._encode()
        self.changes += self._file.changes
        self.timer.enter("write")
        with open(numbered_name(self.task.place, self.job.index), "wb") as file:
            file.write(self._file.data)

    def _as_it_is(self) -> EncodedFile | None:
        """The source's own bytes, if nothing is to be done to them; None: they are not what is wanted."""
        task, picture = self.task, self.picture
        is_upright = picture.orientation == 1 or not task.auto_orient
        keeps_format = task.format in (SAME, picture.format) and picture.format in WRITTEN and task.encoding == _AS_IS
        if task.ops or not keeps_format or not is_upright or picture.frame_count > 1:
            return None
        self.worker.reserve(len(self.data) + 4 * picture.size[0] * picture.size[1])
        for _ in picture.decode("first", ALL_DATA, orient=False)[0]:
            pass
        picture.changes.clear()  # what decoding would lose is in the bytes
        return EncodedFile(self.data, picture.format, *picture.size)

    def _encode(self) -> EncodedFile:
        task, picture = self.task, self.picture
        image = first_frame(self, task.ops, task.auto_orient)
        self.timer.enter("encode")
        format = task.format
        if format == SAME:
            format = picture.format if picture.format in WRITTEN and codecs.holds(picture.format, image.mode) else "png"
        return codecs.encode([image], format, task.encoding, picture.metadata, AnimationTiming())

    def outcome(self) -> Outcome:
        """A Sample; for an image that failed, an Outcome with its error."""
        plain = super().outcome()
        if self.failure is not None:
            return plain
        file = self._file
        return Sample(
            plain.index, plain.source, "ok", warnings=plain.warnings, changes=plain.changes, ms=plain.ms,
            format=file.format, size=(file.width, file.height),
        )  # fmt: skip

"""Flat field: how does the picture of an even white correct other pictures?

The frame is read once for the whole run; its samples and those of the pictures are compared as shares of the way from
black to white, so that an 8-bit frame serves for 16-bit pictures. A gray frame serves for all bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.sensor.sensor_frame import SensorFrameOperation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.core.file_parameter import FilePath

    Values = NDArray[Any]  # (row, column, channel)


@dataclass(frozen=True)
class FlatField(SensorFrameOperation):
    """Even out what lens and light make darker toward the edges, by a picture of something evenly white.

    ``out = in * mean(frame) / frame``, band by band (flat-field correction). Put ``dark_frame`` before it, and take the
    dark frame off the flat one, too. The samples count as they are: take both pictures with the same camera settings.
    Alpha is kept.

    Parameters
    ----------
    frame : path
        The picture of an even white, of the pictures' size; relative to the current folder, in a recipe relative to the
        recipe. It lies as the sensor: pictures that EXIF turned upright meet it turned like them.
    limit : float
        The largest factor, 1 to 100: where the frame is darker than that it cannot be told from noise.

    Raises
    ------
    ImageError
        Kind ``operation`` for a picture of another size than the frame's.
    """

    word: ClassVar[str] = "flat_field"
    group: ClassVar[str] = "shared frames"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "flat.png"

    frame: Annotated[str, File("frame", "the name of a picture", ("flat.png",)), "a picture of an even white"]
    limit: Annotated[float, Number(1, 100), "the largest factor"] = 10.0

    if TYPE_CHECKING:

        def __init__(self, frame: FilePath, limit: float = 10.0) -> None: ...

    def apply(self, image: Image) -> Image:
        import numpy

        frame = self.file_content()
        means = frame.array.mean(axis=(0, 1), dtype=numpy.float64).astype(numpy.float32)

        def change(values: Values, rows: Values) -> Values:
            factor = means / numpy.maximum(rows, means / self.limit)
            result: Values = values * factor.astype(values.dtype)
            return result

        return self.change_by_frame(image, frame.array, change)

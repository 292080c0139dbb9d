"""Dark frame: how is what the sensor shows without light subtracted from a picture?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.file_backed import FileContent
from imgbatch.operations.sensor.sensor_frame import SensorFrameOperation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.core.file_parameter import FilePath

    Values = NDArray[Any]  # (row, column, channel)


@dataclass(frozen=True)
class DarkFrame(SensorFrameOperation):
    """Take off what the sensor shows without light: ``out = in - amount * frame``, never below black.

    Alpha is kept.

    Parameters
    ----------
    frame : path
        A picture taken with the lens covered, of the pictures' size; relative to the current folder, in a recipe
        relative to the recipe. It lies as the sensor: pictures that EXIF turned upright meet it turned like them.
    amount : float
        0 to 100: the ratio of the exposure times, 1 where they were equal.

    Raises
    ------
    ImageError
        Kind ``operation`` for a picture of another size than the frame's.
    """

    word: ClassVar[str] = "dark_frame"
    group: ClassVar[str] = "shared frames"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "dark.png"

    frame: Annotated[str, File("frame", "the name of a picture", ("dark.png",)), "a picture taken in the dark"]
    amount: Annotated[float, Number(0, 100), "the ratio of the exposure times"] = 1.0

    if TYPE_CHECKING:

        def __init__(self, frame: FilePath, amount: float = 1.0) -> None: ...

    def apply(self, image: Image) -> Image:
        frame = self.file_content()
        white = white_of(frame)

        def change(values: Values, rows: Values) -> Values:
            result: Values = values - (self.amount / white) * rows.astype(values.dtype)
            return result

        return self.change_by_frame(image, frame.array, change)


def white_of(frame: FileContent) -> float:
    """The value of white in a frame: by its depth; of 32-bit samples, the smallest usual white above them all."""
    if frame.array.dtype.kind == "u":
        return 65535.0 if frame.array.dtype.itemsize == 2 else 255.0
    largest = float(frame.array.max())
    return next((top for top in (1.0, 255.0, 65535.0) if largest <= top), largest)

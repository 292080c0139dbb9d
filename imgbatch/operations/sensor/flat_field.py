"""Flat field: how does the picture of an even white correct other pictures?

The frame is read once for the whole run; its samples and those of the pictures are compared as shares of the way from
black to white, so that an 8-bit frame serves for 16-bit pictures. A gray frame serves for all bands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.errors import ImageError
from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.operations.file_backed import FileBackedOperation
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.pixels.alpha import to_straight_alpha
from imgbatch.pixels.deep import gray_range

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Values = NDArray[Any]  # (row, column, channel)

_ROWS = 256  # computed at a time, so that a large picture needs little memory


@dataclass(frozen=True)
class FlatField(FileBackedOperation):
    """Even out what lens and light make darker toward the edges, by a picture of something evenly white.

    ``out = in * mean(frame) / frame``, band by band (flat-field correction). Put ``dark_frame`` before it, and take the
    dark frame off the flat one, too. The samples count as they are: take both pictures with the same camera settings.
    Alpha is kept.

    Parameters
    ----------
    frame : path
        The picture of an even white, of the pictures' size; relative to the current folder, in a recipe relative to the
        recipe.
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

    def apply(self, image: Image) -> Image:
        import numpy

        frame = self.file_content()
        means = frame.array.mean(axis=(0, 1), dtype=numpy.float64).astype(numpy.float32)

        def change(values: Values, rows: slice) -> Values:
            factor = means / numpy.maximum(frame.array[rows], means / self.limit)
            result: Values = values * factor.astype(values.dtype)
            return result

        return change_by_frame(self, image, frame.array, change)


def change_by_frame(
    operation: Operation, image: Image, frame: NDArray[Any], change: Callable[[Values, slice], Values]
) -> Image:
    """`image` changed with the help of a frame of its size, some rows at a time.

    Parameters
    ----------
    operation : Operation
        Named in errors.
    image : Image
    frame : (H, W, 1 or 3) array
        One with 3 channels makes a gray picture RGB.
    change : callable
        From color samples (rows, W, C) as shares of the picture's range, 0..1, and the slice of rows, to new samples.

    Raises
    ------
    ImageError
        Kind ``operation`` for a picture of another size, ``mode`` for one that the frame's colors do not fit.
    """
    import numpy

    ready = to_straight_alpha(image)
    if (ready.width, ready.height) != (frame.shape[1], frame.shape[0]):
        raise ImageError(
            "operation",
            f"{operation.word} needs pictures of the frame's size: {frame.shape[1]}x{frame.shape[0]} px, "
            f"this one has {ready.width}x{ready.height}",
        )
    if frame.shape[2] == 3 and ready.mode in ("L", "LA"):
        ready = ready.convert("RGB" if ready.mode == "L" else "RGBA")
    elif frame.shape[2] == 3 and ready.mode not in ("RGB", "RGBA"):
        raise refuse_mode(operation, ready, "its frame has colors; use a gray one")
    low, high = gray_range(ready)
    pixels = samples(ready)
    kind = numpy.float64 if ready.mode == "I" else numpy.float32
    result = numpy.empty(pixels.shape, kind)
    bands = pixels.shape[2] - (ready.mode in ("LA", "RGBA"))
    for top in range(0, ready.height, _ROWS):
        rows = slice(top, top + _ROWS)
        shares: Values = pixels[rows, :, :bands].astype(kind)
        shares = (shares - low) / ((high - low) or 1)
        result[rows, :, :bands] = change(shares, rows).clip(0, 1) * (high - low) + low
        result[rows, :, bands:] = pixels[rows, :, bands:]
    return picture(result, ready)

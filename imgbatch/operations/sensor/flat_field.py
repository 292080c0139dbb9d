"""Which operations take another picture as a measure? Flat fields, dark frames, and histograms to match.

The frame is read once for the whole run; its samples and those of the pictures are compared as shares of the way from
black to white, so that an 8-bit frame serves for 16-bit pictures. A gray frame serves for all bands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.errors import ImageError
from imgbatch.core.file_parameter import File, Held
from imgbatch.core.parameters import Number
from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.operations.file_backed import FromFile
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.operations.support.canvas import gray_range
from imgbatch.operations.tone.curves import Measured, Table
from imgbatch.pixels.alpha import straight

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Values = NDArray[Any]  # (row, column, channel)

_ROWS = 256  # computed at a time, so that a large picture needs little memory


@dataclass(frozen=True)
class FlatField(FromFile):
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

        frame = self.given()
        means = frame.array.mean(axis=(0, 1), dtype=numpy.float64).astype(numpy.float32)

        def change(values: Values, rows: slice) -> Values:
            factor = means / numpy.maximum(frame.array[rows], means / self.limit)
            changed: Values = values * factor.astype(values.dtype)
            return changed

        return _by_frame(self, image, frame.array, change)


@dataclass(frozen=True)
class DarkFrame(FromFile):
    """Take off what the sensor shows without light: ``out = in - amount * frame``, never below black.

    Alpha is kept.

    Parameters
    ----------
    frame : path
        A picture taken with the lens covered, of the pictures' size; relative to the current folder, in a recipe
        relative to the recipe.
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

    def apply(self, image: Image) -> Image:
        frame = self.given()
        white = white_of(frame)

        def change(values: Values, rows: slice) -> Values:
            changed: Values = values - (self.amount / white) * frame.array[rows].astype(values.dtype)
            return changed

        return _by_frame(self, image, frame.array, change)


@dataclass(frozen=True)
class MatchHistogram(Measured, FromFile):
    """Give the image the tones of another picture: each band's histogram becomes that of the other.

    Histogram specification (R. Gonzalez, R. Woods, "Digital Image Processing"): a level becomes the one below which the
    other picture has as large a share of its samples. Fully transparent pixels do not count. The frames of an animation
    are measured together. Colors are matched band by band; a gray picture serves for all bands.

    Parameters
    ----------
    image : path
        The picture to be like; relative to the current folder, in a recipe relative to the recipe.
    """

    word: ClassVar[str] = "match_histogram"
    group: ClassVar[str] = "shared frames"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "best.png"

    image: Annotated[str, File("histogram", "the name of a picture", ("best.png",)), "the picture to be like"]

    def tables(self, bands: Sequence[Sequence[int]]) -> tuple[Table, ...]:
        wanted = self.given().array
        if len(bands) == 1 and len(wanted) == 3:
            wanted = wanted.sum(axis=0, keepdims=True)
        return tuple(_matching(counts, wanted[min(band, len(wanted) - 1)]) for band, counts in enumerate(bands))


def _matching(counts: Sequence[int], wanted: NDArray[Any]) -> Table:
    """The level of `wanted` for each level of `counts`, between 0 and the last level of `counts`."""
    import numpy

    have = numpy.array(counts, numpy.float64)
    if not have.sum() or not wanted.sum():
        return tuple(range(len(counts)))
    seen = numpy.flatnonzero(wanted)  # steps of the inverse lie where the other picture has samples
    below = numpy.cumsum(wanted)[seen] / wanted.sum()
    levels = numpy.interp(numpy.cumsum(have) / have.sum(), below, seen)
    scaled = levels * (len(counts) - 1) / (len(wanted) - 1)
    return tuple((scaled + 0.5).astype(int).tolist())


def white_of(frame: Held) -> float:
    """The value of white in a frame: by its depth, for 32-bit samples the smallest of the usual ones that holds all."""
    if frame.array.dtype.kind == "u":
        return 65535.0 if frame.array.dtype.itemsize == 2 else 255.0
    largest = float(frame.array.max())
    return next((top for top in (1.0, 255.0, 65535.0) if largest <= top), largest)


def _by_frame(
    operation: Operation, image: Image, frame: NDArray[Any], change: Callable[[Values, slice], Values]
) -> Image:
    """`change` over the color bands of `image` as shares, some rows at a time; with the rows that they are."""
    import numpy

    ready = straight(image)
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
    held = samples(ready)
    kind = numpy.float64 if ready.mode == "I" else numpy.float32
    made = numpy.empty(held.shape, kind)
    bands = held.shape[2] - (ready.mode in ("LA", "RGBA"))
    for top in range(0, ready.height, _ROWS):
        rows = slice(top, top + _ROWS)
        shares: Values = held[rows, :, :bands].astype(kind)
        shares = (shares - low) / ((high - low) or 1)
        made[rows, :, :bands] = change(shares, rows).clip(0, 1) * (high - low) + low
        made[rows, :, bands:] = held[rows, :, bands:]
    return picture(made, ready)

"""Sensor frame: how does a picture that was turned upright meet a frame whose pixels lie as the sensor's?

Frames are taken once, pictures in any way up; what a pixel of the sensor adds or lacks is found again only where both
lie alike. Frames are held as stored (planning/reference_content), and turned as each picture was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from imgbatch.core.errors import ImageError
from imgbatch.operations.base import Bands, Operation, refuse_mode
from imgbatch.operations.file_backed import FileBackedOperation
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.pixels.alpha import as_deep, to_straight_alpha
from imgbatch.pixels.color import DEEP_COLOR
from imgbatch.pixels.deep.gray import gray_range
from imgbatch.pixels.orientation import upright_view

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Values = NDArray[Any]  # (row, column, channel)

_ROWS = 256  # computed at a time, so that a large picture needs little memory


@dataclass(frozen=True)
class SensorFrameOperation(FileBackedOperation):
    """An operation by a frame: ``orientation`` is how the picture was turned upright, EXIF's 1..8; no parameter."""

    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True

    orientation: int = field(default=1, compare=False, repr=False, kw_only=True)

    def of_file(self, facts: Mapping[str, Any]) -> Operation:
        return replace(self, orientation=facts["orientation"])

    def change_by_frame(self, image: Image, frame: NDArray[Any], change: Callable[[Values, Values], Values]) -> Image:
        """`image` changed with the help of a frame of its size, some rows at a time.

        Parameters
        ----------
        image : Image
        frame : (H, W, 1 or 3) array
            As stored; one with 3 channels makes a gray picture RGB.
        change : callable
            From color samples (rows, W, C) as shares of the picture's range, 0..1, and the frame's rows, to new
            samples.

        Raises
        ------
        ImageError
            Kind ``operation`` for a picture of another size, ``mode`` for one that the frame's colors do not fit.
        """
        import numpy

        ready = to_straight_alpha(image)
        frame = self._as_picture_lies(frame, (ready.height, ready.width))
        if frame.shape[2] == 3 and ready.mode in ("L", "LA"):
            ready = ready.convert("RGB" if ready.mode == "L" else "RGBA")
        elif frame.shape[2] == 3 and ready.mode in DEEP_COLOR:
            ready = as_deep(ready).to_color()
        elif frame.shape[2] == 3 and ready.mode not in ("RGB", "RGBA"):
            raise refuse_mode(self, ready, "its frame has colors; use a gray one")
        low, high = gray_range(ready)
        pixels = samples(ready)
        kind = numpy.float64 if ready.mode == "I" else numpy.float32
        result = numpy.empty(pixels.shape, kind)
        bands = pixels.shape[2] - (ready.mode in ("LA", "RGBA", "LA;16", "RGBA;16"))
        for top in range(0, ready.height, _ROWS):
            rows = slice(top, top + _ROWS)
            shares: Values = pixels[rows, :, :bands].astype(kind)
            shares = (shares - low) / ((high - low) or 1)
            result[rows, :, :bands] = change(shares, frame[rows]).clip(0, 1) * (high - low) + low
            result[rows, :, bands:] = pixels[rows, :, bands:]
        return picture(result, ready)

    def _as_picture_lies(self, frame: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
        """The frame turned as the picture was; as it lies where only that fits, since it was turned before."""
        for view in (upright_view(frame, self.orientation), frame):
            if view.shape[:2] == shape:
                return view
        height, width = upright_view(frame, self.orientation).shape[:2]
        raise ImageError(
            "operation",
            f"{self.word} needs pictures of the frame's size: {width}x{height} px, this one has {shape[1]}x{shape[0]}",
        )

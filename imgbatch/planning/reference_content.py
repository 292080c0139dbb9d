"""Reference content: what numbers does a file hold that an operation needs?

A picture, a frame, a histogram, the colors of a LUT, a font or a profile; loaded only for recipes that name a file.
To another machine a content travels as the file that it was read from (:class:`PortableFile`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import EngineError, ImageError, PlanError
from imgbatch.core.file_parameter import Holds
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.memory.array_holder import LocalArray
from imgbatch.operations.file_backed import FileContent
from imgbatch.pixels.orientation import from_upright

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_MAX_PIXELS = 268_000_000


def content_of(data: bytes, holds: Holds, path: str, who: str) -> FileContent:
    """The numbers that the bytes of a file stand for.

    Parameters
    ----------
    data : bytes
    holds : str
        What the file is read as.
    path : str
        Its name: the suffix helps to identify it, and messages have it.
    who : str
        Which operation and parameter name it, for messages.

    Raises
    ------
    PlanError
        The file is not what it should be.
    """
    readers: dict[Holds, Callable[[bytes, str], FileContent]] = {
        "picture": _picture, "frame": _frame, "histogram": _histogram, "lut": _lut, "font": _font,
        "profile": _profile,
    }  # fmt: skip
    try:
        return readers[holds](data, os.path.splitext(path)[1].lower())
    except (ImageError, ValueError, OSError) as error:
        raise PlanError(f"{who}: {path!r} cannot be used: {error}") from None


@frozen
class PortableFile:
    """A file of which another machine makes the same content.

    Attributes
    ----------
    path : str
        Absolute.
    digest : str
        SHA-256 of its bytes, in hex.
    holds, who
        As of :func:`content_of`.
    data : bytes or None
        Its bytes; None: they are read there, under the same path.
    """

    path: str
    digest: str
    holds: Holds
    who: str
    data: bytes | None

    def content(self) -> PortableContent:
        """What the file holds; EngineError where it is read and is not there, or is another one."""
        data = self._read() if self.data is None else self.data
        content = content_of(data, self.holds, self.path, self.who)
        return PortableContent(content.holder, content.mode, content.span, self)

    def _read(self) -> bytes:
        large = "a file of more than 1 MB is read by each worker"
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except OSError as error:
            message = f"{self.who}: {self.path!r} cannot be read here ({error.strerror or error}); {large}"
            raise EngineError(message) from None
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise EngineError(f"{self.who}: {self.path!r} is another file here than where the run began; {large}")
        return data


@frozen
class PortableContent(FileContent):
    """The content of a file, pickled as that file."""

    file: PortableFile | None = None

    def __reduce__(self) -> tuple[Callable[[PortableFile], PortableContent], tuple[PortableFile]]:
        assert self.file is not None
        return PortableFile.content, (self.file,)


def _decode(data: bytes, suffix: str, on_sensor: bool = False, deep: bool = False) -> tuple[Image, bytes | None]:
    """The first frame and its profile.

    Parameters
    ----------
    data, suffix
        The file, and that of its name.
    on_sensor : bool
        As it lay on the sensor, not upright.
    deep : bool
        With 16 bits of color where it has them.
    """
    from imgbatch.codecs.reading import limits
    from imgbatch.codecs.reading.open import open_image

    with limits.pixel_limit(_MAX_PIXELS), open_image(data, suffix, _MAX_PIXELS) as picture:
        frames, _ = picture.decode("first", deep=deep)
        image = next(frames)
        turn = from_upright(picture.sensor_orientation(upright=True)) if on_sensor else None
        return image if turn is None else image.transpose(turn), picture.metadata.icc


def _picture(data: bytes, suffix: str) -> FileContent:
    import numpy

    from imgbatch.pixels import profile_conversion

    image, icc = _decode(data, suffix)
    ready = (profile_conversion.to_srgb(image, icc) if icc else None) or image
    return FileContent(LocalArray(numpy.asarray(profile_conversion.to_rgb(ready, icc).convert("RGBA"))), image.mode)


def _frame(data: bytes, suffix: str) -> FileContent:
    import numpy

    image = _plain(*_decode(data, suffix, on_sensor=True, deep=True))
    samples: NDArray[Any] = numpy.asarray(image)
    native = samples.astype(samples.dtype.newbyteorder("="))
    return FileContent(LocalArray(native.reshape(image.height, image.width, -1)), image.mode)


def _histogram(data: bytes, suffix: str) -> FileContent:
    import numpy

    from imgbatch.pixels import color

    image = _plain(*_decode(data, suffix, deep=True))
    if image.mode in color.WIDE:
        raise ValueError("its 32-bit samples have no fixed white; convert it to 16 bits first")
    samples = numpy.asarray(image).reshape(image.height, image.width, -1)
    levels = 65536 if samples.dtype.itemsize == 2 else 256
    counts = [numpy.bincount(samples[..., band].ravel(), minlength=levels) for band in range(samples.shape[2])]
    return FileContent(LocalArray(numpy.stack(counts).astype(numpy.int64)), image.mode)


def _plain(image: Image, icc: bytes | None) -> Image:
    """Gray of any depth, or RGB; without alpha."""
    from imgbatch.pixels import alpha, color, profile_conversion

    if image.mode in color.INK:
        return profile_conversion.to_rgb(image, icc).convert("RGB")
    ready = alpha.to_straight_alpha(image)
    if ready.mode in color.DEEP_COLOR:
        return alpha.without_alpha(ready)
    return ready if ready.mode in color.DEEP else ready.convert("L" if ready.mode in ("L", "LA") else "RGB")


def _lut(data: bytes, suffix: str) -> FileContent:
    from imgbatch.operations.tone import cube_file

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # a title in another alphabet
    if "\0" in text:
        raise ValueError("this is no .cube file: it is no text")
    table, low, high = cube_file.parse_cube(text)
    return FileContent(LocalArray(table), span=(low, high))


def _font(data: bytes, suffix: str) -> FileContent:
    import numpy

    from imgbatch.operations.overlays import fonts

    try:
        fonts.font(data, 12)
    except OSError as error:
        raise ValueError(f"this is no font: {error}") from None
    return FileContent(LocalArray(numpy.frombuffer(data, numpy.uint8)))


def _profile(data: bytes, suffix: str) -> FileContent:
    import numpy

    from imgbatch.pixels import profile_conversion

    return FileContent(LocalArray(numpy.frombuffer(profile_conversion.check_profile(data), numpy.uint8)))

"""Spooled frames: where are frames kept when there may be tens of thousands? In memory while few, else in a file.

The first :data:`MEMORY_LIMIT` bytes of pixels stay in memory, those that follow are written to a temporary file (in
TMPDIR; it has no name, so nothing is ever left of it) and read again at each walk: one frame at a time. Frames come
from the decoder into such a sequence, from there through each output's operations into the next, and into the encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, overload

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.pixels.color import DEEP_COLOR, FLOATS

if TYPE_CHECKING:
    from PIL.Image import Image

#: Bytes of pixels that one sequence holds in memory.
MEMORY_LIMIT = 32_000_000
#: Bytes of a pixel; 4 of all other modes.
_WIDTHS = {
    "1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2, "LA;16": 4, "RGB;16": 6, "RGBA;16": 8,
    FLOATS: 12,
}  # fmt: skip


@frozen
class _StoredFrame:
    """A frame in the file: all that makes it but its pixels, and where these are."""

    mode: str
    size: tuple[int, int]
    palette: tuple[str, bytes] | None
    info: dict[str | tuple[int, int], Any]
    start: int
    length: int


class SpooledFrames(Sequence["Image"]):
    """Frames in order, to be walked as often as one likes.

    Parameters
    ----------
    frames : iterable of Image
        Taken one at a time. Those that are kept in memory are kept as they are, the others come back as equal ones.

    Raises
    ------
    ImageError
        Kind ``memory`` where the temporary file cannot be made or written.
    """

    def __init__(self, frames: Iterable[Image] = ()) -> None:
        self._items: list[Image | _StoredFrame] = []
        self._file: IO[bytes] | None = None
        self._end = total = 0
        for frame in frames:
            if not self._items:  # most pictures have one
                self._items.append(frame)
                continue
            total = total or size_in_memory(self[0])
            size = size_in_memory(frame)
            if total + size > MEMORY_LIMIT:
                self._items.append(self._spool(frame))
            else:
                total += size
                self._items.append(frame)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> Image: ...
    @overload
    def __getitem__(self, place: slice) -> SpooledFrames: ...
    def __getitem__(self, place: int | slice) -> Image | SpooledFrames:
        if isinstance(place, slice):
            part = SpooledFrames()
            part._items, part._file = self._items[place], self._file
            return part
        item = self._items[place]
        return self._load(item) if isinstance(item, _StoredFrame) else item

    def __iter__(self) -> Iterator[Image]:
        return map(self.__getitem__, range(len(self._items)))

    def _spool(self, frame: Image) -> _StoredFrame:
        import tempfile

        pixels = frame.tobytes()
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="imgbatch-")  # noqa: SIM115 - lives as long as the sequence
            self._file.seek(self._end)
            self._file.write(pixels)
        except OSError as error:
            message = f"no room for so many frames in {tempfile.gettempdir()}: {error.strerror or error}"
            raise ImageError("memory", f"{message}; set TMPDIR to a folder that has, or use --frames") from error
        palette = None
        if frame.palette is not None:
            mode = frame.palette.mode
            palette = mode, bytes(frame.getpalette(mode) or b"")
        start, self._end = self._end, self._end + len(pixels)
        return _StoredFrame(frame.mode, frame.size, palette, dict(frame.info), start, len(pixels))

    def _load(self, item: _StoredFrame) -> Image:
        assert self._file is not None
        self._file.seek(item.start)
        pixels = self._file.read(item.length)
        frame = from_bytes(item.mode, item.size, pixels)
        if item.palette is not None:
            mode, entries = item.palette
            frame.putpalette(entries, mode)
        frame.info = dict(item.info)
        return frame


def spool(frames: Iterable[Image]) -> SpooledFrames:
    """`frames` in memory or in a file; the same object where they are so already."""
    return frames if isinstance(frames, SpooledFrames) else SpooledFrames(frames)


def map_frames(frames: Iterable[Image], change: Callable[[Image], Image]) -> SpooledFrames:
    """`change` of every frame, one at a time, in a new sequence."""
    return SpooledFrames(map(change, frames))


def from_bytes(mode: str, size: tuple[int, int], pixels: bytes) -> Image:
    """The picture whose ``tobytes()`` gave `pixels`.

    Parameters
    ----------
    mode : str
    size : (int, int)
        In px.
    pixels : bytes
    """
    if mode == FLOATS:
        from imgbatch.pixels.deep import floats

        return floats.from_bytes(size, pixels)
    if mode in DEEP_COLOR:
        from imgbatch.pixels.deep import bands

        return bands.from_bytes(mode, size, pixels)
    from PIL import Image as Images

    return Images.frombytes(mode, size, pixels)


def size_in_memory(image: Image) -> int:
    """About how many bytes Pillow takes for the pixels of `image`."""
    width, height = image.size
    return width * height * _WIDTHS.get(image.mode, 4)

"""APNG: how are many frames written as an APNG, with one of them in memory at a time? Pillow's own way holds them all.

The first frame is a whole PNG by Pillow, whose chunks stay as they are; of each later one only the rectangle that
changed is encoded, and replaces what was there (blend: source, disposal: none). A frame that changes nothing makes the
one before it longer. PNG specification, third edition, 11.3.6: acTL, fcTL, fdAT.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers import png_chunks
from imgbatch.codecs.registry import PNG_START
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image

    Box = tuple[int, int, int, int]  # left, top, right, bottom in px

LONGEST_MS = 65535


def encode(frames: Sequence[Image], options: dict[str, Any]) -> bytes:
    """`frames`, of one size and mode, as one file.

    Parameters
    ----------
    frames : sequence of Image
        Walked once.
    options : dict
        Pillow's save parameters for the first frame; ``duration`` (a list, in milliseconds) and ``loop`` for all.
    """
    plain = {key: value for key, value in options.items() if key not in ("duration", "loop")}
    picture: dict[str, Any] = {key: plain[key] for key in ("optimize", "compress_level") if key in plain}
    file: _File | None = None
    last = frames[0]
    for frame, duration in zip(frames, options["duration"], strict=True):
        if file is None:
            file = _File(*_parts(frame, plain))
            file.add((0, 0, *frame.size), file.first, duration)
        else:
            box = _changed_box(last, frame)
            if box is not None or not file.prolong(duration):
                box = box or (0, 0, 1, 1)
                head, pixels, _ = _parts(frame.crop(box), picture)
                if head[24:26] != file.kind:
                    raise ImageError("unsupported", "the frames cannot be one APNG: their palettes differ")
                file.add(box, pixels, duration)
        last = frame
    assert file is not None
    return file.finish(options["loop"])


class _File:
    """The file as far as it is written. What only the end can tell is written again then."""

    def __init__(self, before: bytes, pixels: list[bytes], after: bytes) -> None:
        self.first, self._after = pixels, after
        self.kind = before[24:26]  # bit depth and color type
        self._file = io.BytesIO()
        self._file.write(before)
        self._start = self._file.tell()
        self._file.write(png_chunks.chunk(b"acTL", bytes(8)))
        self._count = self._number = self._at = self._duration = 0
        self._where: tuple[int, ...] = ()

    def add(self, box: Box, pixels: list[bytes], duration: int) -> None:
        """Write one more frame.

        Parameters
        ----------
        box : (int, int, int, int)
            Left, top, right and bottom of where it goes, in px.
        pixels : list of bytes
            The contents of its IDAT chunks.
        duration : int
            Milliseconds.
        """
        left, top, right, bottom = box
        self._at, self._where, self._duration = self._file.tell(), (right - left, bottom - top, left, top), duration
        self._file.write(self._control(self._number))
        self._number += 1
        for data in pixels:
            if self._count == 0:  # what programs without animation show
                self._file.write(png_chunks.chunk(b"IDAT", data))
            else:
                self._file.write(png_chunks.chunk(b"fdAT", struct.pack(">I", self._number) + data))
                self._number += 1
        self._count += 1

    def prolong(self, duration: int) -> bool:
        """Let the last frame stay longer; False where that is more than the format can say."""
        if self._duration + duration > LONGEST_MS:
            return False
        self._duration += duration
        self._file.seek(self._at + 8)
        number = int.from_bytes(self._file.read(4), "big")
        self._file.seek(self._at)
        self._file.write(self._control(number))
        self._file.seek(0, io.SEEK_END)
        return True

    def finish(self, loop: int) -> bytes:
        """The whole file, which plays `loop` times (0: for ever); called once, after the last frame."""
        self._file.write(self._after)
        self._file.seek(self._start)
        self._file.write(png_chunks.chunk(b"acTL", struct.pack(">II", self._count, loop)))
        return self._file.getvalue()

    def _control(self, number: int) -> bytes:
        return png_chunks.chunk(b"fcTL", struct.pack(">5I2H2B", number, *self._where, self._duration, 1000, 0, 0))


def _parts(image: Image, options: dict[str, Any]) -> tuple[bytes, list[bytes], bytes]:
    """A PNG of `image`: what comes before the pixels, the pixels' data, what comes after."""
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    data = file.getvalue()
    before, pixels, after = data[: len(PNG_START)], [], b""
    for name, start, end in png_chunks.chunks(data):
        if name == b"IDAT":
            pixels.append(data[start + 8 : end - 4])
        elif pixels:
            after += data[start:end]
        else:
            before += data[start:end]
    return before, pixels, after


def _changed_box(one: Image, other: Image) -> Box | None:
    """The smallest box around all pixels in which two images of one size and mode differ; None where they do not."""
    import numpy

    differs = numpy.asarray(one) != numpy.asarray(other)
    if differs.ndim == 3:
        differs = differs.any(axis=2)
    rows, columns = numpy.flatnonzero(differs.any(axis=1)), numpy.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

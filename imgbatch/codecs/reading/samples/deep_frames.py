"""Deep frames: which files hold more than 8 bits of color, and how are they read, when Pillow gives 8 only?

Its reader of PNG can be asked for the low bytes as well: the raw mode of the other byte order gives them. So a picture
is decoded twice, once for each half of its samples, and put together (pixels/deep/bands.py). The second reader is
opened only where an output keeps 16 bits. Of TIFF libtiff gives all bytes (deep_tiff.py), of
32-bit floats, too, for which Pillow has no colors, of HEIC its package all bits
(deep_heif.py). The readers of AVIF and of colors in JPEG XL give 8 bits of what has more.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

from imgbatch.pixels.color import FLOATS

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_HEIC_MODES = {"RGB": "RGB;16", "RGBA": "RGBA;16", "RGBa": "RGBA;16"}
_COLORS, _GRAY_ALPHA = ("RGB", "RGBA"), 4  # of a PNG


class Reader(Protocol):
    """Who reads the frames of a file with 16 bits of color.

    `is_alone`: whether it makes them by itself, so that nobody else need load them.
    """

    is_alone: bool

    def prepare(self) -> bool:
        """Make ready for the frame that the first reader stands at, not loaded yet; whether it has 16 bits of color."""

    def join(self, high: Image) -> Image:
        """The frame with 16 bits, of what the first reader gave."""


def deep_mode(image: ImageFile, name: str, data: bytes) -> str | None:
    """Our mode of a picture whose colors of more than 8 bits can be read whole; None: it has none, or they cannot.

    Parameters
    ----------
    image : ImageFile
        Its header was read.
    name : str
        Our name of its format.
    data : bytes
        The file.
    """
    if name == "heif" and image.mode in _HEIC_MODES:
        return _HEIC_MODES[image.mode]
    if name == "tiff":
        from imgbatch.codecs.reading.samples import deep_tiff

        return deep_tiff.page_mode(image)
    if image.mode not in _COLORS:
        return None
    if name == "png" and not getattr(image, "is_animated", False):
        if data[25] == _GRAY_ALPHA:
            return "LA;16"
        return "RGBA;16" if image.mode == "RGBA" or "transparency" in image.info else "RGB;16"
    return None


def deep_reader(image: ImageFile, name: str, data: bytes, losses: list[str] | None) -> Reader | None:
    """Who reads what has a :func:`deep_mode`; None: Pillow, 8 bits of it.

    Parameters
    ----------
    image, name, data
        As there.
    losses : list of str or None
        8 bits are wanted; it gets what is lost where Pillow does not read them.
    """
    if losses is not None and deep_mode(image, name, data) != FLOATS:
        return None
    if name == "heif":
        from imgbatch.codecs.reading.samples.deep_heif import HeifReader

        return HeifReader(data)
    if name == "tiff":
        from imgbatch.codecs.reading.samples.deep_tiff import TiffReader

        return TiffReader(image, data, losses)
    return LowByteReader(image, data)


class LowByteReader:
    """The second reader of a PNG, for the low bytes.

    Parameters
    ----------
    image : ImageFile
        The first one, which gives the high bytes; not loaded yet.
    data : bytes
        The file.
    """

    is_alone = False

    def __init__(self, image: ImageFile, data: bytes) -> None:
        from PIL import Image as Images

        self._first, self._is_gray = image, data[25] == _GRAY_ALPHA
        self._second = Images.open(io.BytesIO(data), formats=["PNG"])

    def prepare(self) -> bool:
        """Tell both readers what to take for the samples: gray with alpha one gives whole, two bytes each, as RGBA."""
        self._set(self._first, "RGBA" if self._is_gray else f"{self._first.mode};16B")
        self._set(self._second, f"{self._second.mode};16L")
        return True

    @staticmethod
    def _set(reader: ImageFile, raw: str) -> None:
        reader.tile = [
            tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw) for tile in reader.tile
        ]

    def join(self, high: Image) -> Image:
        """The frame with 16 bits, of what the first reader gave."""
        from imgbatch.pixels.deep import bands

        if self._is_gray:
            parts = high.split()
            return bands.DeepImage([bands.merge_halves(*parts[:2]), bands.merge_halves(*parts[2:])])
        second = self._second
        key = second.info.get("transparency")  # in 16 bits; of the first reader it was rescaled
        second.load()
        result = bands.from_halves(high, second)
        return result if key is None else _with_key(result, key)


def _with_key(image: Image, key: tuple[int, int, int]) -> Image:
    """RGB with one transparent color as RGBA."""
    import numpy

    from imgbatch.pixels.deep import bands

    samples = numpy.asarray(image)
    alpha = numpy.where((samples == numpy.array(key, samples.dtype)).all(axis=2), 0, bands.WHITE)
    return bands.DeepImage([*image.split(), bands.to_band(alpha)])

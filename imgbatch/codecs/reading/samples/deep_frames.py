"""Deep frames: which files hold more than 8 bits of color, and how are they read, when Pillow gives 8 only?

Its readers can be asked for the low bytes as well: the raw mode of the other byte order gives them. So a picture is
decoded twice, once for each half of its samples, and put together (pixels/deep/bands.py). The second reader is opened
only where an output keeps 16 bits. Of HEIC its package gives all bits at once (deep_heif.py). The readers of AVIF and
of colors in JPEG XL give 8 bits of what has more.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Protocol

from imgbatch.codecs.containers import tiff_pages
from imgbatch.codecs.containers.jpeg_headers import tag

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_HEIC_MODES = {"RGB": "RGB;16", "RGBA": "RGBA;16", "RGBa": "RGBA;16"}
_COLORS, _GRAY_ALPHA = ("RGB", "RGBA"), 4  # of a PNG
_NATIVE = "16L" if sys.byteorder == "little" else "16B"
_OTHER = {"16L": "16B", "16B": "16L"}
_WEIGHTED_COLORS = "RGBa"
_PLANAR = 284  # a tag


class Reader(Protocol):
    """Who reads the frames of a file with 16 bits of color.

    `is_alone`: whether it makes them by itself, so that nobody else need load them.
    """

    is_alone: bool

    def prepare(self, place: int, pages: int) -> bool:
        """Make ready for the frame at a place; whether it has 16 bits of color.

        Parameters
        ----------
        place : int
            Where the first reader is, which has not loaded it.
        pages : int
            How many there are.
        """

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
    if image.mode not in _COLORS:
        return None
    if name == "png" and not getattr(image, "is_animated", False):
        if data[25] == _GRAY_ALPHA:
            return "LA;16"
        return "RGBA;16" if image.mode == "RGBA" or "transparency" in image.info else "RGB;16"
    if name == "tiff" and _raw_mode(image) is not None:
        return f"{image.mode};16"
    return None


def deep_reader(image: ImageFile, name: str, data: bytes) -> Reader:
    """Who reads what has a :func:`deep_mode`.

    Parameters
    ----------
    image, name, data
        As there.
    """
    if name == "heif":
        from imgbatch.codecs.reading.samples.deep_heif import HeifReader

        return HeifReader(data)
    return LowByteReader(image, name, data)


class LowByteReader:
    """The second reader of a file, for the low bytes.

    Parameters
    ----------
    image : ImageFile
        The first one, which gives the high bytes; not loaded yet.
    name : str
        Our name of the format.
    data : bytes
        The file.
    """

    is_alone = False

    def __init__(self, image: ImageFile, name: str, data: bytes) -> None:
        from PIL import Image as Images

        self._first, self._name, self._data = image, name, data
        file = tiff_pages.Pages(data) if name == "tiff" else io.BytesIO(data)
        self._second = Images.open(file, formats=[image.format or ""])
        self._letters = ""

    def prepare(self, place: int, pages: int) -> bool:
        """Set both readers on the frame at a place, before the first one loads it; whether it has 16 bits of color.

        Parameters
        ----------
        place : int
            Where the first reader is.
        pages : int
            How many there are.
        """
        first, second = self._first, self._second
        if self._name == "png":
            self._set(first, "RGBA" if self._is_gray else f"{first.mode};16B")
            self._set(second, f"{second.mode};16L")
            return True
        raw = _raw_mode(first)
        if raw is None or first.mode not in _COLORS:
            return False
        if place != second.tell():
            second.seek(place)
        tiff_pages.point_at_page(second, pages)
        self._letters, _, order = raw.partition(";")
        order = _NATIVE if order == "16N" else order
        letters = self._letters.replace(_WEIGHTED_COLORS, "RGBA")
        self._set(first, f"{letters};{order}")
        self._set(second, f"{letters};{_OTHER[order]}")
        return True

    @property
    def _is_gray(self) -> bool:
        """Whether a PNG holds gray with alpha, which one reader gives whole: two bytes each, as RGBA."""
        return self._name == "png" and self._data[25] == _GRAY_ALPHA

    @staticmethod
    def _set(reader: ImageFile, raw: str) -> None:
        """Tell a reader what to take for the samples."""
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
        if self._letters == _WEIGHTED_COLORS:
            return bands.unpremultiply(result)
        return result if key is None else _with_key(result, key)


def _raw_mode(image: ImageFile) -> str | None:
    """What Pillow calls the samples of the TIFF page that comes next, where it takes their high bytes."""
    raws = {tile.args[0] for tile in image.tile if isinstance(tile.args, tuple)}
    (raw,) = raws if len(raws) == 1 else (None,)
    if not isinstance(raw, str) or raw.partition(";")[2] not in ("16L", "16B", "16N"):
        return None
    if tag(image, _PLANAR, 1) != 1:  # libtiff gives the high bytes only
        return None
    return raw if raw.startswith("RGB") else None


def _with_key(image: Image, key: tuple[int, int, int]) -> Image:
    """RGB with one transparent color as RGBA."""
    import numpy

    from imgbatch.pixels.deep import bands

    samples = numpy.asarray(image)
    alpha = numpy.where((samples == numpy.array(key, samples.dtype)).all(axis=2), 0, bands.WHITE)
    return bands.DeepImage([*image.split(), bands.to_band(alpha)])

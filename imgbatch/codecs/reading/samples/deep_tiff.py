"""Deep TIFF: which pages have 16 bits of color, and how do these become a frame?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs.containers.tiff_pages import exif_orientation, tag
from imgbatch.codecs.reading.samples import tiff_samples
from imgbatch.core.errors import ImageError
from imgbatch.pixels.color import FLOATS
from imgbatch.pixels.orientation import to_upright

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_MODES = {"LA": "LA;16", "RGB": "RGB;16", "RGBA": "RGBA;16"}
_EXTRA, _PREMULTIPLICATION = 338, 1  # a tag, and its value where colors were multiplied by alpha


def page_mode(image: ImageFile) -> str | None:
    """Our mode of the page that `image` stands at; None: it has no 16 bits of color, nor floats."""
    if getattr(image, "has_floats", bool)():
        return FLOATS
    layout = tiff_samples.layout_of(getattr(image, "tag_v2", {}))
    if layout is None or layout.kind != "u2" or image.mode not in _MODES or layout.bands < len(image.getbands()):
        return None
    return _MODES[image.mode]


class TiffReader:
    """The reader of a file's pages with 16 bits of color, or floats; the others are left to Pillow.

    Parameters
    ----------
    image : ImageFile
        Which stands at the page that is to be read.
    data : bytes
        The file.
    losses : list of str or None
        Only floats are read, to become 8 bits; it gets what that changes. None: all bits are wanted.
    """

    is_alone = True

    def __init__(self, image: ImageFile, data: bytes, losses: list[str] | None) -> None:
        self._image, self._data, self._losses = image, data, losses

    def prepare(self) -> bool:
        """Whether the page that the first reader stands at is mine."""
        mode = page_mode(self._image)
        if mode is not None and mode != FLOATS and self._losses is not None:
            self._losses.append("depth: 16 -> 8 bits")
            return False
        return mode is not None

    def join(self, high: Image) -> Image:
        """The frame, of the file alone, turned as its header says."""
        from imgbatch.pixels.deep import bands

        tags = self._image.tag_v2  # type: ignore[attr-defined]  # a TIFF's
        layout = tiff_samples.layout_of(tags)
        if layout is None:
            raise ImageError("corrupt", "the tiff header does not say where the samples of a page of floats are")
        samples = tiff_samples.read(layout, tags, self._data)
        frame: Image
        if layout.kind != "u2":
            frame = self._of_floats(samples)
        else:
            frame = deep = bands.from_array(samples[..., : len(self._image.getbands())])
            if deep.alpha is not None and tag(self._image, _EXTRA, 0) == _PREMULTIPLICATION:
                frame = bands.unpremultiply(deep)
        turn = to_upright(exif_orientation(self._image))
        return frame if turn is None else frame.transpose(turn)

    def _of_floats(self, samples: tiff_samples.Samples) -> Image:
        from imgbatch.pixels.deep import floats

        frame = floats.from_array(samples)
        if self._losses is None:
            return frame
        self._losses.append("depth: 32 -> 8 bits")
        return floats.to_eight_bits(frame, self._losses)

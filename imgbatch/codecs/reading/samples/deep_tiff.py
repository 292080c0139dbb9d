"""Deep TIFF: which pages have 16 bits of color, and how do these become a frame?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs.containers.tiff_pages import exif_orientation, tag
from imgbatch.codecs.reading.samples import tiff_samples
from imgbatch.pixels.orientation import to_upright

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_MODES = {"LA": "LA;16", "RGB": "RGB;16", "RGBA": "RGBA;16"}
_EXTRA, _PREMULTIPLICATION = 338, 1  # a tag, and its value where colors were multiplied by alpha


def page_mode(image: ImageFile) -> str | None:
    """Our mode of the page that `image` stands at; None: it has no 16 bits of color."""
    layout = tiff_samples.layout_of(getattr(image, "tag_v2", {}))
    if layout is None or image.mode not in _MODES or layout.bands < len(image.getbands()):
        return None
    return _MODES[image.mode]


class TiffReader:
    """The reader of a file's pages with 16 bits of color; the others are left to Pillow.

    Parameters
    ----------
    image : ImageFile
        Which stands at the page that is to be read.
    data : bytes
        The file.
    """

    is_alone = True

    def __init__(self, image: ImageFile, data: bytes) -> None:
        self._image, self._data = image, data

    def prepare(self) -> bool:
        """Whether the page that the first reader stands at has 16 bits of color."""
        return page_mode(self._image) is not None

    def join(self, high: Image) -> Image:
        """The frame, of the file alone, turned as its header says."""
        from imgbatch.pixels.deep import bands

        tags = self._image.tag_v2  # type: ignore[attr-defined]  # a TIFF's
        layout = tiff_samples.layout_of(tags)
        assert layout is not None
        samples = tiff_samples.read(layout, tags, self._data)
        frame = bands.from_array(samples[..., : len(self._image.getbands())])
        if frame.alpha is not None and tag(self._image, _EXTRA, 0) == _PREMULTIPLICATION:
            frame = bands.unpremultiply(frame)
        turn = to_upright(exif_orientation(self._image))
        return frame if turn is None else frame.transpose(turn)

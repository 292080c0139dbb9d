"""Loaded frame: who decodes it, how does it leave its reader, and with what header?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.reading.samples.deep_frames import Reader

_COLOR_KEY_MODES = frozenset({"1", "L", "P", "RGB", "I;16"})


def load(image: ImageFile, data: bytes, untrusted: bool) -> None:
    """Decode what Pillow has opened; what is damaged, Pillow says.

    Parameters
    ----------
    image : ImageFile
    data : bytes
        The whole file.
    untrusted : bool
        Whether Pillow alone is to decode it: optional packages bring C libraries that may be older than its own.
    """
    if image.format == "PNG" and not untrusted:
        from imgbatch.codecs.reading.samples import simd_png

        if simd_png.load(image, data):
            return
    if image.format in ("PPM", "DDS"):
        from imgbatch.codecs.reading.samples import pixel_loops  # few files are

        if pixel_loops.load(image, data):
            return
    image.load()


def fill(image: Any, samples: Any, raw: str | None = None) -> None:
    """Take samples that somebody else has decoded, and do what ImageFile.load does once its decoder has.

    What follows the pixels is read, or found damaged.

    Parameters
    ----------
    image : ImageFile
        Not loaded yet.
    samples : buffer
        Of all pixels.
    raw : str, optional
        Pillow's raw mode of the samples; by default that of the image's mode.
    """
    image.fp.seek(image.tile[0].offset)
    image.load_prepare()
    image.frombytes(samples, "raw", raw or image.mode)
    image.tile, image.readonly = [], 0
    image.load_end()
    image.fp = None


def detach(image: ImageFile, alone: bool, mend: Callable[[Image], Image] | None, deep: Reader | None) -> Image:
    """An image without its reader.

    Parameters
    ----------
    image : ImageFile
        Loaded, but where `deep` gives the frame by itself.
    alone : bool
        Whether nothing else will be decoded, so that no copy is needed.
    mend : callable or None
        What must be done to the frame (:func:`bit_depth.frame_repair`).
    deep : Reader or None
        Who makes the frame of 16 bits.
    """
    import PIL.Image as Images

    if deep is not None and deep.is_alone:
        return deep.join(image)
    info: dict[str | tuple[int, int], Any] = {}
    if image.mode in _COLOR_KEY_MODES and "transparency" in image.info:
        info["transparency"] = image.info["transparency"]
    frame = Images.Image._new(image, image.im) if alone else image.copy()
    frame.info = info
    frame = frame if mend is None else mend(frame)
    return frame if deep is None else deep.join(frame)

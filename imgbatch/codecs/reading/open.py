"""Opening: which reader takes the data, and if none does: why?"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from imgbatch.codecs import errors
from imgbatch.codecs.containers import jpeg_headers, png_chunks, tiff_pages
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.reading import identify, limits, optional_readers
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.codecs.reading.reader_gaps import reader_gap
from imgbatch.codecs.registry import CODECS
from imgbatch.codecs.small_png import open_small
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_SUBFILE, _DNG = 254, 50706
_NO_READER = (3, 5, 6, 7, 11, 13, 14, 15)  # JPEG processes: lossless where libjpeg is old, hierarchical
_EVERYDAY = ("jpeg", "png", "webp", "gif", "avif", "tiff")
_DRAWINGS = ("SVG", "PDF", "PostScript", "EPS", "metafile")


def open_image(data: bytes, suffix: str, max_pixels: int, untrusted: bool = False) -> SourceImage:
    """The picture in `data`, header only; a small PNG of nothing but pixels is decoded at once (small_png.py).

    limits.pixel_limit (or limits.warning_recorder) must be active, so that Pillow refuses what is too large before it
    allocates.

    Parameters
    ----------
    data : bytes
        The whole file.
    suffix : str
        Of its name, with the dot; it matters for formats without a signature.
    max_pixels : int
        For all frames together.
    untrusted : bool
        Whether only everyday formats are read, and by Pillow alone.

    Raises
    ------
    ImageError
        ``unidentified``, ``unsupported``, ``truncated``, ``corrupt`` or ``too_large``.
    """
    if (small := open_small(data, max_pixels)) is not None:
        return SmallPicture(small, len(data))
    prefix, ending = data[: identify.PREFIX], suffix.lower()
    if identify.is_raw(prefix, ending):
        raise ImageError("unsupported", "camera raw cannot be developed here; convert it to TIFF or JPEG first")
    name = identify.format_of(prefix)
    if untrusted and name not in _EVERYDAY:
        raise ImageError("unsupported", "not read with --untrusted, which reads JPEG, PNG, WebP, GIF, AVIF and TIFF")
    if ending in identify.NOT_RASTER and not identify.is_image(prefix, ending):
        raise ImageError("unsupported", f"{ending} is not a picture made of pixels; convert it to PNG first")
    _refuse_short_webp(data, name)
    bare = name == "png" and png_chunks.is_bare(data)
    light, heavy = png_chunks.without_heavy_chunks(data) if name == "png" and not bare else (data, [])
    try:
        image = _open_with_reader(light, name, ending, max_pixels)
    except ImageError:
        raise
    except Exception as error:
        raise _explain_failure(error, data, ending, max_pixels) from error
    try:
        if name == "tiff" and _DNG in getattr(image, "tag_v2", ()) and int(tiff_pages.tag(image, _SUBFILE, 0)) & 1:
            raise ImageError("unsupported", "camera raw (DNG) cannot be developed here; convert it to TIFF first")
        with errors.image_errors("decode"):
            result = SourceImage(image, light, max_pixels, bare)
    except BaseException:
        image.close()
        raise
    result.length, result.heavy, result.untrusted = len(data), bool(heavy), untrusted
    result.warnings[:0] = heavy
    if result.format == "tiff":
        from imgbatch.codecs.containers import tiff_tags

        directories = tiff_tags.page_directories(data)
        result.metadata.pages, result.metadata.compressions = directories.pages, directories.compressions
        result.metadata.others += tuple((loss, b"") for loss in directories.losses)
    elif name == "webp":
        result.metadata.lossless = identify.is_lossless_webp(data)
    return result


class SmallPicture(SourceImage):
    """A small PNG of nothing but pixels, which are decoded: of the rest a :class:`SourceImage` tells, nothing is there.

    Parameters
    ----------
    frame : Image
        Its only one.
    length : int
        Bytes of the file.
    """

    is_plain = True
    format, orientation, depth, deep = "png", 1, 8, None
    heavy = untrusted = scales = luma = False
    waves, frame_count = 0, 1
    file = end = None
    _data = b""

    def __init__(self, frame: Image, length: int) -> None:
        self._frame, self.mode = frame, frame.mode
        self.size = self.upright_size = frame.size
        self.length, self.metadata = length, Metadata()
        self.changes, self.warnings = [], []

    def decode(
        self,
        frames: str = "all",
        min_size: tuple[int, int] | None = None,
        orient: bool = True,
        turn: bool = True,
        luma: bool = False,
        deep: bool = False,
    ) -> tuple[Iterator[Image], AnimationTiming]:
        """The frame, of which all is done already; may be called once.

        Parameters
        ----------
        frames, min_size, orient, turn, luma, deep
            Have no meaning here.
        """
        return iter((self._frame,)), AnimationTiming()

    def close(self) -> None:
        """Do nothing: there is neither file nor reader."""


def _open_with_reader(data: bytes, name: str | None, ending: str, max_pixels: int) -> ImageFile:
    import PIL.Image as Images
    from PIL import UnidentifiedImageError

    if (
        name is None
        and (extra := optional_readers.format_of_title(identify.unreadable(data[: identify.PREFIX]) or "")) is not None
    ):
        return optional_readers.open_optional(extra, data, max_pixels)
    if name is not None:
        readers = [CODECS[name].pillow]
        if readers[0] not in Images.OPEN:
            importlib.import_module(f"PIL.{CODECS[name].plugin}")
    else:
        readers = list(limits.readers())
        if limits.BY_SUFFIX.get(ending) in Images.OPEN:
            readers.append(limits.BY_SUFFIX[ending])
    file = tiff_pages.Pages(data) if name == "tiff" else io.BytesIO(data)
    try:
        return Images.open(file, formats=readers)
    except UnidentifiedImageError:
        if name != "tiff":
            raise
        from imgbatch.codecs.reading.samples import float_tiff

        if (floats := float_tiff.open_floats(data)) is None:
            raise
        return floats


def _explain_failure(error: Exception, data: bytes, ending: str, max_pixels: int) -> ImageError:
    """Why no reader took the data: what the reader of its signature says, or what the data look like."""
    from PIL import Image as Images
    from PIL import UnidentifiedImageError

    limits.readers()  # all are loaded now, so that a reader not in Images.OPEN is really missing
    prefix = data[: identify.PREFIX]
    name = identify.format_of(prefix) or identify.other_format_of(prefix)
    if not isinstance(error, UnidentifiedImageError):
        gap = reader_gap(name or "", data, error, max_pixels)
        return gap or ImageError(*errors.classify(error, "decode"))
    if name is None:
        return _unknown_content(data, ending)
    if name == "jpeg" and (process := jpeg_headers.process_of(data)[0]) in _NO_READER:
        return ImageError("unsupported", f"JPEG of an unusual process (SOF{process}) has no reader here")
    reader = CODECS[name].pillow if name in CODECS else name.upper()
    if reader not in Images.OPEN:
        return ImageError("unsupported", f"this Pillow has no reader for {name}")
    try:
        Images.OPEN[reader][0](io.BytesIO(data), "")
    except Exception as reason:  # noqa: BLE001 - asked for its words only
        if (gap := reader_gap(name, data, reason, max_pixels)) is not None:
            return gap
        kind, message = errors.classify(reason, "decode")
        return ImageError("corrupt" if kind == "unidentified" else kind, errors.damage(f"the {name} header", message))
    return ImageError("corrupt", f"the {name} header is damaged")


def _unknown_content(data: bytes, ending: str) -> ImageError:
    """The error of data without a signature that we know."""
    likeness = identify.looks_like(data)
    if likeness is not None and any(word in likeness for word in _DRAWINGS):
        return ImageError("unsupported", f"the content is {likeness}; convert it to PNG first")
    hint = f"; it looks like {likeness}" if likeness else ""
    return ImageError("unidentified", f"no reader recognizes the content{hint}")


def _refuse_short_webp(data: bytes, name: str | None) -> None:
    """ImageError where a WebP is shorter than its header says: its reader does not name that reason."""
    if name == "webp" and int.from_bytes(data[4:8], "little") + 8 > len(data) + 1:
        length = int.from_bytes(data[4:8], "little") + 8
        raise ImageError("truncated", f"the file ends after {len(data)} of {length} bytes")

"""Optional readers: which formats are read only where somebody else's package is installed? HEIC and JPEG XL.

They are never required. A format without its package is listed as not read, and a file of it fails with the
command that installs it. The readers are called directly, so that nothing is registered with a host's Pillow that it
did not register itself (pillow-jxl-plugin does so when it is imported).
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from imgbatch.codecs import errors
from imgbatch.codecs.reading import limits
from imgbatch.core import lazy_import
from imgbatch.core.errors import ImageError, UsageError
from imgbatch.core.frozen_dataclass import frozen

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.containers.jxl_boxes import Header


@frozen
class Extra:
    """One format: what people call it, the module and class of its reader, the suffixes it stands for."""

    title: str
    module: str
    reader: str
    suffixes: tuple[str, ...]


#: By our name of the format, which is also the name of the extra.
EXTRAS = {
    "heif": Extra("HEIC", "pillow_heif.as_plugin", "HeifImageFile", (".heic", ".heif", ".hif")),
    "jxl": Extra("JPEG XL", "pillow_jxl.JpegXLImagePlugin", "JXLImageFile", (".jxl",)),
}


def format_of_title(title: str) -> str | None:
    """Our name of the format that identify.unreadable calls `title`."""
    return next((name for name, extra in EXTRAS.items() if extra.title == title), None)


def is_installed(name: str) -> bool:
    """Whether the package of a format is installed; it is not imported."""
    return lazy_import.is_installed(EXTRAS[name].module.partition(".")[0])


def advice(name: str) -> str:
    """How to install what reads a format."""
    return f'pip install "imgbatch[{name}]"'


def module_of(name: str, what: str, other: str) -> Any:
    """The module that reads and writes a format.

    Parameters
    ----------
    name : str
        A key of `EXTRAS`.
    what, other : str
        What is looked for in it, and what else would do, for the sentence that misses it.

    Raises
    ------
    ImageError
        ``unsupported`` where the package is missing or cannot be imported.
    """
    try:
        return importlib.import_module(EXTRAS[name].module)
    except ImportError as error:
        raise ImageError("unsupported", missing_sentence(name, what, other, error)) from error


def missing_sentence(name: str, what: str, other: str, error: ImportError | None = None) -> str:
    """What is missing for a format, with the command that installs it.

    Parameters
    ----------
    name, what, other
        As of :func:`module_of`.
    error : ImportError, optional
        Why a package that is there cannot be imported.
    """
    why = f" ({error})" if error is not None and is_installed(name) else ""
    return f"{EXTRAS[name].title} has no {what} here{why}; {advice(name)}, or {other}"


def refuse_missing(formats: Iterable[str]) -> None:
    """UsageError where one of the formats to write needs a package that is not installed."""
    for name in formats:
        if name in EXTRAS and not is_installed(name):
            raise UsageError(missing_sentence(name, "encoder", "choose another --format"))


def open_optional(name: str, data: bytes, max_pixels: int) -> ImageFile:
    """A picture of one of `EXTRAS`, header read.

    Parameters
    ----------
    name : str
        A key of `EXTRAS`.
    data : bytes
        The whole file.
    max_pixels : int
        Checked here for JPEG XL only, whose reader decodes the whole picture when it opens it.

    Raises
    ------
    ImageError
        ``unsupported`` where the package is missing or cannot be imported, else as open.open_image.
    """
    extra = EXTRAS[name]
    if name == "jxl":
        from imgbatch.codecs.containers import jxl_boxes

        limits.check_pixels(jxl_boxes.size(data), max_pixels)  # its reader decodes the whole picture when it opens it
    reader = getattr(module_of(name, "reader", "convert it to JPEG or PNG first"), extra.reader)
    try:
        image: ImageFile = reader(io.BytesIO(data), "")
    except ImageError:
        raise
    except Exception as error:  # what these readers raise is their own affair
        if name == "jxl" and isinstance(error, RuntimeError):  # of libjxl's words none are for users
            raise ImageError("corrupt", "the JPEG XL is damaged, or ends too early") from error
        kind, message = errors.classify(error, "decode")
        raise ImageError(kind, errors.damage(f"the {extra.title}", message)) from error
    for key in [key for key, value in image.info.items() if value is None or value == b""]:
        del image.info[key]
    return image


def is_upright(image: Any) -> bool:
    """Whether the reader has turned the picture already, whatever its EXIF says: libjxl does, by its own header."""
    return image.format == "JXL" and not image.jpeg


def reader_orientation(image: Any, data: bytes) -> int:
    """The orientation that the reader has turned upright already, EXIF's 1..8."""
    if image.format == "JXL":
        return _header(data).orientation if is_upright(image) else 1
    way = image.info.get("original_orientation")
    return way if way in range(1, 9) else 1


def _header(data: bytes) -> Header:
    from imgbatch.codecs.containers import jxl_boxes  # few files are

    return jxl_boxes.header(data)


def depth(image: ImageFile, data: bytes) -> int:
    """Bits per sample as stored."""
    if image.format == "JXL":
        return _header(data).bits
    bits = image.info.get("bit_depth", 8)
    return bits if isinstance(bits, int) else 8


def count_note(image: ImageFile, data: bytes) -> str | None:
    """The change to note where a file holds several pictures, of which one is read; None where it holds one."""
    if image.format == "JXL":
        return "first picture of an animation kept: jxl" if _header(data).is_animated else None
    count = int(getattr(image, "n_frames", 1))
    return f"primary of {count} pictures kept: heif" if count > 1 else None

"""Limits: what may Pillow read, how much of it, and who hears its warnings?

Readers that start programs (EPS), only recognize (WMF, HDF5, GRIB, BUFR, MPEG) or take almost anything (IPTC, IM) are
not on the list; what stands on it is tried in this order. A decompression bomb (more pixels than
``--max-pixels``) is refused here, before it is decoded.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Sequence
from typing import Any, TextIO

from imgbatch.codecs.registry import CODECS
from imgbatch.core.errors import HostWarning, ImageError, one_line

#: The readers that may be used, by Pillow's names.
READERS = (
    *(one.pillow for one in CODECS.values()),
    "JPEG2000", "PSD", "QOI", "ICO", "CUR", "ICNS", "DDS", "SGI", "PPM", "PCX", "DCX", "XBM", "XPM", "SUN", "MSP",
    "FITS", "BLP", "FLI", "FTEX", "GBR", "PIXAR", "MCIDAS", "XVTHUMB", "DIB",
)  # fmt: skip
#: Readers without a signature: only for files of their own suffix.
BY_SUFFIX = {
    ".tga": "TGA", ".icb": "TGA", ".vda": "TGA", ".vst": "TGA", ".pcd": "PCD", ".im": "IM", ".spi": "SPIDER",
}  # fmt: skip

_lock = threading.Lock()
_active: list[int] = []
_messages: dict[int, list[warnings.WarningMessage]] = {}  # by thread that works on a file: its warnings
_router: list[_WarningRouter] = []  # one, while anybody works on a file
_keeps_router = False
_Limits = tuple[int | None, bool, int]  # most pixels, whether truncated files are read, threads of AVIF
_previous: _Limits = (None, False, 1)  # before the first of `_active` came


@functools.cache
def readers() -> tuple[str, ...]:
    """Those of `READERS` that this Pillow has; loads them all."""
    from PIL import Image

    Image.init()
    return tuple(name for name in READERS if name in Image.OPEN)


def everyday_readers() -> None:
    """Load the readers of everyday formats; the others are loaded for the first picture that needs them."""
    from PIL import Image

    Image.preinit()


class pixel_limit:  # in lower case, as contextlib has its own; entering a generator takes twice the time
    """Pillow itself refuses inner pictures (frames, pages, icons) of more than `max_pixels`.

    In a host's process, too: the last of several users restores the limits that were set before.
    """

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels

    def __enter__(self) -> None:
        with _lock:
            _begin(self._max_pixels)

    def __exit__(self, *_: object) -> None:
        with _lock:
            _end(self._max_pixels)


class warning_recorder:
    """The pixel limit during the work on one file, and a list of the warnings meanwhile, which are not shown.

    Warnings of threads that work on no file are shown as before. The warnings module has one state for all threads: the
    first user changes it, the last one restores it.
    """

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._outer: list[warnings.WarningMessage] | None = None

    def __enter__(self) -> list[warnings.WarningMessage]:
        messages: list[warnings.WarningMessage] = []
        thread = threading.get_ident()
        with _lock:
            _begin(self._max_pixels)
            if _router and not _messages and _router[0].is_altered:  # by an operation, say, for what comes after it
                _router.pop().close()
            if not _router:
                _router.append(_WarningRouter())
            self._outer = _messages.get(thread)
            _messages[thread] = messages
        return messages

    def __exit__(self, *_: object) -> None:
        thread = threading.get_ident()
        with _lock:
            if self._outer is None:
                del _messages[thread]
            else:
                _messages[thread] = self._outer
            if not _messages and not _keeps_router:
                _router.pop().close()
            _end(self._max_pixels)


def keep_router() -> None:
    """Leave the warnings as they are set for the work on files, between files, too: this process does nothing else."""
    global _keeps_router
    _keeps_router = True


class _WarningRouter:
    """Sends each warning to its thread's list, or where the thread works on no file, to where warnings went before."""

    def __init__(self) -> None:
        self._state = warnings.catch_warnings(action="always")
        self._state.__enter__()
        self._show = warnings.showwarning
        self._hook, self._filters = self._sort, list(warnings.filters)
        warnings.showwarning = self._hook

    @property
    def is_altered(self) -> bool:
        """Whether somebody else has set meanwhile what is shown, and how."""
        return warnings.showwarning is not self._hook or warnings.filters != self._filters

    def _sort(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        messages = _messages.get(threading.get_ident())
        if messages is None:
            self._show(message, category, filename, lineno, file, line)
        else:
            messages.append(warnings.WarningMessage(message, category, filename, lineno, file, line))

    def close(self) -> None:
        """Show warnings again as before the first file."""
        self._state.__exit__(None, None, None)


def check_pixels(size: tuple[int, int], max_pixels: int, frames: int = 1) -> None:
    """ImageError of kind ``too_large`` when `frames` pictures of `size` are more than `max_pixels`.

    Parameters
    ----------
    size : (int, int)
        In px.
    max_pixels : int
        For all frames together.
    frames : int
    """
    width, height = size
    times = f" in {frames} frames" if frames > 1 else ""
    check_total(width * height * frames, max_pixels, f"{width}x{height}{times}", frames)


def check_total(pixels: int, max_pixels: int, words: str, frames: int) -> None:
    """The same where the sizes differ.

    Parameters
    ----------
    pixels, max_pixels : int
        Of all frames together, and how many there may be.
    words : str
        How the pixels came together, for the message.
    frames : int
        Of several, the message advises to take one.
    """
    if pixels > max_pixels:
        hint = "; use --frames first, or raise it" if frames > 1 else ""
        raise ImageError("too_large", f"{pixels} pixels ({words}) exceed --max-pixels {max_pixels}{hint}")


def format_warnings(messages: Sequence[warnings.WarningMessage]) -> list[str]:
    """Recorded warnings of a file as sentences: each once, without those for programmers.

    Pillow's about large pictures are left out, too: our own limit decides. So are those of the host (`host_warnings`).
    """
    if not messages:
        return []
    from PIL import Image

    noise = (DeprecationWarning, ResourceWarning, Image.DecompressionBombWarning, HostWarning)
    useful = (message for message in messages if not issubclass(message.category, noise))
    return list(dict.fromkeys(one_line(str(message.message)) for message in useful))


def host_warnings(messages: Sequence[warnings.WarningMessage]) -> tuple[str, ...]:
    """Of the recorded warnings those that are the same for every file: what the process lacks."""
    of_host = (message for message in messages if issubclass(message.category, HostWarning))
    return tuple(dict.fromkeys(one_line(str(message.message)) for message in of_host))


def _begin(max_pixels: int) -> None:
    global _previous
    _active.append(max_pixels)
    previous = _set_limits(_own_limits())
    if len(_active) == 1:
        _previous = previous


def _end(max_pixels: int) -> None:
    _active.remove(max_pixels)
    _set_limits(_own_limits() if _active else _previous)


def _own_limits() -> _Limits:
    """Pillow warns above its limit and raises above twice the limit. The pool keeps all cores busy: one thread."""
    return (max(_active) + 1) // 2, False, 1


def _set_limits(limits: _Limits) -> _Limits:
    """Set Pillow's own limits; returns those that were set before."""
    avif, image, file = _pillow_modules()
    previous = image.MAX_IMAGE_PIXELS, file.LOAD_TRUNCATED_IMAGES, avif.DEFAULT_MAX_THREADS
    image.MAX_IMAGE_PIXELS, file.LOAD_TRUNCATED_IMAGES, avif.DEFAULT_MAX_THREADS = limits
    return previous


@functools.cache
def _pillow_modules() -> tuple[Any, Any, Any]:
    """Those that have limits; asked for twice a file, so not imported again."""
    from PIL import AvifImagePlugin, Image, ImageFile

    return AvifImagePlugin, Image, ImageFile

"""What may Pillow read, how much of it, and what do its exceptions mean?

Readers that start programs (EPS), only recognize (WMF, HDF5, GRIB, BUFR, MPEG) or take almost anything (IPTC, IM) are
not on the list; what stands on it is tried in this order.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import re
import threading
import warnings
from collections.abc import Iterable, Iterator

from imgbatch.errors import ImageError, Kind, Phase, one_line, sentence

#: The readers that may be used, by Pillow's names.
READERS = (
    "JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP", "JPEG2000", "PSD", "QOI", "ICO", "CUR", "ICNS", "DDS", "SGI",
    "PPM", "PCX", "DCX", "XBM", "XPM", "SUN", "MSP", "FITS", "BLP", "FLI", "FTEX", "GBR", "PIXAR", "MCIDAS", "XVTHUMB",
    "DIB",
)  # fmt: skip
#: Readers without a signature: only for files of their own suffix.
BY_SUFFIX = {
    ".tga": "TGA", ".icb": "TGA", ".vda": "TGA", ".vst": "TGA", ".pcd": "PCD", ".im": "IM", ".spi": "SPIDER",
}  # fmt: skip

_lock = threading.Lock()
_active: list[int] = []
_found: tuple[int | None, bool, int] | None = None

_TRUNCATED = re.compile(r"truncat|not enough|only got|not large enough|unexpected end|end of (file|data)", re.I)
_UNSUPPORTED = re.compile(r"unsupported|not (yet )?supported|unimplemented|cannot find loader|not installed", re.I)
_BOMB = re.compile(r"\((\d+) pixels\) exceeds limit of (\d+)")


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


@contextlib.contextmanager
def limited(max_pixels: int) -> Iterator[None]:
    """Pillow itself refuses inner pictures (frames, pages, icons) of more than `max_pixels`.

    In a host's process, too: what was set is put back when the last of several users leaves.
    """
    global _found
    from PIL import AvifImagePlugin, Image, ImageFile

    with _lock:
        if not _active:
            threads = AvifImagePlugin.DEFAULT_MAX_THREADS
            _found = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, threads)
        _active.append(max_pixels)
        _apply(max(_active))
    try:
        yield
    finally:
        with _lock:
            _active.remove(max_pixels)
            if _active:
                _apply(max(_active))
            elif _found is not None:
                Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, AvifImagePlugin.DEFAULT_MAX_THREADS = _found
                _found = None


@contextlib.contextmanager
def watched(max_pixels: int) -> Iterator[list[warnings.WarningMessage]]:
    """For the work on one file: `limited`, and what is warned of meanwhile (:func:`told`) instead of shown."""
    with limited(max_pixels), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for category in (DeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        yield caught


def check_pixels(size: tuple[int, int], max_pixels: int, frames: int = 1) -> None:
    """ImageError of kind ``too_large`` when `frames` pictures of `size` are more than `max_pixels`."""
    width, height = size
    times = f" in {frames} frames" if frames > 1 else ""
    check_total(width * height * frames, max_pixels, f"{width}x{height}{times}", frames)


def check_total(pixels: int, max_pixels: int, words: str, frames: int) -> None:
    """The same where the sizes differ: `words` say how the `pixels` of `frames` came together."""
    if pixels > max_pixels:
        hint = "; use --frames first, or raise it" if frames > 1 else ""
        raise ImageError("too_large", f"{pixels} pixels ({words}) exceed --max-pixels {max_pixels}{hint}")


def told(caught: Iterable[warnings.WarningMessage]) -> list[str]:
    """Recorded warnings as sentences: each once, without Pillow's about large pictures (our limit is the one set)."""
    from PIL import Image

    kept = (message for message in caught if not issubclass(message.category, Image.DecompressionBombWarning))
    return list(dict.fromkeys(one_line(str(message.message)) for message in kept))


@contextlib.contextmanager
def classified(phase: Phase) -> Iterator[None]:
    """Whatever is raised inside becomes an ImageError of the right kind; interrupts pass."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(*classify(error, phase)) from error


def classify(error: BaseException, phase: Phase) -> tuple[Kind, str]:
    """What any exception means: a kind of errors.KINDS, and one line."""
    from PIL import Image, UnidentifiedImageError

    said = sentence(error)
    if isinstance(error, ImageError):
        return error.kind, said
    if isinstance(error, MemoryError):
        return "memory", "not enough memory for this picture"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return "too_large", _bomb(said)
    if phase == "ops":
        return "operation", _typed(error, said)
    if isinstance(error, UnidentifiedImageError):
        return "unidentified", "no reader recognizes the content"
    if isinstance(error, OSError) and error.errno is not None:
        if phase == "write" and error.errno in (errno.EIO, errno.EROFS):
            return "disk", one_line(error.strerror or said)
        return _of_errno(error.errno), one_line(error.strerror or said)
    if phase == "encode":
        return _of_encoder(error, said), f"the encoder failed: {said}"
    if phase in ("read", "write"):
        return ("io", said) if isinstance(error, OSError) else ("internal", _typed(error, said))
    plain = isinstance(error, (OSError, SyntaxError, NotImplementedError))  # what readers raise on purpose
    return _of_decoder(error, said), said if plain else _typed(error, said)


def _apply(max_pixels: int) -> None:
    """Pillow warns above its limit and raises above twice the limit."""
    from PIL import AvifImagePlugin, Image, ImageFile

    Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the pool keeps all cores busy


def _bomb(said: str) -> str:
    found = _BOMB.search(said)
    return f"{found[1]} pixels exceed --max-pixels {found[2]}" if found else said


def _of_errno(number: int) -> Kind:
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "permission"
    if number in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG):
        return "no_space"
    return "memory" if number == errno.ENOMEM else "io"


def _of_encoder(error: BaseException, said: str) -> Kind:
    if "cannot write mode" in said or "conversion from" in said:
        return "mode"
    return "unsupported" if isinstance(error, (OSError, ValueError, NotImplementedError)) else "internal"


def _of_decoder(error: BaseException, said: str) -> Kind:
    if _TRUNCATED.search(said):
        return "truncated"
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(said):
        return "unsupported"
    return "corrupt"


def _typed(error: BaseException, said: str) -> str:
    return said if said == type(error).__name__ else f"{type(error).__name__}: {said}"

"""Errors: what do the exceptions of Pillow and of the system mean, and what is found wrong with a file?"""

from __future__ import annotations

import errno
import re

from imgbatch.core.errors import ImageError, Kind, Phase, kind_of_errno, one_line, sentence
from imgbatch.core.frozen_dataclass import frozen

_TRUNCATION = re.compile(r"truncat|not enough|only got|not large enough|unexpected end|end of (file|data)", re.I)
_NO_SUPPORT = re.compile(r"unsupported|not (yet )?supported|unimplemented|cannot find loader|not installed", re.I)
_BOMB = re.compile(r"\((\d+) pixels\) exceeds limit of (\d+)")


@frozen
class Finding:
    """Something that is not as it should be; `kind` None: only worth a warning."""

    kind: Kind | None
    message: str


class image_errors:  # in lower case, as contextlib has its own
    """Whatever is raised inside becomes an ImageError of the right kind; interrupts pass."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ImageError):
            raise ImageError(*classify(error, self._phase)) from error


def classify(error: BaseException, phase: Phase) -> tuple[Kind, str]:
    """What any exception means: a kind of errors.KINDS, and one line."""
    from PIL import Image, UnidentifiedImageError

    message = sentence(error)
    if isinstance(error, ImageError):
        return error.kind, message
    if isinstance(error, MemoryError):
        return "memory", "not enough memory for this picture"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return "too_large", _bomb(message)
    if phase == "ops":
        return "operation", _with_type(error, message)
    if isinstance(error, UnidentifiedImageError):
        return "unidentified", "no reader recognizes the content"
    if isinstance(error, OSError) and error.errno is not None:
        if phase == "write" and error.errno in (errno.EIO, errno.EROFS):
            return "disk", one_line(error.strerror or message)
        return kind_of_errno(error.errno), one_line(error.strerror or message)
    if phase == "encode":
        return _of_encoder(error, message), f"the encoder failed: {message}"
    if phase in ("read", "write"):
        return ("io", message) if isinstance(error, OSError) else ("internal", _with_type(error, message))
    plain = isinstance(error, (OSError, SyntaxError, NotImplementedError))  # what readers raise on purpose
    return _of_decoder(error, message), message if plain else _with_type(error, message)


def _bomb(message: str) -> str:
    match = _BOMB.search(message)
    return f"{match[1]} pixels exceed --max-pixels {match[2]}" if match else message


def _of_encoder(error: BaseException, message: str) -> Kind:
    if "cannot write mode" in message or "conversion from" in message:
        return "mode"
    return "unsupported" if isinstance(error, (OSError, ValueError, NotImplementedError)) else "internal"


def _of_decoder(error: BaseException, message: str) -> Kind:
    if _TRUNCATION.search(message):
        return "truncated"
    if isinstance(error, NotImplementedError) or _NO_SUPPORT.search(message):
        return "unsupported"
    return "corrupt"


def _with_type(error: BaseException, message: str) -> str:
    return message if message == type(error).__name__ else f"{type(error).__name__}: {message}"

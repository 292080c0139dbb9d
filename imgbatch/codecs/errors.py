"""Errors: what do the exceptions of Pillow and of the system mean, and what is found wrong with a file?"""

from __future__ import annotations

import errno
import re

from imgbatch.core.errors import ImageError, Kind, Phase, kind_of_errno, one_line, sentence
from imgbatch.core.frozen_dataclass import frozen

_TRUNCATED = re.compile(r"truncat|not enough|only got|not large enough|unexpected end|end of (file|data)", re.I)
_UNSUPPORTED = re.compile(r"unsupported|not (yet )?supported|unimplemented|cannot find loader|not installed", re.I)
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

    said = sentence(error)
    if isinstance(error, ImageError):
        return error.kind, said
    if isinstance(error, MemoryError):
        return "memory", "not enough memory for this picture"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return "too_large", _bomb(said)
    if phase == "ops":
        return "operation", _with_type(error, said)
    if isinstance(error, UnidentifiedImageError):
        return "unidentified", "no reader recognizes the content"
    if isinstance(error, OSError) and error.errno is not None:
        if phase == "write" and error.errno in (errno.EIO, errno.EROFS):
            return "disk", one_line(error.strerror or said)
        return kind_of_errno(error.errno), one_line(error.strerror or said)
    if phase == "encode":
        return _of_encoder(error, said), f"the encoder failed: {said}"
    if phase in ("read", "write"):
        return ("io", said) if isinstance(error, OSError) else ("internal", _with_type(error, said))
    plain = isinstance(error, (OSError, SyntaxError, NotImplementedError))  # what readers raise on purpose
    return _of_decoder(error, said), said if plain else _with_type(error, said)


def _bomb(said: str) -> str:
    found = _BOMB.search(said)
    return f"{found[1]} pixels exceed --max-pixels {found[2]}" if found else said


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


def _with_type(error: BaseException, said: str) -> str:
    return said if said == type(error).__name__ else f"{type(error).__name__}: {said}"

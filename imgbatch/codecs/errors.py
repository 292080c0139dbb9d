"""Errors: what do the exceptions of Pillow and of the system mean, and what is found wrong with a file?"""

from __future__ import annotations

import re
import sys

from imgbatch.core.errors import DISK_ERRNOS, ImageError, Kind, Phase, kind_of_errno, one_line, sentence
from imgbatch.core.frozen_dataclass import frozen

# Patterns are compiled when a file is bad.
_TRUNCATION = r"(?i)truncat|not enough|only got|not large enough|unexpected end|end of (file|data)"
_NO_SUPPORT = (
    r"(?i)unsupported|not (yet )?(supported|implemented)|unimplemented|cannot find loader|not installed|"
    r"reformat failed|cannot handle|unknown (\w+ )?(compression(?! method)|pixel format|map depth|orientation)|"
    r"texture compression|unable to determine \w+ image mode|cannot read this"
)
HEADER = "the header is damaged"
#: Pillow's words that mean nothing to who has the file; the kind, unless that is told by the words; ours.
_TRANSLATIONS: tuple[tuple[str, Kind | None, str], ...] = (
    (r"out of memory", "memory", "not enough memory for this picture"),
    (r"not identified by this driver|^not an? ", None, HEADER),
    (r"broken PNG file \(bad header checksum in b'(\w+)'\)", None, r"wrong checksum of the PNG chunk \1"),
    (r"broken PNG file \(incomplete checksum in b'(\w+)'\)", "truncated", r"the PNG ends inside its chunk \1"),
    (r"broken PNG file", None, "there is no PNG chunk where one should begin"),
    (r"Truncated File Read", "truncated", "the file ends too early"),
    (r"decoder error -\d+", None, "the decoder can make nothing of its data"),
    (r"codec configuration|could not create decoder", None, "the decoder cannot do what its header asks for"),
    (r"cannot load this image", None, "there are no data of a picture in it"),
    (r"tile cannot extend outside image", None, "a part of the picture would lie outside of it"),
    (r"(?i)palette size", "corrupt", "its palette has an impossible size"),
    (r"invalid literal|could not convert string|Token too long", None, "there is no number where its header needs one"),
    (
        r"(?i)\b(unknown|unrecognized|bad) (raw |image |pixel |TGA )?mode|determine \w+ image mode",
        "unsupported",
        "no reader here knows its kind of pixels",
    ),
)
#: What no sentence is left for.
_NO_WORDS: dict[Kind, str] = {
    "truncated": "the data end too early", "unsupported": "no reader here can read files of this kind",
    "corrupt": "its data contradict themselves",
}  # fmt: skip
#: Raised with words for users; all others by Python itself, with words for programmers.
_WITH_WORDS = (OSError, SyntaxError, NotImplementedError, ValueError, RuntimeError)
_FOR_PROGRAMMERS = (
    r"unpack|out of range|NoneType|\b(object|argument|buffer|int|integer|tuple|null)\b|codec can't|\bb['\"]|"
    r"must be|recursion|negative|\w+Error\b|shape|^'|[\[\]{}]|^\W*\d*\W*$"
)
_BOMB = r"\((\d+) pixels\) exceeds limit of (\d+)"


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


def damage(what: str, message: str) -> str:
    """That `what` (a header, a file) is damaged, and how, where `message` says more than that."""
    return f"{what} is damaged" if message == HEADER else f"{what} is damaged: {message}"


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
        return "operation", _of_operation(error, message)
    if isinstance(error, UnidentifiedImageError):
        return "unidentified", "no reader recognizes the content"
    if isinstance(error, OSError) and error.errno is not None:
        kind = kind_of_errno(error.errno)
        if phase == "write" and error.errno in DISK_ERRNOS and kind != "no_space":
            kind = "disk"
        return kind, one_line(error.strerror or message)
    if phase == "encode":
        words = message if _is_for_users(error, message) else "it cannot write this picture"
        return _of_encoder(error, message), f"the encoder failed: {words}"
    if phase in ("read", "write"):
        return ("io", message) if isinstance(error, OSError) else ("internal", _with_type(error, message))
    return _of_decoder(error, message)


def _bomb(message: str) -> str:
    match = re.search(_BOMB, message)
    return f"{match[1]} pixels exceed --max-pixels {match[2]}" if match else message


def _of_encoder(error: BaseException, message: str) -> Kind:
    if "cannot write mode" in message or "conversion from" in message:
        return "mode"
    return "unsupported" if isinstance(error, (OSError, ValueError, NotImplementedError)) else "internal"


def _of_decoder(error: BaseException, message: str) -> tuple[Kind, str]:
    kind: Kind = "corrupt"
    if re.search(_TRUNCATION, message):
        kind = "truncated"
    elif isinstance(error, NotImplementedError) or re.search(_NO_SUPPORT, message):
        kind = "unsupported"
    for pattern, other, words in _TRANSLATIONS:
        if (match := re.search(pattern, message)) is not None:
            return other or kind, match.expand(words)
    return kind, message if _is_for_users(error, message) else _NO_WORDS[kind]


def _is_for_users(error: BaseException, message: str) -> bool:
    """Whether an exception was raised with a sentence about the file, and not about somebody's program."""
    cause = error.__cause__ if isinstance(error, SyntaxError) else None  # Pillow makes SyntaxErrors of Python's own
    return (
        isinstance(error, _WITH_WORDS)
        and not isinstance(error, (UnicodeError, RecursionError))
        and (cause is None or isinstance(cause, _WITH_WORDS))
        and message != type(error).__name__
        and re.search(_FOR_PROGRAMMERS, message) is None
    )


def _of_operation(error: BaseException, message: str) -> str:
    """What an operation says: one that is not ours as its author needs it."""
    trace, ours = error.__traceback__, {"imgbatch", "PIL", "numpy", *sys.stdlib_module_names}
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in ours:
            notes = getattr(error, "__notes__", ())
            return one_line("; ".join([_with_type(error, message), *map(str, notes)]))
        trace = trace.tb_next
    return message if _is_for_users(error, message) else "it cannot work on this picture"


def _with_type(error: BaseException, message: str) -> str:
    return message if message == type(error).__name__ else f"{type(error).__name__}: {message}"

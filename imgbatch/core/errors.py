"""Errors: what can go wrong, and which message reports it?

The tree::

    ImgbatchError
    ├── UsageError (also a ValueError)   a wrong word, value, recipe or plan: found before the first image is opened
    │   ├── RecipeError                  in a recipe file
    │   ├── DeclarationError             in the class of somebody's own operation; says the line to write
    │   └── PlanError                    names collide, a foreign file is in the way, a source is missing
    ├── EngineError                      workers cannot be started, an operation cannot be pickled
    │   ├── HostError                    ... because of this machine or process: limits, rights, what it may start
    │   └── LostEngineError              ... any more: an engine of others is gone; the run stops, the next one goes on
    ├── LockedError                      another run holds the output folder
    ├── MissingShardsError               a merge of shards that have not all run to their end
    └── ImageError                       one file's trouble: has a kind; becomes that file's Failure, never the batch's

Every message is one line: what, where, why, what next.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Any, Literal, get_args

Kind = Literal[
    "unidentified",  # no reader recognizes the content
    "unsupported",  # recognized, but imgbatch does not read or write it
    "truncated",  # the data end too early
    "corrupt",  # the data contradict themselves
    "too_large",  # more pixels than --max-pixels
    "frames",  # several frames, and a format that holds one
    "mode",  # a pixel mode that this operation or format cannot take
    "target",  # a wanted size or quality cannot be reached
    "exists",  # a file is in the way
    "permission",
    "no_space",
    "io",
    "disk",  # the disk that is written to fails, or takes no writes: ends the run, as no_space does
    "changed",  # the source was written to while it was read
    "operation",  # an operation raised
    "memory",
    "timeout",
    "crash",  # the worker process died
    "internal",  # a mistake of ours, or the caller's executor broke
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Whose trouble a failure is. The file's own: it comes again with the same file and recipe, and quarantine takes it.
#: Around the file: the next run may not meet it. The disk's: no file can be written, so the run ends.
Blame = Literal["file", "around", "disk", "nobody knows"]
BLAME: dict[Kind, Blame] = {
    "unidentified": "file", "unsupported": "file", "truncated": "file", "corrupt": "file", "too_large": "file",
    "frames": "file", "mode": "file", "target": "file", "operation": "file", "timeout": "file", "crash": "file",
    "exists": "around", "permission": "around", "io": "around", "changed": "around", "memory": "around",
    "no_space": "disk", "disk": "disk", "internal": "nobody knows",
}  # fmt: skip
Phase = Literal["read", "decode", "ops", "encode", "write"]
PHASES: tuple[Phase, ...] = get_args(Phase)
_SAME_START = 4  # letters: two words that share more of them at their start are alike
_MOST_CHARACTERS = 120  # characters of a wrong value


class ImgbatchError(Exception):
    """Whatever imgbatch raises on purpose; pickles, as do classes that inherit and take other arguments."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_error, (type(self), self.args), self.__dict__


def _restore_error(cls: type[ImgbatchError], args: tuple[Any, ...]) -> ImgbatchError:
    """The error without a call of its constructor, which need not take `args`; its attributes follow as state."""
    builtin = next(base for base in cls.__mro__ if base.__module__ == "builtins")
    error: ImgbatchError = builtin.__new__(cls, *args)
    error.args = args
    return error


class UsageError(ImgbatchError, ValueError):
    """A word or value that imgbatch cannot take; nothing was written."""


class RecipeError(UsageError):
    """A recipe file that cannot be read or holds a wrong key or value."""


class DeclarationError(UsageError):
    """A class that cannot be an operation as it is declared; says what to write instead."""


class PlanError(UsageError):
    """The plan is refused before the first write."""


class EngineError(ImgbatchError):
    """The engine cannot work: workers do not start, or an operation cannot be sent to them."""


class HostError(EngineError):
    """This machine or process gives the engine nothing to work with; says what to do instead."""


class LostEngineError(EngineError):
    """An engine of others is gone, or has no workers any more: what was not done is left to the next run."""


class HostWarning(UserWarning):
    """This machine or process gives the engine less than was asked for, and it goes on with that."""


class LockedError(ImgbatchError):
    """Another run holds the output folder."""


class MissingShardsError(ImgbatchError):
    """Shards that have not run, or not to their end, so that there is nothing whole to merge yet."""


class ImageError(ImgbatchError):
    """One image cannot be processed; ``kind`` is one of :data:`KINDS`."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind


#: What a disk says that is full, read-only, broken or gone: the next file would meet the same.
DISK_ERRNOS = tuple(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "ENXIO", "ENODEV", "ESTALE")
    if hasattr(errno, name)
)


def kind_of_errno(number: int | None) -> Kind:
    """What an OSError's ``errno`` means for one image."""
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "permission"
    if number in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG):
        return "no_space"
    return "memory" if number == errno.ENOMEM else "io"


def wrong_value(what: str, name: str, value: object) -> UsageError:
    """The one sentence for a wrong value: ``expected <what> for <name>, got <value>``.

    Parameters
    ----------
    what : str
        What would be right, with its article.
    name : str
        Of the parameter.
    value : object
        The value, shown by its ``repr``, or by its type's name where that is no single line.
    """
    return UsageError(f"expected {what} for {name}, got {_describe(value)}")


def _describe(value: object) -> str:
    """`value` in a sentence: an array, a picture or a file by its type."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - somebody else's repr may raise anything
        text = ""
    if not text or not text.isprintable() or text.startswith("<"):
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def unknown(word: str, name: str, names: Iterable[str]) -> UsageError:
    """The one sentence for a name that does not exist, with the nearest known one.

    Parameters
    ----------
    word : str
        The name.
    name : str
        What it should be the name of.
    names : iterable of str
        All that there are; listed when none is near.
    """
    choices = list(names)
    near = nearest(word, choices)
    hint = f"; did you mean {near!r}?" if near else f"; known: {', '.join(choices)}"
    return UsageError(f"unknown {name} {word!r}{hint}")


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The known word most like `word`, dashes before it aside, or None when nothing is near enough for a guess."""
    import difflib  # only where there is something to say

    choices = {name.strip("-"): name for name in names}
    plain = word.strip("-")
    matches = difflib.get_close_matches(plain, list(choices), n=5, cutoff=0.5)
    return next((choices[match] for match in matches if _is_like(plain, match)), None)


def _is_like(word: str, name: str) -> bool:
    """Whether a slip makes one of the other: a part is missing, the end is another, or few letters are.

    That is about one letter in three at the most, of the shorter word; two that have changed places are one.
    """
    shorter, longer = sorted((word, name), key=len)
    if (len(shorter) > 2 and shorter in longer) or os.path.commonprefix([word, name])[_SAME_START:]:
        return True
    return _slips(word, name) <= max(1, (len(shorter) + 1) // 3)


def _slips(one: str, other: str) -> int:
    """How many letters are left out, put in, changed, or exchanged with their neighbor (the restricted distance of
    F. J. Damerau, "A technique for computer detection and correction of spelling errors", 1964)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            count = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                count = min(count, rows[-2][j - 2] + 1)
            row.append(count)
        rows.append(row)
    return rows[-1][-1]


def one_line(text: str, limit: int = 300) -> str:
    """`text` without line breaks and control characters, at most `limit` characters."""
    line = " ".join(text.split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def sentence(error: BaseException) -> str:
    """What an exception says, in one line, also when its ``str()`` raises or is empty."""
    try:
        text = one_line(str(error))
    except Exception:  # noqa: BLE001 - a hostile exception's own str() may raise anything
        text = ""
    return text or type(error).__name__

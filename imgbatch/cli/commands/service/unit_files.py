"""Unit files: how do units come to lie in a folder, and how are they installed? ``schedule --as systemd --write DIR``.

A file begins with a comment that says for which recipe it was written, and how to install it. One without that is
somebody's own, or another recipe's, and is never replaced.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from imgbatch.core.errors import UsageError
from imgbatch.storage.atomic_write import write_text
from imgbatch.storage.temporary import sweep

MARK = "# Written by imgbatch schedule"
SYSTEM = "/etc/systemd/system"
_MARK_BYTES = 16_384  # a file is looked at that far


def write_units(folder: str, recipe: str, texts: Mapping[str, str]) -> list[str]:
    """Write units into a folder, which is made where it is not there; the commands that install them.

    Parameters
    ----------
    folder : str
    recipe : str
        The recipe's path, absolute.
    texts : mapping of str to str
        The text of each unit by its file name; the last is the one that is enabled.

    Raises
    ------
    UsageError
        A file of that name is there that `imgbatch schedule` did not write for this recipe (then none is written), or
        one cannot be written.
    """
    folder = os.path.abspath(folder)
    try:
        for name in texts:
            _refuse_others(os.path.join(folder, name), recipe)
        os.makedirs(folder, exist_ok=True)
        sweep(folder)
        commands = install_commands(folder, list(texts))
        for name, text in texts.items():
            write_text(os.path.join(folder, name), f"{_heading(recipe, commands)}{text}")
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"cannot write units to {folder!r}: {why}; choose another --write") from None
    return commands


def install_commands(folder: str, names: Sequence[str]) -> list[str]:
    """The commands, for root, that make systemd know and start units which lie in a folder.

    Parameters
    ----------
    folder : str
        Absolute.
    names : sequence of str
        Of the units; the last is the one that is enabled.
    """
    files = shlex.join(os.path.join(folder, name) for name in names)
    copy = [] if os.path.realpath(folder) == SYSTEM else [f"cp {files} {SYSTEM}/"]
    return [*copy, "systemctl daemon-reload", f"systemctl enable --now {names[-1]}"]


def _heading(recipe: str, commands: Sequence[str]) -> str:
    lines = [f"{_mark(recipe)}, and replaces it when it is asked to again. To install it, as root:"]
    return "\n".join([*lines, *(f"#   {_one_line(command)}" for command in commands), "", ""])


def _mark(recipe: str) -> str:
    return f"{MARK} for {_one_line(repr(recipe))}"


def _one_line(text: str) -> str:
    return text.encode("unicode_escape").decode()


def _refuse_others(path: str, recipe: str) -> None:
    """UsageError where a file is there that is not this recipe's; a link is somebody's, too."""
    if not os.path.lexists(path):
        return
    start = b""
    if not os.path.islink(path) and os.path.isfile(path):
        with open(path, "rb") as file:
            start = file.read(_MARK_BYTES)
    if start.startswith(f"{_mark(recipe)},".encode()):
        return
    if start.startswith(MARK.encode()):
        raise UsageError(
            f"{path!r} is in the way: it was written for another recipe of that name, and systemd knows one unit of a "
            "name; rename this recipe, or remove that file if its recipe is gone"
        )
    raise UsageError(f"{path!r} is in the way and was not written by imgbatch schedule; choose another --write DIR")

"""Parsed arguments: what do several commands take, and how is one of their words read?

Each command has a frozen dataclass of its own, made of these parts and its own fields. A table (``dict``) holds only
what was typed: what is missing there is left to the environment, a recipe or the default (precedence.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import field
from typing import Any, BinaryIO, cast

from imgbatch.cli.environment.presets import find_recipe
from imgbatch.codecs.encoder_options import FORMAT, SPELLINGS
from imgbatch.codecs.registry import WRITTEN
from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.operations import Operation
from imgbatch.storage.pipe import read_all

#: Takes the name of a flag and its word; UsageError when the word makes no sense.
Reader = Callable[[str, str], Any]


@frozen
class SourceArguments:
    """Which files are read: SRC and the lists of them, and which files of folders count (fields of Filters)."""

    operands: tuple[str, ...] = ()
    files_from: str | None = None
    null: bool = False  # NUL separates paths, also in the list of failures
    filters: dict[str, Any] = field(default_factory=dict)


@frozen
class ReportArguments:
    """Where a run is reported, and in how much detail."""

    json_lines: bool = False
    report_files: tuple[str, ...] = ()
    failed_list: str | None = None
    verbose: int = 0
    quiet: bool = False
    progress: bool = True


@frozen
class RecipeArguments:
    """What a recipe file can say, too: it is laid over the recipe.

    Tables hold fields of Output, Settings, UnattendedSettings.
    """

    recipe_file: str | None = None
    operations: tuple[Operation, ...] = ()
    formats: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    output_fields: dict[str, Any] = field(default_factory=dict)
    auto_orient: bool = True
    output: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    unattended_settings: dict[str, Any] = field(default_factory=dict)


def read_formats(name: str, word: str) -> tuple[str, ...]:
    """The formats of ``jpg,webp``, each once, in the order in which they were typed."""
    return tuple(dict.fromkeys(FORMAT.check("format", part.strip()) for part in word.split(",")))


def read_widths(name: str, word: str) -> tuple[int, ...]:
    """The widths in px, each once, in the order in which they were typed."""
    parts = [part.strip().lower().removesuffix("px") for part in word.split(",")]
    if not all(part.isascii() and part.isdecimal() and 1 <= int(part) <= 1_000_000 for part in parts):
        raise wrong_value("widths in px such as 320,640,1280", name, word)
    return tuple(dict.fromkeys(int(part) for part in parts))


def read_recipe(name: str, word: str) -> str:
    """The path of a recipe: a file, or a preset by its name."""
    return find_recipe(path_reader("a recipe file, or the name of a preset")(name, word))


def path_reader(what: str, suffix: str | tuple[str, ...] = "", folder: bool = True) -> Reader:
    """A reader of paths.

    Parameters
    ----------
    what : str
        What is expected, for the message.
    suffix : str or tuple of str
        How the name must end, in lower case; any of several.
    folder : bool
        Whether the path may be that of a folder that exists.
    """

    def read(name: str, word: str) -> str:
        unfit = not word or "\0" in word or not word.lower().endswith(suffix)
        if unfit or (not folder and os.path.isdir(word)):
            raise wrong_value(what, name, word)
        return word

    return read


def read_folder(name: str, word: str) -> str:
    """The folder for the results; UsageError for what other tools call their outputs: ``x.jpg``, ``%s.jpg[Q=80]``."""
    stem, dot, ending = word.rpartition(".")
    file_format = ending.partition("[")[0].lower()
    if dot and stem and dict(SPELLINGS).get(file_format, file_format) in WRITTEN and not os.path.isdir(word):
        raise wrong_value("a folder", name, word)
    return cast(str, path_reader("a folder")(name, word))


def read_list(name: str, null: bool, stdin: BinaryIO) -> list[str]:
    """The paths in a list; bytes that are no UTF-8 stay what they are.

    Parameters
    ----------
    name : str
        The file, or ``-`` for stdin.
    null : bool
        Whether NUL separates the paths, instead of line breaks.
    stdin : binary file

    Raises
    ------
    UsageError
        The list cannot be read, or holds NUL where lines are expected.
    """
    try:
        data = stdin.read() if name == "-" else read_all(name)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read --files-from {name!r}: {why}") from None
    paths = [os.fsdecode(word) for word in data.split(b"\0" if null else b"\n") if word]
    if any("\0" in path for path in paths):
        raise UsageError(f"expected one path a line in --files-from {name!r}, got NUL; add -0 if NUL separates them")
    return paths if null else [path for path in map(_without_return, paths) if path]


def _without_return(path: str) -> str:
    """A line of a list made on Windows ends in CR; a name may, too."""
    return path[:-1] if path.endswith("\r") and not os.path.lexists(path) else path

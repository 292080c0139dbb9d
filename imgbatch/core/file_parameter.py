"""File parameter: which files does an operation or an output need?

A parameter of the kind :class:`File` names a file. Operations open none: reference_files.py reads each once, before
the first image, and gives the operation a :class:`operations.file_backed.FileContent`; in a run with workers its
numbers lie in shared memory, so that only the place where they are is pickled.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Literal, TypeVar

from imgbatch.core.errors import wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Kind
from imgbatch.core.parameters import Declaration, Parameter, parameters

#: How a file may be named in Python.
FilePath = str | os.PathLike[str]

D = TypeVar("D", bound=Declaration)
#: picture: RGBA, 8 bits, sRGB. frame: samples as they are in the file. histogram: how often each level of each band of
#: a picture occurs. lut: the colors of a .cube file. font, profile: the bytes of such a file.
Holds = Literal["picture", "frame", "histogram", "lut", "font", "profile"]


@frozen
class File(Kind):
    """The name of a file, relative to the current folder or, in a recipe, to the recipe.

    `holds` says what the file is read as.
    """

    holds: Holds
    what: str
    examples: tuple[str, ...]

    def check(self, name: str, value: object) -> str:
        path = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(path, str) or not path or "\0" in path:
            raise wrong_value(self.describe(), name, value)
        return path

    def describe(self) -> str:
        return self.what


def files(value: Declaration) -> Iterator[tuple[Parameter, File, str]]:
    """The parameters of `value` that name files, where they do."""
    for field in parameters(type(value)):
        path = getattr(value, field.name)
        if isinstance(field.kind, File) and path is not None:
            yield field, field.kind, path


def map_paths(value: D, change: Callable[[str], str]) -> D:
    """`value` with each name of a file changed; itself where it has none."""
    paths = {field.name: change(path) for field, _, path in files(value)}
    return dataclasses.replace(value, **paths) if paths else value

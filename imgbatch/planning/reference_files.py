"""Reference files: which files do the operations of a run need, and what is in them?

In the parent, before the first image: :class:`ReferenceFiles` reads and checks every file that an operation names
(file_parameter.py), so that a missing watermark or a broken LUT ends the run before it begins; its hashes belong to the
digests of the outputs, so that a changed file makes them again, wherever it lies. While the run goes on,
:meth:`ReferenceFiles.lend` lends the numbers in shared memory: an operation that holds them travels to a worker as the
place where they are, and when the run is over they are removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from imgbatch.core.errors import HostError, PlanError
from imgbatch.core.file_parameter import Holds, files
from imgbatch.core.parameters import Declaration
from imgbatch.operations import Operation
from imgbatch.planning.recipe import Recipe

if TYPE_CHECKING:
    from imgbatch.operations.file_backed import FileContent

T = TypeVar("T")
_MOST = 512_000_000  # bytes of a file; what is larger is none of these
Key = tuple[Holds, str]


class ReferenceFiles:
    """What operations need from files.

    Attributes
    ----------
    contents : dict
        The SHA-256 of each file by its name, as the operations have it.

    Raises
    ------
    PlanError
        A file is missing, or is not what it should be.
    """

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        self.contents: dict[str, str] = {}
        self._files: dict[Key, FileContent] = {}
        for op in declarations:
            for field, kind, path in files(op):
                if (kind.holds, path) not in self._files:
                    from imgbatch.planning.reference_content import content_of  # most operations need no file

                    data = _read(path, f"{op.word} {field.name}")
                    self.contents[path] = hashlib.sha256(data).hexdigest()
                    self._files[kind.holds, path] = content_of(data, kind.holds, path, f"{op.word} {field.name}")

    @contextlib.contextmanager
    def lend(self, ops: Iterable[Operation], share: bool = True) -> Iterator[tuple[Operation, ...]]:
        """`ops` with what they need, for as long as the context lasts; `share` with other processes."""
        with self._lend(share) as contents:
            yield tuple(_with_content(op, contents) for op in ops)

    @contextlib.contextmanager
    def lend_to(self, recipe: Recipe, share: bool = True) -> Iterator[Recipe]:
        """The recipe with what its operations need, as :meth:`lend`."""
        if not self._files:
            yield recipe
            return
        with self._lend(share) as contents:
            yield recipe.map_ops(lambda op: _with_content(op, contents))

    @contextlib.contextmanager
    def _lend(self, share: bool) -> Iterator[dict[Key, FileContent]]:
        if not share or not self._files:
            yield self._files
            return
        from imgbatch.memory.shared_arrays import SharedArray

        with contextlib.ExitStack() as stack:
            copies = {}
            for key, content in self._files.items():
                try:
                    holder = SharedArray.create(content.array.shape, content.array.dtype)
                except HostError as error:
                    raise HostError(f"{error}, for {key[1]!r}; use a smaller file, or run with workers=0") from None
                stack.callback(holder.release)
                holder.array[...] = content.array
                copies[key] = dataclasses.replace(content, holder=holder)
            yield copies


def reference_files_of(recipe: Recipe) -> ReferenceFiles:
    """What the operations of a recipe, its outputs and their operations need."""
    return ReferenceFiles([*recipe.every_op, *recipe.outputs])


def _with_content(op: Operation, contents: dict[Key, FileContent]) -> Operation:
    from imgbatch.operations.file_backed import FileBackedOperation

    if not isinstance(op, FileBackedOperation):
        return op
    for _, kind, path in files(op):
        return dataclasses.replace(op, content=contents[kind.holds, path])
    return op


def _read(path: str, who: str) -> bytes:
    try:
        if not os.path.isfile(path):
            why = "it is no file" if os.path.exists(path) else "there is no such file"
            if os.path.isdir(path):
                why = "it is a folder"
            raise PlanError(f"{who}: cannot read {path!r}: {why}")
        if os.path.getsize(path) > _MOST:
            raise PlanError(f"{who}: {path!r} has more than {_MOST // 1_000_000} MB")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise PlanError(f"{who}: cannot read {path!r}: {error.strerror or error}") from None

"""Reference files: which files do the operations of a run need, and what is in them?

In the parent, before the first image: :class:`ReferenceFiles` reads and checks every file that an operation names
(file_parameter.py), so that a missing watermark or a broken LUT ends the run before it begins; its hashes belong to the
digests of the outputs, so that a changed file makes them again, wherever it lies. While the run goes on,
:meth:`ReferenceFiles.lend` lends the numbers: to own worker processes in shared memory, so that an operation travels to
them as the place where they are, and when the run is over they are removed; to workers that may be on another machine
as the file, with its bytes or, where it is large, its path and hash.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, TypeVar

from imgbatch.core.errors import HostError, PlanError
from imgbatch.core.file_parameter import Holds, files
from imgbatch.core.parameters import Declaration
from imgbatch.operations import Operation
from imgbatch.planning.recipe import Recipe

if TYPE_CHECKING:
    from imgbatch.operations.file_backed import FileContent

T = TypeVar("T")
_MOST = 512_000_000  # bytes of a file; what is larger is none of these
_PORTABLE = 1_000_000  # bytes of a file that travels itself: to an engine of others it does so with each chunk
#: To whom: nobody but this process, worker processes of it, or workers that may be anywhere.
Borrower = Literal["nobody", "processes", "machines"]
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
        self._bytes: dict[Key, tuple[str, bytes | None]] = {}  # who needs it, and what travels
        for op in declarations:
            for field, kind, path in files(op):
                if (kind.holds, path) not in self._files:
                    from imgbatch.planning.reference_content import content_of  # most operations need no file

                    who = f"{op.word} {field.name}".strip()
                    data = _read(path, who)
                    self.contents[path] = hashlib.sha256(data).hexdigest()
                    self._files[kind.holds, path] = content_of(data, kind.holds, path, who)
                    self._bytes[kind.holds, path] = who, data if len(data) <= _PORTABLE else None

    @contextlib.contextmanager
    def lend(self, ops: Iterable[Operation], borrower: Borrower = "processes") -> Iterator[tuple[Operation, ...]]:
        """`ops` with what they need, for as long as the context lasts."""
        with self._lend(borrower) as contents:
            yield tuple(_with_content(op, contents) for op in ops)

    @contextlib.contextmanager
    def lend_to(self, recipe: Recipe, borrower: Borrower = "processes") -> Iterator[Recipe]:
        """The recipe with what its operations need, as :meth:`lend`."""
        if not self._files:
            yield recipe
            return
        with self._lend(borrower) as contents:
            yield recipe.map_ops(lambda op: _with_content(op, contents))

    @contextlib.contextmanager
    def _lend(self, borrower: Borrower) -> Iterator[dict[Key, FileContent]]:
        if borrower == "nobody" or not self._files:
            yield self._files
            return
        if borrower == "machines":
            yield {key: self._portable(key) for key in self._files}
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

    def assumed_profile(self, recipe: Recipe, borrower: Borrower) -> FileContent | None:
        """The profile of pictures that have none, where the recipe's outputs name one."""
        for path in [output.assume_icc for output in recipe.outputs if output.assume_icc is not None]:
            key: Key = "profile", path
            return self._portable(key) if borrower == "machines" else self._files[key]
        return None

    def _portable(self, key: Key) -> FileContent:
        from imgbatch.planning.reference_content import PortableContent, PortableFile

        content, (who, data), (holds, path) = self._files[key], self._bytes[key], key
        file = PortableFile(os.path.abspath(path), self.contents[path], holds, who, data)
        return PortableContent(content.holder, content.mode, content.span, file)


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

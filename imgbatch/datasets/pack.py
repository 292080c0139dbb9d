"""Pack: how does a folder become one file of numbers? ``OUT.npy``, filled in place, and ``OUT.json``, its index.

The array is written under a temporary name beside the target, by all workers at once, and renamed when it is whole; the
index comes last, so that an index is only ever there beside its own array.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from imgbatch.core.errors import PlanError, wrong_value
from imgbatch.core.job import SCHEMA
from imgbatch.core.report import dumps
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.datasets.load import LoadRun
from imgbatch.memory.shared_arrays import FileArray
from imgbatch.operations import Operation
from imgbatch.runs.workload import Path
from imgbatch.storage.atomic_write import open_atomic
from imgbatch.storage.registry import refuse_remote, refuse_unknown_stores
from imgbatch.storage.rename import rename_file
from imgbatch.storage.temporary import sweep, temporary_name


class PackRun(LoadRun):
    """A run that loads images into ``OUT.npy``.

    Parameters
    ----------
    paths, ops, mode, filters, auto_orient
        As :func:`imgbatch.load` has them.
    out : path
        Ends in ``.npy``; the index takes its name with ``.json``.
    spill : path, optional
        A folder where the array is gathered first, for a target whose disk cannot be mapped into memory.
    settings : Settings
        With `overwrite` a pair that is in the way is replaced.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        ops: Sequence[Operation],
        out: Path,
        *,
        mode: str = "RGB",
        spill: Path | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        auto_orient: bool = True,
    ) -> None:
        super().__init__(paths, ops, mode=mode, settings=settings, filters=filters, auto_orient=auto_orient)
        name = os.fspath(out)
        refuse_unknown_stores(name)
        refuse_remote("the array", name)
        stem, suffix = os.path.splitext(name)
        if suffix.lower() != ".npy":
            raise wrong_value("a file name ending in .npy", "the array", name)
        self.array_path, self.index_path = os.path.abspath(name), os.path.abspath(f"{stem}.json")
        self._folder = os.path.dirname(self.array_path) if spill is None else os.path.abspath(os.fspath(spill))

    def prepare(self) -> None:
        """Find the sources; PlanError when something is in the way. Only removes what a killed one has left."""
        super().prepare()
        for folder in {self._folder, os.path.dirname(self.array_path)}:
            sweep(folder)  # what one that was killed has left
        sources = {name for job in self.todo for name in (job.source.path, os.path.realpath(job.source.path))}
        for path in (self.array_path, self.index_path):
            if path in sources or os.path.realpath(path) in sources:
                raise PlanError(f"{path} is one of the sources, which are never overwritten; choose another -o")
            if os.path.isdir(path):
                raise PlanError(f"{path} is a folder; choose another -o")
            if os.path.lexists(path) and not self.settings.overwrite:
                raise PlanError(f"{path} is in the way; replace it with --overwrite, or choose another -o")

    def allocate(self) -> FileArray:
        """The array's file, whole in size and zeros, under a temporary name."""
        import numpy

        os.makedirs(os.path.dirname(self.array_path), exist_ok=True)
        os.makedirs(self._folder, exist_ok=True)
        header = io.BytesIO()
        numpy.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": self.shape})
        self.rows = FileArray.create(temporary_name(self._folder), self.shape, numpy.uint8, header.getvalue())
        return self.rows

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """After the block the files are put in place if all of the work was done; else nothing is left."""
        try:
            yield
            if self.report.stopped is None:
                self._finish()
        finally:
            if self.rows is not None:
                self.rows.release()

    def abort(self) -> None:
        """Stop at once, and remove what was begun."""
        super().abort()
        for folder in (self._folder, os.path.dirname(self.array_path)):
            sweep(folder, os.getpid())

    def index(self) -> dict[str, Any]:
        """What ``OUT.json`` holds."""
        rows = [(outcome.index, outcome, outcome.record()) for outcome in self.report.outcomes]
        return {
            "v": SCHEMA,
            "shape": list(self.shape),
            "dtype": "uint8",
            "mode": self.mode,
            "images": [
                {"source": record["source"], "root": record["root"], "row": row, "valid": outcome.ok}
                for row, outcome, record in rows
            ],
            "failures": [
                {"row": row, "source": record["source"], "root": record["root"], "error": record["error"]}
                for row, outcome, record in rows
                if not outcome.ok
            ],
        }

    def _finish(self) -> None:
        replace = self.settings.overwrite
        name = self._beside()
        is_renamed = False
        try:
            with open_atomic(self.index_path, replace=replace) as file:
                file.write(_lines(self.index()).encode("utf-8", "backslashreplace"))
                file.flush()  # from here on nothing is written, so a full disk costs no pair that was there
                if replace:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(self.index_path)
                rename_file(name, self.array_path, replace)
                is_renamed = True
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(self.array_path if is_renamed else name)
            if isinstance(error, FileExistsError):
                there = error.filename2 or error.filename
                raise PlanError(f"{there} has appeared meanwhile; nothing was kept") from None
            raise
        self.report.bytes_out = os.path.getsize(self.array_path) + os.path.getsize(self.index_path)

    def _beside(self) -> str:
        """The temporary name of the whole array in the target's folder."""
        rows, folder = self.rows, os.path.dirname(self.array_path)
        assert isinstance(rows, FileArray)
        if self._folder == folder:
            return rows.path
        name = temporary_name(folder)
        try:
            shutil.copyfile(rows.path, name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        return name


def _lines(index: dict[str, Any]) -> str:
    """The index as JSON, one image a line."""
    entries = []
    for key, value in index.items():
        if isinstance(value, list) and key != "shape":
            inner = ",\n  ".join(dumps(one) for one in value)
            entries.append(f'"{key}": [\n  {inner}\n ]' if value else f'"{key}": []')
        else:
            entries.append(f'"{key}": {dumps(value)}')
    return "{\n " + ",\n ".join(entries) + "\n}\n"

"""Sample run: how does a folder become a set to train on? Workers encode, this process puts samples into shards.

Samples are in the order of the sources, whatever the scheduling: one that is done early waits as a temporary file. Its
key is the number of its source, so a source that fails leaves a gap, and moves no other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from imgbatch.codecs.encoder_options import FORMAT, SAME, Encoding
from imgbatch.core.errors import PlanError, wrong_value
from imgbatch.core.job import Outcome, readable
from imgbatch.core.parameter_kinds import check_path, check_type
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.datasets.samples.shards import SampleFile, Shards, Template
from imgbatch.operations import Operation
from imgbatch.operations.plugins import refuse_immobile
from imgbatch.pipeline.samples.encode_sample import Sample, SampleTask
from imgbatch.planning.recipe import check_ops
from imgbatch.planning.reference_files import ReferenceFiles
from imgbatch.runs.base import Run
from imgbatch.runs.workload import Path
from imgbatch.storage.registry import refuse_remote, refuse_unknown_stores
from imgbatch.storage.temporary import numbered_name, remove_numbered_files, sweep, temporary_name

#: What a set may end in.
SUFFIXES = (".tar", ".parquet")
SHARD_FILES, SHARD_BYTES = 10_000, 1_000_000_000


class SampleRun(Run):
    """A run that encodes images into the shards of a set.

    Parameters
    ----------
    paths, settings, filters
        As of :class:`runs.base.Run`; with `overwrite` in the settings a set that is in the way is replaced.
    ops : sequence of Operation
    out : path
        Ends in ``.tar`` or ``.parquet``; ``%06d`` stands for the number of a shard.
    format : str
        Of the pictures; ``same``: as their sources, which keep their bytes where nothing is done to them.
    encoding : Encoding, optional
    shard_files, shard_bytes : int
        What a shard holds at most.
    auto_orient : bool
        Whether pictures are turned upright as EXIF says.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        ops: Sequence[Operation],
        out: Path,
        *,
        format: str = SAME,
        encoding: Encoding | None = None,
        shard_files: int = SHARD_FILES,
        shard_bytes: int = SHARD_BYTES,
        settings: Settings | None = None,
        filters: Filters | None = None,
        auto_orient: bool = True,
    ) -> None:
        super().__init__(paths, settings, filters)
        self.ops = check_ops(ops)
        self._format, self._encoding = FORMAT.check("format", format), encoding or Encoding()
        self._auto_orient = check_type("auto_orient", auto_orient, bool, "true or false")
        name = check_path("out", out, "a file name ending in .tar or .parquet")
        refuse_unknown_stores(name)
        refuse_remote("the set", name)
        self._kind = _kind_of(name)
        self.template = Template.of(name)
        self._shards = Shards(self.template, self._kind, shard_files, shard_bytes)
        self._place = temporary_name(self.template.folder)
        self._pending: dict[int, Outcome] = {}
        self._next = 0

    def prepare(self) -> None:
        """Find the sources; PlanError when something is in the way. Only removes what a killed one has left."""
        if not self.executor_kind.in_this_process:
            refuse_immobile(self.ops)
        self._resources = ReferenceFiles(self.ops)
        super().prepare()
        sweep(self.template.folder)
        there = self.template.there()
        for path in there:
            if os.path.isdir(path):
                raise PlanError(f"{path} is a folder; choose another -o")
            if not self.settings.overwrite:
                raise PlanError(f"{path} is in the way; replace the set with --overwrite, or choose another -o")
        if stranger := min(set(there).difference(self.template.former()), default=None):
            raise PlanError(
                f"{stranger} has a name of the set, but is not of it: there is no file of the number before; move it, "
                "or choose another -o"
            )
        inside = {*there, *map(os.path.realpath, there)}
        if any(not inside.isdisjoint((job.source.path, os.path.realpath(job.source.path))) for job in self.todo):
            raise PlanError(f"{self.template.folder} has sources in the places of the set; choose another -o")

    def _work(self) -> Iterator[Outcome]:
        os.makedirs(self.template.folder, exist_ok=True)
        self._choose_resampler(self.ops)
        with self._resources.lend(self.ops, self.executor_kind.borrower) as ops:
            task = SampleTask(
                ops, self._format, self._encoding, self._place, self.settings.max_pixels, self._auto_orient
            )
            with contextlib.closing(self._do_all(task)) as outcomes:
                for outcome in outcomes:
                    self._pending[outcome.index] = outcome
                    self._take()
                    yield outcome

    def _take(self) -> None:
        """Put what has its turn into a shard."""
        while (outcome := self._pending.pop(self._next, None)) is not None:
            if isinstance(outcome, Sample):
                name = numbered_name(self._place, self._next)
                with open(name, "rb") as file:
                    self._shards.add(f"{self._next:09d}", _facts(outcome), file.read())
                os.unlink(name)
            self._next += 1

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """After the block the shards are put in their places if all of the work was done; else nothing is left."""
        try:
            yield
            if self.report.stopped is None:
                paths = self._shards.place(self.settings.overwrite)
                self.report.bytes_out = sum(map(os.path.getsize, paths))
        finally:
            self._clear()

    def abort(self) -> None:
        """Stop at once, and remove what was begun."""
        super().abort()
        self._clear()

    def _clear(self) -> None:
        """Remove what is not in its place, and samples that wait for their turn."""
        self._shards.release()
        remove_numbered_files(self._place)


def _facts(sample: Sample) -> dict[str, Any]:
    width, height = sample.size
    return {
        "source": readable(sample.source.relative), "root": readable(sample.source.root), "width": width,
        "height": height, "format": sample.format,
    }  # fmt: skip


def _kind_of(name: str) -> Callable[[BinaryIO], SampleFile]:
    """What writes a file of that name; UsageError where nothing does, or pyarrow is missing."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix == ".tar":
        from imgbatch.datasets.samples.tar_file import TarFile

        return TarFile
    if suffix != ".parquet":
        raise wrong_value("a file name ending in .npy, .tar or .parquet", "the set", name)
    from imgbatch.datasets.samples.parquet_file import ParquetFile, refuse_without_pyarrow

    refuse_without_pyarrow()
    return ParquetFile

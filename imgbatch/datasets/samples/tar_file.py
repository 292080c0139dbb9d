"""Tar file: how does WebDataset read samples? Files of one key follow one another: ``KEY.jpg``, then ``KEY.json``.

The same samples give the same bytes: no times, no owners, and headers that every tar reads (POSIX 1988, ustar).
"""

from __future__ import annotations

import tarfile
from typing import Any

from imgbatch.core.report import dumps
from imgbatch.datasets.samples.shards import SampleFile
from imgbatch.planning.names import extension


class TarFile(SampleFile):
    """A shard as WebDataset has it."""

    def add(self, key: str, facts: dict[str, Any], data: bytes) -> None:
        text = dumps({"key": key, **facts}).encode()
        self._add(f"{key}.{extension('', facts['format'])}", data)
        self._add(f"{key}.json", text)

    def _add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self.stream.write(member.tobuf(tarfile.USTAR_FORMAT))
        self.stream.write(data)
        self._fill(len(data), tarfile.BLOCKSIZE)

    def _fill(self, size: int, unit: int) -> None:
        self.stream.write(bytes(-size % unit))

    def finish(self) -> None:
        self.stream.write(bytes(2 * tarfile.BLOCKSIZE))
        self._fill(self.stream.tell(), tarfile.RECORDSIZE)

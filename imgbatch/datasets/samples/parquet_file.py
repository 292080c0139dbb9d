"""Parquet file: how do Hugging Face's datasets read samples? A column ``image`` of bytes and path, and what is known.

Samples are written in groups of rows, so that little of them is in memory, here and where they are read. pyarrow writes
them (``imgbatch[parquet]``); it compresses nothing, as pictures are compressed. Loading it may take a second.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from imgbatch.core.errors import UsageError
from imgbatch.core.lazy_import import is_installed
from imgbatch.datasets.samples.shards import SampleFile
from imgbatch.planning.names import extension

INSTALL = "pip install 'imgbatch[parquet]'"
_GROUP = 100  # rows, as datasets has it for pictures
_GROUP_BYTES = 32_000_000
_FACTS = ("source", "root", "width", "height", "format")
_FEATURES = {
    "image": {"_type": "Image"},
    **{name: {"dtype": "int32" if name in ("width", "height") else "string", "_type": "Value"} for name in _FACTS},
}


def refuse_without_pyarrow() -> None:
    """UsageError where pyarrow is not installed."""
    if not is_installed("pyarrow"):
        raise UsageError(f"-o X.parquet needs pyarrow, which is not installed; {INSTALL}")


class ParquetFile(SampleFile):
    """A set, or a shard of it, as Parquet."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        import pyarrow
        from pyarrow import parquet

        columns = [
            ("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
            *((name, pyarrow.int32() if name in ("width", "height") else pyarrow.string()) for name in _FACTS),
        ]
        features = json.dumps({"info": {"features": _FEATURES}})
        self._schema = pyarrow.schema(columns, metadata={"huggingface": features})
        self._writer = parquet.ParquetWriter(stream, self._schema, compression="none")
        self._rows: list[dict[str, Any]] = []
        self._size = 0

    def add(self, key: str, facts: dict[str, Any], data: bytes) -> None:
        path = f"{key}.{extension('', facts['format'])}"
        self._rows.append({"image": {"bytes": data, "path": path}, **{name: facts[name] for name in _FACTS}})
        self._size += len(data)
        if len(self._rows) >= _GROUP or self._size >= _GROUP_BYTES:
            self._write()

    def _write(self) -> None:
        import pyarrow

        self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._size = [], 0

    def finish(self) -> None:
        if self._rows:
            self._write()
        self._writer.close()

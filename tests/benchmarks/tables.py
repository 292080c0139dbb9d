"""Tables: how are the measurements shown? One of plain text per workload, and README's in Markdown over all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.workloads import Workload

#: README's columns; a contender's ways (what follows a comma) share one, in which the quickest stands.
COLUMNS = (
    "imgbatch", "imgbatch [fast]", "OpenCV Pool", "sharp", "vipsthumbnail", "gm",
    "Pillow Pool", "Pillow loop", "mogrify",
)  # fmt: skip
#: Who stands in the last column, with a name, where it is quickest among these.
OTHERS = ("gifsicle", "vips", "pyvips Pool", "numpy Pool", "sharp-cli")


@dataclass
class Row:
    """What one contender did with one workload: seconds of each round, peak memory (bytes), SSIM (0..1).

    `processor` are the seconds of all processors together, in each round.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory: int = 0
    ssim: float | None = None
    floor: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def processor_median(self) -> float:
        return statistics.median(self.processor) if self.processor else 0.0


@dataclass
class Table:
    """All rows of a workload; the first is imgbatch's. `missing` says who is not there, and why."""

    workload: Workload
    about: str
    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Aligned text; a ``ratio`` is imgbatch's median of the column before, divided by the contender's."""
        head = ("", "seconds", "min-max", "ratio", "processor s", "min-max", "ratio", "memory", "SSIM")
        cells = [head, *(self._cells(row) for row in self.rows if row.seconds)]
        lines = [f"{self.workload.key} {self.workload.title} ({self.about})", *align(cells)]
        return "\n".join([*lines, *(f"  not measured: {why}" for why in self.missing)])

    def _cells(self, row: Row) -> tuple[str, ...]:
        first = self.rows[0]
        memory = f"{row.memory / 1e6:.0f} MB" if row.memory else ""
        return (
            row.name,
            *_times(row.seconds, row.median, first.median if first.seconds else 0),
            *_times(row.processor, row.processor_median, first.processor_median),
            memory, "" if row.ssim is None else f"{row.ssim:.4f}",
        )  # fmt: skip


def _times(values: Sequence[float], median: float, ours: float) -> tuple[str, str, str]:
    """Median, spread and ratio; empty where nothing was measured."""
    if not values:
        return "", "", ""
    return f"{median:.2f}", f"{min(values):.2f}-{max(values):.2f}", f"{ours / median:.2f}" if ours and median else ""


def align(cells: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in cells]


def markdown(tables: Sequence[Table]) -> str:
    """README's table, a line for each workload: seconds, and of all processors together; below, SSIM and memory."""
    parts = [
        "Seconds (processor seconds)", "",
        *_lines(tables, lambda row: f"{row.median:.2f} ({row.processor_median:.2f})"), "", "SSIM (peak MB)", "",
        *_lines([table for table in tables if any(row.ssim is not None for row in table.rows)], _worth),
    ]  # fmt: skip
    return "\n".join(parts)


def _lines(tables: Sequence[Table], cell: Callable[[Row], str]) -> list[str]:
    """A head, and a line for each table; columns in which nobody stands are left out."""
    found = [{name: _quickest(table, (name,)) for name in COLUMNS} for table in tables]
    others = [_quickest(table, OTHERS) for table in tables]
    columns = [name for name in COLUMNS if any(rows[name] for rows in found)]
    last = ["others"] if any(others) else []
    lines = [line(["", *columns, *last]), line(["---", *["---:"] * len(columns + last)])]
    for table, rows, other in zip(tables, found, others, strict=True):
        cells = [cell(row) if (row := rows[name]) else "" for name in columns]
        if last:
            cells.append(f"{_family(other.name)} {cell(other)}" if other else "")
        lines.append(line([f"{table.workload.key} {table.workload.title} ({table.about.partition(',')[0]})", *cells]))
    return lines


def _quickest(table: Table, families: Sequence[str]) -> Row | None:
    rows = [row for row in table.rows if row.seconds and _family(row.name) in families]
    return min(rows, key=lambda row: row.median, default=None)


def _family(name: str) -> str:
    return name.partition(",")[0]


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _worth(row: Row) -> str:
    memory = f" ({row.memory / 1e6:.0f})" if row.memory else ""
    return "" if row.ssim is None else f"{row.ssim:.4f}{memory}"
